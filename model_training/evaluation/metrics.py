"""Metrics of a group of clips: recall, F1, confusion and calibration."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from app.emotions import in_order

CALIBRATION_BINS = 15
ABSTAINED = "no speech"  # the answer to a clip with too little speech; it counts as wrong


class Bin(BaseModel):
    """Answers of about the same confidence."""

    clips: int
    confidence: float
    accuracy: float


class Figures(BaseModel):
    """The metrics of one group of clips.

    Attributes:
        uar: mean of `recall`.
        recall: by acted emotion.
        expected_calibration_error: over the clips with an answer; None for answers without
            probabilities.
        reliability: the bins behind it; empty for answers without probabilities.
        confusion: numbers of clips. A row is an acted emotion, a column an answer, in the order of
            `labels`, then `ABSTAINED`.
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


def figures(
    table: pd.DataFrame, probabilities: pd.DataFrame, labels: Iterable[str], certain: bool = False
) -> Figures:
    """Compute the metrics of some clips, with answers limited to `labels`.

    Args:
        table: one row per clip, with the columns `emotion` and `speaker`.
        probabilities: one row per clip, one column per emotion; NaN for a clip without speech.
        labels: the allowed answers; they contain every emotion of the table.
        certain: the scores are not probabilities, so calibration is left out.
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
    precision = confusion.diagonal() / np.maximum(confusion.sum(axis=0)[:-1], 1)
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


def together(folds: Sequence[Figures]) -> Figures:
    """The metrics over the clips of several folds, from the counts of each fold.

    The folds of corpora of one's own may differ in their emotions.

    If every fold has the same number of clips of each emotion, as in RAVDESS, this UAR equals the
    mean of the UARs of the folds.
    """
    labels = list(in_order(label for fold in folds for label in fold.labels))
    confusion = np.zeros((len(labels), len(labels) + 1), int)
    for fold in folds:
        places = [labels.index(label) for label in fold.labels]
        confusion[np.ix_(places, [*places, len(labels)])] += np.array(fold.confusion)
    right = confusion[:, : len(labels)].diagonal()
    acted, answered = confusion.sum(axis=1), confusion.sum(axis=0)[: len(labels)]
    f1 = 2 * right / np.maximum(acted + answered, 1)
    recall = {
        label: float(share)
        for label, share, clips in zip(labels, right / np.maximum(acted, 1), acted, strict=True)
        if clips
    }
    bins = pooled([one for fold in folds for one in fold.reliability])
    return Figures(
        clips=int(acted.sum()),
        speakers=sorted({speaker for fold in folds for speaker in fold.speakers}),
        labels=labels,
        uar=float(np.mean(list(recall.values()))),
        accuracy=float(right.sum() / acted.sum()),
        weighted_f1=float(np.average(f1, weights=acted)),
        recall=recall,
        precision=dict(zip(labels, map(float, right / np.maximum(answered, 1)), strict=True)),
        expected_calibration_error=expected_calibration_error(bins) if bins else None,
        reliability=bins,
        abstained=sum(fold.abstained for fold in folds),
        confusion=confusion.tolist(),
    )


def reliability(confidence: np.ndarray, correct: np.ndarray) -> list[Bin]:
    """Mean confidence and accuracy in equal bins of confidence, without the empty bins.

    Args:
        confidence: (n,) in [0, 1].
        correct: (n,) booleans.
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
    """Merge the bins of several folds into the bins of all their answers."""
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
