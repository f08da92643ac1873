"""The corpora on disk: one table of clips, and a list of every fault met."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from model_training.corpora.decoding import AUDIO_SUFFIXES, CACHE, Content, contents
from model_training.corpora.file_names import PARSERS, Label
from model_training.corpora.folders import CorpusError, Data, files, folders
from model_training.corpora.people import add_people

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
OFFICIAL_CLIPS = {
    "RAVDESS speech": 1440,
    "RAVDESS song": 1012,
    "TESS": 2800,
    "CREMA-D": 7442,
    "nEMO": 4481,
}
ENGLISH = (
    "RAVDESS",
    "TESS",
    "CREMA-D",
)  # what the shipped models were trained on; missed if absent
SILENT_PEAK = 0.001  # -60 dBFS; the quietest clip of RAVDESS peaks at 0.0045


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


def load_corpora(data: Data, cache: Path = CACHE) -> Corpus:
    """All clips of the corpora anywhere under a folder, or under several.

    Args:
        data: holds the corpora in folders of any name; `noise` and `impulse_responses` are left.
        cache: where the results of the one pass that decodes every clip are kept.

    Raises:
        CorpusError: there is no such folder, or no clip of any corpus in it.
    """
    roots = folders(data)
    found_files = list(files(roots))
    clips, faults = _named([path for path in found_files if _is_audio(path)])
    where = " and ".join(map(str, roots))
    if not clips:
        raise CorpusError(
            f"No clip of {', '.join(PARSERS)} in {where}: "
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
        raise CorpusError(f"None of the {len(clips)} clips in {where} can be used.")
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    faults += [
        Fault("corpus not found", roots[0], False, f"went on without {corpus}")
        for corpus in ENGLISH
        if corpus not in set(table["corpus"]) and set(table["corpus"]) & set(ENGLISH)
    ]
    for kind, path, detail in add_people(table, found_files, roots[0]):
        faults.append(Fault(kind, path, True, detail))
    return Corpus(table, sorted(faults, key=lambda fault: (fault.kind, fault.path)))


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
