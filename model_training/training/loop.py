"""Training of one recipe on one split: a run that can be stopped and resumed, then a bundle."""

import json
import math
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from app import bundle, saved_model
from app.bundle import BundleInfo, Voices
from app.emotions import emotions_named
from app.errors import UndertoneError
from app.files import write_text
from app.frontend import Standardize
from app.labelling import NAMED_FROM
from model_training.corpora.clips import impulse_responses, noises
from model_training.corpora.folders import Data
from model_training.ingredients.schedules import BEST_FILE, read_history
from model_training.ingredients.targets import corpus_crossentropy, one_hot
from model_training.ingredients.waveform_augmentation import (
    UNSEEN_NOISES,
    UNSEEN_ROOMS,
    Surroundings,
    centred,
)
from model_training.ingredients.yamnet import Start
from model_training.protocols import Split
from model_training.recipes import Recipe
from model_training.training import naming
from model_training.training.batches import (
    Augmented,
    Fixed,
    Waveforms,
    batches,
    features_of,
    hopped,
    validation_set,
)
from model_training.training.checkpoints import HISTORY_FILE, Checkpoint, epochs_done, log, resumed
from model_training.training.fused_batch_norm import fused

CONFIG_FILE = "config.json"
VERSIONS_FILE = "versions.json"
TENSORBOARD_FOLDER = "tensorboard"
STATISTICS_CLIPS = 2000  # enough for a mean and a standard deviation


class TrainingError(UndertoneError):
    """A run cannot start; the message says why."""


@dataclass(frozen=True)
class Run:
    """The settings of a run. The same settings and clips in the same folder resume it.

    Attributes:
        recipe_digest: of the code of the recipe; see `Recipe.digest`.
    """

    recipe: str
    protocol: str
    fold: int
    seed: int
    epochs: int
    precision: str
    recipe_digest: str = ""


@dataclass(frozen=True)
class Resources:
    """The inputs of a training in addition to its clips.

    Attributes:
        around: noises and rooms for augmentation.
        start: initial weights by the name of the layer.
    """

    around: Surroundings
    start: Start = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """The data that a recipe is fitted to, prepared from one split.

    Attributes:
        frontend: waveform to features, in float32, adapted to the training clips.
        table: the training clips.
        labels: of the outputs of the network, in their order.
        source: the windows of the training clips, or their features.
        validation: windows or features (clips, ...), and targets (clips, labels).
        steps: batches in an epoch.
    """

    frontend: keras.Model
    table: pd.DataFrame
    labels: tuple[str, ...]
    source: Fixed | Augmented
    validation: tuple[np.ndarray, np.ndarray]
    steps: int


def train(
    recipe: Recipe,
    split: Split,
    clips: Waveforms,
    resources: Resources,
    run: Run,
    folder: Path,
    out: Path,
    tensorboard: bool = False,
) -> BundleInfo:
    """Train a recipe and write its bundle; a stopped run resumes.

    Args:
        recipe: the recipe to train.
        split: the tables of clips, with the index of `clips`.
        clips: the waveforms at the recipe's sample rate.
        resources: noises, rooms, and initial weights.
        run: the settings, saved in the folder.
        folder: of the run, for its settings, library versions, log, history and checkpoint.
        out: of the bundle.
        tensorboard: also write the history for TensorBoard, into the folder.

    Raises:
        TrainingError: the folder holds a run with other settings or clips.
    """
    claim(folder, run, split)
    write_text(folder / VERSIONS_FILE, json.dumps(versions(), indent=2) + "\n")
    material = prepare(recipe, split, clips, resources.around)
    network = fit(recipe, material, resources.start, run, folder, tensorboard)
    served = serving_model(recipe, material.frontend, network)
    info = _info(recipe, split, run, served, fit_temperature(recipe, served, split, clips))
    saved_model.write(out, served, info)
    naming.fit(out, split.validation, clips)
    for name in (CONFIG_FILE, HISTORY_FILE):
        write_text(out / name, (folder / name).read_text())
    log(folder, f"bundle in {out}")
    return bundle.read_info(out)


