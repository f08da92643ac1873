"""Your own corpora: one folder per emotion, a table, or an audformat database."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from app.emotions import LABELS, RESERVED
from model_training.corpora.decoding import AUDIO_SUFFIXES
from model_training.corpora.faults import NOWHERE, CorpusError, Fault
from model_training.corpora.file_names import Label

DATABASE_FILE = "db.yaml"  # the file that marks an audformat database
# Other words for the eight emotions, so that your own corpora can be combined with the others.
SAME = {
    "anger": "angry",
    "fear": "fearful",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprised",
    "disgusted": "disgust",
}
# Accepted names of each column; the first is the standard one.
COLUMNS = {
    "file": ("file", "path", "file_id", "filename"),
    "emotion": ("emotion", "label"),
    "speaker": ("speaker", "speaker_id"),
    "sex": ("sex", "gender"),
    "corpus": ("corpus",),
    "start": ("start",),
    "end": ("end",),
}
REQUIRED = ("file", "emotion", "speaker")
MELD = ("Dialogue_ID", "Utterance_ID")  # its table names no files, they are named after these
SEXES = {"f": "female", "w": "female", "m": "male"}  # by the initial
TABLES = {".csv": ",", ".tsv": "\t", ".parquet": ""}  # separators


@dataclass
class Own:
    """Clips by their labels, and the faults of other files."""

    clips: dict[Label, Path] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def from_folders(folder: Path, paths: Iterable[Path], speaker_pattern: str | None) -> Own:
    """Clips in EMOTION/SPEAKER/ folders, or in EMOTION/ folders with the speakers from a pattern.

    Args:
        folder: contains the folders of emotions; its name is the name of the corpus.
        paths: the audio files below it.
        speaker_pattern: a regular expression that is searched in the path below the emotion; its
            first group is the speaker.

    Raises:
        CorpusError: the pattern is invalid, a clip has no speaker, or the folders are
            SPEAKER/EMOTION/.
    """
    pattern = _compiled(speaker_pattern) if speaker_pattern else None
    paths = sorted(paths)
    _check_order(folder, paths)
    own = Own()
    for path in paths:
        if path.parent == folder:
            own.faults.append(
                Fault("unknown name", path, False, "it is in no folder of an emotion")
            )
            continue
        emotion, *between, name = path.relative_to(folder).parts
        if pattern:
            match = pattern.search("/".join((*between, name)))
            speaker = match[1] if match else None
        else:
            speaker = between[0] if between else None
        if not speaker and not pattern:
            raise CorpusError(
                f"{path} has no speaker: put clips into EMOTION/SPEAKER folders, or give "
                "--speaker-pattern, a regular expression whose group is the speaker in a file name."
            )
        if not speaker:
            own.faults.append(Fault("no speaker", path, False, f"{speaker_pattern} is not in it"))
            continue
        if not path.exists():
            own.faults.append(Fault("unreadable", path, False, NOWHERE))
            continue
        own.clips[_label(folder.name, speaker, None, emotion, path)] = path
    return own


def from_table(file: Path) -> Own:
    """Clips of a CSV, TSV or Parquet table.

    Its columns are `file, emotion, speaker` and optionally `sex, corpus, start, end`, with times in
    seconds. Files are relative to the table. A missing file is searched below the folder of the
    table, also in another audio format.

    Raises:
        CorpusError: it cannot be read, or lacks a column.
    """
    try:
        if file.suffix.lower() == ".parquet":
            table = pd.read_parquet(file)
        else:
            table = pd.read_csv(file, sep=TABLES[file.suffix.lower()], dtype=str)
    except ImportError as error:
        raise CorpusError(f"To read {file}: pip install pyarrow") from error
    except (OSError, ValueError) as error:
        raise CorpusError(f"{file} cannot be read as a table: {error}") from error
    if set(MELD) <= set(table.columns):
        names = (f"dia{one}_utt{other}" for one, other in table[list(MELD)].to_numpy())
        table = table.assign(file=list(names))
    present = {name.lower(): name for name in reversed(table.columns)}
    named = {
        column: next((present[one] for one in known if one in present), None)
        for column, known in COLUMNS.items()
    }
    missing = [column for column in REQUIRED if named[column] is None]
    if missing:
        raise CorpusError(
            f"{file} lacks {', '.join(missing)}; it has the columns {', '.join(table.columns)}."
        )
    columns = {column: table[name] for column, name in named.items() if name}
    return _rows(pd.DataFrame(columns), file, file.parent.name if _whole(file) else file.stem)


def from_audformat(folder: Path) -> Own:
    """Clips of an audformat database, with the schemes `emotion`, `speaker` and `sex` or `gender`.

    Raises:
        CorpusError: audformat is not installed, it cannot read the database, or the database lacks
            a scheme.
    """
    try:
        import audformat
    except ImportError as error:
        raise CorpusError(f"To read {folder}: pip install audformat") from error
    try:
        database = audformat.Database.load(str(folder))
    except Exception as error:  # of any type: audformat does not check the content of the file
        why = " ".join(str(error).split())
        raise CorpusError(
            f"{folder / DATABASE_FILE} cannot be read as an audformat database: {why}"
        ) from error
    schemes = {*database.schemes, *_keys_of_labels(database)}
    missing = {"emotion", "speaker"} - schemes
    if missing:
        raise CorpusError(
            f"{folder / DATABASE_FILE} lacks the schemes {', '.join(sorted(missing))}; it has "
            f"{', '.join(sorted(schemes))}."
        )
    more = ["speaker", *(name for name in ("sex", "gender") if name in schemes)]
    segmented = database.get("emotion", more).rename(columns={"gender": "sex"})
    segments = audformat.utils.to_segmented_index(segmented).reset_index()
    for name in ("start", "end"):
        segments[name] = segments[name].dt.total_seconds()
    # A segment from the beginning to the end of a file is the file.
    segments.loc[segments["end"].isna() & (segments["start"] == 0), "start"] = None
    return _rows(segments, folder / DATABASE_FILE, database.name)


def _keys_of_labels(database: Any) -> Iterator[str]:
    """A property of speakers in the labels of a scheme, such as their gender."""
    for scheme in database.schemes.values():
        if isinstance(scheme.labels, dict):
            for label in scheme.labels.values():
                yield from label if isinstance(label, dict) else ()


def _rows(table: pd.DataFrame, source: Path, corpus: str) -> Own:
    """The clips of a table with the standard columns, and the faults of its other rows."""
    own = Own()
    below = _by_stem(source.parent)
    for row in table.to_dict("records"):
        text = {name: "" if pd.isna(value) else str(value).strip() for name, value in row.items()}
        path = source.parent / text["file"]
        if not path.is_file():
            alike = below.get(path.stem, [])
            if len(alike) != 1:
                why = f"there are {len(alike)} files of that name below {source.parent}"
                own.faults.append(Fault("no file", path, False, why))
                continue
            path = alike[0]
        if not path.exists():
            own.faults.append(Fault("unreadable", path, False, NOWHERE))
            continue
        if not (text["emotion"] and text["speaker"]):
            own.faults.append(Fault("no label", path, False, "its emotion or speaker is missing"))
            continue
        try:
            start, end = (
                float(text[name]) if text.get(name) else None for name in ("start", "end")
            )
        except ValueError:
            own.faults.append(Fault("no label", path, False, "its start or end is not a number"))
            continue
        name = text.get("corpus") or corpus
        sex = SEXES.get(text.get("sex", "")[:1].lower())
        label = _label(name, text["speaker"], sex, text["emotion"], path, start, end)
        own.clips[label] = path
    return own


def _check_order(folder: Path, paths: list[Path]) -> None:
    nested = [path.relative_to(folder).parts[:2] for path in paths if folder in path.parents[2:]]
    wrong = next((pair for pair in nested if _word(pair[1]) in LABELS), None)
    if wrong and not any(_word(first) in LABELS for first, _ in nested):
        raise CorpusError(
            f"{folder} has folders SPEAKER/EMOTION, such as {'/'.join(wrong)}; it should have "
            "EMOTION/SPEAKER."
        )


def _word(emotion: str) -> str:
    word = " ".join(emotion.lower().replace("_", " ").split())
    return SAME.get(word, word)


def _label(
    corpus: str,
    speaker: str,
    sex: str | None,
    emotion: str,
    path: Path,
    start: float | None = None,
    end: float | None = None,
) -> Label:
    word = _word(emotion)
    if word in RESERVED:
        raise CorpusError(f"{path} has the emotion {word!r}, which tables use for something else.")
    return Label(
        corpus=corpus,
        speaker=f"{corpus}-{speaker}",
        sex=sex,
        emotion=word,
        intensity="unspecified",
        kind="speech",
        take=str(path),
        start=start,
        end=end,
    )


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    by_stem = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in AUDIO_SUFFIXES | {".mp4", ".m4a"}:
            by_stem[path.stem].append(path)
    return by_stem


def _whole(file: Path) -> bool:
    """Whether a table describes its own folder, by its name."""
    return file.stem in ("data", "metadata", "labels", "clips")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise CorpusError(f"{pattern!r} is not a regular expression: {error}.") from error
    if not compiled.groups:
        raise CorpusError(f"{pattern!r} has no group: put the speaker's part in parentheses.")
    return compiled
