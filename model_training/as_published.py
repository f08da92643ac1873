"""The protocol of the source of a recipe: its corpora, augmented copies and random split."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split

from model_training.corpora.clips import Clips
from model_training.ingredients.waveform_augmentation import Chances, Surroundings, augmented_window
from model_training.protocols import AS_PUBLISHED, FOLDS, ProtocolError, Split, refuse
from model_training.recipes import Published

WARNING = (
    "as-published splits the clips at random, as the source of the recipe did: it leaks. The "
    "training clips contain voices of the test, and copies of its clips if the source made them "
    "before the split. The figures say little about other voices; use ravdess-si for that."
)
SEED = 0  # for the split and the copies


def as_published(table: pd.DataFrame, fold: int, published: Published) -> Split:
    """A stratified 80/20 split over clips and their copies, as the source of a recipe made it.

    It leaks: the training clips contain voices of the test, and copies of its clips if the source
    made them before the split. A tenth of the training side is the validation, so that the
    checkpoint is not chosen on the test.

    Args:
        table: all clips, with the index 0 to n - 1.
        fold: the number of the fifth that is the test, 1 to 5.
        published: the procedure of the source.
    """
    refuse(AS_PUBLISHED, fold)
    chosen = table[_own(table, published)]
    if chosen.empty:
        raise ProtocolError(f"as-published needs clips of {', '.join(published.corpora)}.")
    rows = with_copies(table, chosen, published)
    fifths = StratifiedKFold(FOLDS[AS_PUBLISHED], shuffle=True, random_state=SEED)
    sides = list(fifths.split(rows, rows["emotion"]))
    train, test = (rows.iloc[side] for side in sides[fold - 1])
    train, validation = train_test_split(
        train, test_size=0.1, stratify=train["emotion"], random_state=SEED
    )
    return Split(AS_PUBLISHED, fold, train, validation, test, leaks=True)


def by_speaker(table: pd.DataFrame, split: Split, published: Published) -> Split:
    """A split that keeps speakers apart, with the source's corpora and copies in training.

    It differs from `as-published` only in the split.

    Args:
        table: all clips, with the index 0 to n - 1.
        split: of these clips, by speaker.
        published: the procedure of the source.
    """
    train = split.train[_own(split.train, published)]
    return Split(
        protocol=split.protocol,
        fold=split.fold,
        train=with_copies(table, train, published),
        validation=split.validation[_own(split.validation, published)],
        test=split.test,
    )


class Copies:
    """Clips, followed by their augmented copies: row `n * len(clips) + row` is copy n of a clip.

    A copy is computed on access and is the same every time.

    Args:
        clips: the originals, copy 0.
        window: of a copy, in samples.
        sample_rate: of the clips, in Hz.
        chances: the augmentation of each copy; its rooms and recorded noises have no effect.
        seed: for the copies.
    """

    def __init__(
        self,
        clips: Clips,
        window: int,
        sample_rate: int,
        chances: tuple[Chances, ...],
        seed: int,
    ) -> None:
        self.clips = clips
        self.window = window
        self.sample_rate = sample_rate
        self.chances = chances
        self.seed = seed

    def __getitem__(self, position: int) -> np.ndarray:
        """One clip (samples,) or one copy (window,), float32."""
        copy, row = divmod(position, len(self.clips))
        if copy == 0:
            return self.clips[row]
        rng = np.random.default_rng((self.seed, position))
        nowhere = Surroundings(noises=[], rooms=[])
        return augmented_window(
            self.clips[row], self.window, self.sample_rate, nowhere, self.chances[copy - 1], rng
        )


def with_copies(table: pd.DataFrame, chosen: pd.DataFrame, published: Published) -> pd.DataFrame:
    """The rows of `chosen` and of its copies, indexed as `Copies`, with a column `copy`.

    Args:
        table: all clips, with the index 0 to n - 1.
        chosen: the clips that the source used.
        published: the procedure of the source, with the number of copies.
    """
    copied = chosen
    if published.rare_only:
        sizes = chosen.groupby("emotion")["emotion"].transform("size")
        copied = chosen[sizes < sizes.max()]
    copies = [
        copied.set_axis(copied.index + copy * len(table)).assign(copy=copy)
        for copy in range(1, len(published.copies) + 1)
    ]
    return pd.concat([chosen.assign(copy=0), *copies])


def _own(table: pd.DataFrame, published: Published) -> pd.Series:
    return (table["corpus"] + " " + table["kind"]).isin(published.corpora)
