"""What Gradio (6.31) does otherwise than a public page with voices on it needs."""

import asyncio
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import unquote

import gradio as gr
from gradio import processing_utils
from gradio.data_classes import FileData, ListFiles
from gradio.queueing import Event, Queue
from gradio.utils import is_in_or_equal


def mend() -> None:
    """Fetch no address, and leave no timers; from now on and for every page."""
    processing_utils.async_ssrf_protected_download = _refuse
    Queue.wait_for_event_or_timeout = staticmethod(_next_chunk)


async def _refuse(url: str, cache_dir: str) -> NoReturn:
    """Gradio would fetch what a public address holds when one is sent for a file."""
    raise gr.Error("Addresses are not fetched: send the recording itself.", print_exception=False)


async def _next_chunk(event: Event, timeout: float) -> Literal["signal", "timeout"]:
    """Wait for a stream's next chunk; Gradio would leave a timer behind for each, for long."""
    try:
        await asyncio.wait_for(event.signal.wait(), timeout)
    except TimeoutError:
        return "timeout"
    finally:
        event.signal.clear()
    return "signal"


def leave_no_files(recordings: gr.File) -> None:
    """Hand paths over; Gradio would leave an empty file behind for every one of them.

    Set on the component, as below: a class of its own makes Gradio write a stub file here.
    """

    def paths(payload: ListFiles | FileData | None) -> list[str] | None:
        if payload is None:
            return None
        return [file.path for file in (payload if isinstance(payload, ListFiles) else [payload])]

    recordings.preprocess = paths


def take_uploads(recording: gr.Audio) -> None:
    """Let an address of this very server stand for what was uploaded here.

    Addresses are refused, and with them what Gradio's own tool for agents (`gradio upload-mcp`) has
    just uploaded.
    """
    move = recording.async_move_resource_to_block_cache

    async def moved(place: str | Path | None) -> str | None:
        uploaded = unquote(str(place).partition("/gradio_api/file=")[2])
        known = is_in_or_equal(uploaded, recording.GRADIO_CACHE) and Path(uploaded).is_file()
        return await move(uploaded if known else place)

    recording.async_move_resource_to_block_cache = moved
