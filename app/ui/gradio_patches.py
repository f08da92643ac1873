"""What Gradio (6.31) does otherwise than a public page with voices on it needs."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import unquote

import gradio as gr
from gradio import processing_utils
from gradio.data_classes import FileData
from gradio.queueing import Event, Queue
from gradio.utils import is_in_or_equal


def mend() -> None:
    """Fetch no address, leave no timers and no empty files; from now on and for every page."""
    processing_utils.async_ssrf_protected_download = _refuse
    Queue.wait_for_event_or_timeout = staticmethod(_next_chunk)
    # Of the class: Gradio makes the component anew for a visitor who chooses an example.
    gr.File._process_single_file = _path


async def _refuse(url: str, cache_dir: str) -> NoReturn:
    """Gradio would fetch what a public address holds when one is sent for a file."""
    raise gr.Error("Addresses are not fetched: send the recording itself.", print_exception=False)


def _path(_: gr.File, file: FileData) -> str:
    """Where an upload lies; Gradio would leave an empty file behind for every one, for good."""
    return file.path


async def _next_chunk(event: Event, timeout: float) -> Literal["signal", "timeout"]:
    """Wait for a stream's next chunk; Gradio would leave a timer behind for each, for long."""
    try:
        await asyncio.wait_for(event.signal.wait(), timeout)
    except TimeoutError:
        return "timeout"
    finally:
        event.signal.clear()
    return "signal"


class Kept:
    """Uploads that wait for their turn or are heard, which Gradio would delete for their age.

    Args:
        component: takes them; Gradio asks it which files to leave.
    """

    def __init__(self, component: gr.File | gr.Audio) -> None:
        self._paths: dict[str, list[str]] = {}
        vars(component)["keep_in_cache"] = self

    def __iter__(self) -> Iterator[str]:
        return iter([path for paths in list(self._paths.values()) for path in paths])

    def hold(self, paths: list[str] | None, request: gr.Request) -> None:
        """Keep these of the person who asks, and none that were held before."""
        self._paths[str(request.session_hash)] = paths or []

    def release(self, request: gr.Request) -> None:
        """Let them go, as old as they are."""
        self._paths.pop(str(request.session_hash), None)

    @contextmanager
    def during(self, paths: list[str]) -> Iterator[None]:
        """Keep them for as long as they are heard."""
        name = secrets.token_hex(8)
        self._paths[name] = paths
        try:
            yield
        finally:
            del self._paths[name]


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
