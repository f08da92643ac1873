"""Before the labels: a network learns speech by filling masked parts of its spectrogram.

As a masked autoencoder does (He et al. 2022): spans of time and bands of a training clip, as it is
heard in noise and rooms, are set to zero, and the layers up to the recipe's trunk learn what the
voice alone has there. Nothing but training clips is heard, and no label of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from model_training.batches import Augmented
from model_training.checkpoints import HISTORY_FILE, Checkpoint, epochs_done, resumed
from model_training.fused import fused
from model_training.recipes import Pretraining, Recipe
from model_training.schedules import read_history

TIME_SPANS, TIME_WIDTHS = 6, (6, 17)  # how many are masked, and of how many frames
BAND_SPANS, BAND_WIDTHS = 2, (4, 11)
DRAWS = 1  # apart from those of the training that follows
HEARD_WEIGHT = 0.2  # of the error where nothing is masked: it is cleaned there


def trunk_of(network: keras.Model, pretraining: Pretraining) -> keras.Model:
    """The part of a network that learns before the labels; it shares the network's weights."""
    return keras.Model(
        network.input, network.get_layer(pretraining.trunk).output, name=pretraining.trunk
    )


def pretrained(
    recipe: Recipe,
    pretraining: Pretraining,
    frontend: keras.Model,
    source: Augmented,
    seed: int,
    steps: int,
    folder: Path,
) -> list[np.ndarray]:
    """The weights of the trunk after that; a run in `folder` that was stopped is gone on with."""
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    filler = resumed(folder) or _compiled(recipe, pretraining, frontend, steps)
    done = epochs_done(filler, steps)
    filler.fit(
        batches(recipe, source, tuple(frontend.output_shape[1:]), seed, done * steps),
        steps_per_epoch=steps,
        shuffle=False,
        initial_epoch=done,
        epochs=pretraining.epochs,
        callbacks=recipe.schedule.callbacks(
            folder, read_history(folder / HISTORY_FILE, done), Checkpoint(folder)
        ),
        verbose=2,
    )
    learned: list[np.ndarray] = filler.get_layer(pretraining.trunk).get_weights()
    return learned


def _compiled(
    recipe: Recipe, pretraining: Pretraining, frontend: keras.Model, steps: int
) -> keras.Model:
    filler = model(recipe, pretraining, frontend)
    filler.compile(optimizer=recipe.schedule.optimizer(pretraining.epochs, steps), loss=itself)
    return filler


def model(recipe: Recipe, pretraining: Pretraining, frontend: keras.Model) -> keras.Model:
    """(batch, window) as heard, (batch, frames, bands) of ones and masked zeros, and (batch,
    window) of the voice alone -> (batch,) the mean squared error of what it makes of them."""
    shape = tuple(frontend.output_shape[1:])
    trunk = trunk_of(fused(recipe.network(shape, 1)), pretraining)
    heard, alone = keras.Input((recipe.window,)), keras.Input((recipe.window,))
    mask = keras.Input(shape)
    filled = unfolded(trunk(frontend(heard) * mask), shape)
    error = ops.square(filled - frontend(alone))
    hidden = 1.0 - mask
    masked = ops.sum(hidden * error, axis=(1, 2)) / (ops.sum(hidden, axis=(1, 2)) + 1.0)
    return keras.Model([heard, mask, alone], masked + HEARD_WEIGHT * ops.mean(error, axis=(1, 2)))


def unfolded(maps: keras.KerasTensor, shape: tuple[int, ...]) -> keras.KerasTensor:
    """Each place of (batch, t, b, channels) as its patch of (batch, frames, bands)."""
    frames, bands = shape
    times, heights = maps.shape[1:3]
    length, height = -(-frames // times), -(-bands // heights)
    patches = layers.Dense(length * height, dtype="float32")(maps)
    patches = ops.reshape(patches, (-1, times, heights, length, height))
    patches = ops.transpose(patches, (0, 1, 3, 2, 4))
    whole = ops.reshape(patches, (-1, times * length, heights * height))
    return whole[:, :frames, :bands]


def batches(
    recipe: Recipe, source: Augmented, shape: tuple[int, ...], seed: int, first_step: int
) -> Iterator[tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]]:
    """Endless inputs of `model`; each is a function of the seed and its step alone."""
    step = first_step
    while True:
        rng = np.random.default_rng((seed, step, DRAWS))
        rows = rng.integers(len(source.indices), size=recipe.batch_size)
        pairs = source.pairs(rows, rng)
        yield (pairs[:, 1], masks(len(rows), shape, rng), pairs[:, 0]), np.zeros(len(rows))
        step += 1


def masks(count: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(count, frames, bands) float32: 0 within the spans, 1 elsewhere."""
    frames, bands = shape
    return np.stack(
        [
            _spans(frames, TIME_SPANS, TIME_WIDTHS, rng)[:, None]
            * _spans(bands, BAND_SPANS, BAND_WIDTHS, rng)[None, :]
            for _ in range(count)
        ]
    )


def _spans(length: int, count: int, widths: tuple[int, int], rng: np.random.Generator) -> Any:
    mask = np.ones(length, np.float32)
    for width in rng.integers(widths[0], widths[1] + 1, count):
        start = rng.integers(0, length - width + 1)
        mask[start : start + width] = 0.0
    return mask


@keras.saving.register_keras_serializable("undertone")
def itself(targets: Any, errors: Any) -> Any:
    """The loss of a model whose output is its error."""
    return errors
