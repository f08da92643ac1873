"""Schedules: optimizer, learning rate and end of a run. A resumed run keeps its schedule."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras

from app.files import written_whole

BEST_FILE = "best.weights.h5"


class Schedule(Protocol):
    """The interface between the loop and a schedule."""

    @property
    def epochs(self) -> int:
        """Default of the largest number of epochs."""

    def optimizer(self, epochs: int, steps: int) -> keras.optimizers.Optimizer:
        """The optimizer for a run of `epochs` with `steps` each."""

    def callbacks(
        self, folder: Path, history: list[dict[str, float]], checkpoint: keras.callbacks.Callback
    ) -> list[Any]:
        """The callbacks for a run with this history, in order, `checkpoint` included."""

    def ended(self, history: list[dict[str, float]]) -> bool:
        """Whether a run with this history ends before its last epoch."""


@dataclass(frozen=True)
class Cosine:
    """The rate rises in the first epoch and then falls along a cosine.

    Attributes:
        ema: momentum of the moving average of the weights; the bundle gets the average.
        rule: the optimizer.
    """

    epochs: int
    learning_rate: float
    weight_decay: float
    ema: float
    rule: Callable[..., keras.optimizers.Optimizer] = keras.optimizers.AdamW

    def optimizer(self, epochs: int, steps: int) -> keras.optimizers.Optimizer:
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=self.learning_rate / 20,
            warmup_target=self.learning_rate,
            warmup_steps=steps,
            decay_steps=max(1, (epochs - 1) * steps),
            alpha=0.01,
        )
        return self.rule(rate, weight_decay=self.weight_decay, use_ema=True, ema_momentum=self.ema)

    def callbacks(
        self, folder: Path, history: list[dict[str, float]], checkpoint: keras.callbacks.Callback
    ) -> list[Any]:
        # The checkpoint is first: a resumed run needs the weights, not their average.
        return [checkpoint, keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]

    def ended(self, history: list[dict[str, float]]) -> bool:
        return False


@dataclass(frozen=True)
class Plateau:
    """Adam; a plateau of the validation accuracy halves the rate and later ends the run.

    The bundle gets the weights of the best epoch. Rate and patience are computed from the history,
    so a resumed run has the same.

    Attributes:
        patience: epochs without improvement until the rate is halved.
        stop_after: epochs without improvement until the run ends; None for never.
    """

    epochs: int
    learning_rate: float = 1e-3
    patience: int = 2
    stop_after: int | None = 5

    def optimizer(self, epochs: int, steps: int) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(self.learning_rate)

    def callbacks(
        self, folder: Path, history: list[dict[str, float]], checkpoint: keras.callbacks.Callback
    ) -> list[Any]:
        # The checkpoint is last: when it exists, the best weights do too.
        return [FollowAccuracy(self, folder, history), checkpoint]

    def ended(self, history: list[dict[str, float]]) -> bool:
        return self.stop_after is not None and _standing(history) >= self.stop_after

    def rate(self, history: list[dict[str, float]]) -> float:
        """The learning rate of the epoch after this history."""
        halvings = 0
        for epochs in range(1, len(history) + 1):
            standing = _standing(history[:epochs])
            halvings += standing > 0 and standing % self.patience == 0
        return self.learning_rate * 0.5**halvings


class FollowAccuracy(keras.callbacks.Callback):
    """Sets the rate before each epoch, saves the weights of the best epoch, and ends the run."""

    def __init__(self, plateau: Plateau, folder: Path, history: list[dict[str, float]]) -> None:
        super().__init__()
        self.plateau = plateau
        self.folder = folder
        self.history = list(history)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.optimizer.learning_rate = self.plateau.rate(self.history)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:  # for the history
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        self.history.append(line(logs))
        if _standing(self.history) == 0:
            with written_whole(self.folder / BEST_FILE) as partial:
                self.model.save_weights(partial)
        self.model.stop_training = self.plateau.ended(self.history)


def line(logs: dict[str, Any] | None) -> dict[str, float]:
    """The figures of an epoch, as the history stores them."""
    return {key: round(float(value), 5) for key, value in (logs or {}).items()}


def read_history(path: Path, epochs: int | None = None) -> list[dict[str, float]]:
    """The first `epochs` of a history file, or all; an empty list if there is no file."""
    lines = path.read_text().splitlines()[:epochs] if path.exists() else []
    return [json.loads(text) for text in lines]


def _standing(history: list[dict[str, float]]) -> int:
    """Epochs since the first one with the best validation accuracy."""
    accuracies = [epoch["val_accuracy"] for epoch in history]
    return len(accuracies) - 1 - accuracies.index(max(accuracies)) if accuracies else 0
