"""Undertone: everything that hears; nothing here trains.

>>> from app import predict_emotion
>>> print(predict_emotion("assets/examples/angry-woman-1037.ogg"))  # doctest: +ELLIPSIS
angry, ...% confident (... s, ... s of it speech)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.classifier import Classifier
    from app.errors import UndertoneError
    from app.live import LiveSession, Reading
    from app.prediction import Prediction, predict_emotion
    from app.recordings import Analysis, analyze

# Where each lives. TensorFlow takes seconds to import, so nothing is before it is asked for.
_HOMES = {
    "Analysis": "app.recordings",
    "Classifier": "app.classifier",
    "LiveSession": "app.live",
    "Prediction": "app.prediction",
    "Reading": "app.live",
    "UndertoneError": "app.errors",
    "analyze": "app.recordings",
    "predict_emotion": "app.prediction",
}

__all__ = [
    "Analysis",
    "Classifier",
    "LiveSession",
    "Prediction",
    "Reading",
    "UndertoneError",
    "analyze",
    "predict_emotion",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
