"""Recipes, one file each. A recipe is data; `training/loop.py` trains it."""

import ast
import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import resolve_name
from pathlib import Path

import keras
import numpy as np
import pandas as pd

import app.frontend
from app.audio import HOP_SECONDS
from app.errors import UndertoneError
from model_training import ingredients
from model_training.ingredients.mixup import Mixup
from model_training.ingredients.sampling import Sampling
from model_training.ingredients.schedules import Schedule
from model_training.ingredients.waveform_augmentation import Chances
from model_training.ingredients.yamnet import StartReader


class RecipeError(UndertoneError):
    """There is no such recipe."""


@dataclass(frozen=True)
class Published:
    """The procedure of the source of a recipe, for the protocol `as-published`.

    Attributes:
        corpora: the clips that it used, as "CORPUS kind".
        copies: the augmentation of each copy of a clip; made before the split.
        rare_only: copy only clips of emotions that are rarer than the most frequent one.
        accuracy: the accuracy that it reports, on its random split.
    """

    corpora: tuple[str, ...]
    copies: tuple[Chances, ...] = ()
    rare_only: bool = False
    accuracy: float | None = None


@dataclass(frozen=True)
class Recipe:
    """A frontend, a network and the way they are trained.

    Attributes:
        description: one sentence for the card.
        sample_rate: of the input of the model, in Hz.
        window_seconds: length of the input of the model.
        frontend: layers from a waveform (batch, samples) to features.
        network: makes the model from features to logits, from the shape of one window's features
            and the number of classes.
        batch_size: windows in a training step.
        targets: makes (clips, labels) targets from a table of clips and the labels.
        sampling: chooses the clips of an epoch.
        schedule: optimizer, learning rate and end of a run.
        augmentation: of the waveform; None for none.
        masks: makes the layer that augments features, from a seed; None for none.
        mixup: of the windows in a batch; None for none.
        start: reads the initial weights of layers from the data folders; None for random weights.
        published: the procedure of its source; None for a recipe without one.
        name: of the recipe and of its bundle; `load` sets it to the name of the file.
        digest: of the code of the file and of the recipes, ingredients and frontends that it
            imports; `load` sets it.
    """

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
    name: str = ""
    digest: str = ""

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
        """Whether the features of a clip are the same in every epoch, and so computed once."""
        return self.augmentation is None and not self.mixup


def names() -> list[str]:
    """The names of all recipes: the files of this folder."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        RecipeError: there is no such recipe.
    """
    if name not in names():
        raise RecipeError(f"There is no recipe {name!r}; choose from {', '.join(names())}.")
    module = f"{__name__}.{name.replace('-', '_')}"
    recipe: Recipe = importlib.import_module(module).RECIPE
    code = "\n".join(_code(module).values())
    digest = hashlib.blake2b(code.encode(), digest_size=8).hexdigest()
    return replace(recipe, name=name, digest=digest)


def _code(module: str) -> dict[str, str]:
    """The code of a recipe and of all that it imports and that decides a result, uncommented."""
    deciding = {app.frontend.__name__} | {
        f"{package}.{module.name}"
        for package, path in ((__name__, __path__), (ingredients.__name__, ingredients.__path__))
        for module in pkgutil.iter_modules(path)
    }
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current in found or current not in deciding:
            continue
        tree = ast.parse(Path(importlib.import_module(current).__file__ or "").read_bytes())
        found[current] = ast.unparse(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                package = current.rpartition(".")[0]
                source = resolve_name("." * node.level + (node.module or ""), package)
                waiting += [source, *(f"{source}.{alias.name}" for alias in node.names)]
    return found
