"""Augmentation, on the fly and on training clips only.

Waveform augmentations are NumPy functions of a waveform and a random generator; those of
the spectrogram are a Keras layer that acts in training alone and is no part of a bundle.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import keras
import librosa.effects as effects
import numpy as np
import soxr
from keras import ops
from librosa.util import fix_length
from scipy.signal import butter, oaconvolve, sosfilt

# Never mixed into training, so that robustness can be measured on kinds not met before.
UNSEEN_NOISES = ("ESC-10/rain", "ESC-10/dog_bark", "speech_commands_background/running_tap")
UNSEEN_ROOMS = ("cinema",)
BAND_ORDER = 5
SOUND = 0.1  # of the peak; what is below may be a pause


@dataclass(frozen=True)
class Surroundings:
    """What training clips are put into: recorded noises and rooms at the model's sample rate."""

    noises: list[np.ndarray]
    rooms: list[np.ndarray]


@dataclass(frozen=True)
class Chances:
    """How often each augmentation is applied to a clip, and how far it goes."""

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
    shifted: bool = True  # anywhere in the window, not in its middle

    def with_(self, **changes: Any) -> "Chances":
        """The same but for these."""
        return replace(self, **changes)


# Nothing but the place in the window is left to chance, or nothing; recipes say what they add.
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
    """One training window (window,) float32 of a clip (samples,) float32."""
    if rng.random() < chances.speed:
        waveform = speed(waveform, rng.uniform(*chances.speed_range))
    # A chance of none draws nothing, so that a new augmentation leaves older recipes as they were.
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
    """Louder or softer; what passes full scale is clipped, as a microphone would."""
    return np.clip(waveform * np.float32(10 ** (decibels / 20)), -1.0, 1.0)


def speed(waveform: np.ndarray, factor: float) -> np.ndarray:
    """Faster and higher (factor above 1) or slower and lower, as a tape would."""
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
    """What a telephone or a small microphone passes: from `band[0]` to `band[1]` Hz."""
    sections = _bandpass(round(band[0], -1), round(band[1], -2), sample_rate)
    return sosfilt(sections, waveform).astype(np.float32)


@lru_cache(maxsize=4096)  # a design takes three times as long as the filter itself
def _bandpass(lowest: float, highest: float, sample_rate: int) -> np.ndarray:
    return butter(BAND_ORDER, (lowest, highest), "bandpass", fs=sample_rate, output="sos")


