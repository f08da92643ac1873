"""Protocols: the split of the clips into training, validation and test, always by speaker."""

import hashlib
from collections.abc import Callable, Collection, Set
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from app.emotions import in_order
from app.errors import UndertoneError

# Six folds by actor, as EmoBox defines them for RAVDESS (Ma et al. 2024).
RAVDESS_FOLDS = (
    (1, 11, 20, 21),
    (4, 10, 12, 14),
    (8, 9, 19, 23),
    (3, 5, 7, 24),
    (2, 15, 16, 18),
    (6, 13, 17, 22),
)
CREMA_D_FOLDS = 5
TESS_SPEAKERS = ("TESS-OAF", "TESS-YAF")
NEMO_FOLDS = 6
ENGLISH = ("RAVDESS", "TESS", "CREMA-D")
EVERYONE = "everyone"
CROSS = "nemo-cross"
SPEAKERS = "speakers"  # any corpora by speaker
ALL = "all-si"  # a fold of each protocol in BY_CORPUS at once, for the corpora in the table
BY_CORPUS = ("ravdess-si", "cremad-si", "tess-si", "nemo-si")
AS_PUBLISHED = "as-published"  # splits by clip, in `as_published.py`
# The group of test clips whose figures a protocol reports; for all-si see `headline`.
HEADLINES = {
    "ravdess-si": "RAVDESS",
    "cremad-si": "CREMA-D",
    "tess-si": "TESS",
    "nemo-si": "nEMO",
    CROSS: "nEMO",
    SPEAKERS: "all",
    EVERYONE: "CREMA-D",
    AS_PUBLISHED: "all",
}
FOLDS = {
    "ravdess-si": len(RAVDESS_FOLDS),
    "cremad-si": CREMA_D_FOLDS,
    "tess-si": len(TESS_SPEAKERS),
    "nemo-si": NEMO_FOLDS,
    CROSS: 1,
    ALL: len(RAVDESS_FOLDS),
    SPEAKERS: 5,  # or as many as there are speakers; see `folds_of`
    EVERYONE: 1,
    AS_PUBLISHED: 5,
}
# Speakers of the clips in assets/examples. They are never trained on, so the page shows the answers
# of the model for unseen speakers.
EXAMPLE_SPEAKERS = ("CREMA-D-1007", "CREMA-D-1022", "CREMA-D-1037", "CREMA-D-1042")
EXAMPLES = frozenset(EXAMPLE_SPEAKERS)
# One in this many CREMA-D actors is a validation speaker, together with two RAVDESS actors.
CREMA_D_VALIDATION_STEP = 10
LEAST_SPEAKERS = 3  # one to train on, one to validate and one to test
LEAST_CLIPS = 5  # training clips of an emotion
# The columns that tell clips apart, wherever they are on disk; `copy` is of the classic recipes.
CLIP_KEY = ("path", "start", "end", "speaker", "emotion", "copy")


class ProtocolError(UndertoneError):
    """The clips cannot be split as asked."""


@dataclass(frozen=True)
class Split:
    """Three tables of clips without a common speaker, except for a protocol that `leaks`.

    Raises:
        ProtocolError: a speaker is on two sides, or a side is empty.
    """

    protocol: str
    fold: int
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    leaks: bool = False

    def __post_init__(self) -> None:
        sides = {"train": self.train, "validation": self.validation, "test": self.test}
        seen: dict[str, str] = {}
        for side, table in sides.items():
            if table.empty:
                raise ProtocolError(
                    f"{self.protocol}, fold {self.fold}: no clips for {side}. "
                    f"The protocol {SPEAKERS} makes folds of any corpora."
                )
            for speaker in () if self.leaks else table["speaker"].unique():
                if speaker in seen:
                    raise ProtocolError(f"{speaker} is in both {seen[speaker]} and {side}.")
                seen[speaker] = side

    @property
    def labels(self) -> tuple[str, ...]:
        """The emotions of the training clips, in the order of a model's outputs."""
        return in_order(self.train["emotion"])

    @property
    def digest(self) -> str:
        """A digest of the clips on each side; it does not depend on the folders of the files."""
        digest = hashlib.blake2b(digest_size=8)
        for table in (self.train, self.validation, self.test):
            names = table["path"].map(lambda path: Path(path).name)
            rows = table.assign(path=names).reindex(columns=list(CLIP_KEY))
            digest.update(rows.to_csv(index=False).encode())
        return digest.hexdigest()

    def emotions_of(self, corpus: str) -> tuple[str, ...]:
        """The emotions of a corpus on any side; the speakers of one side may lack some of them."""
        sides = pd.concat([self.train, self.validation, self.test])
        return in_order(sides.loc[sides["corpus"] == corpus, "emotion"])


def ravdess_si(table: pd.DataFrame, fold: int) -> Split:
    """RAVDESS by actor: the test has the spoken clips of four actors; all other clips may train.

    The speakers of the example clips are in the test too, as CREMA-D.
    """
    refuse("ravdess-si", fold)
    return _split("ravdess-si", table, fold, _tested(table, "ravdess-si", fold) | EXAMPLES)


