"""Results as tables: one row per recording, segment or window."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from . import segments as parts
from .errors import UndertoneError
from .labelling import joined
from .live import Reading
from .recordings import Analysis

FILE_COLUMNS = (
    "file",
    "state",
    "emotion",
    "candidates",
    "confidence",
    "duration",
    "speech_seconds",
    "error",
    "note",
)
SEGMENT_COLUMNS = ("file", *parts.COLUMNS)
READING_COLUMNS = (
    "time",
    "state",
    "emotion",
    "candidates",
    "confidence",
    "speaking",
    "speech_share",
    "level",
)
WORDS = frozenset(
    {"file", "state", "emotion", "candidates", "error", "note"}
)  # the others: numbers
DECIMALS = 4

Record = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The result of one file, or of one of its channels: an analysis, or an error in one sentence.

    Attributes:
        file: the name of the file, with its channel.
        channel: its number, from 1; None if the channels were mixed, or if there is only one.
    """

    file: str
    analysis: Analysis | None = None
    error: str | None = None
    channel: int | None = None

    @classmethod
    def of(cls, file: str, work: Callable[[], Analysis]) -> "Outcome":
        """The result of a file, with the analysis that `work` returns."""
        try:
            return cls(file, analysis=work())
        except Exception as error:  # of any kind: one file must not end a batch
            return cls.failed(file, error)

    @classmethod
    def failed(cls, file: str, error: Exception) -> "Outcome":
        """A file that cannot be analyzed, with a sentence."""
        if isinstance(error, UndertoneError):
            return cls(file, error=str(error))
        return cls(file, error=f"The recording cannot be analyzed ({type(error).__name__}).")

    @property
    def note(self) -> str | None:
        """What was odd about the input, in one sentence; None if nothing was."""
        return self.analysis.note if self.analysis else None


def files(outcomes: Iterable[Outcome], labels: Sequence[str]) -> pd.DataFrame:
    """One row per file: `FILE_COLUMNS`, then one column per label.

    `duration` and `speech_seconds` are in seconds; `candidates` are in words, "sad or disgust" of
    an unclear recording and "angry and sad" of a mixed one. Without speech there is no emotion,
    confidence or probability; with an `error` there is nothing else. A `note` says what was odd
    about the input.
    """
    columns = (*FILE_COLUMNS, *labels)
    rows = []
    for outcome in outcomes:
        row: Record = dict.fromkeys(columns)
        row |= {"file": outcome.file, "error": outcome.error, "note": outcome.note}
        analysis = outcome.analysis
        if analysis:
            row |= {
                "state": analysis.state,
                "emotion": analysis.emotion,
                "candidates": analysis.candidates_in_words,
                "confidence": analysis.confidence,
                "duration": analysis.duration,
                "speech_seconds": analysis.speech_seconds,
                **analysis.probabilities,
            }
        rows.append(row)
    return _table(pd.DataFrame(rows, columns=list(columns), dtype=object))


def segments(outcomes: Iterable[Outcome], labels: Sequence[str]) -> pd.DataFrame:
    """One row per segment: `SEGMENT_COLUMNS`, then one column per label; no row with an error.

    `start` and `end` are in seconds, `speech_share` is the share of the windows in it.
    """
    return _concatenated(outcomes, labels, lambda analysis: analysis.segments)


def windows(outcomes: Iterable[Outcome], labels: Sequence[str]) -> pd.DataFrame:
    """One row per window, in the columns of `segments`."""
    return _concatenated(outcomes, labels, lambda analysis: analysis.windows)


def records(table: pd.DataFrame) -> list[Record]:
    """The rows of a table for JSON, with None for missing values."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def file_record(outcome: Outcome, labels: Sequence[str]) -> Record:
    """A file with its shares, segments and windows, for JSON."""
    (record,) = records(files([outcome], labels))
    shares = outcome.analysis.shares if outcome.analysis else {}
    return record | {
        "shares": {name: round(share, DECIMALS) for name, share in shares.items()},
        "segments": records(segments([outcome], labels).drop(columns="file")),
        "windows": records(windows([outcome], labels).drop(columns="file")),
    }


def as_json(outcomes: Iterable[Outcome], labels: Sequence[str]) -> str:
    """Every file with its shares, segments and windows, as JSON text."""
    listed = [file_record(outcome, labels) for outcome in outcomes]
    return json.dumps(listed, indent=1, ensure_ascii=False)


def reading_record(reading: Reading) -> Record:
    """A reading for JSON: `READING_COLUMNS` in their order, then `probabilities`."""
    record = asdict(reading) | {
        "speaking": reading.speaking,
        "candidates": list(reading.candidates),
        "confidence": None if reading.confidence is None else round(reading.confidence, DECIMALS),
        "speech_share": round(reading.speech_share, 3),
        "level": round(reading.level, 1),
        "probabilities": {
            name: round(share, DECIMALS) for name, share in reading.probabilities.items()
        },
    }
    return {name: record[name] for name in (*READING_COLUMNS, "probabilities")}


def reading_row(reading: Reading, labels: Sequence[str]) -> list[Any]:
    """A reading in the order of `READING_COLUMNS`, then the probability of each label."""
    record = reading_record(reading)
    record["candidates"] = joined(reading.candidates)
    shares = record["probabilities"]
    return [*(record[name] for name in READING_COLUMNS), *map(shares.get, labels)]


def _concatenated(
    outcomes: Iterable[Outcome],
    labels: Sequence[str],
    chosen: Callable[[Analysis], pd.DataFrame],
) -> pd.DataFrame:
    columns = [*SEGMENT_COLUMNS, *labels]
    tables = [
        chosen(outcome.analysis).assign(file=outcome.file)
        for outcome in outcomes
        if outcome.analysis
    ]
    if not tables:
        return _table(pd.DataFrame(columns=columns, dtype=object))
    return _table(pd.concat(tables, ignore_index=True)[columns])


def _table(table: pd.DataFrame) -> pd.DataFrame:
    """Words as objects, and numbers in double precision, because JSON would show others with many
    decimals."""
    types = {column: object if column in WORDS else np.float64 for column in table.columns}
    return table.astype(types).round(DECIMALS)
