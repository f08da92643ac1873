"""How good a bundle is on voices it never heard, by the predictor that serves it."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score
from tqdm import tqdm

from app.bundle import write_text
from app.classifier import Classifier
from app.emotions import LABELS
from app.recordings import analyze
from model_training.clips import Clips

EVALUATION_FILE = "evaluation.json"
CALIBRATION_BINS = 15
ABSTAINED = "no speech"  # the answer to a clip in which too little speech was found; it is wrong


class Figures(BaseModel):
    """The figures of one group of clips.

    `confusion` counts clips: a row an acted emotion, a column an answer, in the order of
    `labels`, then `ABSTAINED`. `uar` is the mean of `recall`, which is by acted emotion.
    """

    clips: int
    speakers: list[str]
    labels: list[str]
    uar: float
    accuracy: float
    weighted_f1: float
    recall: dict[str, float]
    expected_calibration_error: float
    abstained: int
    confusion: list[list[int]]


class Evaluation(BaseModel):
    """Figures of a bundle by group, such as "RAVDESS", "CREMA-D" or "CREMA-D female"."""

    model: str
    model_sha256: str
    protocol: str
    fold: int
    seed: int
    unheard: dict[str, Figures]
    validation: dict[str, Figures]


def evaluate(classifier: Classifier, table: pd.DataFrame, clips: Clips) -> Evaluation:
    """Figures on the bundle's test speakers, and on those its temperature was fitted on.

    Args:
        classifier: the bundle.
        table: all clips; the bundle says which of its speakers were unheard.
        clips: the waveforms at the bundle's sample rate.
    """
    info = classifier.info
    spoken = table[table["kind"] == "speech"]
    sides = {
        side: spoken[spoken["speaker"].isin(voices.speakers)]
        for side, voices in (("unheard", info.unheard), ("validation", info.validated_on))
    }
    return Evaluation(
        model=info.name,
        model_sha256=info.model_sha256,
        protocol=info.protocol,
        fold=info.fold,
        seed=info.seed,
        **{
            side: _groups(chosen, answers(classifier, chosen, clips))
            for side, chosen in sides.items()
        },
    )


def answers(classifier: Classifier, table: pd.DataFrame, clips: Clips) -> np.ndarray:
    """(clips, 8) probabilities, NaN where the classifier found no speech."""
    rows = np.full((len(table), len(LABELS)), np.nan, np.float32)
    for row, index in enumerate(tqdm(table.index, desc="evaluate", unit="clip")):
        heard = analyze((classifier.sample_rate, clips[index]), classifier).probabilities
        if heard is not None:
            rows[row] = heard
    return rows


def figures(table: pd.DataFrame, probabilities: np.ndarray, labels: Iterable[str]) -> Figures:
    """The figures of some clips, the answers limited to `labels`.

    Args:
        table: one row a clip, with `emotion` and `speaker`.
        probabilities: (clips, 8), NaN in the rows that abstained.
        labels: the emotions an answer may be; all those of the table among them.
    """
    labels = [label for label in LABELS if label in set(labels)]
    scores = probabilities[:, [LABELS.index(label) for label in labels]]
    scores = scores / scores.sum(axis=1, keepdims=True)
    abstained = np.isnan(scores[:, 0])
    best = np.nan_to_num(scores).argmax(axis=1)
    answered = np.where(abstained, ABSTAINED, np.array(labels)[best])
    acted = table["emotion"].to_numpy(str)
    present = [label for label in labels if label in set(acted)]
    recall = recall_score(acted, answered, labels=present, average=None, zero_division=0)
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
        expected_calibration_error=expected_calibration_error(
            scores[~abstained].max(axis=1), (answered == acted)[~abstained]
        ),
        abstained=int(abstained.sum()),
        confusion=confusion_matrix(acted, answered, labels=[*labels, ABSTAINED])[:-1].tolist(),
    )


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over equal bins, weighted by clips (Naeini 2015).

    Args:
        confidence: (n,) in [0, 1].
        correct: (n,) of booleans.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, confidence - correct, CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / max(len(confidence), 1))


def write(evaluation: Evaluation, folder: Path) -> Path:
    """Write the figures beside the bundle and return the file."""
    path = folder / EVALUATION_FILE
    write_text(path, evaluation.model_dump_json(indent=1) + "\n")
    return path


def read(folder: Path) -> Evaluation:
    return Evaluation.model_validate(json.loads((folder / EVALUATION_FILE).read_text()))


def _groups(table: pd.DataFrame, probabilities: np.ndarray) -> dict[str, Figures]:
    result = {}
    for corpus in table["corpus"].unique():
        chosen = (table["corpus"] == corpus).to_numpy()
        acted = table.loc[chosen, "emotion"].unique()
        result[corpus] = figures(table[chosen], probabilities[chosen], acted)
        if len(acted) < len(LABELS):
            result[f"{corpus}, all eight answers"] = figures(
                table[chosen], probabilities[chosen], LABELS
            )
        for sex in ("female", "male"):
            group = chosen & (table["sex"] == sex).to_numpy()
            if group.any():
                result[f"{corpus} {sex}"] = figures(table[group], probabilities[group], acted)
    return result
