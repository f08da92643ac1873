"""The Python API for the emotion of one recording."""

from pathlib import Path
from typing import Any

import numpy as np

from .audio import Source
from .classifier import Classifier
from .recordings import Prediction, analyze


def predict_emotion(
    source: Source | np.ndarray,
    sample_rate: int | None = None,
    classifier: Classifier | None = None,
) -> Prediction:
    """Predict the emotion of one recording.

    >>> from app import predict_emotion
    >>> prediction = predict_emotion("assets/examples/angry-woman-1037.ogg")
    >>> prediction.emotion
    'angry'
    >>> sorted(prediction.probabilities, key=prediction.probabilities.get)[-1]
    'angry'

    Samples need their rate:

    >>> import numpy as np
    >>> print(predict_emotion(np.zeros(48_000, np.int16), sample_rate=48_000))
    no speech (1.0 s, 0.0 s of it speech)

    Args:
        source: a path, the bytes of a file, an open binary file, or samples, (n,) or
            (n, channels), integer or float.
        sample_rate: of samples, in Hz.
        classifier: the model; None for the default bundle.

    Raises:
        AudioError: the recording cannot be read; one sentence says why.
        ValueError: samples without a rate.
    """
    samples: Any = source
    if sample_rate is None:
        if hasattr(samples, "__array__"):
            raise ValueError("Samples need their rate: predict_emotion(samples, sample_rate=16000)")
        return analyze(samples, classifier).prediction()
    if isinstance(samples, str | Path | bytes | tuple) or hasattr(samples, "read"):
        raise ValueError("Only samples need a sample rate: a file or a pair has its own.")
    return analyze((samples, sample_rate), classifier).prediction()
