"""Waveform to features, as Keras layers inside the model.

The features equal librosa's for the same parameters, and do not depend on other windows in the
batch. The layers use only `keras.ops`, so a model trains and serves on any Keras backend. Every
layer works in float32, also in a network of lower precision, which cannot represent a power
spectrogram.
"""

from typing import Any, TypeVar

import keras
import numpy as np
from keras import ops
from librosa.filters import chroma, mel
from scipy.fft import dct
from scipy.signal import get_window

from .spectra import contrast_bands, htk_filters, means, power_spectrogram, power_to_db

CROSSING_THRESHOLD = 1e-10  # librosa.zero_crossings treats smaller values as zero

LAYERS: dict[str, type] = {}  # those below, by the names that a saved model has for them
Layer = TypeVar("Layer", bound=type)


def saved(layer: Layer) -> Layer:
    """Register a layer for saved models."""
    registered: Layer = keras.saving.register_keras_serializable("undertone")(layer)
    LAYERS[keras.saving.get_registered_name(layer)] = registered
    return registered


@saved
class LogMel(keras.layers.Layer):
    """Log-mel spectrogram in decibels: (batch, samples) -> (batch, frames, n_mels).

    Equals `librosa.power_to_db(librosa.feature.melspectrogram(...), ref=1.0, top_db=top_db)`,
    transposed: a periodic Hann window as long as the FFT, frames centred with zeros around the
    signal, Slaney's mel scale and area normalisation, `frames = 1 + samples // hop_length`.

    Args:
        sample_rate: of the waveform, in Hz.
        n_fft: length of the FFT and of its window, in samples.
        hop_length: step between frames, in samples.
        n_mels: number of mel bands.
        fmin: lower edge of the lowest band, in Hz.
        fmax: upper edge of the highest band, in Hz; half the sample rate when None.
        top_db: how far below its own maximum a window may reach, in dB; None for no limit.
    """

    def __init__(
        self,
        sample_rate: int,
        n_fft: int,
        hop_length: int,
        n_mels: int,
        fmin: float = 0.0,
        fmax: float | None = None,
        top_db: float | None = 80.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", trainable=False, **without_dtype(kwargs))
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.top_db = top_db
        # Computed from the parameters above, so not stored with the weights.
        self.mel_filters = mel(
            sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax
        ).T  # (1 + n_fft // 2, n_mels)

    def call(self, waveform: Any) -> Any:
        power = power_spectrogram(waveform, self.n_fft, self.hop_length)
        return power_to_db(ops.matmul(power, self.mel_filters), self.top_db)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, samples = input_shape
        frames = None if samples is None else 1 + samples // self.hop_length
        return (batch, frames, self.n_mels)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "sample_rate": self.sample_rate,
            "n_fft": self.n_fft,
            "hop_length": self.hop_length,
            "n_mels": self.n_mels,
            "fmin": self.fmin,
            "fmax": self.fmax,
            "top_db": self.top_db,
        }


@saved
class RelativeToPeak(keras.layers.Layer):
    """Decibels relative to the loudest point of each window, scaled: (batch, frames, bands).

    The peak becomes 1 and `span` dB below it becomes -1. So the features depend neither on the gain
    of the microphone nor, unlike with a mean, on the amount of padding in the window.
    """

    def __init__(self, span: float, **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **without_dtype(kwargs))
        self.span = span

    def call(self, decibels: Any) -> Any:
        peak = ops.max(decibels, axis=(1, 2), keepdims=True)
        return 1.0 + 2.0 * (decibels - peak) / self.span

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"span": self.span}


