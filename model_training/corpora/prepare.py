"""The command that counts the clips and faults of the corpora."""

from itertools import groupby
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from app.emotions import in_order
from app.files import write_text
from model_training.corpora.faults import CorpusError
from model_training.corpora.folders import Data, folders
from model_training.corpora.table import OFFICIAL_CLIPS, Fault, load_corpora

EXAMPLES = 6


def prepare(data: Data, out: Path, speaker_pattern: str | None = None) -> None:
    """Print the clips by corpus and emotion and the faults by kind, and write the table as CSV.

    The printed report is also written as text next to the table.

    Raises:
        CorpusError: there is no corpus in `data`, or the table or the report would be written over
            a table in `data` or over each other.
    """
    report = out.with_suffix(".txt")
    if out == report:
        raise CorpusError(f"{out} is the name of the report; choose an --out that ends in .csv.")
    if out.exists() and any(out.samefile(source) for source in folders(data)):
        raise CorpusError(f"{out} is one of the tables in --data; choose another --out.")
    corpus = load_corpora(data, speaker_pattern=speaker_pattern)
    console = Console(record=True)
    console.print(clip_counts(corpus.table))
    console.print(sample_rates(corpus.table), highlight=False, soft_wrap=True)
    for line in fault_lines(corpus.faults, folders(data)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    corpus.table.to_csv(out, index=False)
    write_text(report, console.export_text())
    console.print(
        f"Wrote {len(corpus.table)} clips to {out} and this report to {report}",
        markup=False,
        soft_wrap=True,
    )


def clip_counts(clips: pd.DataFrame) -> Table:
    """One row per emotion, one column per corpus, and the totals."""
    columns = {
        (corpus if corpus != "RAVDESS" else f"RAVDESS {kind}"): group
        for (corpus, kind), group in clips.groupby(["corpus", "kind"], sort=False)
    }
    columns["all"] = clips
    table = Table("emotion", *columns)
    for column in table.columns[1:]:
        column.justify = "right"
    for emotion in in_order(clips["emotion"]):
        counts = [(group["emotion"] == emotion).sum() for group in columns.values()]
        table.add_row(emotion, *(str(count or "-") for count in counts))
    table.add_section()
    table.add_row("clips", *(str(len(group)) for group in columns.values()))
    official = [str(OFFICIAL_CLIPS.get(column, "")) for column in columns]
    official[-1] = str(sum(OFFICIAL_CLIPS.get(column, 0) for column in columns))
    table.add_row("of officially", *official)
    table.add_row("speakers", *(str(group["speaker"].nunique()) for group in columns.values()))
    hours = [f"{group['duration'].sum() / 3600:.2f}" for group in columns.values()]
    table.add_row("hours", *hours)
    seconds = [group["duration"].quantile((0.0, 0.5, 1.0)) for group in columns.values()]
    table.add_row("seconds, least", *(f"{one[0.0]:.2f}" for one in seconds))
    table.add_row("median", *(f"{one[0.5]:.2f}" for one in seconds))
    table.add_row("most", *(f"{one[1.0]:.2f}" for one in seconds))
    return table


def sample_rates(clips: pd.DataFrame) -> str:
    """The number of clips of each sample rate."""
    counts = clips["sample_rate"].value_counts()
    return "Sample rates: " + ", ".join(f"{count} at {rate} Hz" for rate, count in counts.items())


def fault_lines(faults: list[Fault], data: list[Path]) -> list[str]:
    """The number of faults of each kind, with a few examples."""
    if not faults:
        return ["No faults."]
    lines = [f"{len(faults)} faults:"]
    for kind, group in groupby(faults, key=lambda fault: fault.kind):
        alike = list(group)
        lines.append(f"  {kind}: {len(alike)}")
        for fault in alike[:EXAMPLES]:
            done = "kept" if fault.kept else "left out"
            lines.append(f"    {_relative(fault.path, data)}: {done}, {fault.detail}")
        if len(alike) > EXAMPLES:
            lines.append(f"    and {len(alike) - EXAMPLES} more")
    return lines


def _relative(path: Path, data: list[Path]) -> Path:
    return next((path.relative_to(root) for root in data if path.is_relative_to(root)), path)
