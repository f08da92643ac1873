"""Fit one recipe to one split: a run that can be stopped at any moment, and then a bundle."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import ops
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from app import bundle
from app.bundle import BundleInfo, Voices
from app.emotions import LABELS
from app.errors import UndertoneError
from model_training.augmentation import (
    UNSEEN_NOISES,
    UNSEEN_ROOMS,
    SpectrogramAugmentation,
    Surroundings,
    augmented_window,
)
from model_training.clips import Clips, impulse_responses, noises
from model_training.protocols import Split
from model_training.recipes import Recipe

CHECKPOINT_FILE = "checkpoint.keras"
HISTORY_FILE = "history.jsonl"
CONFIG_FILE = "config.json"
NOT_ACTED = -1.0  # the target of an emotion that a clip's corpus does not have
NOT_ACTED_WEIGHT = 0.1


class TrainingError(UndertoneError):
    """A run that cannot start, with a sentence that says why."""


@dataclass(frozen=True)
class Run:
    """What makes one run what it is; the same settings in the same folder go on where it was."""

    recipe: str
    protocol: str
    fold: int
    seed: int
    epochs: int
    precision: str


def train(
    recipe: Recipe,
    split: Split,
    clips: Clips,
    around: Surroundings,
    run: Run,
    folder: Path,
    out: Path,
) -> BundleInfo:
    """Train a recipe, or go on with a run that was stopped, and write its bundle.

    Args:
        recipe: what to train.
        split: tables of clips; their index is that of `clips`.
        clips: the waveforms at the recipe's sample rate.
        around: noises and rooms for augmentation.
        run: the settings, kept in the folder.
        folder: of the run: config, history, checkpoint.
        out: of the bundle.

    Raises:
        TrainingError: the folder holds a run with other settings.
    """
    _claim(folder, run)
    steps = recipe.clips_per_epoch // recipe.batch_size
    keras.utils.set_random_seed(run.seed)
    keras.config.set_dtype_policy(run.precision)
    model = _resume(folder) or _training_model(recipe, run, steps)
    done = int(model.optimizer.iterations) // steps

    model.fit(
        _batches(recipe, split.train, clips, around, run.seed, done * steps),
        steps_per_epoch=steps,
        shuffle=False,
        initial_epoch=done,
        epochs=run.epochs,
        validation_data=_validation(recipe, split.validation, clips),
        validation_batch_size=recipe.batch_size,
        callbacks=[
            Reseed(run.seed),
            Checkpoint(folder),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
        ],
        verbose="auto",
    )

    keras.config.set_dtype_policy("float32")
    served = serving_model(recipe, model.layers[-1])
    info = _info(recipe, split, run, served, fit_temperature(recipe, served, split, clips))
    bundle.write(out, served, info)
    return bundle.read_info(out)


def surroundings(data: Path, sample_rate: int) -> Surroundings:
    """The noises and rooms of a data directory, without the kinds kept for evaluation."""
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


class Checkpoint(keras.callbacks.Callback):
    """After each epoch, the whole state of the run, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        partial = self.folder / f"partial-{CHECKPOINT_FILE}"
        self.model.save(partial)
        partial.replace(self.folder / CHECKPOINT_FILE)
        line = {"epoch": epoch + 1, "seconds": round(time.monotonic() - self.began, 1)}
        line |= {key: round(float(value), 5) for key, value in (logs or {}).items()}
        history = self.folder / HISTORY_FILE
        earlier = history.read_text().splitlines()[:epoch] if history.exists() else []
        bundle.write_text(history, "\n".join([*earlier, json.dumps(line)]) + "\n")


