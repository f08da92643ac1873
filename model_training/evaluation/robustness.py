"""Robustness: the figures of a bundle when its test clips are noisy, cut or badly transmitted."""

import io
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal

import av
import numpy as np
import pandas as pd
from pydantic import BaseModel
from scipy.signal import butter, sosfiltfilt

from app import audio
from app.classifier import Classifier
from app.speech import FRAME, SpeechDetector
from model_training.corpora.clips import impulse_responses, noises
from model_training.corpora.folders import Data
from model_training.evaluation.evaluate import answers
from model_training.evaluation.metrics import figures
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

EXCERPT_SECONDS = 1.5
LARGEST = 400  # clips of a corpus; more take ten times as long and change little
TELEPHONE_BAND = (300.0, 3400.0)  # Hz
MP3_BITS = 32_000  # a second

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Condition(BaseModel):
    """The figures of the clips of one corpus under one condition.

    Attributes:
        fall: the UAR of the clean clips minus `uar`.
        same: share of clips with the same answer as the clean clip.
        abstained: clips without an answer.
    """

    condition: str
    corpus: str
    clips: int
    uar: float
    fall: float
    same: float
    abstained: int


class Robustness(BaseModel):
    """The figures of one bundle: every condition by corpus, the clean one first."""

    model_sha256: str
    protocol: str
    fold: int
    unseen_noises: list[str]
    unseen_rooms: list[str]
    conditions: list[Condition]


def measure(classifier: Classifier, split: Split, clips: Waveforms, data: Data) -> Robustness:
    """Evaluate a bundle on the clean test clips and under every condition.

    Args:
        classifier: the bundle.
        split: the split that it was trained with. At most `LARGEST` test clips of each corpus are
            used.
        clips: waveforms at the bundle's sample rate.
        data: folders with the noises and rooms; only the kinds that training never uses are read.
    """
    test = drawn(split.test)
    answered = {"clean": answers(classifier, test, clips, whole=True)}
    for name, change in changes(data, classifier.sample_rate, classifier.window).items():
        answered[name] = answers(classifier, test, Changed(clips, change), whole=True)
    rows = []
    for corpus, table in test.groupby("corpus", sort=False):
        own = (test["corpus"] == corpus).to_numpy()
        acted = split.emotions_of(str(corpus))
        clean = figures(table, answered["clean"][own], acted)
        for name, probabilities in answered.items():
            changed = figures(table, probabilities[own], acted)
            rows.append(
                Condition(
                    condition=name,
                    corpus=str(corpus),
                    clips=len(table),
                    uar=changed.uar,
                    fall=clean.uar - changed.uar,
                    same=float(np.mean(_best(answered["clean"][own]) == _best(probabilities[own]))),
                    abstained=changed.abstained,
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
    """At most `LARGEST` clips of each corpus, the same ones at every call."""
    rows = table.sample(frac=1.0, random_state=0).groupby("corpus").head(LARGEST)
    return table.loc[table.index.isin(rows.index)]


class Changed:
    """Clips under a condition. A clip is changed in the same way at every call."""

    def __init__(self, clips: Waveforms, change: Change) -> None:
        self._clips = clips
        self._change = change

    def __getitem__(self, position: int) -> np.ndarray:
        rng = np.random.default_rng(zlib.crc32(str(position).encode()))
        changed = self._change(self._clips[position], rng)
        return np.clip(changed, -1.0, 1.0).astype(np.float32)


def changes(data: Data, sample_rate: int, window: int) -> dict[str, Change]:
    """The conditions by name. Those with noise or a room need recordings of them in `data`."""
    noise = [
        samples
        for name, samples in noises(data, sample_rate).items()
        if name.startswith(UNSEEN_NOISES)
    ]
    rooms = [
        response
        for name, response in impulse_responses(data, sample_rate).items()
        if name.startswith(UNSEEN_ROOMS)
    ]

    def noisy(clip: np.ndarray, rng: np.random.Generator, snr: float) -> np.ndarray:
        return with_noise(clip, looped(noise[rng.integers(len(noise))], len(clip), rng), snr)

    def in_a_room(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return noisy(room(clip, rooms[rng.integers(len(rooms))]), rng, 10.0)

    excerpt = round(EXCERPT_SECONDS * sample_rate)
    band = butter(6, TELEPHONE_BAND, "bandpass", fs=sample_rate, output="sos")
    recorded: dict[str, Change] = {}
    if noise:
        recorded["noise at 20 dB"] = lambda clip, rng: noisy(clip, rng, 20.0)
    if noise and rooms:
        recorded["a room, noise at 10 dB"] = in_a_room
    return recorded | {
        "12 dB louder": lambda clip, rng: gain(clip, 12.0),
        "12 dB softer": lambda clip, rng: gain(clip, -12.0),
        "anywhere in three seconds": lambda clip, rng: placed(clip, window, rng),
        "the first 1.5 s": lambda clip, rng: clip[:excerpt],
        "1.5 s from where speech begins": lambda clip, rng: spoken(clip, sample_rate)[:excerpt],
        "telephone band": lambda clip, rng: sosfiltfilt(band, clip),
        "MP3 of 32 kbit/s": lambda clip, rng: as_mp3(clip, sample_rate),
    }


def spoken(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """The waveform from the first speech on; all of it if there is no speech."""
    frames = SpeechDetector().push(audio.resample(waveform, sample_rate, audio.SAMPLE_RATE))
    first = int((frames > 0).argmax())
    return waveform[round(first * FRAME / audio.SAMPLE_RATE * sample_rate) :]


def as_mp3(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Encode a waveform as MP3 at `MP3_BITS` and decode it."""
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
    """The mean over the models of several folds, for every condition and corpus."""
    same: dict[tuple[str, str], list[Condition]] = defaultdict(list)
    for model in models:
        for one in model.conditions:
            same[one.corpus, one.condition].append(one)

    def mean(folds: list[Condition], what: Literal["uar", "fall", "same"]) -> float:
        return float(np.mean([getattr(one, what) for one in folds]))

    return [
        Condition(
            condition=condition,
            corpus=corpus,
            clips=sum(one.clips for one in folds),
            uar=mean(folds, "uar"),
            fall=mean(folds, "fall"),
            same=mean(folds, "same"),
            abstained=sum(one.abstained for one in folds),
        )
        for (corpus, condition), folds in same.items()
    ]


def _best(probabilities: pd.DataFrame) -> np.ndarray:
    """(clips,) index of the answer; the number of labels if there is no answer."""
    scores = probabilities.to_numpy()
    return np.where(np.isnan(scores[:, 0]), scores.shape[1], np.nan_to_num(scores).argmax(axis=1))
