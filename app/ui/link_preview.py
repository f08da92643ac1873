"""How a link to the page looks where people share it."""

import os

import gradio as gr

from ..folders import ASSETS

PICTURE = ASSETS / "page.png"
DESCRIPTION = (
    "The emotion in a voice, live, twice a second, or in recordings. It hears acted emotion in "
    "short English clips and must not be used to judge people."
)


def tags() -> str:
    """Of the page's head; the picture where the page knows its own address, as a Space does."""
    gr.set_static_paths([PICTURE])
    found = {"og:type": "website", "og:title": "Undertone", "og:description": DESCRIPTION}
    host = os.environ.get("SPACE_HOST")
    if host:
        found["og:image"] = f"https://{host}/gradio_api/file={PICTURE.as_posix()}"
        found["twitter:card"] = "summary_large_image"
    lines = [f'<meta property="{name}" content="{text}">' for name, text in found.items()]
    return "".join([*lines, f'<meta name="description" content="{DESCRIPTION}">'])
