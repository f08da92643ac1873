"""Recipes: one file each. A recipe is data; the loop that trains it is in `training/loop.py`."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from app.audio import HOP_SECONDS
from app.errors import UndertoneError
from model_training.ingredients.mixup import Mixup
from model_training.ingredients.sampling import Sampling
from model_training.ingredients.schedules import Schedule
from model_training.ingredients.waveform_augmentation import Chances
from model_training.ingredients.yamnet import StartReader


class RecipeError(UndertoneError):
    """A recipe that does not exist."""


@dataclass(frozen=True)
class Published:
    """What the source of a recipe did, for the protocol `as-published`.

    Attributes:
        corpora: its clips, as "CORPUS kind".
        copies: of every clip, made before the clips were split: the augmentation of each.
        rare_only: copy the clips of emotions that have fewer than the most frequent one.
        accuracy: what it reports, on its random split.
    """

    corpora: tuple[str, ...]
    copies: tuple[Chances, ...] = ()
    rare_only: bool = False
    accuracy: float | None = None


@dataclass(frozen=True)
class Recipe:
    """A frontend, a network and the way they are trained.

    Attributes:
        name: of the recipe and, by default, of its bundle.
        description: one sentence for the card.
        sample_rate: of the waveform the model hears, in Hz.
        window_seconds: what it hears at once.
        frontend: layers from a waveform (batch, samples) to features.
        network: from the shape of one window's features and the number of classes, makes the
            model from features to logits.
        batch_size: windows in a step.
        targets: of a table of clips and all labels, (clips, labels); see `ingredients/targets.py`.
        sampling: which clips an epoch is made of.
        schedule: optimizer, learning rate and end.
        augmentation: of the waveform, on the fly: how often and how far; None for none.
        masks: of the features, on the fly: from a seed, makes the layer.
        mixup: of windows two by two; None for none.
        start: from the folders of the data, the weights that layers of the network begin with, by
            their names; None where all begin at random.
        published: what its source did; None where there is no source.
    """

    name: str
    description: str
    sample_rate: int
    window_seconds: float
    frontend: Callable[[keras.KerasTensor], keras.KerasTensor]
    network: Callable[[tuple[int, ...], int], keras.Model]
    batch_size: int
    targets: Callable[[pd.DataFrame, Sequence[str]], np.ndarray]
    sampling: Sampling
    schedule: Schedule
    augmentation: Chances | None = None
    masks: Callable[[int], keras.layers.Layer] | None = None
    mixup: Mixup | None = None
    start: StartReader | None = None
    published: Published | None = None

    @property
    def window(self) -> int:
        """Samples in a window."""
        return round(self.window_seconds * self.sample_rate)

    @property
    def hop(self) -> int:
        """Samples between the windows of a recording."""
        return round(HOP_SECONDS * self.sample_rate)

    @property
    def fixed(self) -> bool:
        """Whether a clip is the same in every epoch, so that its features are computed once."""
        return self.augmentation is None and not self.mixup


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
