"""The eight emotions of the shipped bundles, and the colours of others."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from .colours import distinct


@dataclass(frozen=True)
class Emotion:
    """One label with its colour and symbol.

    A bundle has its own emotions, in the order of its probabilities. The symbol may be empty.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    name: str
    colour: str
    symbol: str


# Chosen by a search over colours with a contrast of at least 3:1 against both page backgrounds.
# In CIELAB (CIE76), the closest pair is 15.7 apart for protanopes, 15.8 for deuteranopes and 18.6
# for tritanopes (Machado et al. 2009, severity 1), and 28.2 for everybody else.
EMOTIONS = (
    Emotion("neutral", "#6b6267", "😐"),
    Emotion("calm", "#0ba27b", "😌"),
    Emotion("happy", "#c58300", "😊"),
    Emotion("sad", "#166edc", "😢"),
    Emotion("angry", "#cf454e", "😠"),
    Emotion("fearful", "#a286b1", "😨"),
    Emotion("disgust", "#317101", "🤢"),
    Emotion("surprised", "#a3388d", "😲"),
)

LABELS = tuple(emotion.name for emotion in EMOTIONS)
# Other columns and states in tables with emotions; no emotion may have one of these names.
COLUMNS = (
    "file time start end state emotion candidates confidence duration speaking level error note"
)
RESERVED = frozenset(
    {*COLUMNS.split(), "speech_share", "speech_seconds"}
    | {"named", "mixed", "unclear", "listening", "no speech"}
)
BY_NAME = {emotion.name: emotion for emotion in EMOTIONS}


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The names without duplicates: first the eight in their order, then the others by alphabet."""
    chosen = set(names)
    return (*(name for name in LABELS if name in chosen), *sorted(chosen - set(LABELS)))


def emotions_named(names: Iterable[str]) -> tuple[Emotion, ...]:
    """An emotion for each name; names beyond the eight get a new colour."""
    chosen = list(names)
    known = [BY_NAME[name].colour for name in chosen if name in BY_NAME]
    colours = iter(distinct(len(chosen) - len(known), known))
    return tuple(BY_NAME.get(name) or Emotion(name, next(colours), "") for name in chosen)
