"""How much of a bundle's figures stay when its test clips are heard under worse conditions."""

import io
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pandas as pd
from pydantic import BaseModel
from scipy.signal import butter, sosfiltfilt

from app import audio
from app.classifier import Classifier
from app.files import write_text
from app.speech import FRAME, SpeechDetector
from model_training.corpora.clips import impulse_responses, noises
from model_training.corpora.folders import Data
from model_training.evaluation.metrics import answers, figures
from model_training.ingredients.waveform_augmentation import (
    UNSEEN_NOISES,
    UNSEEN_ROOMS,
    gain,
    looped,
    placed,
    room,
    with_noise,
)
from model_training.protocols import Split
from model_training.training.batches import Waveforms

ROBUSTNESS_FILE = "robustness.json"
EXCERPT_SECONDS = 1.5
LARGEST = 400  # clips of a corpus: more would be heard ten times for little
TELEPHONE_BAND = (300.0, 3400.0)  # Hz
MP3_BITS = 32_000  # a second

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Condition(BaseModel):
    """The clips of one corpus under one condition.

    `same` is the share of clips whose answer is that of the clean clip.
    """

    condition: str
    corpus: str
    clips: int
    uar: float
    fall: float
    same: float
    abstained: int


class Robustness(BaseModel):
    """Every condition, by corpus, the clean one first."""

    model_sha256: str
    protocol: str
    fold: int
    unseen_noises: list[str]
    unseen_rooms: list[str]
    conditions: list[Condition]


def measure(classifier: Classifier, split: Split, clips: Waveforms, data: Data) -> Robustness:
    """Hear the test clips of a split as they are and under every condition.

    Args:
        classifier: the bundle.
        split: that it was trained with; its test is measured, or `LARGEST` clips of a corpus
            drawn from it.
        clips: the waveforms at the bundle's sample rate.
        data: where the noises and rooms are; of kinds that training never uses.
    """
    test = drawn(split.test)
    heard = {"clean": answers(classifier, test, clips, whole=True)}
    for name, change in changes(data, classifier.sample_rate, classifier.window).items():
        heard[name] = answers(classifier, test, Changed(clips, change), whole=True)
    rows = []
    for corpus, table in test.groupby("corpus", sort=False):
        own = (test["corpus"] == corpus).to_numpy()
        clean = figures(table, heard["clean"][own], table["emotion"].unique())
        for name, probabilities in heard.items():
            found = figures(table, probabilities[own], table["emotion"].unique())
            rows.append(
                Condition(
                    condition=name,
                    corpus=str(corpus),
                    clips=len(table),
                    uar=found.uar,
                    fall=clean.uar - found.uar,
                    same=float(np.mean(_best(heard["clean"][own]) == _best(probabilities[own]))),
                    abstained=found.abstained,
                )
            )
    return Robustness(
        model_sha256=classifier.info.model_sha256,
        protocol=split.protocol,
        fold=split.fold,
        unseen_noises=list(UNSEEN_NOISES),
        unseen_rooms=list(UNSEEN_ROOMS),
        conditions=rows,
    )


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """The same clips, or of a corpus that has more than `LARGEST` as many, always the same ones."""
    rows = table.sample(frac=1.0, random_state=0).groupby("corpus").head(LARGEST)
    return table.loc[table.index.isin(rows.index)]


class Changed:
    """Clips under a condition; the same clip always in the same way."""

    def __init__(self, clips: Waveforms, change: Change) -> None:
        self._clips = clips
        self._change = change

    def __getitem__(self, position: int) -> np.ndarray:
        rng = np.random.default_rng(zlib.crc32(str(position).encode()))
        changed = self._change(self._clips[position], rng)
        return np.clip(changed, -1.0, 1.0).astype(np.float32)


