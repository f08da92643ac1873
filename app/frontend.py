"""From waveform to features, as Keras layers inside the model.

The numbers equal librosa's for the same parameters, window by window and never by batch. Only
`keras.ops` is used, so that a model trains and serves on any Keras backend. Every layer works in
float32 whatever the policy of the network around it: half precision cannot hold a power
spectrogram.
"""

from typing import Any

import keras
import numpy as np
from keras import ops
from librosa.filters import mel

POWER_FLOOR = 1e-10  # librosa.power_to_db's amin


@keras.saving.register_keras_serializable("undertone")
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
        # A constant of the parameters above, so it is computed and not stored with the weights.
        self.mel_filters = mel(
            sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax
        ).T  # (1 + n_fft // 2, n_mels)

    def call(self, waveform: Any) -> Any:
        decibels = power_to_db(ops.matmul(self.power_spectrogram(waveform), self.mel_filters))
        if self.top_db is None:
            return decibels
        loudest = ops.max(decibels, axis=(1, 2), keepdims=True)
        return ops.maximum(decibels, loudest - self.top_db)

    def power_spectrogram(self, waveform: Any) -> Any:
        """(batch, samples) -> (batch, frames, 1 + n_fft // 2)."""
        half = self.n_fft // 2
        real, imaginary = ops.stft(
            ops.pad(waveform, [[0, 0], [half, half]]),
            sequence_length=self.n_fft,
            sequence_stride=self.hop_length,
            fft_length=self.n_fft,
            center=False,
        )
        return ops.square(real) + ops.square(imaginary)

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


@keras.saving.register_keras_serializable("undertone")
class RelativeToPeak(keras.layers.Layer):
    """Decibels relative to the loudest point of each window, scaled: (batch, frames, bands).

    0 dB below the peak becomes 1 and `span` dB below it becomes -1. What is left depends neither
    on the gain of the microphone nor on how much of the window is padding, as a mean would.
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


def power_to_db(power: Any) -> Any:
    """Decibels of a power, ref 1.0, floored at `POWER_FLOOR` as librosa does."""
    return 10.0 / np.log(10.0) * ops.log(ops.maximum(power, POWER_FLOOR))


def without_dtype(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key not in ("dtype", "trainable")}
