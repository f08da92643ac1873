"""`python -m tests.benchmark.smoothing --data DIR`: how steady, late and right the live label is.

Joins clips of one speaker into streams that change their emotion, feeds them to `LiveSession` and
to `analyze`, and compares labels and segments with the truth, for several smoothings. Each speaker
is one that the bundle never trained on. Prints a table and writes it as JSON.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from app.classifier import DEFAULT_MODEL, Classifier
from app.files import write_text
from app.folders import MODELS
from app.labelling import NAMED
from app.live import DEFAULT_SMOOTHING
from app.progress import progress
from app.recordings import analyze
from model_training.corpora.clips import decode
from model_training.corpora.table import load_corpora
from model_training.evaluation import results
from model_training.evaluation.live import LiveFigures
from model_training.training.streams import Moment, Stream, listen, streams

CORPORA = ("RAVDESS", "CREMA-D")
SMOOTHINGS = {"off": 0.0, "default": DEFAULT_SMOOTHING, "high": 0.8}


class Group(StrEnum):
    """Speakers by what the bundle knows of them."""

    UNHEARD = "unheard"
    VALIDATION = "validation"


def compare(
    heard: Sequence[tuple[Stream, Sequence[Moment]]], window_seconds: float
) -> dict[str, float]:
    """Labels beside the truth, over all streams.

    A lag runs from the join, with whatever silence the new clip begins with, to the end of the
    chunk whose reading first names the new emotion, before the next join.

    Returns:
        `changes_per_true_change`: from one named emotion to another, whether rightly or not; a
            pause or an unclear stretch is no change. `shown_changes_per_true_change` counts those
            from and to "unclear" as well.
        `median_lag`: seconds, over the changes that were reached.
        `median_lag_of_all`: seconds, with the others as later than any; infinite if most are.
        `true_changes`, `never_reached`: counts, and `share_never_reached`.
        `named_within`, `right_within`: of the readings with speech whose window lies within one
            emotion, the share that is named, and of the named ones the share that is right.
        `named_across`, `right_across`: the same of the windows across a change.
        `named`, `right`: the same of all.
        `without_speech`: share of all readings.
    """
    changes, shown, lags = 0, 0, []
    for stream, moments in heard:
        said = [moment.reading for moment in moments if moment.reading.probabilities]
        shown += sum(before.emotion != after.emotion for before, after in pairwise(said))
        named = [reading.emotion for reading in said if reading.emotion]
        changes += sum(before != after for before, after in pairwise(named))
        for start, end, emotion in zip(
            stream.edges[1:-1], stream.edges[2:], stream.emotions[1:], strict=True
        ):
            reached = [
                moment.since
                for moment in moments
                if moment.reading.emotion == emotion == moment.emotion
                and moment.since <= end - start
            ]
            lags.append(min(reached, default=np.inf))
    reached = np.isfinite(lags)
    every = [moment for _, moments in heard for moment in moments]
    spoken = pd.DataFrame(
        {
            "within": moment.since >= window_seconds,
            "named": moment.reading.state == NAMED,
            "right": moment.reading.emotion == moment.emotion,
        }
        for moment in every
        if moment.reading.probabilities
    )
    parts = {
        "": spoken,
        "_within": spoken[spoken["within"]],
        "_across": spoken[~spoken["within"]],
    }
    figures = {
        "changes_per_true_change": changes / len(lags),
        "shown_changes_per_true_change": shown / len(lags),
        "median_lag": float(np.median(np.array(lags)[reached])),
        "median_lag_of_all": float(np.median(lags)),
        "true_changes": len(lags),
        "never_reached": int((~reached).sum()),
        "share_never_reached": float((~reached).mean()),
        "without_speech": 1 - len(spoken) / len(every),
    }
    for name, part in parts.items():
        figures[f"named{name}"] = float(part["named"].mean())
        figures[f"right{name}"] = float(part.loc[part["named"], "right"].mean())
    return figures


def compare_segments(classifier: Classifier, joined: Sequence[Stream]) -> dict[str, float]:
    """Segments of whole recordings beside the truth.

    Returns:
        `segments_per_true_segment`: those of an emotion or unclear.
        `named`: share of the time with speech that is named, and of it `right`.
    """
    found, acted, seconds = 0, 0, {"named": 0.0, "right": 0.0, "spoken": 0.0}
    for stream in progress(joined, desc="segments"):
        segments = analyze((stream.waveform, classifier.sample_rate), classifier).segments
        spoken = segments[segments["state"] != "no speech"]
        # A pause inside an emotion parts it into two segments that are not to be counted twice.
        said = spoken["emotion"].fillna("unclear")
        found += int((said != said.shift()).sum())
        acted += len(stream.emotions)
        for row in spoken.itertuples():
            seconds["spoken"] += row.end - row.start
            if row.state != NAMED:
                continue
            seconds["named"] += row.end - row.start
            for emotion, (start, end) in zip(stream.emotions, pairwise(stream.edges), strict=True):
                if emotion == row.emotion:
                    seconds["right"] += max(0.0, min(end, row.end) - max(start, row.start))
    return {
        "segments_per_true_segment": found / acted,
        "named": seconds["named"] / seconds["spoken"],
        "right": seconds["right"] / seconds["named"],
    }


def main(
    data: Annotated[Path, typer.Option(help="The folder of the corpora.")],
    model: Annotated[str, typer.Option(help="A bundle of models/, or the path of one.")] = (
        DEFAULT_MODEL
    ),
    group: Annotated[Group, typer.Option(help="Whose voices.")] = Group.UNHEARD,
    count: Annotated[int, typer.Option("--streams", help="How many.")] = 40,
    seed: Annotated[int, typer.Option(help="Of the choice of clips.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path(
        "build/smoothing.json"
    ),
    results_folder: Annotated[
        Path | None,
        typer.Option("--results", help="Also write the result file that the card reads, here."),
    ] = None,
) -> None:
    """Compare live labels with the truth, for smoothing off, default and high; and segments."""
    classifier = Classifier(Path(model) if Path(model).is_dir() else MODELS / model)
    voices = classifier.info.unheard if group is Group.UNHEARD else classifier.info.validated_on
    table = load_corpora(data).table
    spoken = (table["kind"] == "speech") & table["corpus"].isin(CORPORA)
    table = table[spoken & table["speaker"].isin(voices.speakers)].reset_index(drop=True)
    clips = decode(table, classifier.sample_rate)
    joined = list(streams(table, clips, classifier.sample_rate, count, seed))
    shown = Table(
        "smoothing",
        "named changes per true change (with unclear)",
        "median lag, s (of all)",
        "never reached",
        "within one emotion: named, right",
        "across a change: named, right",
        title=f"{model}, {count} streams, {group} speakers, "
        f"named from {classifier.info.named_from:.2f}",
    )
    figures = {}
    for name, smoothing in SMOOTHINGS.items():
        joining = progress(joined, desc=name)
        heard = [(stream, listen(classifier, stream, smoothing)) for stream in joining]
        found = compare(heard, classifier.info.window_seconds)
        figures[name] = {"smoothing": smoothing} | found
        shown.add_row(
            f"{smoothing} ({name})",
            f"{found['changes_per_true_change']:.2f} "
            f"({found['shown_changes_per_true_change']:.2f})",
            f"{found['median_lag']:.2f} ({found['median_lag_of_all']:.2f})",
            f"{found['never_reached']} of {found['true_changes']} "
            f"({found['share_never_reached']:.0%})",
            f"{found['named_within']:.1%}, {found['right_within']:.1%}",
            f"{found['named_across']:.1%}, {found['right_across']:.1%}",
        )
    parts = compare_segments(classifier, joined)
    Console().print(shown)
    Console().print(
        f"Segments: {parts['segments_per_true_segment']:.2f} for each acted one; "
        f"{parts['named']:.1%} of the time named, {parts['right']:.1%} of it rightly."
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    setting = {"model": model, "group": group, "streams": count, "seed": seed}
    written = setting | {"smoothings": figures, "segments": parts}
    write_text(out, json.dumps(written, indent=1) + "\n")
    if results_folder:
        about = {
            "model_sha256": classifier.info.model_sha256,
            "speakers": len({stream.speaker for stream in joined}),
            "streams": len(joined),
        }
        measured = LiveFigures.model_validate(about | figures["default"])
        results.write_live(measured, results_folder, classifier.info)


if __name__ == "__main__":
    typer.run(main)
