"""A trained bundle at work: windows to calibrated probabilities, recordings to timelines."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf

from app import bundle
from app.audio import HOP_SECONDS, resample
from app.emotions import LABELS
from app.speech import MINIMUM_SPEECH_SECONDS, SpeechTrack

MODELS = Path(__file__).resolve().parents[1] / "models"
DEFAULT_MODEL = "residual-mel"
BATCH = 32  # windows a call for long recordings: larger is no faster on a CPU


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
    """

    duration: float
    speech: float
    emotion: str | None
    confidence: float | None
    probabilities: np.ndarray | None
    timeline: pd.DataFrame


class Classifier:
    """A bundle, loaded, compiled and warm.

    Args:
        folder: of the bundle.

    Raises:
        BundleError: a file is missing, truncated or of another schema.
    """

    def __init__(self, folder: str | Path = MODELS / DEFAULT_MODEL) -> None:
        self.folder = Path(folder)
        model, self.info = bundle.read(self.folder)
        self.name = self.info.name
        self.labels = tuple(self.info.labels)
        self.sample_rate = self.info.sample_rate
        self.window = round(self.info.window_seconds * self.sample_rate)
        temperature = self.info.temperature

        # model(x) costs several times as much as the same graph traced once.
        @tf.function(input_signature=[tf.TensorSpec((None, self.window), tf.float32)])
        def probabilities(windows: tf.Tensor) -> tf.Tensor:
            return tf.nn.softmax(model(windows, training=False) / temperature)

        self._probabilities = probabilities
        self.probabilities(np.zeros((1, self.window), np.float32))

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of windows of audio.

        Args:
            windows: (n, window) float32 in [-1, 1], mono at `sample_rate`.

        Returns:
            (n, 8) float32 in the order of `LABELS`; each row sums to 1.
        """
        return self._probabilities(tf.constant(windows, tf.float32)).numpy()

    def analyze(self, waveform: np.ndarray, hop: float = HOP_SECONDS) -> Analysis:
        """Hear a whole recording, window by window.

        Windows without enough speech carry no emotion. A recording shorter than a window is
        one row, padded with zeros.

        Args:
            waveform: (samples,) float32 in [-1, 1], mono at `sample_rate`.
            hop: the step between windows, in seconds.
        """
        duration = len(waveform) / self.sample_rate
        track = SpeechTrack(resample(waveform, self.sample_rate))
        starts = self._starts(len(waveform), round(hop * self.sample_rate))
        ends = np.minimum(starts + self.window, len(waveform))
        speech = track.seconds(starts / self.sample_rate, ends / self.sample_rate)
        spoken = speech >= MINIMUM_SPEECH_SECONDS

        probabilities = np.full((len(starts), len(LABELS)), np.nan, np.float32)
        heard = [self.probabilities(batch) for batch in self._batches(waveform, starts[spoken])]
        if heard:
            probabilities[spoken] = np.concatenate(heard)

        mean = np.average(probabilities[spoken], axis=0, weights=speech[spoken]) if heard else None
        return Analysis(
            duration=duration,
            speech=track.total,
            emotion=None if mean is None else LABELS[int(mean.argmax())],
            confidence=None if mean is None else float(mean.max()),
            probabilities=mean,
            timeline=_timeline(starts, ends, speech, probabilities, self.sample_rate),
        )

    def _starts(self, samples: int, hop: int) -> np.ndarray:
        windows = 1 + max(0, -(-(samples - self.window) // hop))
        return np.arange(windows) * hop

    def _batches(self, waveform: np.ndarray, starts: np.ndarray) -> Iterator[np.ndarray]:
        for first in range(0, len(starts), BATCH):
            chosen = starts[first : first + BATCH]
            windows = np.zeros((len(chosen), self.window), np.float32)
            for row, start in zip(windows, chosen, strict=True):
                piece = waveform[start : start + self.window]
                row[: len(piece)] = piece
            yield windows


def _timeline(
    starts: np.ndarray,
    ends: np.ndarray,
    speech: np.ndarray,
    probabilities: np.ndarray,
    sample_rate: int,
) -> pd.DataFrame:
    lengths = np.maximum(ends - starts, 1) / sample_rate
    silent = np.isnan(probabilities[:, 0])
    best = np.where(silent, -1, np.nan_to_num(probabilities).argmax(axis=1))
    table = pd.DataFrame(
        {
            "start": starts / sample_rate,
            "end": ends / sample_rate,
            "speech": np.minimum(speech / lengths, 1.0),
            "emotion": [LABELS[index] if index >= 0 else None for index in best],
            "confidence": probabilities.max(axis=1),
        }
    )
    return table.join(pd.DataFrame(probabilities, columns=list(LABELS)))


@lru_cache(maxsize=8)
def shared(folder: Path) -> Classifier:
    """The classifier of a bundle, loaded at the first call and shared by all who ask for it."""
    return Classifier(folder)


def bundles(folder: Path) -> list[str]:
    """The names of the bundles in a folder such as `MODELS`."""
    return sorted(path.parent.name for path in folder.glob(f"*/{bundle.INFO_FILE}"))
