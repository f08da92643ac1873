"""Clips of one speaker joined to streams that change their emotion, for live sessions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.classifier import Classifier
from app.live import DEFAULT_SMOOTHING, LiveSession, Reading
from model_training.training.batches import Waveforms

SEGMENTS = 4  # per stream, each with another emotion; fewer for a speaker with fewer emotions
SHORTEST, LONGEST = 6.0, 9.0  # seconds of a segment
CHUNK_SECONDS = 0.5


@dataclass(frozen=True)
class Stream:
    """Speech of one speaker in several emotions, one after another.

    Attributes:
        waveform: (samples,) float32 in [-1, 1].
        emotions: of the segments; neighbours differ.
        edges: seconds, where each segment begins and the last one ends.
    """

    speaker: str
    waveform: np.ndarray
    emotions: list[str]
    edges: list[float]


@dataclass(frozen=True)
class Moment:
    """A reading and the true emotion.

    Attributes:
        emotion: the acted emotion at the end of the reading's window.
        since: seconds since this emotion began; infinite for the first one of a stream.
    """

    reading: Reading
    emotion: str
    since: float


def streams(
    table: pd.DataFrame, clips: Waveforms, sample_rate: int, count: int, seed: int
) -> Iterator[Stream]:
    """`count` streams, with the speakers in turn. Equal seeds give equal streams.

    Args:
        table: spoken clips with the columns `speaker` and `emotion`, and the index of `clips`.
        clips: their waveforms at `sample_rate`.
    """
    rng = np.random.default_rng(seed)
    acted = table.groupby("speaker")["emotion"].nunique()
    present = sorted(acted[acted > 1].index)
    seconds = durations(table, clips, sample_rate)
    for number in range(count if present else 0):
        speaker = present[number % len(present)]
        theirs = table[table["speaker"] == speaker]
        known = sorted(theirs["emotion"].unique())
        emotions = rng.choice(known, min(SEGMENTS, len(known)), replace=False).tolist()
        segments = []
        for emotion in emotions:
            chosen = _segment(seconds[theirs.index[theirs["emotion"] == emotion]], rng)
            segments.append(np.concatenate([clips[clip] for clip in chosen]))
        edges = np.cumsum([0, *map(len, segments)]) / sample_rate
        yield Stream(speaker, np.concatenate(segments), emotions, edges.tolist())


def durations(table: pd.DataFrame, clips: Waveforms, sample_rate: int) -> pd.Series:
    """Seconds of each clip, by the index of the table."""
    return pd.Series({clip: len(clips[clip]) / sample_rate for clip in table.index}, dtype=float)


def listen(
    classifier: Classifier, stream: Stream, smoothing: float = DEFAULT_SMOOTHING
) -> list[Moment]:
    """The readings of a live session, one after each chunk of a stream."""
    session = LiveSession(classifier, smoothing, CHUNK_SECONDS)
    chunk = round(CHUNK_SECONDS * classifier.sample_rate)
    moments = []
    for start in range(0, len(stream.waveform) // chunk * chunk, chunk):
        (reading,) = session.feed(stream.waveform[start : start + chunk], classifier.sample_rate)
        time = (start + chunk) / classifier.sample_rate
        at = int(np.searchsorted(stream.edges[1:-1], time))
        since = time - stream.edges[at] if at else np.inf
        moments.append(Moment(reading, stream.emotions[at], since))
    return moments


def _segment(durations: pd.Series, rng: np.random.Generator) -> list[int]:
    """Clips in random order, of `SHORTEST` to `LONGEST` seconds together if possible."""
    chosen: list[int] = []
    total = 0.0
    for clip in rng.permutation(durations.index):
        if not chosen or (total < SHORTEST and total + durations[clip] <= LONGEST):
            chosen.append(int(clip))
            total += durations[clip]
    return chosen
