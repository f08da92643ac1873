"""What the source of a recipe did: its clips, its copies of them, and its random split."""

import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split

from model_training.copies import with_copies
from model_training.protocols import AS_PUBLISHED, FOLDS, ProtocolError, Split, refuse
from model_training.recipes import Published

WARNING = (
    "as-published splits clips at random, as the source of the recipe did: it leaks. The voices "
    "of the test are trained on, and so are copies of its clips where the source made them before "
    "it split. The figures say little about voices never heard; ravdess-si does."
)
SEED = 0  # of the split and of the copies


def as_published(table: pd.DataFrame, fold: int, published: Published) -> Split:
    """A stratified 80/20 split over clips and their copies, as the source of a recipe made it.

    It leaks: the voices of the test, and copies of its clips where the source made them before
    it split, are trained on. A tenth of the training side validates, so that at least the
    checkpoint is not chosen on the test.

    Args:
        table: all clips, whose index is 0 to its length.
        fold: which fifth is the test, 1 to 5.
        published: what the source did.
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

    So what differs from `as-published` is the split alone.

    Args:
        table: all clips, whose index is 0 to its length.
        split: of them.
        published: what the source did.
    """
    train = split.train[_own(split.train, published)]
    return Split(
        protocol=split.protocol,
        fold=split.fold,
        train=with_copies(table, train, published),
        validation=split.validation[_own(split.validation, published)],
        test=split.test,
    )


def _own(table: pd.DataFrame, published: Published) -> pd.Series:
    return (table["corpus"] + " " + table["kind"]).isin(published.corpora)
