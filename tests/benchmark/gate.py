"""`python -m tests.benchmark.gate --data DIR`: what the speech gate lets through.

Every 3-second window of every recorded noise, and of clips of every corpus, clean, in such noise at
10 dB, softer and louder; and of crying babies. Counts the spoken clips without any speech, at full
scale and driven beyond it. Prints a table and writes it as JSON.
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

from app.audio import HOP_SECONDS, SAMPLE_RATE, WINDOW_SECONDS, load
from app.classifier import Classifier
from app.files import write_text
from app.labelling import NAMED, NO_SPEECH
from app.live import LiveSession
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
    """Windows of crying babies: their number, and the shares with probabilities and with a name.

    And the share of the readings with a name where each recording is a live session.
    """
    classifier = Classifier()
    states = pd.concat(
        [analyze(path, classifier).windows["state"] for path in tqdm(paths, "crying")]
    )
    live = [
        reading.state == NAMED
        for path in tqdm(paths, "crying, live")
        for reading in LiveSession(classifier).feed(load(path, SAMPLE_RATE), SAMPLE_RATE)
    ]
    return {
        "windows": len(states),
        "carry an emotion": float((states != NO_SPEECH).mean()),
        "are given one": float((states == NAMED).mean()),
        "readings in live sessions": len(live),
        "are given one live": float(np.mean(live)),
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


def missed(clips: Clips, chosen: pd.Index) -> dict[str, float]:
    """How many clips with sound have too little speech for an emotion, by decibels over full scale.

    What is over full scale is clipped.
    """
    sounding = [clip for index in chosen if np.abs(clip := clips[index]).max() > 0]
    counts = {"clips": float(len(sounding))}
    for name, decibels in {"at full scale": 0.0, "12 dB over full scale": 12.0}.items():
        loud = (gain(clip / np.abs(clip).max(), decibels) for clip in sounding)
        spoken = [speech_track(clip).total for clip in tqdm(loud, name, len(sounding))]
        counts[name] = float(np.sum(np.array(spoken) < MINIMUM_SPEECH_SECONDS))
    return counts


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
        figures[f"{corpus}, clips missed"] = missed(decoded, group.index)

    shown = Table("what", "measure", "share or number")
    for what, measures in figures.items():
        for measure, value in measures.items():
            shown.add_row(
                what, measure, f"{value:.0f}" if float(value).is_integer() else f"{value:.4f}"
            )
    Console().print(shown)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
