"""openSMILE's eGeMAPS on one window, timed in a process without TensorFlow."""

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from model_training.evaluation.egemaps import functionals
from tests.benchmark.timing import milliseconds


def durations(window: np.ndarray, runs: int) -> list[float]:
    """Of eGeMAPS and an SVM of a usual size, fitted on noise: its answers do not matter."""
    rng = np.random.default_rng(0)
    svm = make_pipeline(StandardScaler(), SVC(C=10))
    svm.fit(rng.standard_normal((2000, 88)), np.arange(2000) % 8)
    return milliseconds(lambda: svm.predict(functionals(window)[None]), runs)
