"""RAVDESS, TESS and CREMA-D on disk: one table of clips, and a list of every fault met.

What a clip is stands in its file name, the same in every download of a corpus; folders are
arranged and spelled in many ways, so they are walked and not read.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from model_training.decoding import AUDIO_SUFFIXES, CACHE, Content, contents

COLUMNS = ("path", "corpus", "speaker", "sex", "emotion", "intensity", "kind", "duration")
OFFICIAL_CLIPS = {"RAVDESS": 1440 + 1012, "TESS": 2800, "CREMA-D": 7442}
# Folders of a data directory that hold no speech; see `model_training.clips`.
SURROUNDINGS = ("noise", "impulse_responses")
DEMOGRAPHICS = "VideoDemographics.csv"
SILENT_PEAK = 0.001  # -60 dBFS; the quietest clip of RAVDESS peaks at 0.0045


class CorpusError(ValueError):
    """No corpus where one was expected; the message says where and what to do."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a file, and what was done about it."""

    kind: str
    path: Path
    action: str


@dataclass(frozen=True)
class Corpus:
    """Clips and faults.

    Attributes:
        table: one row a clip, `COLUMNS`, ordered by corpus, speaker and file name, numbered from 0.
        faults: in the order of their kinds and paths.
    """

    table: pd.DataFrame
    faults: list[Fault]


@dataclass(frozen=True)
class Label:
    """What a file name says; two files with equal labels are copies of one clip."""

    corpus: str
    speaker: str
    sex: str | None
    emotion: str
    intensity: str
    kind: str
    take: str


def load_corpora(data: Path, cache: Path = CACHE) -> Corpus:
    """All clips of the three corpora anywhere under a directory.

    Args:
        data: holds the corpora in folders of any name; `noise` and `impulse_responses` are left.
        cache: where the results of the one pass that decodes every clip are kept.

    Raises:
        CorpusError: there is no such directory, or no clip of any corpus in it.
    """
    return _load(data, PARSERS, cache)


def load_ravdess(folder: Path, cache: Path = CACHE) -> Corpus:
    """RAVDESS, speech and song; see `load_corpora`."""
    return _load(folder, ("RAVDESS",), cache)


def load_tess(folder: Path, cache: Path = CACHE) -> Corpus:
    """TESS; see `load_corpora`."""
    return _load(folder, ("TESS",), cache)


def load_crema_d(folder: Path, cache: Path = CACHE) -> Corpus:
    """CREMA-D, with the actors' sex from its `VideoDemographics.csv`; see `load_corpora`."""
    return _load(folder, ("CREMA-D",), cache)


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
    """Actor_SENTENCE_EMOTION_LEVEL; the actor's sex stands elsewhere."""
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


PARSERS: dict[str, Callable[[str], Label | None]] = {
    "RAVDESS": parse_ravdess,
    "TESS": parse_tess,
    "CREMA-D": parse_crema_d,
}