@saved
class YamnetLogMel(keras.layers.Layer):
    """The log-mel spectrogram of YAMNet: (batch, samples) -> (batch, frames, 64).

    Magnitudes of frames of 25 ms each 10 ms, in 64 bands of the HTK mel scale between 125 and
    7,500 Hz, `log(mel + 0.001)`, as in `features.py` of YAMNet (TensorFlow Model Garden). YAMNet
    depends on the level of a recording; here each window is scaled first, so that its loudest
    point is `LOUDEST`, which is about what a close microphone gives it. Frames lie within the
    waveform: `frames = 1 + (samples - 400) // 160`.
    """

    SAMPLE_RATE = 16_000  # Hz
    FRAME, HOP, FFT = 400, 160, 512  # samples
    BANDS = 64
    FMIN, FMAX = 125.0, 7500.0  # Hz
    FLOOR, LOUDEST = 0.001, 10.0  # magnitudes

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **without_dtype(kwargs))
        self.window = get_window("hann", self.FRAME).astype(np.float32)  # periodic
        self.filters = htk_filters(
            self.SAMPLE_RATE, self.FFT, self.BANDS, self.FMIN, self.FMAX
        )  # (257, 64)

    def call(self, waveform: Any) -> Any:
        frames = ops.extract_sequences(waveform, self.FRAME, self.HOP)
        real, imaginary = ops.rfft(frames * self.window, fft_length=self.FFT)
        mel = ops.matmul(ops.sqrt(ops.square(real) + ops.square(imaginary)), self.filters)
        loudest = ops.max(mel, axis=(1, 2), keepdims=True)
        return ops.log(mel * (self.LOUDEST / ops.maximum(loudest, 1e-6)) + self.FLOOR)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, samples = input_shape
        frames = None if samples is None else 1 + (samples - self.FRAME) // self.HOP
        return (batch, frames, self.BANDS)


@saved
class MFCC(LogMel):
    """Mel-frequency cepstral coefficients: (batch, samples) -> (batch, frames, n_mfcc).

    Equals `librosa.feature.mfcc`, transposed. Arguments as `LogMel`, and

    Args:
        n_mfcc: number of coefficients, at most `n_mels`.
    """

    def __init__(
        self,
        sample_rate: int,
        n_mfcc: int,
        n_fft: int = 2048,
        hop_length: int = 512,
        n_mels: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate, n_fft, hop_length, n_mels, **kwargs)
        self.n_mfcc = n_mfcc
        self.cosines = dct(np.eye(n_mels, dtype=np.float32), norm="ortho")[:, :n_mfcc]

    def call(self, waveform: Any) -> Any:
        return ops.matmul(super().call(waveform), self.cosines)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*super().compute_output_shape(input_shape)[:2], self.n_mfcc)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"n_mfcc": self.n_mfcc}


class Framed(keras.layers.Layer):
    """Base class of layers with `rows` numbers per frame and without weights."""

    rows = 1

    def __init__(self, frame_length: int = 2048, hop_length: int = 512, **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **without_dtype(kwargs))
        self.frame_length = frame_length
        self.hop_length = hop_length

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, samples = input_shape
        return (batch, None if samples is None else 1 + samples // self.hop_length, self.rows)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "frame_length": self.frame_length,
            "hop_length": self.hop_length,
        }


@saved
class RMS(Framed):
    """Root mean square of each frame: (batch, samples) -> (batch, frames, 1).

    Equals `librosa.feature.rms`, transposed: frames centred, zeros around the signal.
    """

    def call(self, waveform: Any) -> Any:
        half = self.frame_length // 2
        squares = ops.pad(ops.square(waveform), [[0, 0], [half, half]])
        return ops.sqrt(means(squares, self.frame_length, self.hop_length))


@saved
class ZeroCrossingRate(Framed):
    """Share of samples at which the sign changes: (batch, samples) -> (batch, frames, 1).

    Equals `librosa.feature.zero_crossing_rate`, transposed. librosa repeats the first and the
    last sample around the signal, where no sign can change: zeros around the changes.
    """

    def call(self, waveform: Any) -> Any:
        negative = waveform < -CROSSING_THRESHOLD
        crossed = ops.cast(ops.not_equal(negative[:, 1:], negative[:, :-1]), "float32")
        half = self.frame_length // 2
        crossed = ops.pad(crossed, [[0, 0], [half, half]])
        # A frame of n samples has n - 1 places where the sign can change.
        inside = means(crossed, self.frame_length - 1, self.hop_length)
        return inside * (1.0 - 1.0 / self.frame_length)


