"""Batches for training, and the validation set."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import keras
import numpy as np
import pandas as pd
from keras import ops

from app.progress import progress
from model_training.ingredients.mixup import mixed
from model_training.ingredients.targets import targets_of
from model_training.ingredients.waveform_augmentation import Surroundings, augmented_window, centred
from model_training.recipes import Recipe


class Waveforms(Protocol):
    """Waveforms (samples,) by the index of the split's tables: clips, or clips and their copies."""

    def __getitem__(self, position: int) -> np.ndarray: ...


class Fixed:
    """The features of training clips, computed once."""

    def __init__(
        self, recipe: Recipe, table: pd.DataFrame, clips: Waveforms, frontend: keras.Model
    ) -> None:
        chunks = []
        for first in progress(range(0, len(table), 32), desc="features", unit="batch"):
            indices = table.index[first : first + 32]
            windows = np.stack([centred(clips[index], recipe.window) for index in indices])
            chunks.append(features_of(frontend, windows))
        self.features = np.concatenate(chunks)

    def windows(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows of the table as features (rows, ...)."""
        return self.features[rows]


class Augmented:
    """The waveforms of training clips, augmented at every access."""

    def __init__(
        self, recipe: Recipe, table: pd.DataFrame, clips: Waveforms, around: Surroundings
    ) -> None:
        self.recipe = recipe
        self.indices = table.index.to_numpy()
        self.clips = clips
        self.around = around

    def windows(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows of the table as waveforms (rows, window)."""
        return np.stack([self._window(self.clips[self.indices[row]], rng) for row in rows])

    def _window(self, clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        recipe = self.recipe
        if recipe.augmentation is None:
            return centred(clip, recipe.window)
        return augmented_window(
            clip, recipe.window, recipe.sample_rate, self.around, recipe.augmentation, rng
        )


def batches(
    recipe: Recipe,
    table: pd.DataFrame,
    labels: Sequence[str],
    source: Fixed | Augmented,
    seed: int,
    first_step: int,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Endless batches. A batch depends only on the seed and its step, so a run can resume.

    Yields:
        Windows or features (batch, ...), targets (batch, labels), and weights (batch,).
    """
    targets = recipe.targets(table, labels)
    weights = recipe.sampling.weights(table)
    draw = recipe.sampling.draws(table, recipe.batch_size, seed)
    step = first_step
    while True:
        rng = np.random.default_rng((seed, step))
        rows = draw(step, rng)
        windows, wanted = source.windows(rows, rng), targets[rows]
        if recipe.mixup:
            windows, wanted = mixed(windows, wanted, recipe.mixup, rng)
        yield windows, wanted, weights[rows]
        step += 1


def validation_set(
    recipe: Recipe, table: pd.DataFrame, labels: Sequence[str], clips: Waveforms
) -> tuple[np.ndarray, np.ndarray]:
    windows = np.stack([centred(clips[index], recipe.window) for index in table.index])
    return windows, targets_of(table, labels, smoothing=0.0)


def hopped(waveform: np.ndarray, window: int, hop: int) -> np.ndarray:
    """The windows (n, window) of a recording, as the app cuts them; zeros fill the last one."""
    count = 1 + max(0, -(-(len(waveform) - window) // hop))
    padded = np.pad(waveform, (0, max(0, (count - 1) * hop + window - len(waveform))))
    return np.stack([padded[start : start + window] for start in range(0, count * hop, hop)])


def features_of(frontend: keras.Model, windows: np.ndarray, batch: int = 32) -> np.ndarray:
    """The features (n, ...) of windows (n, window)."""
    return np.concatenate(
        [
            ops.convert_to_numpy(frontend(windows[first : first + batch], training=False))
            for first in range(0, len(windows), batch)
        ]
    )
