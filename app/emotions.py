"""The eight emotions, in the order every array and table of the project keeps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Emotion:
    """One label, with the colour and symbol that stand for it wherever it is shown."""

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
BY_NAME = {emotion.name: emotion for emotion in EMOTIONS}
