"""`python -m tests.benchmark.gate --data DIR`: what the speech gate lets through.

Every 3-second window of every recorded noise, and of clips of every corpus, clean, in such noise at
10 dB, softer and louder; and of crying babies. Prints a table and writes it as JSON.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from app.audio import HOP_SECONDS, SAMPLE_RATE, WINDOW_SECONDS
from app.files import write_text
from app.labelling import NAMED, NO_SPEECH
from app.recordings import analyze
from app.speech import MINIMUM_SPEECH_SECONDS, speech_track
from model_training.corpora.clips import Clips, decode, noises
from model_training.corpora.table import load_corpora
from model_training.ingredients.waveform_augmentation import gain, looped, with_noise

SPOKEN_SECONDS = 1.0  # of speech in the clean window, from which it should carry an emotion
WINDOW = round(WINDOW_SECONDS * SAMPLE_RATE)


def cries(data: Path) -> list[Path]:
    """Recordings of crying babies, in `more/donateacry` beside the corpora; none without it."""
    return sorted((data.parent / "more" / "donateacry").glob("*.ogg"))


def crying(paths: list[Path]) -> dict[str, float]:
    """The number of windows of crying babies, and the shares with a label and with an emotion."""
    states = pd.concat([analyze(path).windows["state"] for path in tqdm(paths, "crying")])
    return {
        "windows": len(states),
        "carry an emotion": float((states != NO_SPEECH).mean()),
        "are given one": float((states == NAMED).mean()),
    }


def speech(waveform: np.ndarray) -> np.ndarray:
    """Seconds of speech in each window of a waveform, which is at least one window long."""
    duration = max(len(waveform) / SAMPLE_RATE, WINDOW_SECONDS)
    starts = np.arange(0.0, duration - WINDOW_SECONDS + 1e-6, HOP_SECONDS)
    padded = np.pad(waveform, (0, max(0, WINDOW - len(waveform))))
    return speech_track(padded).seconds(starts, starts + WINDOW_SECONDS)


def conditions(clip: np.ndarray, noise: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """One clip as it may reach the gate."""
    yield "clean", clip
    yield "noise at 10 dB", with_noise(clip, noise, 10.0)
    yield "noise at 0 dB", with_noise(clip, noise, 0.0)
    yield "12 dB softer", gain(clip, -12.0)
    yield "12 dB louder", gain(clip, 12.0)


def voices(clips: Clips, chosen: np.ndarray, recorded: list[np.ndarray]) -> dict[str, float]:
    """By condition, the share of windows passed among those that hold enough clean speech.

    And, since the gate itself says which those are, the share of clips in which it finds any.
    """
    rng = np.random.default_rng(1)
    passed: dict[str, list[np.ndarray]] = {}
    found = []
    for index in chosen:
        clip = clips[index]
        noise = looped(recorded[rng.integers(len(recorded))], len(clip), rng)
        spoken = speech(clip) >= SPOKEN_SECONDS
        found.append(speech_track(clip).total >= MINIMUM_SPEECH_SECONDS)
        for name, waveform in conditions(clip, noise):
            passed.setdefault(name, []).append(speech(waveform)[spoken] >= MINIMUM_SPEECH_SECONDS)
    return {name: float(np.concatenate(shares).mean()) for name, shares in passed.items()} | {
        "windows with a second of speech": sum(map(len, passed["clean"])),
        "clips in which speech is found": float(np.mean(found)),
    }


def main(
    data: Annotated[Path, typer.Option(help="The folder that holds the corpora.")],
    clips: Annotated[int, typer.Option(help="Spoken clips of each corpus.")] = 1440,
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path(
        "build/gate.json"
    ),
) -> None:
    """Measure the gate on noise and on voices."""
    recorded = list(noises(data, SAMPLE_RATE).values())
    heard = np.concatenate([speech(noise) for noise in recorded])
    figures: dict[str, dict[str, float]] = {
        "noise": {
            "windows": len(heard),
            "carry an emotion": float((heard >= MINIMUM_SPEECH_SECONDS).mean()),
        }
    }
    if paths := cries(data):
        figures["crying babies"] = crying(paths)
    table = load_corpora(data).table
    decoded = decode(table, SAMPLE_RATE)
    spoken = table[table["kind"] == "speech"]
    for corpus, group in spoken.groupby("corpus"):
        chosen = np.random.default_rng(1).choice(group.index, min(clips, len(group)), replace=False)
        figures[str(corpus)] = voices(decoded, chosen, recorded)

    shown = Table("what", "measure", "share")
    for what, measures in figures.items():
        for measure, value in measures.items():
            shown.add_row(what, measure, f"{value:.4f}" if value <= 1 else f"{value:.0f}")
    Console().print(shown)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
