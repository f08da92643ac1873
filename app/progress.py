"""Progress of long work: a bar in a terminal, occasional lines in a log or a pipe."""

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tqdm import tqdm

LINE_EVERY = 30.0  # seconds; shorter work leaves no line in a log


class _Lines:
    """A log for tqdm, which writes carriage returns and padding around each state."""

    def __init__(self, log: TextIO) -> None:
        self._log = log

    def write(self, state: str) -> None:
        if line := state.strip():
            self._log.write(f"{line}\n")

    def flush(self) -> None:
        self._log.flush()


def progress(steps: Iterable[Any] | None = None, **settings: Any) -> tqdm:
    """tqdm on standard error, for terminals and logs.

    Args:
        steps: counted during iteration; None for a bar that is updated by hand.
        settings: of tqdm, such as `desc`, `total` and `unit`.
    """
    if sys.stderr.isatty():
        return tqdm(steps, file=sys.stderr, **settings)
    rarely = {"delay": LINE_EVERY, "mininterval": LINE_EVERY, "maxinterval": LINE_EVERY}
    return tqdm(steps, file=_Lines(sys.stderr), **rarely, **settings)


def say(line: str) -> None:
    """Write a line to standard error, above a bar if there is one."""
    tqdm.write(line, file=sys.stderr)