def _load(folder: Path, corpora: Collection[str], cache: Path) -> Corpus:
    folder = folder.resolve()
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}.")
    paths, faults = _named(folder, corpora)
    if not paths:
        raise CorpusError(
            f"No clip of {', '.join(corpora)} in {folder}: "
            "it should hold the folders of the official downloads."
        )
    found = dict(zip(paths, contents(list(paths.values()), cache), strict=True))
    faults += _faults_of_content(paths, found)
    faults += _faults_of_pairs(paths, found)
    dropped = {fault.path for fault in faults if fault.action.startswith("left out")}
    rows = [
        (
            str(path),
            label.corpus,
            label.speaker,
            label.sex,
            label.emotion,
            label.intensity,
            label.kind,
            found[label].duration,
        )
        for label, path in paths.items()
        if path not in dropped
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    faults += [
        Fault("corpus not found", folder, f"went on without {corpus}")
        for corpus in corpora
        if corpus not in set(table["corpus"])
    ]
    if "CREMA-D" in set(table["corpus"]):
        faults += _add_sexes(table, folder)
    return Corpus(table, sorted(faults, key=lambda fault: (fault.kind, fault.path)))


def _named(folder: Path, corpora: Collection[str]) -> tuple[dict[Label, Path], list[Fault]]:
    """One file for every clip, ordered by corpus, speaker and name, and what was odd with names."""
    clips: dict[Label, Path] = {}
    faults = []
    # A second copy lies deeper than the first, or beside it.
    for path in sorted(_audio_files(folder), key=lambda path: (len(path.parts), path)):
        label = next(filter(None, (PARSERS[corpus](path.stem) for corpus in corpora)), None)
        if label is None:
            faults.append(Fault("unknown name", path, "left out"))
        elif label in clips:
            faults.append(Fault("second copy", path, f"left out: {clips[label]} is the same clip"))
        else:
            clips[label] = path
            if path.stem.upper().startswith("OA_"):
                faults.append(Fault("misspelled speaker", path, "kept: read as OAF"))
    order = {corpus: place for place, corpus in enumerate(PARSERS)}
    chosen = sorted(
        clips.items(), key=lambda clip: (order[clip[0].corpus], clip[0].speaker, clip[1].stem)
    )
    return dict(chosen), faults


def _audio_files(folder: Path) -> Iterator[Path]:
    """Every audio file below a folder, through links too, each real folder walked once."""
    walked = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in walked:
            folders.clear()
            continue
        walked.add(real)
        if Path(root) == folder:
            folders[:] = [name for name in folders if name not in SURROUNDINGS]
        yield from (
            Path(root, name) for name in names if Path(name).suffix.lower() in AUDIO_SUFFIXES
        )


def _faults_of_content(paths: dict[Label, Path], found: dict[Label, Content]) -> list[Fault]:
    faults = []
    for label, path in paths.items():
        clip = found[label]
        if clip.error is not None:
            faults.append(Fault("unreadable", path, f"left out: {clip.error}"))
        elif not clip.peak > SILENT_PEAK:
            faults.append(Fault("silent", path, "left out"))
        elif clip.channels > 1:
            faults.append(
                Fault("not mono", path, f"kept: its {clip.channels} channels are averaged")
            )
    return faults


def _faults_of_pairs(paths: dict[Label, Path], found: dict[Label, Content]) -> list[Fault]:
    """Clips of different names that hold the same samples."""
    alike = defaultdict(list)
    for label, clip in found.items():
        if clip.error is None and clip.peak > SILENT_PEAK:
            alike[clip.digest].append(label)
    faults = []
    for labels in alike.values():
        contradict = len({label.emotion for label in labels}) > 1
        for label in labels if len(labels) > 1 else ():
            others = ", ".join(paths[other].name for other in labels if other != label)
            faults.append(
                Fault("same audio, different emotions", paths[label], f"left out: as is {others}")
                if contradict
                else Fault("same audio, same emotion", paths[label], f"kept, as is {others}")
            )
    return faults


def _add_sexes(table: pd.DataFrame, folder: Path) -> list[Fault]:
    """Fill in the sex of CREMA-D's actors from its table, in place."""
    crema_d = table["corpus"] == "CREMA-D"
    actors = table.loc[crema_d, "speaker"]
    for path in sorted(folder.rglob(DEMOGRAPHICS)):
        try:
            people = pd.read_csv(path, dtype=str).set_index("ActorID")["Sex"].str.lower()
        except (KeyError, ValueError) as error:
            return [Fault("no demographics", path, f"kept the clips without sex: {error!r}")]
        sexes = actors.str.removeprefix("CREMA-D-").map(people)
        table.loc[crema_d, "sex"] = sexes.where(sexes.isin(["female", "male"]), None)
        return [
            Fault("no demographics", path, f"kept the clips of {actor} without sex")
            for actor in sorted(actors[table.loc[crema_d, "sex"].isna()].unique())
        ]
    return [Fault("no demographics", folder / DEMOGRAPHICS, "kept the clips without sex")]
