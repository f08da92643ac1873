"""Spectra of waveforms for the layers of `frontend`, with `keras.ops` only."""

from itertools import pairwise
from typing import Any

import numpy as np
from keras import ops

POWER_FLOOR = 1e-10  # librosa.power_to_db's amin
CONTRAST_FMIN = 200.0  # Hz, the upper edge of the lowest of librosa's octaves
CONTRAST_QUANTILE = 0.02


def htk_filters(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> np.ndarray:
    """Filters on the HTK mel scale, triangular in mel and not in Hz: (1 + n_fft // 2, n_mels).

    Equals `tf.signal.linear_to_mel_weight_matrix`, which YAMNet was trained with.
    """

    def mel_of(hertz: Any) -> np.ndarray:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    bins = mel_of(np.arange(1 + n_fft // 2) * sample_rate / n_fft)[:, None]
    edges = np.linspace(mel_of(fmin), mel_of(fmax), n_mels + 2)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    filters[0] = 0.0  # the DC component is not sound
    return filters.astype(np.float32)


def power_spectrogram(waveform: Any, n_fft: int, hop_length: int) -> Any:
    """(batch, samples) -> (batch, frames, 1 + n_fft // 2); frames centred, zeros around."""
    half = n_fft // 2
    real, imaginary = ops.stft(
        ops.pad(waveform, [[0, 0], [half, half]]),
        sequence_length=n_fft,
        sequence_stride=hop_length,
        fft_length=n_fft,
        center=False,
    )
    return ops.square(real) + ops.square(imaginary)


def power_to_db(power: Any, top_db: float | None = None) -> Any:
    """Decibels of a power (batch, frames, bands), with the reference 1.0 and the floor of librosa.

    With `top_db`, no window reaches further than that below its own maximum.
    """
    decibels = 10.0 / np.log(10.0) * ops.log(ops.maximum(power, POWER_FLOOR))
    if top_db is None:
        return decibels
    return ops.maximum(decibels, ops.max(decibels, axis=(1, 2), keepdims=True) - top_db)


def contrast_bands(sample_rate: int, n_fft: int, bands: int) -> list[tuple[int, int, int]]:
    """First bin, end, and number of peaks and valleys of each octave, as in librosa."""
    frequencies = np.arange(1 + n_fft // 2) * sample_rate / n_fft
    edges = [0.0, *(CONTRAST_FMIN * 2.0 ** np.arange(bands))]
    found = []
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        # Octaves overlap by the bin below; the highest has all remaining bins.
        first = int(inside[0]) - (number > 0)
        end = len(frequencies) if number == bands - 1 else int(inside[-1]) + 1
        kept = max(1, round(CONTRAST_QUANTILE * (end - first)))
        found.append((first, end - (number < bands - 1), kept))
    return found


def means(signal: Any, length: int, hop_length: int) -> Any:
    """Means over frames: (batch, samples) -> (batch, frames, 1)."""
    return ops.average_pool(signal[:, :, None], length, strides=hop_length)
