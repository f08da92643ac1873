"""Targets of the network and its loss."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import ops

NOT_ACTED = -1.0  # the target of an emotion that a clip's corpus does not have
NOT_ACTED_WEIGHT = 0.1


@keras.saving.register_keras_serializable("undertone")
def corpus_crossentropy(targets: Any, logits: Any) -> Any:
    """Cross-entropy among the emotions that a corpus has: (batch, n), (batch, n) -> (batch,).

    An emotion with the target `NOT_ACTED` has a tenth of its weight in the softmax. With its full
    weight a network learns to distinguish the corpora (only RAVDESS has calm). Without any, its
    answers to CREMA-D are arbitrary: nearly half of the clips were classified as calm or surprised.
    """
    acted = targets > NOT_ACTED
    weighed = ops.where(acted, logits, logits + math.log(NOT_ACTED_WEIGHT))
    log_probabilities = ops.log_softmax(weighed, axis=-1)
    return -ops.sum(ops.where(acted, targets * log_probabilities, 0.0), axis=-1)


def targets_of(table: pd.DataFrame, labels: Sequence[str], smoothing: float) -> np.ndarray:
    """Smoothed one-hot rows, `NOT_ACTED` where the corpus has no such label.

    Args:
        table: of clips.
        labels: of the model, in the order of its outputs.
        smoothing: the part of the target that all emotions of the corpus share.

    Returns:
        (clips, labels) float32.
    """
    targets = np.full((len(table), len(labels)), NOT_ACTED, np.float32)
    column = {label: number for number, label in enumerate(labels)}
    positions = pd.Series(range(len(table)), index=table.index)
    for _, group in table.groupby(["corpus", "kind"]):
        acted = sorted(column[emotion] for emotion in group["emotion"].unique())
        rows = positions[group.index].to_numpy()
        targets[np.ix_(rows, acted)] = smoothing / len(acted)
        targets[rows, group["emotion"].map(column)] += 1 - smoothing
    return targets


def one_hot(table: pd.DataFrame, labels: Sequence[str]) -> np.ndarray:
    """(clips, labels) float32: 1 at the acted emotion, 0 at the others."""
    acted = table["emotion"].to_numpy(str)[:, None]
    return (acted == np.array(labels)).astype(np.float32)
