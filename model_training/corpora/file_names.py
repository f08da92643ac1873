"""Parsers for the file names of known corpora.

The file names of a corpus are the same in every download, but its folders have many layouts. So
only the names are parsed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """The label in a file name; files with equal labels are copies of one clip."""

    corpus: str
    speaker: str
    sex: str | None
    emotion: str
    intensity: str
    kind: str
    take: str
    start: float | None = None  # seconds, for a clip that is a part of its file
    end: float | None = None


RAVDESS_NAME = re.compile(r"03-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(0[1-9]|1\d|2[0-4])")
RAVDESS_EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}


def parse_ravdess(stem: str) -> Label | None:
    """Modality-channel-emotion-intensity-statement-repetition-actor; audio is modality 03."""
    match = RAVDESS_NAME.fullmatch(stem)
    if not match:
        return None
    channel, emotion, intensity, statement, repetition, actor = match.groups()
    return Label(
        corpus="RAVDESS",
        speaker=f"RAVDESS-{actor}",
        sex="male" if int(actor) % 2 else "female",
        emotion=RAVDESS_EMOTIONS[emotion],
        intensity={"01": "normal", "02": "strong"}[intensity],
        kind={"01": "speech", "02": "song"}[channel],
        take=f"{statement}-{repetition}",
    )


# One file of the original, OA_bite_neutral, has its speaker misspelled.
TESS_NAME = re.compile(r"(OAF?|YAF)_([a-z]+)_([a-z_]+)", re.IGNORECASE)
TESS_EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "pleasant_surprise": "surprised",
    "pleasant_surprised": "surprised",
    "ps": "surprised",
    "sad": "sad",
}


def parse_tess(stem: str) -> Label | None:
    """Speaker_word_emotion; OAF is the older woman, YAF the younger."""
    match = TESS_NAME.fullmatch(stem)
    if not match or match[3].lower() not in TESS_EMOTIONS:
        return None
    return Label(
        corpus="TESS",
        speaker="TESS-YAF" if match[1].upper() == "YAF" else "TESS-OAF",
        sex="female",
        emotion=TESS_EMOTIONS[match[3].lower()],
        intensity="unspecified",
        kind="speech",
        take=match[2].lower(),
    )


CREMA_D_NAME = re.compile(r"(1\d{3})_([A-Z]{3})_([A-Z]{3})_([A-Z]{1,2})")
CREMA_D_EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
# One original, 1040_ITH_SAD_X, has a level of one letter.
CREMA_D_LEVELS = {
    "LO": "low",
    "MD": "medium",
    "HI": "high",
    "XX": "unspecified",
    "X": "unspecified",
}


def parse_crema_d(stem: str) -> Label | None:
    """Actor_SENTENCE_EMOTION_LEVEL; the actor's sex is in a table."""
    match = CREMA_D_NAME.fullmatch(stem)
    if not match or match[3] not in CREMA_D_EMOTIONS or match[4] not in CREMA_D_LEVELS:
        return None
    actor, sentence, emotion, level = match.groups()
    return Label(
        corpus="CREMA-D",
        speaker=f"CREMA-D-{actor}",
        sex=None,
        emotion=CREMA_D_EMOTIONS[emotion],
        intensity=CREMA_D_LEVELS[level],
        kind="speech",
        take=f"{sentence}-{level}",
    )


NEMO_NAME = re.compile(r"([A-Z]{2}\d)_([a-z]+)_(\d+)")
NEMO_EMOTIONS = {
    "anger": "angry",
    "fear": "fearful",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprised": "surprised",
}


def parse_nemo(stem: str) -> Label | None:
    """Speaker_emotion_sentence, in Polish; the speaker's sex is in a table."""
    match = NEMO_NAME.fullmatch(stem)
    if not match or match[2] not in NEMO_EMOTIONS:
        return None
    return Label(
        corpus="nEMO",
        speaker=f"nEMO-{match[1]}",
        sex=None,
        emotion=NEMO_EMOTIONS[match[2]],
        intensity="unspecified",
        kind="speech",
        take=match[3],
    )


PARSERS: dict[str, Callable[[str], Label | None]] = {
    "RAVDESS": parse_ravdess,
    "TESS": parse_tess,
    "CREMA-D": parse_crema_d,
    "nEMO": parse_nemo,
}
