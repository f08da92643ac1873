"""RAVDESS, TESS and CREMA-D on disk: one table of clips, and a list of every fault met."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from app.errors import UndertoneError
from model_training.corpora.decoding import AUDIO_SUFFIXES, CACHE, Content, contents
from model_training.corpora.file_names import PARSERS, Label

COLUMNS = (
    "path",
    "corpus",
    "speaker",
    "sex",
    "age",
    "race",
    "emotion",
    "intensity",
    "kind",
    "duration",
    "sample_rate",
)
OFFICIAL_CLIPS = {"RAVDESS speech": 1440, "RAVDESS song": 1012, "TESS": 2800, "CREMA-D": 7442}
# Folders of a data directory that hold no speech; see `model_training.corpora.clips`.
SURROUNDINGS = ("noise", "impulse_responses")
DEMOGRAPHICS = "VideoDemographics.csv"
SILENT_PEAK = 0.001  # -60 dBFS; the quietest clip of RAVDESS peaks at 0.0045


class CorpusError(UndertoneError):
    """No corpus where one was expected; the message says where and what to do."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a file, and what was done about it.

    Attributes:
        kind: one of a few short names, to count by.
        path: of the file.
        kept: whether the clip is in the table all the same.
        detail: half a sentence, of this file.
    """

    kind: str
    path: Path
    kept: bool
    detail: str


@dataclass(frozen=True)
class Corpus:
    """Clips and faults.

    Attributes:
        table: one row a clip, `COLUMNS`, ordered by corpus, speaker and file name, numbered from 0.
        faults: in the order of their kinds and paths.
    """

    table: pd.DataFrame
    faults: list[Fault]


def load_corpora(data: Path, cache: Path = CACHE) -> Corpus:
    """All clips of the three corpora anywhere under a directory.

    Args:
        data: holds the corpora in folders of any name; `noise` and `impulse_responses` are left.
        cache: where the results of the one pass that decodes every clip are kept.

    Raises:
        CorpusError: there is no such directory, or no clip of any corpus in it.
    """
    folder = data.resolve()
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}.")
    files = list(_files(folder))
    clips, faults = _named([path for path in files if _is_audio(path)])
    if not clips:
        raise CorpusError(
            f"No clip of {', '.join(PARSERS)} in {folder}: "
            "it should hold the folders of the official downloads."
        )
    found = dict(zip(clips, contents(list(clips.values()), cache), strict=True))
    faults += _faults_of_content(clips, found) + _faults_of_pairs(clips, found)
    left_out = {fault.path for fault in faults if not fault.kept}
    rows = [
        (
            str(path),
            label.corpus,
            label.speaker,
            label.sex,
            None,
            None,
            label.emotion,
            label.intensity,
            label.kind,
            found[label].duration,
            found[label].sample_rate,
        )
        for label, path in clips.items()
        if path not in left_out
    ]
    if not rows:
        raise CorpusError(f"None of the {len(clips)} clips in {folder} can be used.")
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    faults += [
        Fault("corpus not found", folder, False, f"went on without {corpus}")
        for corpus in PARSERS
        if corpus not in set(table["corpus"])
    ]
    if "CREMA-D" in set(table["corpus"]):
        demographics = [path for path in files if path.name == DEMOGRAPHICS]
        faults += _add_demographics(table, min(demographics, default=folder / DEMOGRAPHICS))
    return Corpus(table, sorted(faults, key=lambda fault: (fault.kind, fault.path)))


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, through links too, each real folder walked once."""
    walked = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in walked:
            folders.clear()
            continue
        walked.add(real)
        if Path(root) == folder:
            folders[:] = [name for name in folders if name not in SURROUNDINGS]
        yield from (Path(root, name) for name in names)


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in AUDIO_SUFFIXES


def _named(paths: Collection[Path]) -> tuple[dict[Label, Path], list[Fault]]:
    """One file for every clip, ordered by corpus, speaker and name, and what was odd with names."""
    clips: dict[Label, Path] = {}
    faults = []
    # Of a set that is nested in itself, the outer copy is the one that is kept.
    for path in sorted(paths, key=lambda path: (len(path.parts), path)):
        label = next(filter(None, (parse(path.stem) for parse in PARSERS.values())), None)
        if label is None:
            faults.append(Fault("unknown name", path, False, "no corpus names its clips like this"))
        elif not path.exists():
            faults.append(Fault("unreadable", path, False, "the link leads nowhere"))
        elif label in clips:
            faults.append(Fault("second copy", path, False, f"{clips[label]} is the same clip"))
        else:
            clips[label] = path
            if path.stem.upper().startswith("OA_"):
                faults.append(Fault("misspelled speaker", path, True, "read as OAF"))
    order = list(PARSERS)
    return dict(
        sorted(
            clips.items(),
            key=lambda clip: (order.index(clip[0].corpus), clip[0].speaker, clip[1].name),
        )
    ), faults


def _faults_of_content(clips: dict[Label, Path], found: dict[Label, Content]) -> list[Fault]:
    faults = []
    for label, path in clips.items():
        content = found[label]
        if content.error is not None:
            faults.append(Fault("unreadable", path, False, content.error))
        elif not content.peak > SILENT_PEAK:
            faults.append(Fault("silent", path, False, f"its peak is {content.peak:.4f}"))
        elif content.channels > 1:
            averaged = f"its {content.channels} channels are averaged"
            faults.append(Fault("not mono", path, True, averaged))
    return faults


def _faults_of_pairs(clips: dict[Label, Path], found: dict[Label, Content]) -> list[Fault]:
    """Clips of different names that hold the same samples."""
    alike = defaultdict(list)
    for label, content in found.items():
        if content.error is None and content.peak > SILENT_PEAK:
            alike[content.digest].append(label)
    faults = []
    for labels in alike.values():
        if len(labels) == 1:
            continue
        agree = len({label.emotion for label in labels}) == 1
        kind = "same audio, same emotion" if agree else "same audio, different emotions"
        for label in labels:
            others = ", ".join(clips[other].name for other in labels if other != label)
            faults.append(Fault(kind, clips[label], agree, f"the same as {others}"))
    return faults


def _add_demographics(table: pd.DataFrame, demographics: Path) -> list[Fault]:
    """Fill in who CREMA-D's actors are, in place; without it they stay in the table."""
    crema_d = table["corpus"] == "CREMA-D"
    actors = table.loc[crema_d, "speaker"].str.removeprefix("CREMA-D-")
    try:
        people = pd.read_csv(demographics, dtype=str).set_index("ActorID")
        sexes = people["Sex"].str.lower()
    except (OSError, KeyError, ValueError) as error:
        return [Fault("sex unknown", demographics, True, f"of every CREMA-D actor: {error}")]
    table.loc[crema_d, "sex"] = actors.map(sexes)
    for column in ("Age", "Race"):
        if column in people:
            table.loc[crema_d, column.lower()] = actors.map(people[column])
    table["age"] = pd.to_numeric(table["age"], errors="coerce")
    unknown = sorted(actors[~table.loc[crema_d, "sex"].isin(["female", "male"])].unique())
    table.loc[crema_d & ~table["sex"].isin(["female", "male"]), "sex"] = None
    return [Fault("sex unknown", demographics, True, f"of actor {actor}") for actor in unknown]
