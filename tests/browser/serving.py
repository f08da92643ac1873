"""The page served from the test's own process, where what it holds can be seen."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile

from app.classifier import Classifier
from app.ui import live_tab
from app.ui import page as ui
from app.ui.live_tab import Chunk
from tests.serving import free_port


def served(classifier: Classifier) -> Iterator[tuple[gr.Blocks, str]]:
    """The page and its address."""
    page = ui.build(classifier)
    # Of themselves, pages of tests that run side by side would try the same ports.
    _, url, _ = page.launch(
        server_port=free_port(), prevent_thread_lock=True, quiet=True, **ui.launch_settings()
    )
    yield page, url
    page.close()


class SlowServer:
    """Delays chunks of pages that are built after it, and keeps the sound that they brought.

    Attributes:
        delays: of the next chunks, in seconds.
        read: the samples of every chunk that was analyzed.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.delays: list[float] = []
        self.read: list[np.ndarray] = []
        self._hear = live_tab.hear
        monkeypatch.setattr(live_tab, "hear", self._late)

    def _late(self, classifier: Classifier, chunk: Chunk | None, *given: Any) -> tuple:
        if self.delays:
            time.sleep(self.delays.pop(0))
        kept, answer = self._hear(classifier, chunk, *given)
        if chunk and "again" not in answer:
            self.read.append(chunk[1])
        return kept, answer

    def check(self, recording: Path, least: float) -> None:
        """Check that so many seconds of a recording, or more, were read without a gap."""
        recorded, sample_rate = soundfile.read(recording, dtype="int16")
        read = np.concatenate(self.read)
        assert len(read) > least * sample_rate
        assert np.array_equal(read, recorded[: len(read)])
