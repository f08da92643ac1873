"""Faults of corpora and of their files."""

from dataclasses import dataclass
from pathlib import Path

from app.errors import UndertoneError

NOWHERE = "the link leads nowhere"  # the detail of a fault


class CorpusError(UndertoneError):
    """There is no usable corpus; the message says where and what to do."""


@dataclass(frozen=True)
class Fault:
    """A fault of a file, and whether its clip is kept.

    Attributes:
        kind: one of a few short names, to count by.
        path: of the file.
        kept: whether the clip is in the table.
        detail: half a sentence about this file.
    """

    kind: str
    path: Path
    kept: bool
    detail: str
