"""Results as tables: one row a recording, or one row a segment as the field keeps them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .emotions import LABELS
from .recordings import Analysis

FILE_COLUMNS = ("file", "emotion", "confidence", "duration", "speech", "error", "note", *LABELS)
SEGMENT_COLUMNS = ("file", "start", "end", "emotion", "confidence", "speech", *LABELS)
DECIMALS = 4


@dataclass(frozen=True)
class Outcome:
    """What became of one file: an analysis, or one sentence that says why there is none."""

    file: str
    analysis: Analysis | None = None
    error: str | None = None

    @property
    def note(self) -> str | None:
        """What was odd about the input, in one sentence; None where nothing was."""
        return self.analysis.note if self.analysis else None


def files(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """A row a file, in `FILE_COLUMNS`.

    `duration` and `speech` are in seconds. Without speech there is no emotion, confidence or
    probability; with an `error` there is nothing else. A `note` says what was odd about the input.
    """
    rows = []
    for outcome in outcomes:
        row: dict[str, object] = dict.fromkeys(FILE_COLUMNS)
        row |= {"file": outcome.file, "error": outcome.error, "note": outcome.note}
        if outcome.analysis:
            heard = outcome.analysis
            row |= {
                "emotion": heard.emotion,
                "confidence": heard.confidence,
                "duration": heard.duration,
                "speech": heard.speech,
            }
            if heard.probabilities is not None:
                row |= dict(zip(LABELS, heard.probabilities.tolist(), strict=True))
        rows.append(row)
    return _table(rows, FILE_COLUMNS)


def segments(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """A row a window, in `SEGMENT_COLUMNS`; a file with an error has none.

    `start` and `end` are in seconds, `speech` is the share of the window.
    """
    tables = [
        outcome.analysis.timeline.assign(file=outcome.file)
        for outcome in outcomes
        if outcome.analysis
    ]
    if not tables:
        return _table([], SEGMENT_COLUMNS)
    table = pd.concat(tables, ignore_index=True)[list(SEGMENT_COLUMNS)]
    # In double precision, or four decimals become sixteen in JSON.
    return table.astype(dict.fromkeys(LABELS, np.float64) | {"confidence": np.float64}).round(
        DECIMALS
    )


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of a table as JSON knows them: None where there is nothing."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def as_json(outcomes: Iterable[Outcome]) -> str:
    """Every file with its windows, as JSON text."""
    listed = []
    for outcome in outcomes:
        (record,) = records(files([outcome]))
        windows = segments([outcome]).drop(columns="file")
        listed.append(record | {"windows": records(windows)})
    return json.dumps(listed, indent=1, ensure_ascii=False)


def _table(rows: list[dict[str, object]], columns: tuple[str, ...]) -> pd.DataFrame:
    words = ("file", "emotion", "error", "note")
    types = {column: object if column in words else np.float64 for column in columns}
    return pd.DataFrame(rows, columns=list(columns), dtype=object).astype(types).round(DECIMALS)