@saved
class Chroma(Framed):
    """Energy of the twelve pitch classes: (batch, samples) -> (batch, frames, 12).

    Equals `librosa.feature.chroma_stft(..., tuning=0.0)`, transposed: the strongest class of a
    frame is 1. (librosa's default estimates a tuning, which speech does not have.)
    """

    rows = 12

    def __init__(self, sample_rate: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sample_rate = sample_rate
        self.filters = chroma(sr=sample_rate, n_fft=self.frame_length, tuning=0.0).T

    def call(self, waveform: Any) -> Any:
        power = power_spectrogram(waveform, self.frame_length, self.hop_length)
        classes = ops.matmul(power, self.filters)
        strongest = ops.max(classes, axis=-1, keepdims=True)
        tiny = np.finfo(np.float32).tiny
        return classes / ops.where(strongest < tiny, 1.0, strongest)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"sample_rate": self.sample_rate}


@saved
class SpectralContrast(Framed):
    """Peaks above valleys in seven octave bands, in dB: (batch, samples) -> (batch, frames, 7).

    Equals `librosa.feature.spectral_contrast` with its defaults, transposed (Jiang et al. 2002).

    Args:
        sample_rate: of the waveform, in Hz; above 12,800, which the seventh octave needs.
    """

    rows = 7

    def __init__(self, sample_rate: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sample_rate = sample_rate
        self.bands = contrast_bands(sample_rate, self.frame_length, self.rows)

    def call(self, waveform: Any) -> Any:
        magnitude = ops.sqrt(power_spectrogram(waveform, self.frame_length, self.hop_length))
        peaks, valleys = [], []
        for first, last, kept in self.bands:
            band = magnitude[:, :, first:last]
            peaks.append(ops.mean(ops.top_k(band, kept)[0], axis=-1))
            valleys.append(-ops.mean(ops.top_k(-band, kept)[0], axis=-1))
        peak, valley = ops.stack(peaks, axis=-1), ops.stack(valleys, axis=-1)
        return power_to_db(peak, top_db=80.0) - power_to_db(valley, top_db=80.0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"sample_rate": self.sample_rate}


@saved
class Standardize(keras.layers.Layer):
    """Standardize with mean and standard deviation of the training clips, which are weights.

    Args:
        over: the axes that share a mean and a deviation; 0 is the batch.
    """

    def __init__(self, over: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **without_dtype(kwargs))
        self.over = tuple(over)

    def build(self, input_shape: tuple[int, ...]) -> None:
        shape = [1 if axis in self.over else size for axis, size in enumerate(input_shape)]
        self.offset = self.add_weight(shape=shape, initializer="zeros", name="offset")
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")

    def adapt(self, features: np.ndarray) -> None:
        """Compute mean and standard deviation from features (clips, ...) of training clips."""
        self.offset.assign(features.mean(axis=self.over, keepdims=True, dtype=np.float64))
        deviation = features.std(axis=self.over, keepdims=True, dtype=np.float64)
        self.scale.assign(np.maximum(deviation, 1e-3))

    def call(self, features: Any) -> Any:
        return (features - self.offset) / self.scale

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"over": self.over}


@saved
class ToUnitRange(Standardize):
    """Scale the range of the training clips to [0, 1]; values outside are clipped.

    Args:
        over: the axes that share a range; 0 is the batch.
    """

    def adapt(self, features: np.ndarray) -> None:
        """Compute the ranges from features (clips, ...) of training clips."""
        low = features.min(axis=self.over, keepdims=True)
        self.offset.assign(low)
        span = features.max(axis=self.over, keepdims=True) - low
        self.scale.assign(np.maximum(span, 1e-3))

    def call(self, features: Any) -> Any:
        return ops.clip(super().call(features), 0.0, 1.0)


def without_dtype(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key not in ("dtype", "trainable")}
