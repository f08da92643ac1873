"""Optimizer, learning rate and end of a run; a stopped run goes on where its schedule was."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras

from app.files import written_whole

BEST_FILE = "best.weights.h5"


class Schedule(Protocol):
    """What the loop asks of a schedule."""

    @property
    def epochs(self) -> int:
        """At most, unless a run is told otherwise."""

    def optimizer(self, epochs: int, steps: int) -> keras.optimizers.Optimizer:
        """For that many epochs of so many steps."""

    def callbacks(
        self, folder: Path, history: list[dict[str, float]], checkpoint: keras.callbacks.Callback
    ) -> list[Any]:
        """For a run with that history so far; `checkpoint` among them, in its place."""

    def ended(self, history: list[dict[str, float]]) -> bool:
        """Whether the run has come to its end before the last epoch."""


@dataclass(frozen=True)
class Cosine:
    """The rate rises in the first epoch and then falls along a cosine.

    Attributes:
        ema: momentum of the average over weights, which is what is kept.
        rule: what follows the gradient at that rate.
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
        # The checkpoint first: it holds the weights that training goes on from, not their average.
        return [checkpoint, keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]

    def ended(self, history: list[dict[str, float]]) -> bool:
        return False


@dataclass(frozen=True)
class Plateau:
    """Adam; the rate is halved, and the run ended, when validation accuracy stands still.

    The weights of the best epoch are kept. Everything follows from the history, so that a run
    that was stopped goes on with the same rate and the same patience.

    Attributes:
        patience: epochs without a better one until the rate is halved.
        stop_after: epochs without a better one until the end; None for all epochs.
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
        # The checkpoint last: an epoch that has one never lacks its best weights.
        return [FollowAccuracy(self, folder, history), checkpoint]

    def ended(self, history: list[dict[str, float]]) -> bool:
        return self.stop_after is not None and _standing(history) >= self.stop_after

    def rate(self, history: list[dict[str, float]]) -> float:
        """The learning rate of the epoch that follows this history."""
        halvings = 0
        for epochs in range(1, len(history) + 1):
            standing = _standing(history[:epochs])
            halvings += standing > 0 and standing % self.patience == 0
        return self.learning_rate * 0.5**halvings


class FollowAccuracy(keras.callbacks.Callback):
    """Sets the rate before each epoch, keeps the best epoch's weights, and ends the run."""

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
    """What the history holds of an epoch's figures."""
    return {key: round(float(value), 5) for key, value in (logs or {}).items()}


def read_history(path: Path, epochs: int | None = None) -> list[dict[str, float]]:
    """The epochs of a history file, or the first so many; none where there is no file."""
    lines = path.read_text().splitlines()[:epochs] if path.exists() else []
    return [json.loads(text) for text in lines]


def _standing(history: list[dict[str, float]]) -> int:
    """Epochs since the first one with the best validation accuracy."""
    accuracies = [epoch["val_accuracy"] for epoch in history]
    return len(accuracies) - 1 - accuracies.index(max(accuracies)) if accuracies else 0