def cremad_si(table: pd.DataFrame, fold: int) -> Split:
    """CREMA-D by actor: five folds by the actor's number modulo 5; all other clips may train.

    Answers are scored among the six labels of the corpus, and separately among all labels.
    """
    refuse("cremad-si", fold)
    return _split("cremad-si", table, fold, _tested(table, "cremad-si", fold))


def tess_si(table: pd.DataFrame, fold: int) -> Split:
    """TESS by speaker: each fold tests one of the two; all other clips may train."""
    refuse("tess-si", fold)
    return _split("tess-si", table, fold, _tested(table, "tess-si", fold))


def nemo_si(table: pd.DataFrame, fold: int) -> Split:
    """nEMO by speaker: every sixth by name; all other clips may train."""
    refuse("nemo-si", fold)
    return _split("nemo-si", table, fold, _tested(table, "nemo-si", fold))


def nemo_cross(table: pd.DataFrame, fold: int) -> Split:
    """All of nEMO, in Polish, after training and validation on the English corpora."""
    refuse(CROSS, fold)
    chosen = table[table["corpus"].isin((*ENGLISH, "nEMO"))]
    return _split(CROSS, chosen, fold, set(_speakers(table, "nEMO")))


def all_si(table: pd.DataFrame, fold: int) -> Split:
    """The same fold of ravdess-si, cremad-si, tess-si and nemo-si, where it exists, in one split.

    One model is tested for four protocols, so six trainings cover all of their nineteen folds. It
    gets slightly fewer training clips than under the single protocols. A table without nEMO covers
    the other three.
    """
    refuse(ALL, fold)
    having = [protocol for protocol in BY_CORPUS if fold <= FOLDS[protocol]]
    return _split(ALL, table, fold, set().union(*(_tested(table, p, fold) for p in having)))


def speakers(table: pd.DataFrame, fold: int) -> Split:
    """Any corpora by speaker: each speaker is tested once; half of the next fold's are validation.

    Sexes and corpora are spread over the folds.

    Raises:
        ProtocolError: there are too few speakers, or no such fold.
    """
    order = _spread(table)
    if len(order) < LEAST_SPEAKERS:
        raise ProtocolError(
            f"{SPEAKERS} needs at least {LEAST_SPEAKERS} speakers, to train, validate and test; "
            f"there are {len(order)} ({', '.join(order)}) with {len(table)} clips."
        )
    folds = folds_of(SPEAKERS, table)
    if not 1 <= fold <= folds:
        raise ProtocolError(f"{SPEAKERS} has folds 1 to {folds} here, not {fold}.")
    tested = set(order[fold - 1 :: folds])
    validating = set(order[fold % folds :: folds][::2])
    tests, validates = (table["speaker"].isin(side) for side in (tested, validating))
    usable = ~table["speaker"].isin(EXAMPLES - tested)
    spoken = table["kind"] == "speech"
    return Split(
        protocol=SPEAKERS,
        fold=fold,
        train=table[~tests & ~validates & usable],
        validation=table[validates & usable],
        test=table[tests & spoken],
    )


def headline(protocol: str, tested: Collection[str]) -> str:
    """The group of test clips whose figures a protocol reports, if these groups are tested.

    Of all-si it is the first corpus of `BY_CORPUS` that is tested.
    """
    if protocol != ALL:
        return HEADLINES[protocol]
    corpora = [HEADLINES[one] for one in BY_CORPUS]
    return next((corpus for corpus in corpora if corpus in tested), corpora[0])


def folds_of(protocol: str, table: pd.DataFrame) -> int:
    """The number of folds of a protocol with these clips."""
    if protocol == SPEAKERS:
        return min(FOLDS[SPEAKERS], table["speaker"].nunique())
    if protocol == ALL:
        present = set(table["corpus"])
        return max((FOLDS[one] for one in BY_CORPUS if HEADLINES[one] in present), default=1)
    return FOLDS[protocol]


def check_folds(protocol: str, table: pd.DataFrame) -> None:
    """Raise ProtocolError if a fold of corpora of one's own has too few clips or speakers."""
    if protocol == SPEAKERS:
        for fold in range(1, folds_of(protocol, table) + 1):
            check_enough(speakers(table, fold))


def check_enough(split: Split) -> None:
    """Raise ProtocolError if emotions of a split have too few training clips or none."""
    where = f"{split.protocol}, fold {split.fold}"
    counts = split.train["emotion"].value_counts()
    if len(counts) < 2:
        raise ProtocolError(f"{where}: {len(counts)} emotion to train on; at least 2 are needed.")
    few = [f"{emotion} ({count})" for emotion, count in counts.items() if count < LEAST_CLIPS]
    if few:
        raise ProtocolError(
            f"{where}: fewer than {LEAST_CLIPS} clips to train on of {', '.join(sorted(few))}."
        )
    for side in (split.validation, split.test):
        others = side[~side["emotion"].isin(counts.index)]
        if not others.empty:
            raise ProtocolError(
                f"{where}: {len(others)} clips of {', '.join(sorted(others['emotion'].unique()))} "
                f"by {', '.join(sorted(others['speaker'].unique()))} alone, none to train on."
            )