def mixed(
    windows: np.ndarray, targets: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mixup (Zhang et al. 2018): every window with another of its batch, targets alike.

    Args:
        windows: (batch, ...).
        targets: (batch, classes), none of them `NOT_ACTED`.
        alpha: of the beta distribution that the shares are drawn from.
        rng: of the draws.
    """
    other = rng.permutation(len(windows))
    share = rng.beta(alpha, alpha, len(windows)).astype(np.float32)

    def mix(values: np.ndarray) -> np.ndarray:
        own = share.reshape(-1, *[1] * (values.ndim - 1))
        return own * values + (1 - own) * values[other]

    return mix(windows), mix(targets)


def excerpt(waveform: np.ndarray, shortest: int, rng: np.random.Generator) -> np.ndarray:
    """A random part of at least `shortest` samples, where there are as many, with sound in it."""
    if len(waveform) <= shortest:
        return waveform
    length = int(rng.integers(shortest, len(waveform)))
    level = np.abs(waveform)
    sounding = np.flatnonzero(level >= SOUND * level.max())
    inside = sounding[rng.integers(len(sounding))]
    start = int(rng.integers(max(0, inside - length + 1), min(inside, len(waveform) - length) + 1))
    return waveform[start : start + length]


def placed(waveform: np.ndarray, window: int, rng: np.random.Generator) -> np.ndarray:
    """A window of exactly `window` samples: time shift with zeros around, or a random crop."""
    spare = window - len(waveform)
    start = int(rng.integers(abs(spare) + 1))
    if spare < 0:
        return waveform[start : start + window]
    result = np.zeros(window, np.float32)
    result[start : start + len(waveform)] = waveform
    return result


def centred(waveform: np.ndarray, window: int) -> np.ndarray:
    """The middle of a clip, with zeros around it where it is shorter than a window."""
    spare = window - len(waveform)
    if spare < 0:
        return waveform[-spare // 2 :][:window]
    return np.pad(waveform, (spare // 2, spare - spare // 2))


def looped(noise: np.ndarray, window: int, rng: np.random.Generator) -> np.ndarray:
    """`window` samples of a noise from a random place, repeated where it is shorter."""
    start = int(rng.integers(len(noise)))
    return np.take(noise, np.arange(start, start + window), mode="wrap")


def with_noise(waveform: np.ndarray, noise: np.ndarray, snr: float) -> np.ndarray:
    """Noise added at a signal-to-noise ratio in dB, both measured over what is not silence."""
    signal_power, noise_power = active_power(waveform), active_power(noise)
    if signal_power == 0 or noise_power == 0:
        return waveform
    scale = np.sqrt(signal_power / noise_power / 10 ** (snr / 10))
    return waveform + noise * np.float32(scale)


def active_power(waveform: np.ndarray) -> float:
    """Mean square over the samples that are not digital zeros, so that padding does not count."""
    heard = waveform[waveform != 0]
    return float(np.mean(heard**2)) if heard.size else 0.0


def room(waveform: np.ndarray, impulse_response: np.ndarray) -> np.ndarray:
    """As heard in a room: convolved, at the same level, without the delay of the direct sound."""
    direct = int(np.abs(impulse_response).argmax())
    wet = oaconvolve(waveform, impulse_response[direct:])[: len(waveform)].astype(np.float32)
    return wet * np.float32(np.sqrt(active_power(waveform) / max(active_power(wet), 1e-12)))


@keras.saving.register_keras_serializable("undertone")
class SpectrogramAugmentation(keras.layers.Layer):
    """A random filter, then two masks over time and two over frequency; in training only.

    The filter is a smooth curve over the bands, as microphones and rooms have one. The masks
    (Park et al. 2019) set features to zero. Both are drawn anew for every window.

    Args:
        colour: standard deviation of the filter's control points, in units of the features.
        frames: widest mask over time.
        bands: widest mask over frequency.
        seed: of the draws.
    """

    CONTROL_POINTS = 6
    MASKS = 2  # over each axis

    def __init__(self, colour: float, frames: int, bands: int, seed: int, **kwargs: Any) -> None:
        kwargs.pop("dtype", None)
        super().__init__(dtype="float32", **kwargs)
        self.colour = colour
        self.frames = frames
        self.bands = bands
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int, ...]) -> None:
        # Linear interpolation from the control points to the bands, as one matrix.
        points = np.linspace(0, self.CONTROL_POINTS - 1, input_shape[2])
        knots = np.arange(self.CONTROL_POINTS)[:, None]
        self.interpolation = np.maximum(0.0, 1.0 - np.abs(points - knots)).astype(np.float32)

    def call(self, features: Any, training: bool = False) -> Any:
        """(batch, frames, bands) or (batch, frames, bands, channels) -> the same."""
        if not training:
            return features
        batch, frames, bands, *channels = ops.shape(features)
        alike = (1,) * len(channels)  # channels are filtered and masked together
        points = keras.random.normal((batch, self.CONTROL_POINTS), seed=self.draws) * self.colour
        curve = ops.matmul(points, self.interpolation)
        features = features + ops.reshape(curve, (-1, 1, bands, *alike))
        for _ in range(self.MASKS):
            over_time = self._mask(batch, frames, self.frames)
            features = features * ops.reshape(over_time, (-1, frames, 1, *alike))
            over_bands = self._mask(batch, bands, self.bands)
            features = features * ops.reshape(over_bands, (-1, 1, bands, *alike))
        return features

    def _mask(self, batch: Any, length: int, widest: int) -> Any:
        draws = keras.random.uniform((2, batch, 1), seed=self.draws)
        width = draws[0] * widest
        start = draws[1] * (length - width)
        position = ops.arange(length, dtype="float32")[None, :]
        return ops.cast((position < start) | (position >= start + width), "float32")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "colour": self.colour,
            "frames": self.frames,
            "bands": self.bands,
            "seed": self.seed,
        }
