"""How long one window takes, ours beside the plain ways."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import keras
import librosa
import numpy as np

from app import audio
from app.classifier import Classifier
from app.frontend import LogMel
from app.saved_model import read
from tests.benchmark import egemaps_window
from tests.benchmark.timing import milliseconds
from tests.conftest import EXAMPLES


def measure(classifier: Classifier, runs: int) -> list[dict[str, Any]]:
    """A row a way, from three seconds of audio to probabilities."""
    speech = audio.load(min(EXAMPLES.glob("joined-*.ogg")), classifier.sample_rate)
    window = speech[: classifier.window]
    found = {name: milliseconds(call, runs) for name, call in ways(classifier, window).items()}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found["openSMILE eGeMAPS + SVM"] = pool.submit(
            egemaps_window.durations, window, runs
        ).result()
    return [
        {
            "one window": name,
            "median, ms": round(durations[runs // 2], 1),
            "95th percentile, ms": round(durations[int(0.95 * runs)], 1),
        }
        for name, durations in found.items()
    ]


def ways(classifier: Classifier, window: np.ndarray) -> dict[str, Callable[[], object]]:
    """What is timed in this process."""
    model, _ = read(classifier.folder)
    return {
        "ours": lambda: classifier.probabilities(window[None]),
        "model(x)": lambda: keras.ops.convert_to_numpy(model(window[None], training=False)),
        "model.predict": lambda: model.predict(window[None], verbose=0),
        "librosa + model.predict": partial(plain_way(model), window),
    }


def plain_way(model: keras.Model) -> Callable[[np.ndarray], object]:
    """librosa's mel-spectrogram, then `predict` of what follows the frontend's first layer."""
    log_mel = next(layer for layer in model.layers if isinstance(layer, LogMel))
    rest = keras.Sequential(model.layers[model.layers.index(log_mel) + 1 :])

    def call(window: np.ndarray) -> object:
        mel = librosa.feature.melspectrogram(
            y=window,
            sr=log_mel.sample_rate,
            n_fft=log_mel.n_fft,
            hop_length=log_mel.hop_length,
            n_mels=log_mel.n_mels,
            fmin=log_mel.fmin,
            fmax=log_mel.fmax,
        )
        return rest.predict(librosa.power_to_db(mel).T[None], verbose=0)

    return call
