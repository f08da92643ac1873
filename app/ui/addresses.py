"""Gradio fetches what a public address holds when one is sent for a file; here nothing is."""

from typing import NoReturn

import gradio as gr
from gradio import processing_utils


def fetch_none() -> None:
    """Refuse every address from now on, with a sentence."""

    async def refuse(url: str, cache_dir: str) -> NoReturn:
        raise gr.Error(
            "Addresses are not fetched: send the recording itself.", print_exception=False
        )

    processing_utils.async_ssrf_protected_download = refuse
