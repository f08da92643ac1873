"""Augmentation of waveforms, computed in each training step; for training clips only.

`spectrogram_augmentation.py` augments spectrograms.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import librosa.effects as effects
import numpy as np
import soxr
from librosa.util import fix_length
from scipy.signal import butter, oaconvolve, sosfilt

# Kept out of training, so that robustness is measured with noises and rooms of unseen kinds.
UNSEEN_NOISES = ("ESC-10/rain", "ESC-10/dog_bark", "speech_commands_background/running_tap")
UNSEEN_ROOMS = ("cinema",)
BAND_ORDER = 5
SOUND = 0.1  # relative to the peak; quieter samples may be a pause


@dataclass(frozen=True)
class Surroundings:
    """Recorded noises and room responses for training clips, at the model's sample rate."""

    noises: list[np.ndarray]
    rooms: list[np.ndarray]


@dataclass(frozen=True)
class Chances:
    """The probability of each augmentation, and the range of its strength."""

    speed: float = 0.5
    speed_range: tuple[float, float] = (0.88, 1.14)
    excerpt: float = 0.25
    shortest_excerpt: float = 1.0  # seconds
    room: float = 0.2
    noise: float = 0.4
    snr_range: tuple[float, float] = (5.0, 35.0)  # dB
    hiss: float = 0.5
    hiss_range: tuple[float, float] = (25.0, 60.0)  # dB
    gain_range: tuple[float, float] = (-18.0, 12.0)  # dB
    band: float = 0.0
    lowest_range: tuple[float, float] = (60.0, 400.0)  # Hz
    highest_range: tuple[float, float] = (2800.0, 7000.0)  # Hz
    stretch: float = 0.0
    stretch_range: tuple[float, float] = (0.85, 1.15)
    pitch: float = 0.0
    pitch_range: tuple[float, float] = (-2.0, 2.0)  # semitones
    shifted: bool = True  # at a random place in the window, not in its middle

    def with_(self, **changes: Any) -> "Chances":
        """A copy with these changes."""
        return replace(self, **changes)


# Without augmentation, at a random place or in the middle of the window; recipes build on these.
PLACED = Chances(speed=0, excerpt=0, room=0, noise=0, hiss=0, gain_range=(0.0, 0.0))
CENTRED = PLACED.with_(shifted=False)


def augmented_window(
    waveform: np.ndarray,
    window: int,
    sample_rate: int,
    surroundings: Surroundings,
    chances: Chances,
    rng: np.random.Generator,
) -> np.ndarray:
    """A training window (window,) float32 from a clip (samples,), augmented with `chances`."""
    if rng.random() < chances.speed:
        waveform = speed(waveform, rng.uniform(*chances.speed_range))
    # A chance of 0 draws nothing, so the random numbers of older recipes stay the same.
    if chances.stretch and rng.random() < chances.stretch:
        waveform = time_stretch(waveform, rng.uniform(*chances.stretch_range))
    if chances.pitch and rng.random() < chances.pitch:
        waveform = pitch_shift(waveform, rng.uniform(*chances.pitch_range))
    if rng.random() < chances.excerpt:
        shortest = round(chances.shortest_excerpt * sample_rate)
        waveform = excerpt(waveform, shortest, rng)
    if surroundings.rooms and rng.random() < chances.room:
        waveform = room(waveform, surroundings.rooms[rng.integers(len(surroundings.rooms))])
    waveform = placed(waveform, window, rng) if chances.shifted else centred(waveform, window)
    if surroundings.noises and rng.random() < chances.noise:
        noise = surroundings.noises[rng.integers(len(surroundings.noises))]
        waveform = with_noise(waveform, looped(noise, window, rng), rng.uniform(*chances.snr_range))
    if chances.band and rng.random() < chances.band:
        band = np.exp(
            [
                rng.uniform(*np.log(chances.lowest_range)),
                rng.uniform(*np.log(chances.highest_range)),
            ]
        )
        waveform = band_limited(waveform, band, sample_rate)
    if rng.random() < chances.hiss:
        hiss = rng.standard_normal(window, np.float32)
        waveform = with_noise(waveform, hiss, rng.uniform(*chances.hiss_range))
    return gain(waveform, rng.uniform(*chances.gain_range))


def gain(waveform: np.ndarray, decibels: float) -> np.ndarray:
    """Louder or softer; samples beyond full scale are clipped, as in a microphone."""
    return np.clip(waveform * np.float32(10 ** (decibels / 20)), -1.0, 1.0)


