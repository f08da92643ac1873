"""The probability from which a bundle names an emotion: a part of its calibration."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from scipy.special import softmax

from app import bundle, saved_model
from app.bundle import BundleInfo
from app.classifier import Classifier
from app.labelling import NAMED, NAMED_FROM, label
from model_training.training.batches import Waveforms, features_of
from model_training.training.streams import LONGEST, SEGMENTS, Moment, durations, listen, streams

# Accuracy of the named readings whose window has one emotion. 0.7 is the promise; the margin is for
# voices on which the model is worse than on its validation speakers.
AIM = 0.75
CANDIDATES = np.round(np.arange(0.2, 0.9, 0.01), 2)
MOST_STREAMS = 60
SEED = 0


def fit(folder: Path, table: pd.DataFrame, clips: Waveforms) -> BundleInfo:
    """Fit the probability from which a bundle names an emotion, and write it into the bundle.

    It is the lowest probability with which the named readings reach the accuracy `AIM` in live
    sessions of validation speakers. So as many readings as possible are named.

    Args:
        folder: of the bundle.
        table: clips of its validation speakers, with the index of `clips`.
        clips: the waveforms at the sample rate of the bundle.
    """
    classifier = (
        Classifier(folder) if keras.backend.backend() == "tensorflow" else _AsTrained(folder)
    )
    spoken = table[table["kind"] == "speech"]
    rate = classifier.sample_rate
    count = min(MOST_STREAMS, int(durations(spoken, clips, rate).sum() // (SEGMENTS * LONGEST)))
    joined = streams(spoken, clips, rate, count, SEED)
    sessions = [listen(classifier, stream) for stream in joined]
    chosen = named_from(sessions, classifier.info.window_seconds)
    info = classifier.info.model_copy(update={"named_from": chosen})
    bundle.write_info(folder, info)
    return info


class _AsTrained(Classifier):
    """A bundle that predicts with the backend of the training instead of TensorFlow."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._model, _ = saved_model.read(folder)

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        logits = features_of(self._model, windows)
        return np.asarray(softmax(logits / self.info.temperature, axis=1), np.float32)


def named_from(sessions: Sequence[Sequence[Moment]], window_seconds: float) -> float:
    """The lowest of `CANDIDATES` that reaches the accuracy `AIM`; the best one if none does."""
    accuracies = {
        float(threshold): np.mean(right)
        for threshold in CANDIDATES
        if (right := [*_named_rightly(sessions, window_seconds, threshold)])
    }
    if not accuracies:
        return NAMED_FROM
    enough = [threshold for threshold, accuracy in accuracies.items() if accuracy >= AIM]
    return min(enough) if enough else max(accuracies, key=accuracies.__getitem__)


def _named_rightly(
    sessions: Iterable[Sequence[Moment]], window_seconds: float, threshold: float
) -> Iterable[bool]:
    """For each named reading whose window has one emotion, whether the name is right."""
    for moments in sessions:
        before = None
        for moment in moments:
            said = label(moment.reading.probabilities, threshold, before)
            before = said
            if said.state == NAMED and moment.since >= window_seconds:
                yield said.emotion == moment.emotion