def everyone(table: pd.DataFrame, fold: int) -> Split:
    """For a bundle to ship: the test has only the speakers of the example clips.

    The folds of the other protocols estimate the quality of such a bundle. The validation speakers
    are those of fold 1 of ravdess-si.
    """
    refuse(EVERYONE, fold)
    actors = _tested(table, "ravdess-si", 1)
    return _split(EVERYONE, table, fold, EXAMPLES, never_validating=actors)


# Speaker-independent protocols, by the names that commands and results use.
PROTOCOLS: dict[str, Callable[[pd.DataFrame, int], Split]] = {
    "ravdess-si": ravdess_si,
    "cremad-si": cremad_si,
    "tess-si": tess_si,
    "nemo-si": nemo_si,
    CROSS: nemo_cross,
    ALL: all_si,
    SPEAKERS: speakers,
    EVERYONE: everyone,
}


def speaker_independent(protocol: str) -> Callable[[pd.DataFrame, int], Split]:
    """The function that splits a table of clips under the protocol of that name.

    Raises:
        ProtocolError: there is no such protocol, or it does not keep speakers apart.
    """
    if protocol not in PROTOCOLS:
        raise ProtocolError(
            f"There is no protocol {protocol!r}; choose from {', '.join(FOLDS)}."
            if protocol != AS_PUBLISHED
            else "as-published doesn't keep speakers apart; choose ravdess-si."
        )
    return PROTOCOLS[protocol]


def refuse(protocol: str, fold: int) -> None:
    """Raise ProtocolError if the protocol has no such fold."""
    if not 1 <= fold <= FOLDS[protocol]:
        raise ProtocolError(f"{protocol} has folds 1 to {FOLDS[protocol]}, not {fold}.")


def _tested(table: pd.DataFrame, protocol: str, fold: int) -> set[str]:
    """The test speakers in a fold of a protocol of `BY_CORPUS`."""
    if protocol == "ravdess-si":
        return {f"RAVDESS-{actor:02d}" for actor in RAVDESS_FOLDS[fold - 1]}
    if protocol == "tess-si":
        return {TESS_SPEAKERS[fold - 1]}
    if protocol == "nemo-si":
        return set(_speakers(table, "nEMO")[fold - 1 :: NEMO_FOLDS])
    return {
        actor
        for actor in _speakers(table, "CREMA-D")
        if int(actor.rpartition("-")[2]) % CREMA_D_FOLDS == fold % CREMA_D_FOLDS
    }


def _speakers(table: pd.DataFrame, corpus: str) -> list[str]:
    return sorted(table.loc[table["corpus"] == corpus, "speaker"].unique())


def _spread(table: pd.DataFrame) -> list[str]:
    """All speakers, by corpus, sex and name: every n-th of them is alike in these."""
    people = table.drop_duplicates("speaker").sort_values(["corpus", "sex", "speaker"])
    return people["speaker"].tolist()


def _split(
    protocol: str,
    table: pd.DataFrame,
    fold: int,
    tested: Set[str],
    never_validating: Set[str] = frozenset(),
) -> Split:
    """Split the clips; the test has the spoken clips of the tested speakers.

    No clip of a tested speaker, spoken or sung, is on another side. The speakers of the example
    clips are never trained on, also if they are not tested.

    Raises:
        ProtocolError: the test has no clip of the corpus whose figures the protocol reports.
    """
    test = table[table["speaker"].isin(tested) & (table["kind"] == "speech")]
    corpora = set(test["corpus"])
    reported = headline(protocol, corpora)
    if reported not in corpora:
        raise ProtocolError(
            f"{protocol}, fold {fold}: no clips of {reported} for test, and its figures are what "
            f"the protocol reports. The protocol {SPEAKERS} makes folds of any corpora."
        )
    excluded = tested | EXAMPLES
    validating = _validation_speakers(table, fold, excluded | never_validating)
    validated = table["speaker"].isin(validating)
    return Split(
        protocol=protocol,
        fold=fold,
        train=table[~table["speaker"].isin(excluded) & ~validated],
        validation=table[validated],
        test=test,
    )


def _validation_speakers(table: pd.DataFrame, fold: int, others: Set[str]) -> set[str]:
    """Two speakers of RAVDESS, a tenth of CREMA-D's and one of nEMO, none of them in `others`.

    RAVDESS and CREMA-D have as many women as men. The speakers of RAVDESS and nEMO differ by fold.
    """

    def speakers(corpus: str, sex: str) -> list[str]:
        chosen = table[(table["corpus"] == corpus) & (table["sex"] == sex)]
        return sorted(set(chosen["speaker"]) - others)

    sexes = ("female", "male")
    ravdess = [speakers("RAVDESS", sex)[fold : fold + 1] for sex in sexes]
    crema_d = [speakers("CREMA-D", sex)[1::CREMA_D_VALIDATION_STEP] for sex in sexes]
    nemo = _speakers(table, "nEMO")
    place = fold % max(len(nemo), 1)  # after the first test speaker of that fold of nemo-si
    following = [name for name in nemo[place:] + nemo[:place] if name not in others]
    return set().union(*ravdess, *crema_d, following[:1])
