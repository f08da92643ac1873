"""The eight emotions that the shipped bundles know, and how others are shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from .colours import distinct


@dataclass(frozen=True)
class Emotion:
    """One label, with the colour and symbol that stand for it wherever it is shown.

    A bundle holds its own, in the order of its probabilities. The symbol may be empty.
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
# Columns and states that stand beside emotions in tables; no emotion may be called like one.
COLUMNS = (
    "file time start end state emotion candidates confidence duration speaking level error note"
)
RESERVED = frozenset(
    {*COLUMNS.split(), "speech_share", "speech_seconds"}
    | {"named", "mixed", "unclear", "listening", "no speech"}
)
BY_NAME = {emotion.name: emotion for emotion in EMOTIONS}


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once: those of the eight in their order, then the others by the alphabet."""
    chosen = set(names)
    return (*(name for name in LABELS if name in chosen), *sorted(chosen - set(LABELS)))


def emotions_named(names: Iterable[str]) -> tuple[Emotion, ...]:
    """One emotion for each name: the eight as they are, others with a colour of their own."""
    chosen = list(names)
    known = [BY_NAME[name].colour for name in chosen if name in BY_NAME]
    colours = iter(distinct(len(chosen) - len(known), known))
    return tuple(BY_NAME.get(name) or Emotion(name, next(colours), "") for name in chosen)
