"""Evaluation of a bundle on the test of its protocol, with the code that serves it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from pydantic import BaseModel

from app.bundle import BundleInfo
from app.classifier import Classifier
from app.progress import progress
from app.recordings import analyze
from model_training.evaluation.metrics import Figures, figures, together
from model_training.ingredients.waveform_augmentation import centred
from model_training.protocols import Split, headline
from model_training.training.batches import Waveforms

AGE_GROUPS = {"under 35": (0, 35), "35 to 54": (35, 55), "55 and older": (55, 200)}  # years
BATCH = 32  # windows
COUNTED = {8: "eight"}  # as the result files of the shipped recipes write it


class SideCounts(BaseModel):
    """The clips and speakers on one side of a split."""

    clips: int
    copies: int
    speakers: list[str]


class Evaluation(BaseModel):
    """The metrics of one bundle under one fold of a protocol.

    Attributes:
        leaks: whether the training clips contain voices of the test.
        seconds: wall time of each epoch.
        test: metrics by group, such as "RAVDESS", "CREMA-D" or "CREMA-D female".
        validation: the same for the clips that the temperature was fitted on.
        speakers: (UAR, clips) of each test speaker.
        recipe_digest: of the recipe that the bundle was trained with; empty if it is unknown.
    """

    model: str
    recipe: str
    parameters: int
    protocol: str
    fold: int
    seed: int
    leaks: bool
    epochs: int
    seconds: list[float]
    sides: dict[str, SideCounts]
    test: dict[str, Figures]
    validation: dict[str, Figures]
    speakers: dict[str, tuple[float, int]]
    versions: dict[str, str]
    model_sha256: str
    written: str
    recipe_digest: str = ""

    @property
    def headline(self) -> Figures:
        """The metrics of the group that the protocol reports."""
        return self.test[headline(self.protocol, self.test)]


def evaluate(
    classifier: Classifier, split: Split, clips: Waveforms, seconds: list[float]
) -> Evaluation:
    """Evaluate a bundle on its test clips and on its spoken validation clips.

    Args:
        classifier: the bundle.
        split: the split that it was trained with.
        clips: waveforms at the bundle's sample rate, by the index of the split's tables.
        seconds: wall time of each epoch.
    """
    spoken = split.validation[split.validation["kind"] == "speech"]
    answered = {
        side: (table, answers(classifier, table, clips, whole=not split.leaks))
        for side, table in (("test", split.test), ("validation", spoken))
    }
    return summarize(classifier.info, split, answered, seconds)


def summarize(
    info: BundleInfo,
    split: Split,
    answered: dict[str, tuple[pd.DataFrame, pd.DataFrame]],
    seconds: list[float],
    certain: bool = False,
) -> Evaluation:
    """Compute an evaluation from the answers to the test and validation clips.

    Args:
        info: of the evaluated model.
        split: the split that it was trained with.
        answered: for "test" and "validation", the table of clips and the answers; see `answers`.
        seconds: wall time of each epoch.
        certain: the scores are not probabilities, so calibration is left out.
    """
    return Evaluation(
        model=info.name,
        recipe=info.recipe,
        parameters=info.parameters,
        protocol=info.protocol,
        fold=info.fold,
        seed=info.seed,
        leaks=split.leaks,
        epochs=info.epochs,
        seconds=seconds,
        sides=side_counts(split),
        test=groups(*answered["test"], split, certain),
        validation=groups(*answered["validation"], split, certain),
        speakers=_by_speaker(*answered["test"], split),
        versions=info.versions,
        model_sha256=info.model_sha256,
        written=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def side_counts(split: Split) -> dict[str, SideCounts]:
    """The clips and speakers on the sides "train", "validation" and "test"."""
    return {side: _counts(getattr(split, side)) for side in ("train", "validation", "test")}


def answers(
    classifier: Classifier, table: pd.DataFrame, clips: Waveforms, whole: bool
) -> pd.DataFrame:
    """Probabilities: one row per clip, one column per label; NaN for a clip without speech.

    Args:
        classifier: the bundle.
        table: the clips to classify.
        clips: their waveforms.
        whole: analyze each clip as the app analyzes a recording. Otherwise classify one window
            from the middle of the clip, as published systems do.
    """
    if not whole:
        window = round(classifier.info.window_seconds * classifier.sample_rate)
        parts = np.array_split(table.index.to_numpy(), -(-len(table) // BATCH))
        windows = (np.stack([centred(clips[index], window) for index in part]) for part in parts)
        cut = np.concatenate([classifier.probabilities(batch) for batch in windows])
        return pd.DataFrame(cut, table.index, classifier.labels)
    rows = np.full((len(table), len(classifier.labels)), np.nan, np.float32)
    for row, index in enumerate(progress(table.index, desc="evaluate", unit="clip")):
        answer = analyze((clips[index], classifier.sample_rate), classifier).probabilities
        if answer:
            rows[row] = [answer[label] for label in classifier.labels]
    return pd.DataFrame(rows, table.index, classifier.labels)


def over_folds(folds: Sequence[Evaluation], group: str) -> Figures:
    """The metrics of a test group over the clips of all folds that have it."""
    return together([fold.test[group] for fold in folds if group in fold.test])


def groups(
    table: pd.DataFrame, probabilities: pd.DataFrame, split: Split, certain: bool = False
) -> dict[str, Figures]:
    """Metrics by corpus, and within a corpus by sex, age and race.

    A protocol that reports all clips together has a group "all"; if it leaks, it has no other. The
    answers for a corpus are limited to its own emotions, those of all sides of the split; a second
    group has the unlimited ones.
    """
    result = {}
    if headline(split.protocol, set(table["corpus"])) == "all":
        result["all"] = figures(table, probabilities, split.labels, certain)
    if split.leaks:
        return result
    for corpus in table["corpus"].unique():
        chosen = (table["corpus"] == corpus).to_numpy()
        acted = split.emotions_of(corpus)
        masks = {corpus: chosen} | {
            f"{corpus} {name}": chosen & belongs for name, belongs in _people(table)
        }
        for name, rows in masks.items():
            if rows.any():
                result[name] = figures(table[rows], probabilities[rows], acted, certain)
        known = probabilities.columns
        if len(acted) < len(known):
            all_answers = f"{corpus}, all {COUNTED.get(len(known), len(known))} answers"
            result[all_answers] = figures(table[chosen], probabilities[chosen], known, certain)
    return result


def _people(table: pd.DataFrame) -> Iterable[tuple[str, np.ndarray]]:
    """(clips,) masks of groups of speakers, by what the corpora say about them."""
    for sex in ("female", "male"):
        yield sex, (table["sex"] == sex).to_numpy()
    for name, (youngest, older) in AGE_GROUPS.items():
        yield name, table["age"].between(youngest, older, inclusive="left").to_numpy()
    for race in sorted(table["race"].dropna().unique()):
        yield race, (table["race"] == race).to_numpy()


def _counts(table: pd.DataFrame) -> SideCounts:
    copies = int(table["copy"].astype(bool).sum()) if "copy" in table else 0
    return SideCounts(clips=len(table), copies=copies, speakers=sorted(table["speaker"].unique()))


def _by_speaker(
    table: pd.DataFrame, probabilities: pd.DataFrame, split: Split
) -> dict[str, tuple[float, int]]:
    result = {}
    for speaker in sorted(table["speaker"].unique()):
        own = (table["speaker"] == speaker).to_numpy()
        labels = split.emotions_of(table.loc[own, "corpus"].iloc[0])
        result[speaker] = figures(table[own], probabilities[own], labels).uar, int(own.sum())
    return result