def changes(data: Data, sample_rate: int, window: int) -> dict[str, Change]:
    """What is done to the clips, by name; without noises or rooms there is none with them."""
    noise = [
        found for name, found in noises(data, sample_rate).items() if name.startswith(UNSEEN_NOISES)
    ]
    rooms = [
        found
        for name, found in impulse_responses(data, sample_rate).items()
        if name.startswith(UNSEEN_ROOMS)
    ]

    def noisy(clip: np.ndarray, rng: np.random.Generator, snr: float) -> np.ndarray:
        return with_noise(clip, looped(noise[rng.integers(len(noise))], len(clip), rng), snr)

    def in_a_room(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return noisy(room(clip, rooms[rng.integers(len(rooms))]), rng, 10.0)

    excerpt = round(EXCERPT_SECONDS * sample_rate)
    band = butter(6, TELEPHONE_BAND, "bandpass", fs=sample_rate, output="sos")
    found: dict[str, Change] = {}
    if noise:
        found["noise at 20 dB"] = lambda clip, rng: noisy(clip, rng, 20.0)
    if noise and rooms:
        found["a room, noise at 10 dB"] = in_a_room
    return found | {
        "12 dB louder": lambda clip, rng: gain(clip, 12.0),
        "12 dB softer": lambda clip, rng: gain(clip, -12.0),
        "anywhere in three seconds": lambda clip, rng: placed(clip, window, rng),
        "the first 1.5 s": lambda clip, rng: clip[:excerpt],
        "1.5 s from where speech begins": lambda clip, rng: spoken(clip, sample_rate)[:excerpt],
        "telephone band": lambda clip, rng: sosfiltfilt(band, clip),
        "MP3 of 32 kbit/s": lambda clip, rng: as_mp3(clip, sample_rate),
    }


def spoken(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """A waveform from where speech begins; all of it where there is none."""
    frames = SpeechDetector().push(audio.resample(waveform, sample_rate, audio.SAMPLE_RATE))
    first = int(frames.argmax())
    return waveform[round(first * FRAME / audio.SAMPLE_RATE * sample_rate) :]


def as_mp3(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """What comes back of a waveform that was kept as MP3 of `MP3_BITS`."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as output:
        stream = output.add_stream("mp3", rate=sample_rate, layout="mono", bit_rate=MP3_BITS)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(waveform[None]), format="fltp", layout="mono"
        )
        frame.sample_rate = sample_rate
        context = stream.codec_context
        parts = av.AudioResampler(context.format, "mono", sample_rate, context.frame_size)
        for part in [*parts.resample(frame), *parts.resample(None), None]:
            output.mux(stream.encode(part))
    file.seek(0)
    return audio.load(file, sample_rate)


def together(models: Sequence[Robustness]) -> list[Condition]:
    """What the models of several folds bear: every condition by corpus, over the clips of all."""
    same: dict[tuple[str, str], list[Condition]] = defaultdict(list)
    for model in models:
        for one in model.conditions:
            same[one.corpus, one.condition].append(one)

    def mean(found: list[Condition], what: Literal["uar", "fall", "same"]) -> float:
        return float(np.mean([getattr(one, what) for one in found]))

    return [
        Condition(
            condition=condition,
            corpus=corpus,
            clips=sum(one.clips for one in found),
            uar=mean(found, "uar"),
            fall=mean(found, "fall"),
            same=mean(found, "same"),
            abstained=sum(one.abstained for one in found),
        )
        for (corpus, condition), found in same.items()
    ]


def write(found: Robustness, path: Path) -> Path:
    """Write it whole or not at all and return the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, found.model_dump_json(indent=1) + "\n")
    return path


def read(folder: Path) -> Robustness | None:
    """What was measured of a bundle; None where nothing was."""
    path = folder / ROBUSTNESS_FILE
    return Robustness.model_validate(json.loads(path.read_text())) if path.exists() else None


def _best(probabilities: pd.DataFrame) -> np.ndarray:
    """(clips,) index of the answer; one past the labels where there is none."""
    scores = probabilities.to_numpy()
    return np.where(np.isnan(scores[:, 0]), scores.shape[1], np.nan_to_num(scores).argmax(axis=1))
