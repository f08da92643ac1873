"""A recording of any length, heard window by window: its emotion, its timeline, its picture."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import audio
from .audio import HOP_SECONDS, SAMPLE_RATE, Source, StreamResampler
from .classifier import DEFAULT_MODEL, MODELS, Classifier, shared
from .emotions import LABELS
from .picture import Picture, PictureBuilder
from .speech import MINIMUM_SPEECH_SECONDS, SpeechTrack

BLOCK_SECONDS = 15  # decoded, heard and let go at once: bounds the memory
BATCH = 32  # windows a call: more is no faster on a CPU


@dataclass(frozen=True)
class Analysis:
    """What was heard in one recording.

    Attributes:
        duration: of the recording, in seconds.
        speech: seconds of it that hold speech.
        emotion: the label of the whole recording; None when there is too little speech.
        confidence: the probability of that label; None with it.
        probabilities: (8,) in the order of `LABELS`, the mean over the windows weighted by their
            speech; None with `emotion`.
        timeline: one row a window: `start` and `end` in seconds, `speech` (the share of the
            window, 0 to 1), `emotion` and `confidence` (None and NaN where there is no speech),
            then a column an emotion.
        picture: of the sound, where it was asked for.
        note: one sentence that says what was odd about the input; None where nothing was.
    """

    duration: float
    speech: float
    emotion: str | None
    confidence: float | None
    probabilities: np.ndarray | None
    timeline: pd.DataFrame
    picture: Picture | None = None
    note: str | None = None


def analyze(
    source: Source,
    classifier: Classifier | None = None,
    hop: float = HOP_SECONDS,
    progress: Callable[[float], None] | None = None,
    picture: bool = False,
) -> Analysis:
    """Hear a whole recording.

    Args:
        source: a path, the bytes of a file, an open binary file, or a pair of a sample rate in Hz
            and samples, (n,) or (n, channels), integer or float.
        classifier: what listens; the bundle that ships when None.
        hop: the step between windows, in seconds.
        progress: called with the seconds heard so far.
        picture: whether to draw one, too.

    Raises:
        AudioError: the recording cannot be read; one sentence says why.
    """
    hearing = hear(source, classifier or shared(MODELS / DEFAULT_MODEL), hop, picture)
    while True:
        try:
            heard = next(hearing)
        except StopIteration as end:
            analysis: Analysis = end.value
            return analysis
        if progress:
            progress(heard)


def hear(
    source: Source, classifier: Classifier, hop: float = HOP_SECONDS, picture: bool = False
) -> Generator[float, None, Analysis]:
    """Hear a recording block by block; closing the generator ends the work.

    Windows without enough speech carry no emotion. A recording shorter than a window is one
    row, padded with zeros.

    Args:
        source, classifier, hop, picture: as `analyze` takes them.

    Yields:
        Seconds heard so far, after each block.

    Returns:
        The analysis.

    Raises:
        AudioError: the recording cannot be read.
    """
    windows = _Windows(classifier, hop)
    drawing = PictureBuilder(classifier.sample_rate) if picture else None
    for block in _gathered(audio.blocks(source, classifier.sample_rate), classifier.sample_rate):
        windows.push(block)
        if drawing:
            drawing.push(block)
        yield windows.duration
    return windows.analysis(drawing.picture() if drawing else None)


def _gathered(blocks: Iterator[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    pending: list[np.ndarray] = []
    for block in blocks:
        pending.append(block)
        if sum(map(len, pending)) >= BLOCK_SECONDS * sample_rate:
            yield np.concatenate(pending)
            pending = []
    if pending:
        yield np.concatenate(pending)


class _Windows:
    """Blocks in; probabilities of each window as soon as it is complete."""

    def __init__(self, classifier: Classifier, hop: float) -> None:
        self._classifier = classifier
        self._hop = round(hop * classifier.sample_rate)
        self._resampler = StreamResampler(SAMPLE_RATE)
        self._track = SpeechTrack()
        self._samples = 0
        self._tail = np.zeros(0, np.float32)  # what windows to come still need
        self._tail_start = 0
        self._speech: list[np.ndarray] = []
        self._probabilities: list[np.ndarray] = []
        self._done = 0  # windows

    @property
    def duration(self) -> float:
        """Seconds taken so far."""
        return self._samples / self._classifier.sample_rate

    def push(self, block: np.ndarray) -> None:
        self._samples += len(block)
        self._tail = np.concatenate([self._tail, block])
        self._track.push(self._resampler.push(block, self._classifier.sample_rate))
        covered = min(self._samples, int(self._track.covered * self._classifier.sample_rate))
        self._hear(max(0, (covered - self._classifier.window) // self._hop + 1))

    def analysis(self, picture: Picture | None) -> Analysis:
        """End the recording: the last window is filled with zeros."""
        rest = self._resampler.push(np.zeros(0), self._classifier.sample_rate, last=True)
        self._track.push(rest)
        self._track.end()
        self._hear(1 + max(0, -(-(self._samples - self._classifier.window) // self._hop)))
        starts, ends = self._edges(0, self._done)
        speech, probabilities = np.concatenate(self._speech), np.concatenate(self._probabilities)
        heard = speech >= MINIMUM_SPEECH_SECONDS
        mean = None
        if heard.any():
            mean = np.average(probabilities[heard], axis=0, weights=speech[heard])
        return Analysis(
            duration=self.duration,
            speech=self._track.total,
            emotion=None if mean is None else LABELS[int(mean.argmax())],
            confidence=None if mean is None else float(mean.max()),
            probabilities=mean,
            timeline=_timeline(starts, ends, speech, probabilities),
            picture=picture,
        )

    def _hear(self, windows: int) -> None:
        """Hear those windows up to this number that have not been heard yet."""
        if windows <= self._done:
            return
        starts, ends = self._edges(self._done, windows)
        speech = self._track.seconds(starts, ends)
        probabilities = np.full((len(starts), len(LABELS)), np.nan, np.float32)
        spoken = np.flatnonzero(speech >= MINIMUM_SPEECH_SECONDS)
        for first in range(0, len(spoken), BATCH):
            rows = spoken[first : first + BATCH]
            probabilities[rows] = self._classifier.probabilities(self._cut(self._done + rows))
        self._speech.append(speech)
        self._probabilities.append(probabilities)
        self._done = windows
        self._tail = self._tail[windows * self._hop - self._tail_start :].copy()
        self._tail_start = windows * self._hop

    def _edges(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Seconds at which the windows begin and end, the last one with the recording."""
        starts = np.arange(first, last) * self._hop
        ends = np.minimum(starts + self._classifier.window, self._samples)
        return starts / self._classifier.sample_rate, ends / self._classifier.sample_rate

    def _cut(self, numbers: np.ndarray) -> np.ndarray:
        windows = np.zeros((len(numbers), self._classifier.window), np.float32)
        for window, number in zip(windows, numbers, strict=True):
            start = number * self._hop - self._tail_start
            piece = self._tail[start : start + len(window)]
            window[: len(piece)] = piece
        return windows


def _timeline(
    starts: np.ndarray, ends: np.ndarray, speech: np.ndarray, probabilities: np.ndarray
) -> pd.DataFrame:
    silent = np.isnan(probabilities[:, 0])
    best = np.where(silent, -1, np.nan_to_num(probabilities).argmax(axis=1))
    table = pd.DataFrame(
        {
            "start": starts,
            "end": ends,
            "speech": np.minimum(speech / np.maximum(ends - starts, 1e-9), 1.0),
            "emotion": [LABELS[index] if index >= 0 else None for index in best],
            "confidence": probabilities.max(axis=1),
        }
    )
    return table.join(pd.DataFrame(probabilities, columns=list(LABELS)))
