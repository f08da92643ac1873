"""Which clips are trained on, chosen by and tested: always by speaker."""

from dataclasses import dataclass

import pandas as pd

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
# Speakers of the clips in assets/examples: never trained on, so that the page shows what the
# model makes of voices it has not heard.
EXAMPLE_SPEAKERS = ("CREMA-D-1007", "CREMA-D-1022", "CREMA-D-1037", "CREMA-D-1042")
# One CREMA-D actor in this many validates (temperature, history), beside two of RAVDESS.
CREMA_D_VALIDATION_STEP = 10


class ProtocolError(UndertoneError):
    """A split that cannot be made."""


@dataclass(frozen=True)
class Split:
    """Three tables of clips, without a common speaker unless the protocol `leaks`.

    Raises:
        ProtocolError: a speaker stands on two sides, or a side is empty.
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
                raise ProtocolError(f"{self.protocol}, fold {self.fold}: no clips for {side}.")
            for speaker in () if self.leaks else table["speaker"].unique():
                if speaker in seen:
                    raise ProtocolError(f"{speaker} is in both {seen[speaker]} and {side}.")
                seen[speaker] = side


def ravdess_si(table: pd.DataFrame, fold: int) -> Split:
    """RAVDESS by actor: spoken clips of four actors are the test, everything else may train.

    No clip of a test actor, spoken or sung, is on another side. The speakers of the example
    clips are left out of training and are part of the test, as CREMA-D's.
    """
    if not 1 <= fold <= len(RAVDESS_FOLDS):
        raise ProtocolError(f"ravdess-si has folds 1 to {len(RAVDESS_FOLDS)}, not {fold}.")
    actors = RAVDESS_FOLDS[fold - 1]
    unheard = {f"RAVDESS-{actor:02d}" for actor in actors} | set(EXAMPLE_SPEAKERS)
    validating = _validation_speakers(table, fold, unheard)
    tested = table["speaker"].isin(unheard)
    validated = table["speaker"].isin(validating)
    return Split(
        protocol="ravdess-si",
        fold=fold,
        train=table[~tested & ~validated],
        validation=table[validated],
        test=table[tested & (table["kind"] == "speech")],
    )


def _validation_speakers(table: pd.DataFrame, fold: int, unheard: set[str]) -> set[str]:
    """A man and a woman of RAVDESS, others in each fold, and a tenth of CREMA-D's actors."""

    def speakers(corpus: str, sex: str) -> list[str]:
        chosen = table[(table["corpus"] == corpus) & (table["sex"] == sex)]
        return sorted(set(chosen["speaker"]) - unheard)

    ravdess = {speakers("RAVDESS", sex)[fold] for sex in ("female", "male")}
    crema_d = {
        speaker
        for sex in ("female", "male")
        for speaker in speakers("CREMA-D", sex)[fold::CREMA_D_VALIDATION_STEP]
    }
    return ravdess | crema_d
