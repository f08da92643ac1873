"""The protocol `as-published`: what the source of a recipe did, leaks and all, and its figures."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel
from sklearn.model_selection import StratifiedKFold, train_test_split

from app import bundle
from app.classifier import Classifier
from model_training.batches import Waveforms, centred
from model_training.clips import Clips
from model_training.copies import Copies, with_copies
from model_training.evaluation import Figures, figures
from model_training.protocols import ProtocolError, Split
from model_training.recipes import Published, Recipe

PROTOCOL = "as-published"
FOLDS = 5
WARNING = (
    "as-published splits clips at random, as the source of the recipe did: it leaks. The voices "
    "of the test are trained on, and so are copies of its clips where the source made them before "
    "it split. The figures say little about voices never heard; ravdess-si does."
)
RESULTS = Path(__file__).with_name("results")
SEED = 0  # of the split and of the copies


class Result(BaseModel):
    """One fold of one recipe, as written by `write_result`."""

    recipe: str
    protocol: str
    leaks: bool
    fold: int
    seed: int
    epochs: int
    seconds_per_epoch: float
    clips: dict[str, int]
    copies_tested: int
    written: str
    versions: dict[str, str]
    figures: Figures


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
    if not 1 <= fold <= FOLDS:
        raise ProtocolError(f"as-published has folds 1 to {FOLDS}, not {fold}.")
    group = table["corpus"] + " " + table["kind"]
    chosen = table[group.isin(published.corpora)]
    if chosen.empty:
        raise ProtocolError(f"as-published needs clips of {', '.join(published.corpora)}.")
    rows = with_copies(table, chosen, published)
    fifths = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    sides = list(fifths.split(rows, rows["emotion"]))
    train, test = (rows.iloc[side] for side in sides[fold - 1])
    train, validation = train_test_split(
        train, test_size=0.1, stratify=train["emotion"], random_state=SEED
    )
    return Split(PROTOCOL, fold, train, validation, test, leaks=True)


def prepared(
    recipe: Recipe, table: pd.DataFrame, fold: int, clips: Clips
) -> tuple[Recipe, Split, Waveforms]:
    """A recipe with its augmentation before the split and none on the fly, its split, its clips.

    Raises:
        ProtocolError: the recipe has no source.
    """
    if recipe.published is None:
        raise ProtocolError(f"{recipe.name} follows no published system; choose ravdess-si.")
    copies = Copies(
        clips, recipe.window, recipe.sample_rate, recipe.published.augmentation, seed=SEED
    )
    split = as_published(table, fold, recipe.published)
    return dataclasses.replace(recipe, augmentation=None, mixup=0.0), split, copies


def write_result(
    folder: Path, recipe: Recipe, split: Split, clips: Waveforms, seconds: list[float]
) -> Path:
    """Measure a bundle on the test of its split, one window a clip, and write the figures.

    Args:
        folder: of the bundle.
        recipe, split, clips: as `prepared` returned them.
        seconds: of each epoch.

    Returns:
        The file, `results/RECIPE/as-published-fold-FOLD.json`.
    """
    classifier = Classifier(folder)
    test = split.test
    probabilities = np.concatenate(
        [
            classifier.probabilities(
                np.stack([centred(clips[index], recipe.window) for index in indices])
            )
            for indices in np.array_split(test.index, -(-len(test) // 32))
        ]
    )
    result = Result(
        recipe=recipe.name,
        protocol=PROTOCOL,
        leaks=True,
        fold=split.fold,
        seed=classifier.info.seed,
        epochs=len(seconds),
        seconds_per_epoch=round(float(np.median(seconds)), 1),
        clips={"train": len(split.train), "validation": len(split.validation), "test": len(test)},
        copies_tested=int(test["copy"].astype(bool).sum()),
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=classifier.info.versions,
        figures=figures(test, probabilities, test["emotion"].unique()),
    )
    path = RESULTS / recipe.name / f"{PROTOCOL}-fold-{split.fold}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text(path, result.model_dump_json(indent=1) + "\n")
    return path
