"""The computer's own microphone, through sounddevice; the only file that imports it."""

import queue
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import ModuleType

import numpy as np

from ..errors import UndertoneError

CHUNK_SECONDS = 0.1
PATIENCE = 3.0  # seconds without a chunk until a microphone counts as lost


class MicrophoneError(UndertoneError):
    """Recording is not possible; the message says what to install or choose."""


def devices() -> str:
    """The sound devices of this computer, a line each; `>` marks the default microphone.

    Raises:
        MicrophoneError: PortAudio is not installed.
    """
    return str(_sounddevice().query_devices()) or "There are no sound devices."


def record(device: str | int | None = None) -> Iterator[tuple[np.ndarray, int]]:
    """Open a microphone now; its chunks come until the iterator is closed.

    Args:
        device: its number or a part of its name, as `devices` lists it; the default when None.

    Returns:
        An iterator over (n, 1) int16 samples and their rate in Hz, the device's own.

    Raises:
        MicrophoneError: PortAudio is not installed, or there is no such microphone.
    """
    sounddevice = _sounddevice()
    chunks: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
    try:
        sample_rate = round(sounddevice.query_devices(device, "input")["default_samplerate"])
        stream = sounddevice.InputStream(
            samplerate=sample_rate,
            blocksize=round(CHUNK_SECONDS * sample_rate),
            device=device,
            channels=1,
            dtype="int16",
            # PortAudio reuses its buffer, so the queue gets a copy.
            callback=lambda samples, *_: chunks.put(samples.copy()),
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise MicrophoneError(
            f"No microphone can be opened ({str(error).splitlines()[0].rstrip('.')}): connect one, "
            "or choose another with --device; --list-devices shows them."
        ) from error
    return _chunks(stream, chunks, sample_rate)


def _chunks(
    stream: AbstractContextManager[object],
    chunks: "queue.SimpleQueue[np.ndarray]",
    sample_rate: int,
) -> Iterator[tuple[np.ndarray, int]]:
    with stream:
        while True:
            try:
                yield chunks.get(timeout=PATIENCE), sample_rate
            except queue.Empty:
                raise MicrophoneError(
                    f"The microphone is gone: it has given no sound for {PATIENCE:g} seconds. "
                    "Connect it and begin again; the readings so far are kept."
                ) from None


def _sounddevice() -> ModuleType:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise MicrophoneError(
            "Recording needs PortAudio and sounddevice: on Debian, apt-get install libportaudio2, "
            "then pip install sounddevice."
        ) from error
    return sounddevice
