"""Mixup of the windows in a batch."""

from dataclasses import dataclass

import numpy as np

from model_training.ingredients.targets import NOT_ACTED


@dataclass(frozen=True)
class Mixup:
    """The settings of mixup (Zhang et al. 2018).

    Attributes:
        alpha: parameter of the beta distribution of the shares.
    """

    alpha: float


def mixed(
    windows: np.ndarray, targets: np.ndarray, mixup: Mixup, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mix windows, and their targets, with windows whose corpora have the same emotions.

    Args:
        windows: (batch, ...).
        targets: (batch, classes); `NOT_ACTED` entries stay.
        mixup: the settings.
        rng: draws the pairs and shares.

    Returns:
        Windows and targets of the same shapes.
    """
    other = np.arange(len(windows))
    _, kinds = np.unique(targets == NOT_ACTED, axis=0, return_inverse=True)
    for kind in np.unique(kinds):
        alike = np.flatnonzero(kinds == kind)
        other[alike] = rng.permutation(alike)
    share = rng.beta(mixup.alpha, mixup.alpha, len(windows)).astype(np.float32)

    def mix(values: np.ndarray) -> np.ndarray:
        own = share.reshape(-1, *[1] * (values.ndim - 1))
        return own * values + (1 - own) * values[other]

    return mix(windows), mix(targets)
