"""Mixup: windows of a batch mixed two by two."""

from dataclasses import dataclass

import numpy as np

from model_training.ingredients.targets import NOT_ACTED


@dataclass(frozen=True)
class Mixup:
    """How mixup (Zhang et al. 2018) is done.

    Attributes:
        alpha: of the beta distribution that the shares are drawn from.
        chance: of a window to be mixed.
    """

    alpha: float
    chance: float = 1.0


def mixed(
    windows: np.ndarray, targets: np.ndarray, mixup: Mixup, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Windows with others whose corpora act the same emotions, and their targets alike.

    Args:
        windows: (batch, ...).
        targets: (batch, classes); where they are `NOT_ACTED` they stay so.
        mixup: how often and how far.
        rng: of the draws.
    """
    other = np.arange(len(windows))
    _, kinds = np.unique(targets == NOT_ACTED, axis=0, return_inverse=True)
    for kind in np.unique(kinds):
        alike = np.flatnonzero(kinds == kind)
        other[alike] = rng.permutation(alike)
    share = rng.beta(mixup.alpha, mixup.alpha, len(windows)).astype(np.float32)
    # A chance of one draws nothing, so that it leaves older recipes as they were.
    if mixup.chance < 1:
        share[rng.random(len(windows)) >= mixup.chance] = 1.0

    def mix(values: np.ndarray) -> np.ndarray:
        own = share.reshape(-1, *[1] * (values.ndim - 1))
        return own * values + (1 - own) * values[other]

    return mix(windows), mix(targets)
