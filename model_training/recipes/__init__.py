"""Recipes: one file each. A recipe is data; the loop that trains it is in `training.py`."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import keras

from app.errors import UndertoneError
from model_training.augmentation import Chances


class RecipeError(UndertoneError):
    """A recipe that does not exist."""


@dataclass(frozen=True)
class Recipe:
    """A frontend, a network and the way they are trained.

    Attributes:
        name: of the recipe and, by default, of its bundle.
        description: one sentence for the card.
        sample_rate: of the waveform the model hears, in Hz.
        window_seconds: what it hears at once.
        frontend: makes the layers from (batch, samples) to (batch, frames, bands).
        network: from the shape of one window's features and the number of classes, makes the
            model from features to logits.
        augmentation: of the waveform: how often and how far.
        colour: deviation of a random filter over the bands in training, in feature units.
        spectrogram_masks: widths of the masks in training, as (frames, bands).
        epochs, clips_per_epoch, batch_size: the length of the fixed schedule.
        learning_rate, weight_decay: of AdamW; the rate rises in the first epoch and then falls
            along a cosine.
        label_smoothing: probability spread over the emotions that a corpus acts.
        ema: momentum of the average over weights, which is what is kept.
        corpus_shares: how often training draws from "CORPUS kind"; within it, every emotion
            equally often.
    """

    name: str
    description: str
    sample_rate: int
    window_seconds: float
    frontend: Callable[[], list[keras.layers.Layer]]
    network: Callable[[tuple[int, ...], int], keras.Model]
    augmentation: Chances
    colour: float
    spectrogram_masks: tuple[int, int]
    epochs: int
    clips_per_epoch: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    ema: float
    corpus_shares: dict[str, float]

    @property
    def window(self) -> int:
        """Samples in a window."""
        return round(self.window_seconds * self.sample_rate)


def names() -> list[str]:
    """The recipes there are: the files of this folder."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        RecipeError: there is none.
    """
    if name not in names():
        raise RecipeError(f"There is no recipe {name!r}; choose from {', '.join(names())}.")
    recipe: Recipe = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").RECIPE
    return recipe