def claim(folder: Path, run: Run, split: Split) -> None:
    """Write the settings of a run and the digest of its clips into its folder.

    Raises:
        TrainingError: the folder holds a run with other settings or clips.
    """
    config = folder / CONFIG_FILE
    settings = asdict(run) | {"clips": split.digest}
    if config.exists():
        # The run of an earlier version has no digests.
        found = {name: settings[name] for name in ("clips", "recipe_digest")}
        found |= json.loads(config.read_text())
        if found != settings:
            other = "clips" if found | {"clips": split.digest} == settings else "settings"
            raise TrainingError(
                f"{folder} holds a run with other {other} ({config}); "
                "choose another --run folder or remove it."
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(config, json.dumps(settings, indent=2) + "\n")


def recipe_digest(out: Path) -> str:
    """The digest of the recipe that a bundle was trained with; "" for one of an earlier version."""
    config = out / CONFIG_FILE
    return json.loads(config.read_text())["recipe_digest"] if config.exists() else ""


def prepare(recipe: Recipe, split: Split, clips: Waveforms, around: Surroundings) -> Material:
    """Adapt the frontend and load the validation set.

    If the features of a clip are the same in every epoch, they are computed here. Otherwise the
    frontend is part of every training step.
    """
    # The frontend has single precision, also with a network in lower precision.
    keras.config.set_dtype_policy("float32")
    frontend = adapted_frontend(recipe, split.train, clips)
    windows, targets = validation_set(recipe, split.validation, split.labels, clips)
    source: Fixed | Augmented
    if recipe.fixed:
        source = Fixed(recipe, split.train, clips, frontend)
        windows = features_of(frontend, windows)
    else:
        source = Augmented(recipe, split.train, clips, around)
    steps = recipe.sampling.steps(split.train, recipe.batch_size)
    return Material(frontend, split.train, split.labels, source, (windows, targets), steps)


def fit(
    recipe: Recipe, material: Material, start: Start, run: Run, folder: Path, tensorboard: bool
) -> keras.Model:
    """Train the network, from features to logits; resume from the checkpoint in the folder.

    If the frontend is part of the training, its trained weights are copied to `material.frontend`.
    """
    keras.config.set_dtype_policy(run.precision)
    model = resumed(folder) or _training_model(recipe, material, start, run)
    done = epochs_done(model, material.steps)
    history = read_history(folder / HISTORY_FILE, done)
    log(folder, f"epoch {done} of {run.epochs}, {material.steps} steps each")

    callbacks = [
        Reseed(run.seed),
        *recipe.schedule.callbacks(folder, history, Checkpoint(folder)),
    ]
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(folder / TENSORBOARD_FOLDER))
    # A run that has already ended trains no epoch here, but still averages its weights.
    model.fit(
        batches(
            recipe,
            material.table,
            material.labels,
            material.source,
            run.seed,
            done * material.steps,
        ),
        steps_per_epoch=material.steps,
        shuffle=False,
        initial_epoch=done,
        epochs=done if recipe.schedule.ended(history) else run.epochs,
        validation_data=material.validation,
        validation_batch_size=recipe.batch_size,
        callbacks=callbacks,
        verbose=1 if sys.stdout.isatty() else 2,  # a progress bar, or one line per epoch in a log
    )
    if (folder / BEST_FILE).exists():
        model.load_weights(folder / BEST_FILE)
    keras.config.set_dtype_policy("float32")
    if not recipe.fixed:
        frontend = material.frontend
        frontend.set_weights(model.get_weights()[: len(frontend.weights)])
    return model.layers[-1]


