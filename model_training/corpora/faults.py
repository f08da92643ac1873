"""What can be wrong with a corpus and with a file of it."""

from dataclasses import dataclass
from pathlib import Path

from app.errors import UndertoneError


class CorpusError(UndertoneError):
    """No corpus where one was expected; the message says where and what to do."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a file, and what was done about it.

    Attributes:
        kind: one of a few short names, to count by.
        path: of the file.
        kept: whether the clip is in the table all the same.
        detail: half a sentence, of this file.
    """

    kind: str
    path: Path
    kept: bool
    detail: str
