"""The command that analyzes recordings and prints their emotions."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import count
from pathlib import Path
from typing import TextIO

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import tables
from ..batch import outcomes
from ..classifier import Classifier
from ..collection import Item
from ..files import write_text, written_whole
from ..formats import FORMATS
from ..labelling import phrase
from ..progress import progress, say
from ..tables import Outcome


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Choice:
    """The channels and the track to analyze.

    Attributes:
        split: each channel by itself.
        track: the sound track, counted from 1; None for the default one.
    """

    split: bool = False
    track: int | None = None


def predict(
    recordings: list[Item],
    classifier: Classifier,
    jobs: int,
    form: Format,
    timeline: bool,
    out: TextIO,
    choice: Choice,
) -> bool:
    """Analyze recordings and print a row for each or its segments; return whether all succeeded."""
    analyzed = outcomes(recordings, classifier, jobs, choice.split, choice.track)
    shown = progress(analyzed, total=len(recordings), unit="file")
    well = True

    def watched() -> Iterator[Outcome]:
        nonlocal well
        for outcome in shown:
            if outcome.error:
                well = False
                # Tables of segments have no row for it.
                if timeline:
                    say_error(outcome)
            say_note(outcome)
            yield outcome

    make = tables.segments if timeline else tables.files
    WRITERS[form](watched(), partial(make, labels=classifier.labels), out)
    return well


def say_error(outcome: Outcome) -> None:
    """Print why a recording could not be analyzed to standard error."""
    say(f"{outcome.file}: {outcome.error}")


def say_note(outcome: Outcome) -> None:
    """Print what was odd about a recording to standard error."""
    if outcome.note:
        say(f"{outcome.file}: {outcome.note}")


@contextmanager
def opened_whole(path: Path) -> Iterator[TextIO]:
    """A file to write; it replaces the old one when it is completely on the disk.

    Of a run that is stopped, the results so far are kept beside it.
    """
    with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        try:
            yield file
        except KeyboardInterrupt:
            if file.tell() and partial != path:
                kept = partial.with_name(partial.name.replace("partial-", "stopped-", 1))
                partial.replace(kept)
                say(f"Stopped: the results so far are in {kept}.")
            raise


def write_each(
    recordings: list[Item],
    classifier: Classifier,
    jobs: int,
    form: str,
    out: Path | None,
    choice: Choice,
) -> bool:
    """Write the segments of each recording in a format of `FORMATS`; return whether all succeeded.

    Args:
        recordings: what to analyze.
        classifier: the model.
        jobs: recordings that are analyzed at once.
        form: the name of the format.
        out: the file to write, or the folder where there are several recordings or channels; None
            prints.
        choice: of channels and tracks.
    """
    well = True
    names: set[str] = set()
    several = len(recordings) > 1 or choice.split
    if several and out:
        out.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes(recordings, classifier, jobs, choice.split, choice.track):
        if outcome.analysis is None:
            well = False
            say_error(outcome)
            continue
        say_note(outcome)
        text = FORMATS[form].text(outcome.analysis)
        if out is None:
            sys.stdout.write(text)
        else:
            name = _free_name(_stem(outcome), FORMATS[form].ending, names)
            write_text(out / name if several else out, text)
    return well


def _stem(outcome: Outcome) -> str:
    if outcome.channel is None:
        return Path(outcome.file).stem
    file = outcome.file.removesuffix(f" (channel {outcome.channel})")
    return f"{Path(file).stem}-channel-{outcome.channel}"


def _free_name(stem: str, ending: str, taken: set[str]) -> str:
    """A file name that no other result has; it is reserved."""
    numbered = (f"{stem}-{number}" if number > 1 else stem for number in count(1))
    name = next(name for name in numbered if name.lower() not in taken)
    taken.add(name.lower())
    return name + ending


def is_unicode(out: TextIO) -> bool:
    """Whether a stream can take every character."""
    return (out.encoding or "utf-8").lower().replace("-", "").startswith("utf")


Make = Callable[[Iterable[Outcome]], pd.DataFrame]


def write_csv(results: Iterable[Outcome], make: Make, out: TextIO) -> None:
    """Row by row, as results arrive."""
    for number, outcome in enumerate(results):
        make([outcome]).to_csv(out, header=number == 0, index=False, lineterminator="\n")
        out.flush()


def write_json(results: Iterable[Outcome], make: Make, out: TextIO) -> None:
    records = tables.records(make(results))
    json.dump(records, out, indent=1, ensure_ascii=not is_unicode(out))
    out.write("\n")


def write_jsonl(results: Iterable[Outcome], make: Make, out: TextIO) -> None:
    """One object per line, as results arrive."""
    for outcome in results:
        for record in tables.records(make([outcome])):
            out.write(json.dumps(record, ensure_ascii=not is_unicode(out)) + "\n")
        out.flush()


def write_table(results: Iterable[Outcome], make: Make, out: TextIO) -> None:
    """For people: what a terminal can show."""
    table = make(results)
    columns = [
        column
        for column in (*tables.FILE_COLUMNS, *tables.SEGMENT_COLUMNS)
        if column in table and column not in ("state", "candidates")
    ]
    for column in ("error", "note"):
        if column in columns and table[column].isna().all():
            columns.remove(column)
    columns = list(dict.fromkeys(columns))
    shown = Table(*columns, box=None, pad_edge=False)
    for record in tables.records(table):
        if record["state"]:
            record["emotion"] = phrase(record["state"], record["emotion"], record["candidates"])
        record = {column: record[column] for column in columns}
        # As text: names and sentences may hold what rich takes for markup, "[live]" or ":fire:".
        shown.add_row(*(Text(_cell(column, value)) for column, value in record.items()))
    console = Console(file=out) if out.isatty() else Console(file=out, width=160)
    console.print(shown)


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if column == "confidence" and isinstance(value, float):
        return f"{value:.0%}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


WRITERS: dict[Format, Callable[[Iterable[Outcome], Make, TextIO], None]] = {
    Format.TABLE: write_table,
    Format.CSV: write_csv,
    Format.JSON: write_json,
    Format.JSONL: write_jsonl,
}
