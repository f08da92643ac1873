"""One recipe under one fold of a protocol, from its clips to its bundle, figures and report."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from app import bundle
from app.bundle import BundleInfo
from app.classifier import Classifier
from model_training import as_published, recipes
from model_training.as_published import Copies
from model_training.corpora.clips import Clips, decode
from model_training.corpora.folders import Data
from model_training.corpora.table import load_corpora
from model_training.evaluation import metrics, results, robustness
from model_training.ingredients.schedules import read_history
from model_training.protocols import (
    AS_PUBLISHED,
    SPEAKERS,
    ProtocolError,
    Split,
    check_enough,
    folds_of,
    speaker_independent,
)
from model_training.recipes import Recipe
from model_training.reports import card, report
from model_training.training import loop, naming
from model_training.training.batches import Waveforms
from model_training.training.checkpoints import HISTORY_FILE


@dataclass(frozen=True)
class Experiment:
    """A recipe, who is on which side of its split, and the waveforms at its sample rate."""

    recipe: Recipe
    split: Split
    clips: Waveforms
    data: Data

    def announce(self, say: Callable[[str], None]) -> None:
        """Say who is trained on and, where it is so, that the figures will leak."""
        if self.split.leaks:
            say(as_published.WARNING)
        sides = (("train", self.split.train), ("validate", self.split.validation))
        for side, table in (*sides, ("test", self.split.test)):
            say(f"{side}: {len(table)} clips of {table['speaker'].nunique()} speakers")

    def settings(self, seed: int, epochs: int | None, precision: str) -> loop.Run:
        """The settings of its run; the epochs are the recipe's own where they are None."""
        return loop.Run(
            recipe=self.recipe.name,
            protocol=self.split.protocol,
            fold=self.split.fold,
            seed=seed,
            epochs=epochs or self.recipe.schedule.epochs,
            precision=precision,
        )

    def folder(self, seed: int) -> Path:
        """Where its run is kept unless somebody says otherwise."""
        split = self.split
        # The folds of any corpora are others for others.
        of = f"-{'-'.join(split.test['corpus'].unique())}" if split.protocol == SPEAKERS else ""
        name = f"{self.recipe.name}-{split.protocol}{of}-fold-{split.fold}-seed-{seed}"
        return Path("runs", name)

    def train(
        self,
        run: loop.Run,
        folder: Path,
        out: Path,
        tensorboard: bool = False,
    ) -> BundleInfo:
        """Train it, or go on with the run in `folder`, and write the bundle `out`."""
        resources = loop.Resources(
            around=loop.surroundings(self.data, self.recipe.sample_rate),
            start=self.recipe.start(self.data) if self.recipe.start else {},
        )
        return loop.train(
            self.recipe, self.split, self.clips, resources, run, folder, out, tensorboard
        )

    def fit_naming(self, out: Path) -> BundleInfo:
        """Choose anew from which probability on the bundle `out` names an emotion.

        Raises:
            ProtocolError: the bundle was made with another split.
        """
        self._bundle(out)
        return naming.fit(out, self.split.validation, self.clips)

    def evaluate(self, out: Path, folder: Path) -> metrics.Evaluation:
        """Measure the bundle `out`; write figures, card and report beside it, and in `folder`.

        The file in `folder` is what `compare` reads, and is written last.

        Raises:
            ProtocolError: the bundle was made with another split.
        """
        classifier = self._bundle(out)
        history = read_history(out / HISTORY_FILE)
        seconds = [epoch["seconds"] for epoch in history]
        found = metrics.evaluate(classifier, self.split, self.clips, seconds)
        metrics.write(found, out / metrics.EVALUATION_FILE)
        card.write(card.sources(out, folder), out)
        report.write(found, history, report.examples(classifier, self.split, self.clips), out)
        metrics.write(found, results.path(folder, found))
        return found

    def robustness(self, out: Path, folder: Path) -> robustness.Robustness:
        """Measure the bundle `out` under worse conditions; write figures and card beside it.

        The figures are also written in `folder`, for the card of a bundle that is told by folds.

        Raises:
            ProtocolError: the bundle was made with another split, or with one that leaks.
        """
        if self.split.leaks:
            raise ProtocolError(f"{out} heard the voices of its test; choose one that did not.")
        classifier = self._bundle(out)
        found = robustness.measure(classifier, self.split, self.clips, self.data)
        robustness.write(found, out / robustness.ROBUSTNESS_FILE)
        card.write(card.sources(out, folder), out)
        robustness.write(found, results.robustness_path(folder, classifier.info))
        return found

    def _bundle(self, out: Path) -> Classifier:
        classifier = Classifier(out)
        info, sides = classifier.info, loop.voices(self.split)
        if (info.trained_on, info.validated_on, info.unheard) != (
            sides.trained,
            sides.validated,
            sides.unheard,
        ):
            raise ProtocolError(
                f"{out} was trained on other clips than {self.split.protocol}, fold "
                f"{self.split.fold}, has here; it can't be measured honestly with these corpora."
            )
        return classifier


@dataclass(frozen=True)
class Experiments:
    """The experiments of all folds; the corpora are read once for them.

    Attributes:
        folds: how many there are.
        of: makes the experiment of a fold, numbered from 1.
    """

    folds: int
    of: Callable[[int], Experiment]


def experiments(
    data: Data, recipe: str, protocol: str, speaker_pattern: str | None = None
) -> Experiments:
    """The experiments of a recipe under a protocol.

    Raises:
        UndertoneError: no such recipe or protocol, no corpora.
    """
    chosen = recipes.load(recipe)
    if protocol != AS_PUBLISHED:
        speaker_independent(protocol)
    elif chosen.published is None:
        raise ProtocolError(f"{recipe} follows no published system; choose ravdess-si.")
    table = load_corpora(data, speaker_pattern=speaker_pattern).table
    folds = folds_of(protocol, table)
    for fold in range(1, folds + 1) if protocol == SPEAKERS else ():
        check_enough(speaker_independent(protocol)(table, fold))
    clips = decode(table, chosen.sample_rate)
    return Experiments(folds, lambda fold: experiment(chosen, table, clips, protocol, fold, data))


def experiment(
    recipe: Recipe, table: pd.DataFrame, clips: Clips, protocol: str, fold: int, data: Data
) -> Experiment:
    """A recipe with the clips of a fold; with its source's own clips and copies if it has one.

    Under `speakers` it is trained on whatever corpora there are, as they are.
    """
    source = recipe.published
    if source is None or protocol == SPEAKERS:
        return Experiment(recipe, speaker_independent(protocol)(table, fold), clips, data)
    copies = Copies(clips, recipe.window, recipe.sample_rate, source.copies, seed=as_published.SEED)
    if protocol == AS_PUBLISHED:
        split = as_published.as_published(table, fold, source)
        return Experiment(replace(recipe, mixup=None), split, copies, data)
    split = as_published.by_speaker(table, speaker_independent(protocol)(table, fold), source)
    return Experiment(recipe, split, copies, data)


def of_bundle(folder: Path, data: Data, speaker_pattern: str | None = None) -> Experiment:
    """The experiment that a bundle came from."""
    info = bundle.read_info(folder)
    return experiments(data, info.recipe, info.protocol, speaker_pattern).of(info.fold)
