"""Undertone: speech emotion recognition. This package contains inference, not training.

>>> from app import predict_emotion
>>> print(predict_emotion("assets/examples/angry-woman-1037.ogg"))  # doctest: +ELLIPSIS
angry, ...% confident (... s, ... s of it speech)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .classifier import Classifier
    from .episodes import SessionSummary
    from .errors import UndertoneError
    from .live import LiveSession, Reading
    from .prediction import predict_emotion
    from .recordings import (
        Analysis,
        Prediction,
        RecordingAnalyzer,
        analyze,
        analyze_channels,
    )
    from .ui.page import page

# The module of each name. Importing TensorFlow takes seconds, so a module is imported on first use.
_HOMES = {
    "Analysis": ".recordings",
    "Classifier": ".classifier",
    "LiveSession": ".live",
    "Prediction": ".recordings",
    "Reading": ".live",
    "RecordingAnalyzer": ".recordings",
    "SessionSummary": ".episodes",
    "UndertoneError": ".errors",
    "analyze": ".recordings",
    "analyze_channels": ".recordings",
    "page": ".ui.page",
    "predict_emotion": ".prediction",
}

__all__ = [
    "Analysis",
    "Classifier",
    "LiveSession",
    "Prediction",
    "Reading",
    "RecordingAnalyzer",
    "SessionSummary",
    "UndertoneError",
    "analyze",
    "analyze_channels",
    "page",
    "predict_emotion",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
