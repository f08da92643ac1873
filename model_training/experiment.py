"""One recipe under one fold of a protocol: from the clips to the bundle, figures and report."""

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
from model_training.evaluation import results, robustness
from model_training.evaluation.evaluate import Evaluation, evaluate, side_counts
from model_training.ingredients.schedules import read_history
from model_training.protocols import (
    AS_PUBLISHED,
    SPEAKERS,
    ProtocolError,
    Split,
    check_folds,
    folds_of,
    speaker_independent,
)
from model_training.recipes import Recipe
from model_training.reports import card
from model_training.training import loop, naming
from model_training.training.batches import Waveforms
from model_training.training.checkpoints import HISTORY_FILE


@dataclass(frozen=True)
class Experiment:
    """A recipe, a split, and the waveforms at the recipe's sample rate."""

    recipe: Recipe
    split: Split
    clips: Waveforms
    data: Data

    def announce(self, say: Callable[[str], None]) -> None:
        """Print the clips and speakers of each side, and a warning if the protocol leaks."""
        if self.split.leaks:
            say(as_published.WARNING)
        sides = (("train", self.split.train), ("validate", self.split.validation))
        for side, table in (*sides, ("test", self.split.test)):
            say(f"{side}: {len(table)} clips of {table['speaker'].nunique()} speakers")

    def settings(self, seed: int, epochs: int | None, precision: str) -> loop.Run:
        """The settings of a run; `epochs` of None takes the number of the recipe."""
        return loop.Run(
            recipe=self.recipe.name,
            protocol=self.split.protocol,
            fold=self.split.fold,
            seed=seed,
            epochs=epochs or self.recipe.schedule.epochs,
            precision=precision,
            recipe_digest=self.recipe.digest,
        )

    def finished(self, run: loop.Run, folder: Path) -> bool:
        """Whether the folder of the results has the result of this run.

        Raises:
            ResultError: there is a result of other clips, speakers or epochs, or of a recipe whose
                file was edited.
        """
        evaluation = results.of_fold(folder, run)
        if evaluation is None:
            return False
        file, counts = results.path(folder, run), side_counts(self.split)
        other = [side for side, count in counts.items() if evaluation.sides[side] != count]
        if other:
            raise results.ResultError(
                f"{file} is the result of other clips or speakers for {' and '.join(other)} than "
                "--data has; choose another folder for --results."
            )
        if evaluation.epochs != run.epochs:
            raise results.ResultError(
                f"{file} is the result of {evaluation.epochs} epochs, not {run.epochs}; "
                "choose another folder for --results."
            )
        # The result of an earlier version has no digest.
        if evaluation.recipe_digest not in ("", run.recipe_digest):
            raise results.ResultError(
                f"{file} is the result of another version of the recipe {run.recipe}; "
                "choose another folder for --results."
            )
        return True

    def folder(self, seed: int) -> Path:
        """The default folder of its run."""
        split = self.split
        # Under `speakers`, the folds depend on the corpora.
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
        """Train the recipe, or resume the run in `folder`, and write the bundle `out`."""
        resources = loop.Resources(
            around=loop.surroundings(self.data, self.recipe.sample_rate),
            start=self.recipe.start(self.data) if self.recipe.start else {},
        )
        return loop.train(
            self.recipe, self.split, self.clips, resources, run, folder, out, tensorboard
        )

    def fit_naming(self, out: Path) -> BundleInfo:
        """Fit the probability from which the bundle `out` names an emotion, and write it.

        Raises:
            ProtocolError: the bundle was made with another split.
        """
        self._bundle(out)
        return naming.fit(out, self.split.validation, self.clips)

    def evaluate(self, out: Path, folder: Path) -> Evaluation:
        """Evaluate the bundle `out`: its card and report go into it, its figures into `folder`.

        The result file in `folder` is written last, so an evaluation with a result is complete.

        Raises:
            ProtocolError: the bundle was trained with another split.
        """
        from model_training.reports import report  # only this command needs Matplotlib

        classifier = self._bundle(out)
        history = read_history(out / HISTORY_FILE)
        seconds = [epoch["seconds"] for epoch in history]
        evaluation = evaluate(classifier, self.split, self.clips, seconds)
        evaluation = evaluation.model_copy(update={"recipe_digest": loop.recipe_digest(out)})
        card.write(card.collect(classifier.info, evaluation, folder), out)
        report.write(evaluation, history, report.examples(classifier, self.split, self.clips), out)
        results.write(evaluation, folder)
        return evaluation

    def robustness(self, out: Path, folder: Path) -> robustness.Robustness:
        """Evaluate the bundle `out` under worse conditions; write the figures and the card.

        Raises:
            ProtocolError: the bundle was trained with another split, or with one that leaks.
            ResultError: the bundle has not been evaluated.
        """
        if self.split.leaks:
            raise ProtocolError(
                f"{out} was trained on voices of its test; choose a bundle of another protocol."
            )
        classifier = self._bundle(out)
        results.of_bundle(folder, classifier.info)
        measured = robustness.measure(classifier, self.split, self.clips, self.data)
        results.write_robustness(measured, folder, classifier.info)
        card.write(card.read(out, folder), out)
        return measured

    def _bundle(self, out: Path) -> Classifier:
        classifier = Classifier(out)
        info, sides = classifier.info, loop.split_voices(self.split)
        if (info.trained_on, info.validated_on, info.unheard) != (
            sides.trained,
            sides.validated,
            sides.unheard,
        ):
            raise ProtocolError(
                f"{out} was trained on other clips than {self.split.protocol}, fold "
                f"{self.split.fold}, has here; an evaluation with these corpora would be wrong."
            )
        return classifier


@dataclass(frozen=True)
class Experiments:
    """The experiments of all folds; the corpora are loaded once for all of them.

    Attributes:
        folds: number of folds.
        of: makes the experiment of a fold, numbered from 1.
        notes: sentences on the files that are not used.
    """

    folds: int
    of: Callable[[int], Experiment]
    notes: list[str]

    def announce(self, say: Callable[[str], None]) -> None:
        """Print the notes on the files that are not used."""
        for note in self.notes:
            say(note)


def experiments(
    data: Data, recipe: str, protocol: str, speaker_pattern: str | None = None
) -> Experiments:
    """The experiments of a recipe under a protocol.

    Raises:
        UndertoneError: there is no such recipe, protocol or corpus.
    """
    chosen = recipes.load(recipe)
    if protocol != AS_PUBLISHED:
        speaker_independent(protocol)
    elif chosen.published is None:
        raise ProtocolError(f"{recipe} has no published source; choose ravdess-si.")
    corpus = load_corpora(data, speaker_pattern=speaker_pattern)
    table = corpus.table
    check_folds(protocol, table)
    clips = decode(table, chosen.sample_rate)
    folds = folds_of(protocol, table)
    return Experiments(
        folds=folds,
        of=lambda fold: experiment(chosen, table, clips, protocol, fold, data),
        notes=corpus.notes,
    )


def experiment(
    recipe: Recipe, table: pd.DataFrame, clips: Clips, protocol: str, fold: int, data: Data
) -> Experiment:
    """A recipe with the clips of a fold; a classic recipe with its source's corpora and copies.

    Under `speakers`, a classic recipe is trained on all corpora, without copies.
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
    """The experiment that produced a bundle."""
    info = bundle.read_info(folder)
    return experiments(data, info.recipe, info.protocol, speaker_pattern).of(info.fold)