def adapted_frontend(recipe: Recipe, table: pd.DataFrame, clips: Waveforms) -> keras.Model:
    """The recipe's frontend, its statistics those of training clips spread over the table."""
    waveform = keras.Input((recipe.window,), name="waveform")
    frontend = keras.Model(waveform, recipe.frontend(waveform))
    layers = [layer for layer in frontend.layers if isinstance(layer, Standardize)]
    if layers:
        indices = table.index[:: -(-len(table) // STATISTICS_CLIPS)]
        windows = np.stack([centred(clips[index], recipe.window) for index in indices])
    for layer in layers:
        layer.adapt(features_of(keras.Model(waveform, layer.input), windows))
    return frontend


def surroundings(data: Data, sample_rate: int) -> Surroundings:
    """The noises and rooms in the data folders, without the kinds that only evaluation uses."""
    return Surroundings(
        noises=[
            noise
            for name, noise in noises(data, sample_rate).items()
            if not name.startswith(UNSEEN_NOISES)
        ],
        rooms=[
            room
            for name, room in impulse_responses(data, sample_rate).items()
            if not name.startswith(UNSEEN_ROOMS)
        ],
    )


@dataclass(frozen=True)
class SplitVoices:
    """The clips and speakers on each side of a split, as a bundle stores them.

    Attributes:
        unheard: of the test; without speakers if the split leaks.
    """

    trained: Voices
    validated: Voices
    unheard: Voices


def split_voices(split: Split) -> SplitVoices:
    """The clips and speakers of the split that a bundle is trained with."""
    unheard = Voices(clips=len(split.test), speakers=[]) if split.leaks else _voices(split.test)
    return SplitVoices(_voices(split.train), _voices(split.validation), unheard)


class Reseed(keras.callbacks.Callback):
    """Before each epoch, seeds every random layer from the seed of the run and the epoch.

    A saved model has no state of its random generators, so a resumed run would draw other numbers.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        states = [state for state in self.model.variables if state.name == "seed_generator_state"]
        for number, state in enumerate(states):
            state.assign([self.seed + number, epoch << 16])


def serving_model(recipe: Recipe, frontend: keras.Model, trained: keras.Model) -> keras.Model:
    """The model from waveform to logits, in float32 and without the layers for training."""
    network = recipe.network(tuple(frontend.output_shape[1:]), trained.output_shape[-1])
    network.set_weights(trained.get_weights())
    return keras.Model(frontend.input, network(frontend.output), name=recipe.name.replace("-", "_"))


def fit_temperature(recipe: Recipe, model: keras.Model, split: Split, clips: Waveforms) -> float:
    """The temperature with the smallest cross-entropy on the validation clips (Guo et al. 2017).

    The answer to a clip is the mean over its windows, as for a recording in the app. This mean is
    less confident than the answer to one window.
    """
    table = split.validation
    cut = [hopped(clips[index], recipe.window, recipe.hop) for index in table.index]
    logits = features_of(model, np.concatenate(cut))
    counts = np.array([len(windows) for windows in cut])
    first = np.cumsum(counts) - counts
    truth = one_hot(table, split.labels).argmax(axis=1)

    def loss(log_temperature: float) -> float:
        scaled = softmax(logits / math.exp(log_temperature), axis=1)
        mean = np.add.reduceat(scaled, first) / counts[:, None]
        return float(-np.log(np.maximum(mean[np.arange(len(truth)), truth], 1e-12)).mean())

    return math.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x)


def versions(*more: str) -> dict[str, str]:
    """The Keras backend and the versions of the packages that affect a run."""
    used = {"backend": keras.backend.backend()}
    for name in ("keras", "numpy", "librosa", "scipy", "soxr", used["backend"], *more):
        try:
            used[name] = version(name)
        except PackageNotFoundError:  # as for tensorflow, whose package is tensorflow-cpu
            continue
    return used


def _training_model(recipe: Recipe, material: Material, start: Start, run: Run) -> keras.Model:
    frontend = material.frontend
    keras.utils.set_random_seed(run.seed)
    shape = tuple(frontend.output_shape[1:])
    inputs = keras.Input(shape) if recipe.fixed else frontend.input
    x = inputs if recipe.fixed else frontend.output
    if recipe.masks:
        x = recipe.masks(run.seed)(x)
    network = fused(recipe.network(shape, len(material.labels)))
    for layer in network.layers:  # after `fused`, which makes new weights
        if layer.name in start:
            layer.set_weights(start[layer.name])
    model = keras.Model(inputs, network(x))
    model.compile(
        optimizer=recipe.schedule.optimizer(run.epochs, material.steps),
        loss=corpus_crossentropy,
        metrics=["accuracy"],
    )
    return model


def _info(
    recipe: Recipe, split: Split, run: Run, model: keras.Model, temperature: float
) -> BundleInfo:
    sides = split_voices(split)
    return BundleInfo(
        schema_version=bundle.SCHEMA,
        name=recipe.name,
        recipe=recipe.name,
        description=recipe.description,
        emotions=list(emotions_named(split.labels)),
        sample_rate=recipe.sample_rate,
        window_seconds=recipe.window_seconds,
        temperature=temperature,
        named_from=NAMED_FROM,
        parameters=model.count_params(),
        protocol=split.protocol,
        fold=split.fold,
        seed=run.seed,
        epochs=run.epochs,
        trained_on=sides.trained,
        validated_on=sides.validated,
        unheard=sides.unheard,
        versions=versions(),
        model_sha256="",
    )


def _voices(table: pd.DataFrame) -> Voices:
    return Voices(clips=len(table), speakers=sorted(table["speaker"].unique()))
