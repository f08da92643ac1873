"""`python -m tests.benchmark`: how quick it is, ours beside the plain ways, in one run.

Writes the figures as JSON and as Markdown: every table, and one that sums them up, which goes into
the README where it is asked to. Timings of one machine mean little by themselves: compare the rows.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from app.classifier import Classifier
from app.files import write_text
from model_training.reports.readme import put_between
from tests.benchmark import load, recording, start, window

KEPT_UP = 1.95  # readings a second; two are due
BEGIN, END = "<!-- speed:begin -->", "<!-- speed:end -->"


def main(
    runs: Annotated[int, typer.Option(help="Calls of each way to hear a window.")] = 200,
    minutes: Annotated[float, typer.Option(help="Of speech that is timed.")] = 60.0,
    people: Annotated[str, typer.Option(help="How many stream at once.")] = "1,5,10,20,40",
    seconds: Annotated[float, typer.Option(help="How long each of them streams.")] = 30.0,
    out: Annotated[Path, typer.Option(help="The folder of the figures.")] = Path("build"),
    readme: Annotated[Path | None, typer.Option(help="A file to put the summary into.")] = None,
) -> None:
    """Time the start, a window, a long recording and many people at once."""
    starts = start.measure()
    classifier = Classifier()
    classifier.load()
    figures = {
        "cores": os.cpu_count(),
        "start": starts,
        "window": window.measure(classifier, runs),
        "recording": recording.measure(classifier, minutes),
        "live": load.measure([int(count) for count in people.split(",")], seconds),
    }
    text = markdown(figures)
    typer.echo(text)
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "benchmark.json", json.dumps(figures, indent=1) + "\n")
    write_text(out / "benchmark.md", text + "\n")
    if readme:
        put_between(readme, BEGIN, END, summary(figures))


def markdown(figures: dict[str, Any]) -> str:
    """The tables, and a line that says where they come from."""
    heard = figures["recording"]
    tables = [figures["start"], figures["window"], heard["ways"], figures["live"]]
    return "\n\n".join(
        [
            f"One run of `make bench` on {figures['cores']} cores.",
            *(pd.DataFrame(rows).to_markdown(index=False) for rows in tables),
            f"{heard['minutes']:g} minutes of speech take {heard['growth_mb']} MB more than none.",
        ]
    )


def summary(figures: dict[str, Any]) -> str:
    """One table of what a person notices."""
    first, again = figures["start"]
    window, recording = figures["window"][0], figures["recording"]["ways"][0]
    crowd = [row for row in figures["live"] if row["readings a second, least"] >= KEPT_UP][-1]
    rows = {
        "from the command to the page, first time and again": (
            f"{first['to the page, s']:g} s, {again['to the page, s']:g} s"
        ),
        "one window of 3 s, median and 95th percentile": (
            f"{window['median, ms']:g} ms, {window['95th percentile, ms']:g} ms"
        ),
        "an hour of speech": f"{recording['seconds']:g} s",
        f"{crowd['people']} people at once, median delay": f"{crowd['delay, median ms']:g} ms",
    }
    table = pd.DataFrame(
        rows.items(), columns=[f"one run of `make bench`, {figures['cores']} cores", ""]
    )
    return table.to_markdown(index=False)


if __name__ == "__main__":
    typer.run(main)