def speed(waveform: np.ndarray, factor: float) -> np.ndarray:
    """Faster and higher (factor above 1) or slower and lower, like a tape."""
    return soxr.resample(waveform, factor, 1.0, quality="LQ")


def time_stretch(waveform: np.ndarray, factor: float) -> np.ndarray:
    """Faster (factor above 1) or slower at the same pitch, by librosa's phase vocoder."""
    return effects.time_stretch(waveform, rate=factor, n_fft=1024).astype(np.float32)


def pitch_shift(waveform: np.ndarray, semitones: float) -> np.ndarray:
    """Higher or lower at the same length: stretched, then played faster or slower."""
    factor = 2.0 ** (semitones / 12)
    shifted = speed(time_stretch(waveform, 1 / factor), factor)
    return fix_length(shifted, size=len(waveform))


def band_limited(
    waveform: np.ndarray, band: tuple[float, float] | np.ndarray, sample_rate: int
) -> np.ndarray:
    """Band-pass from `band[0]` to `band[1]` Hz, like a telephone or a small microphone."""
    sections = _bandpass(round(band[0], -1), round(band[1], -2), sample_rate)
    return sosfilt(sections, waveform).astype(np.float32)


@lru_cache(maxsize=4096)  # a design takes three times as long as the filter itself
def _bandpass(lowest: float, highest: float, sample_rate: int) -> np.ndarray:
    return butter(BAND_ORDER, (lowest, highest), "bandpass", fs=sample_rate, output="sos")


def excerpt(waveform: np.ndarray, shortest: int, rng: np.random.Generator) -> np.ndarray:
    """A random part with sound in it, of at least `shortest` samples if the clip has as many."""
    if len(waveform) <= shortest:
        return waveform
    length = int(rng.integers(shortest, len(waveform)))
    level = np.abs(waveform)
    sounding = np.flatnonzero(level >= SOUND * level.max())
    inside = sounding[rng.integers(len(sounding))]
    start = int(rng.integers(max(0, inside - length + 1), min(inside, len(waveform) - length) + 1))
    return waveform[start : start + length]


def placed(waveform: np.ndarray, window: int, rng: np.random.Generator) -> np.ndarray:
    """(window,) of (samples,): shifted in time with zeros around it, or a random crop."""
    start = int(rng.integers(abs(window - len(waveform)) + 1))
    if len(waveform) > window:
        return waveform[start : start + window]
    result = np.zeros(window, np.float32)
    result[start : start + len(waveform)] = waveform
    return result


def centred(waveform: np.ndarray, window: int) -> np.ndarray:
    """The middle of a clip, padded with zeros on both sides if it is shorter than a window."""
    spare = window - len(waveform)
    if spare < 0:
        return waveform[-spare // 2 :][:window]
    return np.pad(waveform, (spare // 2, spare - spare // 2))


def looped(noise: np.ndarray, window: int, rng: np.random.Generator) -> np.ndarray:
    """`window` samples of a noise from a random place on, repeated if the noise is shorter."""
    start = int(rng.integers(len(noise)))
    return np.take(noise, np.arange(start, start + window), mode="wrap")


def with_noise(waveform: np.ndarray, noise: np.ndarray, snr: float) -> np.ndarray:
    """Add noise at a signal-to-noise ratio in dB, measured over the samples that are not zero."""
    signal_power, noise_power = active_power(waveform), active_power(noise)
    if signal_power == 0 or noise_power == 0:
        return waveform
    scale = np.sqrt(signal_power / noise_power / 10 ** (snr / 10))
    return waveform + noise * np.float32(scale)


def active_power(waveform: np.ndarray) -> float:
    """Mean square of the samples that are not digital zeros, so that padding does not count."""
    sounding = waveform[waveform != 0]
    return float(np.mean(sounding**2)) if sounding.size else 0.0


def room(waveform: np.ndarray, impulse_response: np.ndarray) -> np.ndarray:
    """Convolve with a room response; the level stays, and the direct sound is not delayed."""
    direct = int(np.abs(impulse_response).argmax())
    wet = oaconvolve(waveform, impulse_response[direct:])[: len(waveform)].astype(np.float32)
    return wet * np.float32(np.sqrt(active_power(waveform) / max(active_power(wet), 1e-12)))
