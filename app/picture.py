"""The waveform and mel-spectrogram of a recording, in a size that does not depend on its length."""

from dataclasses import dataclass

import numpy as np

COLUMNS = 800  # at most, about one a pixel of a page
HOP = 256  # samples
N_FFT = 512
N_MELS = 64


@dataclass(frozen=True)
class Picture:
    """A recording in equal stretches of time, at most `COLUMNS` of them.

    Attributes:
        duration: of the recording, in seconds.
        waveform: (columns, 2), the lowest and the highest sample of each stretch.
        spectrogram: (columns, bands), the largest mel power of each stretch, in dB re full scale.
        frequencies: (bands,), the middle of each band in Hz.
    """

    duration: float
    waveform: np.ndarray
    spectrogram: np.ndarray
    frequencies: np.ndarray


class PictureBuilder:
    """Makes a picture from blocks; it stores 150 bytes for every `HOP` samples.

    Args:
        sample_rate: of the blocks, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        from .frontend import (
            LogMel,
        )  # imports Keras, which takes seconds; the page must not wait for it

        self._sample_rate = sample_rate
        self._log_mel = LogMel(sample_rate, N_FFT, HOP, N_MELS, top_db=None)
        self._samples = 0
        self._pending = np.zeros(0, np.float32)
        self._waveform: list[np.ndarray] = []
        self._spectrogram: list[np.ndarray] = []

    def push(self, block: np.ndarray) -> None:
        """Add the next block, (n,) float32."""
        self._samples += len(block)
        samples = np.concatenate([self._pending, block])
        whole = len(samples) // HOP * HOP
        self._pending = samples[whole:]
        self._draw(samples[:whole])

    def picture(self) -> Picture:
        """End the recording; a remainder shorter than a hop is padded with zeros."""
        from librosa import mel_frequencies  # half a second, likewise

        self._draw(np.pad(self._pending, (0, -len(self._pending) % HOP)))
        waveform = np.concatenate(self._waveform)
        edges = np.linspace(0, len(waveform), min(COLUMNS, len(waveform)) + 1).astype(int)[:-1]
        low = np.minimum.reduceat(waveform[:, 0], edges)
        high = np.maximum.reduceat(waveform[:, 1], edges)
        return Picture(
            duration=self._samples / self._sample_rate,
            waveform=np.stack([low, high], axis=1),
            spectrogram=np.maximum.reduceat(np.concatenate(self._spectrogram), edges, axis=0),
            frequencies=mel_frequencies(n_mels=N_MELS + 2, fmax=self._sample_rate / 2)[1:-1],
        )

    def _draw(self, samples: np.ndarray) -> None:
        if not len(samples):
            return
        stretches = samples.reshape(-1, HOP)
        self._waveform.append(np.stack([stretches.min(axis=1), stretches.max(axis=1)], axis=1))
        decibels = np.asarray(self._log_mel(samples[None]))[0, : len(stretches)]
        self._spectrogram.append(decibels.astype(np.float16))
