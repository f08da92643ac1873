"""How long one window takes, ours beside the plain ways."""

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import keras
import librosa
import numpy as np

from app import audio
from app.bundle import read
from app.classifier import Classifier
from app.frontend import LogMel
from tests.conftest import EXAMPLES

WARM_UP = 10

Way = Callable[[], object]


def measure(classifier: Classifier, runs: int) -> list[dict[str, Any]]:
    """A row a way, from three seconds of audio to probabilities."""
    window = audio.load(min(EXAMPLES.glob("joined-*.ogg")), classifier.sample_rate)
    rows = []
    for name, call in ways(classifier, window[: classifier.window]).items():
        durations = milliseconds(call, runs)
        rows.append(
            {
                "one window": name,
                "median, ms": round(durations[runs // 2], 1),
                "95th percentile, ms": round(durations[int(0.95 * runs)], 1),
            }
        )
    return rows


def ways(classifier: Classifier, window: np.ndarray) -> dict[str, Way]:
    """What is timed; a way whose package is not installed is left out."""
    model, _ = read(classifier.folder)
    found: dict[str, Way] = {
        "ours": lambda: classifier.probabilities(window[None]),
        "model(x)": lambda: keras.ops.convert_to_numpy(model(window[None], training=False)),
        "model.predict": lambda: model.predict(window[None], verbose=0),
        "librosa + model.predict": partial(plain_way(model), window),
    }
    if find_spec("opensmile"):
        found["openSMILE eGeMAPS + SVM"] = opensmile_way(classifier, window)
    return found


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


def opensmile_way(classifier: Classifier, window: np.ndarray) -> Way:
    """The classic of the field; its SVM is of a usual size and fitted on noise, for its speed."""
    import opensmile
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    rng = np.random.default_rng(0)
    svm = make_pipeline(StandardScaler(), SVC(C=10))
    svm.fit(rng.standard_normal((2000, 88)), np.arange(2000) % 8)
    rate = classifier.sample_rate
    return lambda: svm.predict(smile.process_signal(window, rate).to_numpy())


def milliseconds(call: Way, runs: int) -> list[float]:
    """Sorted durations of `runs` calls after a warm-up."""
    for _ in range(WARM_UP):
        call()
    durations = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        durations.append(1000 * (time.perf_counter() - began))
    return sorted(durations)
