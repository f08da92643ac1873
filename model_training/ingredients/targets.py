"""What a network is asked for, and how far off its answer is."""

import math
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import ops

from app.emotions import LABELS

NOT_ACTED = -1.0  # the target of an emotion that a clip's corpus does not have
NOT_ACTED_WEIGHT = 0.1


@keras.saving.register_keras_serializable("undertone")
def corpus_crossentropy(targets: Any, logits: Any) -> Any:
    """Cross-entropy among the emotions a corpus acts: (batch, 8), (batch, 8) -> (batch,).

    An emotion whose target is `NOT_ACTED` counts a tenth in the softmax. At its full weight a
    network would learn to tell the corpora apart (calm is in RAVDESS alone); at none its answer
    to the voices of CREMA-D is arbitrary: nearly half of them were heard as calm or surprised.
    """
    acted = targets > NOT_ACTED
    weighed = ops.where(acted, logits, logits + math.log(NOT_ACTED_WEIGHT))
    log_probabilities = ops.log_softmax(weighed, axis=-1)
    return -ops.sum(ops.where(acted, targets * log_probabilities, 0.0), axis=-1)


def targets_of(table: pd.DataFrame, smoothing: float) -> np.ndarray:
    """(clips, 8) float32: smoothed one-hot rows, `NOT_ACTED` where the corpus has no such label."""
    targets = np.full((len(table), len(LABELS)), NOT_ACTED, np.float32)
    positions = pd.Series(range(len(table)), index=table.index)
    for _, group in table.groupby(["corpus", "kind"]):
        acted = [LABELS.index(emotion) for emotion in sorted(group["emotion"].unique())]
        rows = positions[group.index].to_numpy()
        targets[np.ix_(rows, acted)] = smoothing / len(acted)
        targets[rows, [LABELS.index(emotion) for emotion in group["emotion"]]] += 1 - smoothing
    return targets


def one_hot(table: pd.DataFrame) -> np.ndarray:
    """(clips, 8) float32: 1 at the acted emotion, and every other is wrong."""
    rows = np.eye(len(LABELS), dtype=np.float32)
    return rows[[LABELS.index(emotion) for emotion in table["emotion"]]]
