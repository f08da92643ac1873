"""The emotion of one recording, for those who write Python."""

from dataclasses import dataclass

import numpy as np

from .audio import Source
from .classifier import Classifier
from .emotions import LABELS
from .recordings import Analysis, analyze


@dataclass(frozen=True)
class Prediction:
    """What one recording carries.

    Attributes:
        emotion: the likeliest; None when there is too little speech to hear one.
        confidence: its probability, 0 to 1; None with it.
        probabilities: of every emotion, by its name; empty with it.
        duration: of the recording, in seconds.
        speech: seconds of it that hold speech.
        note: one sentence that says what was odd about the input; None where nothing was.
    """

    emotion: str | None
    confidence: float | None
    probabilities: dict[str, float]
    duration: float
    speech: float
    note: str | None = None

    def __str__(self) -> str:
        heard = f"{self.duration:.1f} s, {self.speech:.1f} s of it speech"
        if self.emotion is None:
            return f"no speech ({heard})"
        return f"{self.emotion}, {self.confidence:.0%} confident ({heard})"


def predict_emotion(
    source: Source | np.ndarray,
    sample_rate: int | None = None,
    classifier: Classifier | None = None,
) -> Prediction:
    """Hear one recording.

    >>> from app import predict_emotion
    >>> prediction = predict_emotion("assets/examples/angry-woman-1037.ogg")
    >>> prediction.emotion
    'angry'
    >>> sorted(prediction.probabilities, key=prediction.probabilities.get)[-1]
    'angry'

    Samples are taken with their rate:

    >>> import numpy as np
    >>> print(predict_emotion(np.zeros(48_000, np.int16), sample_rate=48_000))
    no speech (1.0 s, 0.0 s of it speech)

    Args:
        source: a path, the bytes of a file, an open binary file, or samples, (n,) or
            (n, channels), integer or float.
        sample_rate: of samples, in Hz.
        classifier: what listens; the bundle that ships when None.

    Raises:
        AudioError: the recording cannot be read; one sentence says why.
        ValueError: samples without a rate.
    """
    if isinstance(source, np.ndarray):
        if sample_rate is None:
            raise ValueError("Samples need their rate: predict_emotion(samples, sample_rate=16000)")
        source = (sample_rate, source)
    return prediction(analyze(source, classifier))


def prediction(heard: Analysis) -> Prediction:
    """An analysis without its timeline."""
    return Prediction(
        emotion=heard.emotion,
        confidence=heard.confidence,
        probabilities=by_label(heard.probabilities),
        duration=heard.duration,
        speech=heard.speech,
        note=heard.note,
    )


def by_label(probabilities: np.ndarray | None) -> dict[str, float]:
    """(8,) probabilities by the names of the emotions; empty where there are none."""
    if probabilities is None:
        return {}
    return dict(zip(LABELS, probabilities.astype(float).tolist(), strict=True))
