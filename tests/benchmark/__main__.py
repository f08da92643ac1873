"""`python -m tests.benchmark`: how long one window takes, ours beside the plain ways, in one run.

Prints a table and writes it as JSON. Timings of one machine mean little by themselves: compare
the rows.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from app.bundle import read, write_text
from app.classifier import DEFAULT_MODEL, MODELS, Classifier

WARM_UP = 10


def milliseconds(call: Callable[[], object], runs: int) -> list[float]:
    """Sorted durations of `runs` calls after a warm-up."""
    for _ in range(WARM_UP):
        call()
    durations = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        durations.append(1000 * (time.perf_counter() - began))
    return sorted(durations)


def window_ways(folder: Path) -> dict[str, Callable[[], object]]:
    """Ways from one window of audio to its probabilities, through the same bundle."""
    classifier = Classifier(folder)
    model, _ = read(folder)
    rng = np.random.default_rng(0)
    window = 0.1 * rng.standard_normal((1, classifier.window)).astype(np.float32)
    return {
        "Classifier.probabilities": lambda: classifier.probabilities(window),
        "model(x)": lambda: keras.ops.convert_to_numpy(model(window, training=False)),
        "model.predict": lambda: model.predict(window, verbose=0),
    }


def main(
    model: Annotated[str, typer.Option(help="A bundle of models/.")] = DEFAULT_MODEL,
    runs: Annotated[int, typer.Option(help="Calls of each way.")] = 200,
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path(
        "build/benchmark.json"
    ),
) -> None:
    """Time one 3-second window."""
    table = Table("one window", "median, ms", "95th percentile, ms", title=f"models/{model}")
    figures = {}
    for name, call in window_ways(MODELS / model).items():
        durations = milliseconds(call, runs)
        figures[name] = {
            "median_ms": round(durations[runs // 2], 2),
            "p95_ms": round(durations[int(0.95 * runs)], 2),
        }
        table.add_row(name, *(f"{value:.1f}" for value in figures[name].values()))
    Console().print(table)
    out.parent.mkdir(parents=True, exist_ok=True)
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "runs": runs}
    write_text(out, json.dumps({"model": model, **machine, "window": figures}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
