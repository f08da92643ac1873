"""How good a bundle is on the test of its protocol, by the predictor that serves it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from app.bundle import BundleInfo
from app.classifier import Classifier
from app.emotions import in_order
from app.files import write_text
from app.progress import progress
from app.recordings import analyze
from model_training.ingredients.waveform_augmentation import centred
from model_training.protocols import HEADLINES, Split
from model_training.training.batches import Waveforms

EVALUATION_FILE = "evaluation.json"
CALIBRATION_BINS = 15
ABSTAINED = "no speech"  # the answer to a clip in which too little speech was found; it is wrong
AGE_GROUPS = {"under 35": (0, 35), "35 to 54": (35, 55), "55 and older": (55, 200)}  # years
BATCH = 32  # windows
COUNTED = {8: "eight"}  # as the result files of the shipped recipes write it


class Bin(BaseModel):
    """Answers of about the same confidence."""

    clips: int
    confidence: float
    accuracy: float


class Figures(BaseModel):
    """The figures of one group of clips.

    `confusion` counts clips: a row an acted emotion, a column an answer, in the order of
    `labels`, then `ABSTAINED`. `uar` is the mean of `recall`, which is by acted emotion.
    `expected_calibration_error` and `reliability` are of the clips that were answered, and
    missing where answers have no probabilities.
    """

    clips: int
    speakers: list[str]
    labels: list[str]
    uar: float
    accuracy: float
    weighted_f1: float
    recall: dict[str, float]
    precision: dict[str, float]
    expected_calibration_error: float | None
    reliability: list[Bin]
    abstained: int
    confusion: list[list[int]]


class Side(BaseModel):
    """The clips and speakers on one side of a split."""

    clips: int
    copies: int
    speakers: list[str]


class Evaluation(BaseModel):
    """Figures of one bundle under one fold of a protocol.

    Attributes:
        leaks: whether voices of the test were trained on.
        seconds: wall time of each epoch.
        test: figures by group, such as "RAVDESS", "CREMA-D" or "CREMA-D female".
        validation: the same for those whom the temperature was fitted on.
        speakers: (UAR, clips) of each speaker of the test.
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
    sides: dict[str, Side]
    test: dict[str, Figures]
    validation: dict[str, Figures]
    speakers: dict[str, tuple[float, int]]
    versions: dict[str, str]
    model_sha256: str
    written: str

    @property
    def headline(self) -> Figures:
        """Of the group that the protocol is about."""
        return self.test[HEADLINES[self.protocol]]


def evaluate(
    classifier: Classifier, split: Split, clips: Waveforms, seconds: list[float]
) -> Evaluation:
    """Figures on a bundle's test clips, and on those its temperature was fitted on.

    Args:
        classifier: the bundle.
        split: that it was trained with.
        clips: the waveforms at the bundle's sample rate, by the index of the split's tables.
        seconds: wall time of each epoch.
    """
    found = {}
    spoken = split.validation[split.validation["kind"] == "speech"]
    for side, table in (("test", split.test), ("validation", spoken)):
        found[side] = table, answers(classifier, table, clips, whole=not split.leaks)
    return summarize(classifier.info, split, found, seconds)


