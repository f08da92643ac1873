"""What Gradio does with files that people send, mended where it has to be.

Methods are replaced on the components: a class of its own would make Gradio write a stub file here.
"""

from pathlib import Path
from urllib.parse import unquote

import gradio as gr
from gradio.data_classes import FileData, ListFiles
from gradio.utils import is_in_or_equal


def leave_no_files(recordings: gr.File) -> None:
    """Hand paths over; Gradio (6.31) would leave an empty file behind for every one of them."""

    def paths(payload: ListFiles | FileData | None) -> list[str] | None:
        if payload is None:
            return None
        return [file.path for file in (payload if isinstance(payload, ListFiles) else [payload])]

    recordings.preprocess = paths


def take_uploads(recording: gr.Audio) -> None:
    """Let an address of this very server stand for what was uploaded here.

    Addresses are refused, and with them what Gradio's own tool for agents (`gradio upload-mcp`) has
    just uploaded. Set on the component, for a class of its own makes Gradio write a stub file here.
    """
    move = recording.async_move_resource_to_block_cache

    async def moved(place: str | Path | None) -> str | None:
        uploaded = unquote(str(place).partition("/gradio_api/file=")[2])
        known = is_in_or_equal(uploaded, recording.GRADIO_CACHE) and Path(uploaded).is_file()
        return await move(uploaded if known else place)

    recording.async_move_resource_to_block_cache = moved
