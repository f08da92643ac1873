"""Live readings in a terminal, and a table of them in a file."""

import csv
import sys
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
from ..collection import STANDARD_INPUT
from ..decoding import arriving
from ..emotions import Emotion
from ..labelling import joined, phrase
from ..live import LiveSession, Reading
from ..tables import READING_COLUMNS, reading_row

CHUNK_SECONDS = 0.1
BAR_WIDTH = 40

Chunk = tuple[np.ndarray, int]  # samples and their rate in Hz


def play(path: Path, real_time: bool) -> Iterator[Chunk]:
    """The chunks of a recording, like those of a microphone; those of a pipe as they arrive.

    Args:
        path: of the recording or the pipe; "-" for standard input.
        real_time: whether each chunk comes at its time, or all come as fast as possible.

    Raises:
        AudioError: the recording cannot be read.
    """
    pipe = sys.stdin.fileno() if str(path) == STANDARD_INPUT else path
    if pipe == path and not path.is_fifo():
        return _paced(_pieces(load(path), SAMPLE_RATE), real_time)
    return _paced(_arriving(pipe), real_time)


def _arriving(pipe: int | Path) -> Iterator[Chunk]:
    with open(pipe, "rb", buffering=0, closefd=isinstance(pipe, Path)) as file:  # of a descriptor
        name = str(pipe) if isinstance(pipe, Path) else "Standard input"
        for samples, sample_rate in arriving(file, name):
            yield from _pieces(samples, sample_rate)


def _pieces(samples: np.ndarray, sample_rate: int) -> Iterator[Chunk]:
    step = round(CHUNK_SECONDS * sample_rate)
    for start in range(0, len(samples), step):
        yield samples[start : start + step], sample_rate


def _paced(chunks: Iterable[Chunk], real_time: bool) -> Iterator[Chunk]:
    began, passed = time.monotonic(), 0.0
    for samples, sample_rate in chunks:
        if real_time:
            time.sleep(max(0.0, began + passed - time.monotonic()))
        passed += len(samples) / sample_rate
        yield samples, sample_rate


def listen(session: LiveSession, chunks: Iterable[Chunk], table: Path | None = None) -> None:
    """Show readings until the chunks end or the user presses Ctrl-C, then the summary.

    Args:
        session: fresh.
        chunks: from `play` or a microphone.
        table: a CSV file to write every reading to, as it comes.
    """
    with ExitStack() as stack:
        stack.callback(_conclude, session)  # the last of all, after Ctrl-C too
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


def _conclude(session: LiveSession) -> None:
    summary = session.summary()
    if summary.episodes:
        print(f"\n{summary}")  # outside a terminal the bars end without a line break
    if session.note:
        print(session.note, file=sys.stderr)


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
