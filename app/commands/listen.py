"""Readings in a terminal: live bars, and a table to keep."""

import csv
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..audio import SAMPLE_RATE, load
from ..emotions import Emotion
from ..labelling import joined, phrase
from ..live import LiveSession, Reading
from ..tables import READING_COLUMNS, reading_row

CHUNK_SECONDS = 0.1
BAR_WIDTH = 40

Chunk = tuple[np.ndarray, int]  # samples and their rate in Hz


def play(path: Path, real_time: bool) -> Iterator[Chunk]:
    """A recording as if it came from a microphone.

    Args:
        path: of the recording.
        real_time: whether each chunk waits for its moment, or all come as fast as they are taken.

    Raises:
        AudioError: the recording cannot be read.
    """
    return _chunks(load(path), real_time)


def _chunks(waveform: np.ndarray, real_time: bool) -> Iterator[Chunk]:
    step = round(CHUNK_SECONDS * SAMPLE_RATE)
    began = time.monotonic()
    for start in range(0, len(waveform), step):
        if real_time:
            time.sleep(max(0.0, began + start / SAMPLE_RATE - time.monotonic()))
        yield waveform[start : start + step], SAMPLE_RATE


def listen(session: LiveSession, chunks: Iterable[Chunk], table: Path | None = None) -> None:
    """Show readings until the chunks end or the person presses Ctrl-C.

    Args:
        session: fresh.
        chunks: from `play` or a microphone.
        table: a CSV file to write every reading to, as it comes.
    """
    with ExitStack() as stack:
        rows: Any = None
        if table is not None:
            file = stack.enter_context(table.open("w", newline="", encoding="utf-8"))
            rows = csv.writer(file)
            rows.writerow([*READING_COLUMNS, *session.classifier.labels])
        screen = stack.enter_context(Live(Text("Listening; Ctrl-C stops."), transient=False))
        for samples, sample_rate in chunks:
            for reading in session.feed(samples, sample_rate):
                screen.update(bars(reading, session.classifier.info.emotions))
                if rows is not None:
                    rows.writerow(reading_row(reading, session.classifier.labels))
                    file.flush()


def bars(reading: Reading, emotions: Iterable[Emotion]) -> Group:
    """A reading as a headline and a bar for each emotion."""
    minutes, seconds = divmod(reading.time, 60)
    headline = Text(f"{minutes:02.0f}:{seconds:04.1f}  {reading.level:6.1f} dB  ", style="dim")
    style = "bold" if reading.emotion else ""
    words = phrase(reading.state, reading.emotion, joined(reading.candidates))
    headline.append(words, style=style)
    grid = Table.grid(padding=(0, 1))
    for emotion in emotions:
        share = reading.probabilities.get(emotion.name, 0.0)
        style = "bold" if emotion.name == reading.emotion else ""
        bar = ProgressBar(
            total=1.0,
            completed=share,
            width=BAR_WIDTH,
            complete_style=emotion.colour,
            finished_style=emotion.colour,
        )
        number = f"{share:4.0%}" if reading.probabilities else ""
        grid.add_row(Text(emotion.name, style=style), bar, number)
    return Group(headline, grid)
