"""One table of the clips of all corpora on disk, and a list of their faults."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from model_training.corpora.decoding import AUDIO_SUFFIXES, CACHE, Content, contents
from model_training.corpora.faults import NOWHERE, CorpusError, Fault
from model_training.corpora.file_names import PARSERS, Label
from model_training.corpora.folders import Data, files, folders
from model_training.corpora.more_names import MORE_PARSERS, parse_savee
from model_training.corpora.own import (
    DATABASE_FILE,
    TABLES,
    Own,
    from_audformat,
    from_folders,
    from_table,
)
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
    "start",
    "end",
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
KNOWN = {**PARSERS, **MORE_PARSERS}
# The corpora of the shipped models; if one of them is present, missing others are reported.
ENGLISH = ("RAVDESS", "TESS", "CREMA-D")
# Kinds of faults without a clip, or whose clip is there in another file.
NO_LOSS = ("unknown name", "second copy", "corpus not found")
UNNAMED = "no corpus names its clips like this"
SILENT_PEAK = 0.001  # -60 dBFS; the quietest clip of RAVDESS peaks at 0.0045


@dataclass(frozen=True)
class Corpus:
    """Clips and faults.

    Attributes:
        table: one row per clip, `COLUMNS`, by corpus, speaker and file name, numbered from 0.
        faults: in the order of their kinds and paths.
    """

    table: pd.DataFrame
    faults: list[Fault]

    @property
    def left_out(self) -> int:
        """The number of clips that are not in the table because of a fault."""
        return len(_lost(self.faults))

    @property
    def notes(self) -> list[str]:
        """A sentence on the clips that are left out, and one on files that no corpus names so."""
        notes = []
        if self.left_out:
            notes.append(
                f"{self.left_out} clips are left out because of their faults; `prepare` lists them."
            )
        unnamed = [fault.path for fault in self.faults if fault.detail == UNNAMED]
        if unnamed:
            notes.append(
                f"{len(unnamed)} audio files, such as {unnamed[0]}, are not used because {UNNAMED}"
                "; if they are clips of your own, give their folder with a --data of its own."
            )
        return notes


def load_corpora(data: Data, cache: Path = CACHE, speaker_pattern: str | None = None) -> Corpus:
    """Load the table of all clips of known corpora, and of your own.

    Args:
        data: one or several of: a folder with known corpora in folders of any name (its `noise` and
            `impulse_responses` are skipped); a folder with one folder per emotion; a table of
            clips; an audformat database. See `model_training.corpora.own`.
        cache: folder for the properties of all clips, which only decoding shows.
        speaker_pattern: for the speakers in folders of emotions; see `own.from_folders`.

    Raises:
        CorpusError: there is no such folder, or it has no usable clip.
    """
    roots = folders(data)
    clips: dict[Label, Path] = {}
    faults: list[Fault] = []
    found_files = list(files([root for root in roots if not _own_source(root)]))
    for own in (
        *map(_own, filter(_own_source, roots)),
        *_trees(roots, found_files, speaker_pattern),
    ):
        clips |= own.clips
        faults += own.faults
    where = " and ".join(map(str, roots))
    if not clips and not _lost(faults):
        raise CorpusError(
            f"No clip of {', '.join(KNOWN)} in {where}: it should hold the folders of official "
            "downloads, EMOTION/SPEAKER folders of your own, or be an audformat database or a "
            "table with the columns file, emotion and speaker."
        )
    clips = dict(sorted(clips.items(), key=_place))
    paths = list(dict.fromkeys(clips.values()))
    by_path = dict(zip(paths, contents(paths, cache), strict=True))
    content_of = {label: by_path[path] for label, path in clips.items()}
    found = [*_faults_of_content(clips, content_of), *_faults_of_pairs(clips, content_of)]
    faults += [fault for _, fault in found]
    left_out = {label for label, fault in found if not fault.kept}
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
            label.start,
            label.end,
            _duration(label, content_of[label]),
            content_of[label].sample_rate,
        )
        for label, path in clips.items()
        if label not in left_out
    ]
    if not rows:
        lost = _lost(faults)
        raise CorpusError(
            f"None of the {len(lost)} clips in {where} can be used, such as {lost[0].path}: "
            f"{lost[0].detail}."
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.astype({"start": float, "end": float})
    faults += [
        Fault("corpus not found", roots[0], False, f"continued without {corpus}")
        for corpus in ENGLISH
        if corpus not in set(table["corpus"]) and set(table["corpus"]) & set(ENGLISH)
    ]
    for kind, path, detail in add_people(table, found_files, roots[0]):
        faults.append(Fault(kind, path, True, detail))
    return Corpus(table, sorted(faults, key=lambda fault: (fault.kind, fault.path)))


def _lost(faults: list[Fault]) -> list[Fault]:
    return [fault for fault in faults if not fault.kept and fault.kind not in NO_LOSS]


def _own_source(root: Path) -> bool:
    return root.is_file() or (root / DATABASE_FILE).is_file()


def _own(root: Path) -> Own:
    """The clips of a table or of an audformat database.

    Raises:
        CorpusError: it is neither.
    """
    if root.is_dir():
        return from_audformat(root)
    if root.suffix.lower() not in TABLES:
        raise CorpusError(f"{root} is neither a folder nor a table ({', '.join(TABLES)}).")
    return from_table(root)


def _trees(roots: list[Path], files_below: list[Path], speaker_pattern: str | None) -> list[Own]:
    """The clips of known corpora. A folder without such clips is read as folders of emotions."""
    audio = [path for path in files_below if _is_audio(path)]
    of_emotions, known = [], audio
    for root in (root for root in roots if not _own_source(root)):
        below = [path for path in audio if path.is_relative_to(root)]
        if any(path.parent != root for path in below) and not any(map(_label_of, below)):
            of_emotions.append(from_folders(root, below, speaker_pattern))
            known = [path for path in known if path not in set(below)]
    return [Own(*_named(known)), *of_emotions]


def _place(clip: tuple[Label, Path]) -> tuple[int, str, str, str]:
    """Known corpora first, in their order; then by corpus, speaker and file name."""
    label, path = clip
    order = list(KNOWN)
    rank = order.index(label.corpus) if label.corpus in order else len(order)
    return rank, label.corpus, label.speaker, path.name


def _duration(label: Label, content: Content) -> float:
    """Duration of the clip in seconds; it may be a part of its file."""
    start, end = label.start or 0.0, content.duration if label.end is None else label.end
    return max(min(end, content.duration) - start, 0.0)


def _label_of(path: Path) -> Label | None:
    named = (parse(path.stem) for parse in KNOWN.values())
    return next(filter(None, named), None) or parse_savee(f"{path.parent.name}_{path.stem}")


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in AUDIO_SUFFIXES


def _named(paths: Collection[Path]) -> tuple[dict[Label, Path], list[Fault]]:
    """One file for every clip, and the faults of names."""
    clips: dict[Label, Path] = {}
    faults = []
    # If a corpus contains a copy of itself, the outer one is used.
    for path in sorted(paths, key=lambda path: (len(path.parts), path)):
        label = _label_of(path)
        if label is None:
            faults.append(Fault("unknown name", path, False, UNNAMED))
        elif not path.exists():
            faults.append(Fault("unreadable", path, False, NOWHERE))
        elif label in clips:
            faults.append(Fault("second copy", path, False, f"{clips[label]} is the same clip"))
        else:
            clips[label] = path
            if path.stem.upper().startswith("OA_"):
                faults.append(Fault("misspelled speaker", path, True, "read as OAF"))
    return clips, faults


def _faults_of_content(
    clips: dict[Label, Path], content_of: dict[Label, Content]
) -> Iterator[tuple[Label, Fault]]:
    for label, path in clips.items():
        content = content_of[label]
        if content.error is not None:
            yield label, Fault("unreadable", path, False, content.error)
        elif not content.peak > SILENT_PEAK:
            yield label, Fault("silent", path, False, f"its peak is {content.peak:.4f}")
        elif not _duration(label, content) > 0:
            yield label, Fault("no part of it", path, False, f"it ends before {label.start} s")
        elif content.channels > 1:
            averaged = f"its {content.channels} channels are averaged"
            yield label, Fault("not mono", path, True, averaged)


def _faults_of_pairs(
    clips: dict[Label, Path], content_of: dict[Label, Content]
) -> Iterator[tuple[Label, Fault]]:
    """Clips of different names that hold the same samples."""
    alike = defaultdict(list)
    for label, content in content_of.items():
        if content.error is None and content.peak > SILENT_PEAK:
            alike[content.digest, label.start, label.end].append(label)
    for labels in alike.values():
        if len(labels) == 1:
            continue
        emotions, speakers = ({getattr(one, of) for one in labels} for of in ("emotion", "speaker"))
        if len(emotions) > 1:
            kind, kept = "same audio, different emotions", []
        elif len(speakers) > 1:  # a protocol could train on one of them and test the other
            kind, kept = "same audio, different speakers", labels[:1]
        else:
            kind, kept = "same audio, same emotion", labels
        for label in labels:
            others = ", ".join(clips[other].name for other in labels if other != label)
            yield label, Fault(kind, clips[label], label in kept, f"the same as {others}")
