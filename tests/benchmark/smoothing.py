"""`python -m tests.benchmark.smoothing --data DIR`: how steady the live label is, and how late.

Joins clips of one speaker into streams that change their emotion, feeds them to `LiveSession` and
compares its label with the truth, for several smoothings. Each speaker is one that the bundle never
trained on. Prints a table and writes it as JSON.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from app.bundle import write_text
from app.classifier import DEFAULT_MODEL, Classifier
from app.folders import MODELS
from app.live import DEFAULT_SMOOTHING, LiveSession
from model_training.corpora.clips import decode
from model_training.corpora.table import load_corpora

CORPORA = ("RAVDESS", "CREMA-D")
SEGMENTS = 4  # of a stream, each of another emotion
SHORTEST, LONGEST = 6.0, 9.0  # seconds of a segment
CHUNK_SECONDS = 0.5
SMOOTHINGS = {"off": 0.0, "default": DEFAULT_SMOOTHING, "high": 0.8}


class Group(StrEnum):
    """Speakers by what the bundle knows of them."""

    UNHEARD = "unheard"
    VALIDATION = "validation"


@dataclass(frozen=True)
class Stream:
    """What one speaker said, in one emotion after another.

    Attributes:
        waveform: (samples,) float32 in [-1, 1].
        emotions: of the segments; neighbours differ.
        edges: seconds, where each segment begins and the last one ends.
    """

    speaker: str
    waveform: np.ndarray
    emotions: list[str]
    edges: list[float]


def streams(
    data: Path, speakers: list[str], sample_rate: int, count: int, seed: int
) -> Iterator[Stream]:
    """`count` streams, the speakers in turn; the same for the same seed."""
    table = load_corpora(data).table
    spoken = (table["kind"] == "speech") & table["corpus"].isin(CORPORA)
    table = table[spoken & table["speaker"].isin(speakers)].reset_index(drop=True)
    clips = decode(table, sample_rate)
    rng = np.random.default_rng(seed)
    present = sorted(table["speaker"].unique())
    for number in range(count):
        speaker = present[number % len(present)]
        theirs = table[table["speaker"] == speaker]
        emotions = rng.choice(sorted(theirs["emotion"].unique()), SEGMENTS, replace=False).tolist()
        segments = []
        for emotion in emotions:
            chosen = _segment(theirs.loc[theirs["emotion"] == emotion, "duration"], rng)
            segments.append(np.concatenate([clips[clip] for clip in chosen]))
        edges = np.cumsum([0, *map(len, segments)]) / sample_rate
        yield Stream(speaker, np.concatenate(segments), emotions, edges.tolist())


def _segment(durations: pd.Series, rng: np.random.Generator) -> list[int]:
    """Clips in random order that together are long enough and not too long."""
    chosen, total = [], 0.0
    for clip in rng.permutation(durations.index):
        if total < SHORTEST and total + durations[clip] <= LONGEST:
            chosen.append(int(clip))
            total += durations[clip]
    return chosen


def listen(classifier: Classifier, stream: Stream, smoothing: float) -> list[str | None]:
    """The label after each chunk of a stream."""
    session = LiveSession(classifier, smoothing, CHUNK_SECONDS)
    chunk = round(CHUNK_SECONDS * classifier.sample_rate)
    labels = []
    for start in range(0, len(stream.waveform) // chunk * chunk, chunk):
        (reading,) = session.feed(stream.waveform[start : start + chunk], classifier.sample_rate)
        labels.append(reading.emotion)
    return labels


def compare(heard: list[tuple[Stream, list[str | None]]]) -> dict[str, float]:
    """Labels beside the truth, over all streams.

    A lag runs from the join, with whatever silence the new clip begins with, to the end of the
    chunk whose reading first has the new label, before the next join.

    Returns:
        `changes_per_true_change`: of the label, whether rightly or not; a pause is no change.
        `median_lag`: seconds, over the changes that were reached.
        `median_lag_of_all`: seconds, with the others as later than any; infinite if most are.
        `true_changes`, `never_reached`: counts, and `share_never_reached`.
        `right`: share of the readings with a label that have the right one.
        `without_label`: share of all readings.
    """
    changes, lags, right, readings = 0, [], [], 0
    for stream, labels in heard:
        times = CHUNK_SECONDS * np.arange(1, len(labels) + 1)
        readings += len(labels)
        carried = [label for label in labels if label is not None]
        changes += sum(before != after for before, after in pairwise(carried))
        for number, emotion in enumerate(stream.emotions):
            start, end = stream.edges[number : number + 2]
            inside = [
                (time - start, label == emotion)
                for time, label in zip(times, labels, strict=True)
                if start < time <= end and label is not None
            ]
            right += [same for _, same in inside]
            if number > 0:
                lags.append(next((lag for lag, same in inside if same), np.inf))
    reached = np.isfinite(lags)
    return {
        "changes_per_true_change": changes / len(lags),
        "median_lag": float(np.median(np.array(lags)[reached])),
        "median_lag_of_all": float(np.median(lags)),
        "true_changes": len(lags),
        "never_reached": int((~reached).sum()),
        "share_never_reached": float((~reached).mean()),
        "right": float(np.mean(right)),
        "without_label": 1 - len(right) / readings,
    }


def main(
    data: Annotated[Path, typer.Option(help="The folder of the corpora.")],
    model: Annotated[str, typer.Option(help="A bundle of models/.")] = DEFAULT_MODEL,
    group: Annotated[Group, typer.Option(help="Whose voices.")] = Group.UNHEARD,
    count: Annotated[int, typer.Option("--streams", help="How many.")] = 40,
    seed: Annotated[int, typer.Option(help="Of the choice of clips.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path(
        "build/smoothing.json"
    ),
) -> None:
    """Compare the live label with the truth, for smoothing off, default and high."""
    classifier = Classifier(MODELS / model)
    voices = classifier.info.unheard if group is Group.UNHEARD else classifier.info.validated_on
    joined = list(streams(data, list(voices.speakers), classifier.sample_rate, count, seed))
    table = Table(
        "smoothing",
        "label changes per true change",
        "median lag, s (of all)",
        "never reached",
        "right",
        "without a label",
        title=f"models/{model}, {count} streams, {group} speakers",
    )
    figures = {}
    for name, smoothing in SMOOTHINGS.items():
        heard = [(stream, listen(classifier, stream, smoothing)) for stream in tqdm(joined, name)]
        found = compare(heard)
        figures[name] = {"smoothing": smoothing} | found
        table.add_row(
            f"{smoothing} ({name})",
            f"{found['changes_per_true_change']:.2f}",
            f"{found['median_lag']:.2f} ({found['median_lag_of_all']:.2f})",
            f"{found['never_reached']} of {found['true_changes']} "
            f"({found['share_never_reached']:.0%})",
            f"{found['right']:.1%}",
            f"{found['without_label']:.1%}",
        )
    Console().print(table)
    out.parent.mkdir(parents=True, exist_ok=True)
    setting = {"model": model, "group": group, "streams": count, "seed": seed}
    write_text(out, json.dumps(setting | {"smoothings": figures}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