def summarize(
    info: BundleInfo,
    split: Split,
    found: dict[str, tuple[pd.DataFrame, pd.DataFrame]],
    seconds: list[float],
    certain: bool = False,
) -> Evaluation:
    """The evaluation that the answers to the tables of test and validation make.

    Args:
        info: what was measured.
        split: that it was trained with.
        found: of "test" and "validation" the clips and the answers to them; see `answers`.
        seconds: wall time of each epoch.
        certain: the answers are no probabilities, so there is nothing to calibrate.
    """
    table, probabilities = found["test"]
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
        sides={side: _side(getattr(split, side)) for side in ("train", "validation", "test")},
        **{side: groups(*answered, split, certain) for side, answered in found.items()},
        speakers=_by_speaker(table, probabilities),
        versions=info.versions,
        model_sha256=info.model_sha256,
        written=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def answers(
    classifier: Classifier, table: pd.DataFrame, clips: Waveforms, whole: bool
) -> pd.DataFrame:
    """Probabilities: a row a clip, a column a label; NaN where the classifier found no speech.

    Args:
        classifier: the bundle.
        table: which clips.
        clips: their waveforms.
        whole: as a recording is heard by those who use the bundle; otherwise one window from the
            middle of each clip, as published systems do.
    """
    if not whole:
        window = round(classifier.info.window_seconds * classifier.sample_rate)
        parts = np.array_split(table.index.to_numpy(), -(-len(table) // BATCH))
        windows = (np.stack([centred(clips[index], window) for index in part]) for part in parts)
        cut = np.concatenate([classifier.probabilities(batch) for batch in windows])
        return pd.DataFrame(cut, table.index, classifier.labels)
    rows = np.full((len(table), len(classifier.labels)), np.nan, np.float32)
    for row, index in enumerate(progress(table.index, desc="evaluate", unit="clip")):
        heard = analyze((classifier.sample_rate, clips[index]), classifier).probabilities
        if heard:
            rows[row] = [heard[label] for label in classifier.labels]
    return pd.DataFrame(rows, table.index, classifier.labels)


def figures(
    table: pd.DataFrame, probabilities: pd.DataFrame, labels: Iterable[str], certain: bool = False
) -> Figures:
    """The figures of some clips, the answers limited to `labels`.

    Args:
        table: one row a clip, with `emotion` and `speaker`.
        probabilities: as `answers` returns them.
        labels: the emotions an answer may be; all those of the table among them.
        certain: the answers are no probabilities, so there is nothing to calibrate.
    """
    labels = list(in_order(labels))
    scores = probabilities[labels].to_numpy()
    scores = scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-12)
    abstained = np.isnan(scores[:, 0])
    best = np.nan_to_num(scores).argmax(axis=1)
    answered = np.where(abstained, ABSTAINED, np.array(labels)[best])
    acted = table["emotion"].to_numpy(str)
    present = [label for label in labels if label in set(acted)]
    recall = recall_score(acted, answered, labels=present, average=None, zero_division=0)
    confusion = confusion_matrix(acted, answered, labels=[*labels, ABSTAINED])[:-1]
    heard = confusion.sum(axis=0)[:-1]
    precision = confusion.diagonal() / np.maximum(heard, 1)
    confidence, correct = scores[~abstained].max(axis=1), (answered == acted)[~abstained]
    bins = [] if certain else reliability(confidence, correct)
    return Figures(
        clips=len(table),
        speakers=sorted(table["speaker"].unique()),
        labels=labels,
        uar=float(recall.mean()),
        accuracy=float(accuracy_score(acted, answered)),
        weighted_f1=float(
            f1_score(acted, answered, labels=present, average="weighted", zero_division=0)
        ),
        recall=dict(zip(present, map(float, recall), strict=True)),
        precision=dict(zip(labels, map(float, precision), strict=True)),
        expected_calibration_error=None if certain else expected_calibration_error(bins),
        reliability=bins,
        abstained=int(abstained.sum()),
        confusion=confusion.tolist(),
    )


def together(folds: Sequence[Evaluation], group: str) -> Figures:
    """The figures of a group over the clips of all folds, from what each has counted.

    Where every fold has as many clips of each emotion, as RAVDESS has, the UAR is also the mean of
    the UARs of the folds.
    """
    found = [fold.test[group] for fold in folds if group in fold.test]
    labels = found[0].labels
    confusion = np.sum([one.confusion for one in found], axis=0)
    right = confusion[:, : len(labels)].diagonal()
    acted, heard = confusion.sum(axis=1), confusion.sum(axis=0)[: len(labels)]
    present = acted > 0
    f1 = 2 * right / np.maximum(acted + heard, 1)
    recall = {
        label: float(one)
        for label, one, any_acted in zip(labels, right / np.maximum(acted, 1), present, strict=True)
        if any_acted
    }
    bins = pooled([one for figures in found for one in figures.reliability])
    return Figures(
        clips=int(acted.sum()),
        speakers=sorted({speaker for one in found for speaker in one.speakers}),
        labels=labels,
        uar=float(np.mean(list(recall.values()))),
        accuracy=float(right.sum() / acted.sum()),
        weighted_f1=float(np.average(f1, weights=acted)),
        recall=recall,
        precision=dict(zip(labels, map(float, right / np.maximum(heard, 1)), strict=True)),
        expected_calibration_error=expected_calibration_error(bins) if bins else None,
        reliability=bins,
        abstained=sum(one.abstained for one in found),
        confusion=confusion.tolist(),
    )


def reliability(confidence: np.ndarray, correct: np.ndarray) -> list[Bin]:
    """Mean confidence and accuracy in each of the equal bins that holds an answer.

    Args:
        confidence: (n,) in [0, 1].
        correct: (n,) of booleans.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        Bin(
            clips=int((bins == one).sum()),
            confidence=float(confidence[bins == one].mean()),
            accuracy=float(correct[bins == one].mean()),
        )
        for one in np.unique(bins)
    ]


def pooled(bins: Iterable[Bin]) -> list[Bin]:
    """The bins of several folds as those of all their answers together."""
    same: dict[int, list[Bin]] = defaultdict(list)
    for one in bins:
        same[min(int(one.confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1)].append(one)
    return [
        Bin(
            clips=sum(one.clips for one in several),
            confidence=_weighted(several, "confidence"),
            accuracy=_weighted(several, "accuracy"),
        )
        for _, several in sorted(same.items())
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean gap between confidence and accuracy over the bins, weighted by clips (Naeini 2015)."""
    gaps = [abs(bin.confidence - bin.accuracy) * bin.clips for bin in bins]
    return sum(gaps) / max(sum(bin.clips for bin in bins), 1)


def _weighted(bins: Sequence[Bin], what: Literal["confidence", "accuracy"]) -> float:
    return float(
        np.average([getattr(one, what) for one in bins], weights=[one.clips for one in bins])
    )


def groups(
    table: pd.DataFrame, probabilities: pd.DataFrame, split: Split, certain: bool = False
) -> dict[str, Figures]:
    """Figures by corpus, and of women, men and so on; of all clips where a protocol is about them.

    A corpus is scored among its own emotions, and unmasked beside.
    """
    result = {}
    if HEADLINES[split.protocol] == "all":
        result["all"] = figures(table, probabilities, table["emotion"].unique(), certain)
    if split.leaks:
        return result
    for corpus in table["corpus"].unique():
        chosen = (table["corpus"] == corpus).to_numpy()
        acted = table.loc[chosen, "emotion"].unique()
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
    """(clips,) masks of groups of speakers, as far as the corpora tell."""
    for sex in ("female", "male"):
        yield sex, (table["sex"] == sex).to_numpy()
    for name, (youngest, older) in AGE_GROUPS.items():
        yield name, table["age"].between(youngest, older, inclusive="left").to_numpy()
    for race in sorted(table["race"].dropna().unique()):
        yield race, (table["race"] == race).to_numpy()


def write(evaluation: Evaluation, path: Path) -> Path:
    """Write the figures whole or not at all and return the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, evaluation.model_dump_json() + "\n")
    return path


def read(path: Path) -> Evaluation:
    return Evaluation.model_validate(json.loads(path.read_text(encoding="utf-8")))


def _side(table: pd.DataFrame) -> Side:
    copies = int(table["copy"].astype(bool).sum()) if "copy" in table else 0
    return Side(clips=len(table), copies=copies, speakers=sorted(table["speaker"].unique()))


def _by_speaker(table: pd.DataFrame, probabilities: pd.DataFrame) -> dict[str, tuple[float, int]]:
    result = {}
    for speaker in sorted(table["speaker"].unique()):
        own = (table["speaker"] == speaker).to_numpy()
        labels = table.loc[table["corpus"] == table.loc[own, "corpus"].iloc[0], "emotion"].unique()
        result[speaker] = figures(table[own], probabilities[own], labels).uar, int(own.sum())
    return result
