"""The weights of another bundle as the start of a run, where they heard nobody they must not."""

from pathlib import Path

import numpy as np

from app import saved_model
from model_training.protocols import ProtocolError, Split


def weights(folder: Path, split: Split) -> list[np.ndarray]:
    """What the network of a bundle learned, to go on from with the training clips of a split.

    Raises:
        BundleError: the bundle cannot be read.
        ProtocolError: it learned from a speaker who is not on the training side, or the split
            leaks, so that nobody could tell who was heard.
    """
    if split.leaks:
        raise ProtocolError(f"{split.protocol} leaks; a start from {folder} would leak more.")
    model, info = saved_model.read(folder)
    others = sorted(set(info.trained_on.speakers) - set(split.train["speaker"]))
    if others:
        more = f" and {len(others) - 1} more" if others[1:] else ""
        raise ProtocolError(
            f"{folder} learned from {others[0]}{more}, whom {split.protocol}, fold {split.fold}, "
            "does not train on: no honest start."
        )
    learned: list[np.ndarray] = model.layers[-1].get_weights()
    return learned
