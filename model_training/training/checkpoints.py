"""The state of a run, saved after each epoch, so that the run can be stopped at any moment."""

import json
import time
from pathlib import Path
from typing import Any

import keras

from app.files import write_text, written_whole
from model_training.ingredients.schedules import line, read_history

CHECKPOINT_FILE = "checkpoint.keras"
HISTORY_FILE = "history.jsonl"
LOG_FILE = "log.txt"


class Checkpoint(keras.callbacks.Callback):
    """After each epoch, the whole state of the run, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds = round(time.monotonic() - self.began, 1)
        history = self.folder / HISTORY_FILE
        lines = read_history(history, epoch)
        lines.append({"epoch": epoch + 1, "seconds": seconds} | line(logs))
        # Before the checkpoint: an epoch that has one is never missing from the history.
        write_text(history, "".join(json.dumps(entry) + "\n" for entry in lines))
        with written_whole(self.folder / CHECKPOINT_FILE) as partial:
            self.model.save(partial)
        log(self.folder, json.dumps(lines[-1]))


def resumed(folder: Path) -> keras.Model | None:
    """The model after the last complete epoch; None if there is no checkpoint."""
    path = folder / CHECKPOINT_FILE
    return keras.saving.load_model(path) if path.exists() else None


def epochs_done(model: keras.Model, steps: int) -> int:
    """The number of complete epochs, from the steps of the optimizer."""
    return int(model.optimizer.iterations) // steps


def log(folder: Path, text: str) -> None:
    """Append a line to the log of the run."""
    with (folder / LOG_FILE).open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
