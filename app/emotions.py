"""The eight emotions, in the order every array and table of the project keeps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Emotion:
    """One label, with the colour and symbol that stand for it wherever it is shown."""

    name: str
    colour: str
    symbol: str


EMOTIONS = (
    Emotion("neutral", "#8a8f98", "😐"),
    Emotion("calm", "#2a9d8f", "😌"),
    Emotion("happy", "#e9b200", "😊"),
    Emotion("sad", "#3b82c4", "😢"),
    Emotion("angry", "#d1495b", "😠"),
    Emotion("fearful", "#8e5bb5", "😨"),
    Emotion("disgust", "#6a8f2f", "🤢"),
    Emotion("surprised", "#e07a2f", "😲"),
)

LABELS = tuple(emotion.name for emotion in EMOTIONS)