class Reseed(keras.callbacks.Callback):
    """Before each epoch, sets every random layer's draws to follow from the seed and the epoch.

    A saved model holds no state of its random generators, so a resumed run would draw others.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        states = [state for state in self.model.variables if state.name == "seed_generator_state"]
        for number, state in enumerate(states):
            state.assign([self.seed + number, epoch << 16])


@keras.saving.register_keras_serializable("undertone")
def corpus_crossentropy(targets: Any, logits: Any) -> Any:
    """Cross-entropy among the emotions a corpus acts: (batch, 8), (batch, 8) -> (batch,).

    An emotion whose target is `NOT_ACTED` counts a tenth in the softmax. At its full weight a
    network would learn to tell the corpora apart (calm is in RAVDESS alone); at none its answer
    to the voices of CREMA-D is arbitrary: nearly half of them were heard as calm or surprised.
    """
    acted = targets > NOT_ACTED
    weighed = ops.where(acted, logits, logits + math.log(NOT_ACTED_WEIGHT))
    log_probabilities = ops.log_softmax(weighed, axis=-1)
    return -ops.sum(ops.where(acted, targets * log_probabilities, 0.0), axis=-1)


def targets_of(table: pd.DataFrame, smoothing: float) -> np.ndarray:
    """(clips, 8) float32: smoothed one-hot rows, `NOT_ACTED` where the corpus has no such label."""
    targets = np.full((len(table), len(LABELS)), NOT_ACTED, np.float32)
    positions = pd.Series(range(len(table)), index=table.index)
    for _, group in table.groupby(["corpus", "kind"]):
        acted = [LABELS.index(emotion) for emotion in sorted(group["emotion"].unique())]
        rows = positions[group.index].to_numpy()
        targets[np.ix_(rows, acted)] = smoothing / len(acted)
        targets[rows, [LABELS.index(emotion) for emotion in group["emotion"]]] += 1 - smoothing
    return targets


def balance(table: pd.DataFrame, corpus_shares: dict[str, float]) -> np.ndarray:
    """(clips,) chances of being drawn: corpora by their shares, emotions in each alike."""
    group = table["corpus"] + " " + table["kind"]
    emotions = table.groupby(group)["emotion"].transform("nunique")
    alike = table.groupby([group, "emotion"])["emotion"].transform("size")
    chances = (group.map(corpus_shares) / emotions / alike).to_numpy(float)
    return chances / chances.sum()


def serving_model(recipe: Recipe, trained: keras.Model) -> keras.Model:
    """Waveform in, logits out, in float32 and without anything that only training needs."""
    waveform = x = keras.Input((recipe.window,), name="waveform")
    for layer in recipe.frontend():
        x = layer(x)
    network = recipe.network(tuple(x.shape[1:]), len(LABELS))
    network.set_weights(trained.get_weights())
    return keras.Model(waveform, network(x), name=recipe.name.replace("-", "_"))


def fit_temperature(recipe: Recipe, model: keras.Model, split: Split, clips: Clips) -> float:
    """The temperature that makes the validation speakers likeliest (Guo et al. 2017)."""
    windows, targets = _validation(recipe, split.validation, clips)
    logits = np.concatenate(
        [
            ops.convert_to_numpy(model(windows[first : first + 64], training=False))
            for first in range(0, len(windows), 64)
        ]
    )
    truth = targets.argmax(axis=1)

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / math.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(truth)), truth].mean())

    return math.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x)


def _claim(folder: Path, run: Run) -> None:
    config = folder / CONFIG_FILE
    if config.exists() and json.loads(config.read_text()) != asdict(run):
        raise TrainingError(
            f"{folder} holds a run with other settings ({config}); "
            "choose another --run folder or remove it."
        )
    folder.mkdir(parents=True, exist_ok=True)
    bundle.write_text(config, json.dumps(asdict(run), indent=2) + "\n")


def _resume(folder: Path) -> keras.Model | None:
    path = folder / CHECKPOINT_FILE
    return keras.saving.load_model(path) if path.exists() else None


def _training_model(recipe: Recipe, run: Run, steps: int) -> keras.Model:
    waveform = x = keras.Input((recipe.window,), name="waveform")
    for layer in recipe.frontend():
        x = layer(x)
    shape = tuple(x.shape[1:])
    x = SpectrogramAugmentation(recipe.colour, *recipe.spectrogram_masks, seed=run.seed)(x)
    model = keras.Model(waveform, recipe.network(shape, len(LABELS))(x))
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 20,
        warmup_target=recipe.learning_rate,
        warmup_steps=steps,
        decay_steps=max(1, (run.epochs - 1) * steps),
        alpha=0.01,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(
            rate, weight_decay=recipe.weight_decay, use_ema=True, ema_momentum=recipe.ema
        ),
        loss=corpus_crossentropy,
        metrics=["accuracy"],
    )
    return model


def _batches(
    recipe: Recipe,
    table: pd.DataFrame,
    clips: Clips,
    around: Surroundings,
    seed: int,
    first_step: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless batches; each is a function of the seed and its step alone, so a run can resume."""
    indices = table.index.to_numpy()
    targets = targets_of(table, recipe.label_smoothing)
    drawn = balance(table, recipe.corpus_shares)
    step = first_step
    while True:
        rng = np.random.default_rng((seed, step))
        rows = rng.choice(len(indices), recipe.batch_size, p=drawn)
        windows = [
            augmented_window(
                clips[indices[row]],
                recipe.window,
                recipe.sample_rate,
                around,
                recipe.augmentation,
                rng,
            )
            for row in rows
        ]
        yield np.stack(windows), targets[rows]
        step += 1


def _validation(recipe: Recipe, table: pd.DataFrame, clips: Clips) -> tuple[np.ndarray, np.ndarray]:
    windows = np.stack([centred(clips[index], recipe.window) for index in table.index])
    return windows, targets_of(table, smoothing=0.0)


def centred(waveform: np.ndarray, window: int) -> np.ndarray:
    """The middle of a clip, with zeros around it where it is shorter than a window."""
    spare = window - len(waveform)
    if spare < 0:
        return waveform[-spare // 2 :][:window]
    return np.pad(waveform, (spare // 2, spare - spare // 2))


def _info(
    recipe: Recipe, split: Split, run: Run, model: keras.Model, temperature: float
) -> BundleInfo:
    return BundleInfo(
        schema_version=bundle.SCHEMA,
        name=recipe.name,
        recipe=recipe.name,
        description=recipe.description,
        labels=list(LABELS),
        sample_rate=recipe.sample_rate,
        window_seconds=recipe.window_seconds,
        temperature=temperature,
        parameters=model.count_params(),
        protocol=split.protocol,
        fold=split.fold,
        seed=run.seed,
        epochs=run.epochs,
        trained_on=_voices(split.train),
        validated_on=_voices(split.validation),
        unheard=_voices(split.test),
        versions={name: version(name) for name in ("keras", "numpy", "librosa")}
        | {"backend": keras.backend.backend()},
        model_sha256="",
    )


def _voices(table: pd.DataFrame) -> Voices:
    return Voices(clips=len(table), speakers=sorted(table["speaker"].unique()))
