"""Sex and age of the speakers of a corpus, from its own table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

SEXES = ("female", "male")


@dataclass(frozen=True)
class People:
    """The format of the table of speakers of a corpus.

    Attributes:
        file: its file name.
        separator: of its columns.
        speaker: the column with the name of the speaker, without "CORPUS-".
        sex: the column with the sex.
        more: other columns, by their names in the table of clips.
    """

    file: str
    separator: str
    speaker: str
    sex: str
    more: dict[str, str]


PEOPLE = {
    "CREMA-D": People(
        "VideoDemographics.csv", ",", "ActorID", "Sex", {"age": "Age", "race": "Race"}
    ),
    "nEMO": People("data.tsv", "\t", "speaker_id", "gender", {"age": "age"}),
}


def add_people(
    table: pd.DataFrame, files: Iterable[Path], folder: Path
) -> Iterator[tuple[str, Path, str]]:
    """Add the sex and age of speakers to a table, in place; clips without them are kept.

    Args:
        table: of clips.
        files: among them the tables of speakers.
        folder: named in the fault of a missing table.

    Yields:
        The kind of each fault, its file and half a sentence.
    """
    names = {people.file: corpus for corpus, people in PEOPLE.items()}
    places: dict[str, Path] = {}
    for path in files:
        if path.name in names:
            corpus = names[path.name]
            places[corpus] = min(path, places.get(corpus, path))
    for corpus, people in PEOPLE.items():
        if table.loc[table["corpus"] == corpus, "sex"].isna().any():
            path = places.get(corpus, folder / people.file)
            yield from (("sex unknown", path, why) for why in _fill(table, corpus, people, path))
    table["age"] = pd.to_numeric(table["age"], errors="coerce")


def _fill(table: pd.DataFrame, corpus: str, people: People, path: Path) -> list[str]:
    own = table["corpus"] == corpus
    speakers = table.loc[own, "speaker"].str.removeprefix(f"{corpus}-")
    try:
        known = pd.read_csv(path, dtype=str, sep=people.separator)
        known = known.assign(speaker=known[people.speaker].str.strip()).drop_duplicates("speaker")
        known = known.set_index("speaker")
        sexes = known[people.sex].str.lower()
    except (OSError, KeyError, ValueError) as error:
        return [f"of every {corpus} speaker: {error}"]
    table.loc[own, "sex"] = speakers.map(sexes)
    for column, theirs in people.more.items():
        if theirs in known:
            table.loc[own, column] = speakers.map(known[theirs])
    unknown = sorted(speakers[~table.loc[own, "sex"].isin(SEXES)].unique())
    table.loc[own & ~table["sex"].isin(SEXES), "sex"] = None
    return [f"of speaker {speaker} of {corpus}" for speaker in unknown]
