"""An hour of speech, ours beside the plain way, and the memory that two hours take."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from app import audio
from app.audio import HOP_SECONDS
from app.classifier import Classifier
from app.mono import to_mono
from app.recordings import analyze
from app.saved_model import read
from tests.benchmark.window import plain_way
from tests.conftest import EXAMPLES
from tests.serving import resident_megabytes

PLAIN_SECONDS = 30.0  # of audio that the plain way is timed on: it is slow


def speech(seconds: float, sample_rate: int) -> np.ndarray:
    """The example clips in turn, (samples,) int16."""
    clips = [audio.load(path, sample_rate) for path in sorted(EXAMPLES.glob("*.ogg"))]
    joined = np.rint(np.concatenate(clips) * 32_767).astype(np.int16)
    return np.resize(joined, round(seconds * sample_rate))


def ours(classifier: Classifier, samples: np.ndarray) -> float:
    """Seconds for the whole recording with its picture, as the page does it."""
    began = time.perf_counter()
    analyze((samples, classifier.sample_rate), classifier, picture=True)
    return time.perf_counter() - began


def plain(classifier: Classifier, samples: np.ndarray) -> float:
    """Seconds for librosa's mel-spectrogram and `model.predict`, a window at a time."""
    model, _ = read(classifier.folder)
    waveform = to_mono(samples)
    starts = range(
        0, len(waveform) - classifier.window + 1, round(HOP_SECONDS * classifier.sample_rate)
    )
    hear_window = plain_way(model)
    hear_window(waveform[: classifier.window])  # compiles
    began = time.perf_counter()
    for start in starts:
        hear_window(waveform[start : start + classifier.window])
    return time.perf_counter() - began


def growth(classifier: Classifier, samples: np.ndarray) -> float:
    """Megabytes that the process grows by at most while it hears the samples."""
    process = os.getpid()
    before = largest = resident_megabytes(process)
    over = threading.Event()

    def watch() -> None:
        nonlocal largest
        while not over.wait(0.2):
            largest = max(largest, resident_megabytes(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    ours(classifier, samples)
    over.set()
    watcher.join()
    return largest - before


def measure(classifier: Classifier, minutes: float) -> dict[str, Any]:
    """A row a way, and the growth in memory while twice as much is heard."""
    ours(classifier, speech(30, classifier.sample_rate))  # compiles
    ways: dict[str, tuple[Callable[[Classifier, np.ndarray], float], float]] = {
        "ours": (ours, 60 * minutes),
        "librosa + model.predict": (plain, PLAIN_SECONDS),
    }
    rows = []
    for name, (way, heard) in ways.items():
        seconds = way(classifier, speech(heard, classifier.sample_rate))
        rows.append(
            {
                "an hour of speech": name,
                "seconds": round(3600 * seconds / heard, 1),
                "times real time": round(heard / seconds),
            }
        )
    twice = speech(2 * 60 * minutes, classifier.sample_rate)
    return {"ways": rows, "minutes": 2 * minutes, "growth_mb": round(growth(classifier, twice))}
