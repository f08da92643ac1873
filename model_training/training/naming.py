"""From which probability on an emotion is named: part of the calibration of a bundle."""

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

# Right of what is named, where a window lies within one emotion. 0.7 is what is promised; the rest
# is for voices on which a model does worse than on those it was validated with.
AIM = 0.73
CANDIDATES = np.round(np.arange(0.2, 0.9, 0.01), 2)
MOST_STREAMS = 60
SEED = 0


def fit(folder: Path, table: pd.DataFrame, clips: Waveforms) -> BundleInfo:
    """Choose the probability that a bundle names emotions from, and write it into the bundle.

    It is the least with which the named readings of live sessions with validation speakers are
    right as often as `AIM`, so that as much is named as that allows.

    Args:
        folder: of the bundle.
        table: clips of its validation speakers; the index is that of `clips`.
        clips: the waveforms at its sample rate.
    """
    classifier = (
        Classifier(folder) if keras.backend.backend() == "tensorflow" else _AsTrained(folder)
    )
    spoken = table[table["kind"] == "speech"]
    rate = classifier.sample_rate
    count = min(MOST_STREAMS, int(durations(spoken, clips, rate).sum() // (SEGMENTS * LONGEST)))
    joined = streams(spoken, clips, rate, count, SEED)
    heard = [listen(classifier, stream) for stream in joined]
    chosen = named_from(heard, classifier.info.window_seconds)
    info = classifier.info.model_copy(update={"named_from": chosen})
    bundle.write_info(folder, info)
    return info


class _AsTrained(Classifier):
    """A bundle on the backend that trains it, where that is not the one that serves."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._model, _ = saved_model.read(folder)

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        logits = features_of(self._model, windows)
        return np.asarray(softmax(logits / self.info.temperature, axis=1), np.float32)


def named_from(heard: Sequence[Sequence[Moment]], window_seconds: float) -> float:
    """The least of `CANDIDATES` that is right as often as `AIM`; the best where none is."""
    accuracies = {
        float(threshold): np.mean(right)
        for threshold in CANDIDATES
        if (right := [*_named_rightly(heard, window_seconds, threshold)])
    }
    if not accuracies:
        return NAMED_FROM
    enough = [threshold for threshold, accuracy in accuracies.items() if accuracy >= AIM]
    return min(enough) if enough else max(accuracies, key=accuracies.__getitem__)


def _named_rightly(
    heard: Iterable[Sequence[Moment]], window_seconds: float, threshold: float
) -> Iterable[bool]:
    """Of each reading whose window lies within one emotion and that is named, whether rightly."""
    for moments in heard:
        before = None
        for moment in moments:
            said = label(moment.reading.probabilities, threshold, before)
            before = said.emotion
            if said.state == NAMED and moment.since >= window_seconds:
                yield said.emotion == moment.emotion
