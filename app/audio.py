"""Any sound to mono float32 at one rate: whole files, decoded in blocks, and live chunks."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import soundfile
import soxr

from app.errors import UndertoneError

SAMPLE_RATE = 16_000  # Hz
WINDOW_SECONDS = 3.0  # what a model hears at once
HOP_SECONDS = 0.5  # between windows
MAX_SECONDS = 2 * 60 * 60 + 60  # two hours, and a minute for those who stop a little late
BLOCK = 16_384  # frames that libsndfile decodes at once
SILENCE = -100.0  # dBFS, the lowest level that is told apart

# FFmpeg also opens playlists, captions and network sessions, which would let a file that someone
# sends make this machine read other files or addresses.
FORMATS = (
    "aac ac3 aiff amr ape asf au avi caf dts eac3 flac flv matroska mov mp3 mpc mpc8 mpeg mpegts "
    "ogg tta voc w64 wav wv"
)
FFMPEG_OPTIONS = {"format_whitelist": ",".join(FORMATS.split())}


class AudioError(UndertoneError):
    """Sound that cannot be used; the message is one sentence that a person can act on."""


def load(source: str | Path | bytes | BinaryIO, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Read a recording of any format that libsndfile or FFmpeg knows.

    A recording that is damaged or cut short gives what can still be decoded of it.

    Args:
        source: a path, the bytes of a file, or an open binary file, which stays open.
        sample_rate: of the result, in Hz.

    Returns:
        (n,) float32, mono, in [-1, 1] but for what resampling overshoots.

    Raises:
        AudioError: the file is missing, unreadable, empty, not audio, damaged, without a sound
            track or longer than `MAX_SECONDS`.
    """
    name = _name(source)
    try:
        with _opened(source) as file:
            return _decode(file, name, sample_rate)
    except OSError as error:
        raise AudioError(f"{name} cannot be read: {error.strerror or error}.") from error


def to_mono(samples: np.ndarray) -> np.ndarray:
    """The mean of all channels, from any sample type to [-1, 1].

    Integers are scaled by the range of their type, unsigned ones around its middle. Of floats,
    what is no number becomes 0 and what is out of range is clipped.

    Args:
        samples: (n,) or (n, channels), integer or float.

    Returns:
        (n,) float32 in [-1, 1].
    """
    if samples.ndim not in (1, 2) or samples.shape[1:] == (0,):
        raise ValueError(f"Samples are (n,) or (n, channels), not {samples.shape}.")
    if samples.dtype.kind in "iu":
        waveform = samples.astype(np.float32) / 2.0 ** (8 * samples.itemsize - 1)
        waveform -= samples.dtype.kind == "u"
    elif samples.dtype.kind == "f":
        waveform = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        waveform = np.clip(waveform, -1.0, 1.0).astype(np.float32)
    else:
        raise TypeError(f"Samples are integers or floats, not {samples.dtype}.")
    return waveform.mean(axis=1) if waveform.ndim == 2 else waveform


def resample(
    waveform: np.ndarray, sample_rate: int, new_sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """A whole (n,) mono waveform at another rate, float32."""
    return StreamResampler(new_sample_rate).push(waveform, sample_rate, last=True)


class StreamResampler:
    """Chunks at any rate to one stream at one rate, the same however the stream was cut.

    The output lags by 40 ms of what came in at 48 kHz, 116 ms at 8 kHz; `last` lets the rest out.

    Args:
        sample_rate: of the output, in Hz.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        self.sample_rate = sample_rate
        self._input_rate: int | None = None
        self._soxr: soxr.ResampleStream | None = None

    def push(self, samples: np.ndarray, sample_rate: int, last: bool = False) -> np.ndarray:
        """Take the next chunk and return what is finished, (m,) float32.

        Args:
            samples: (n,) float32, mono; n may be 0.
            sample_rate: of this chunk, in Hz. Where it changes, the stream so far is let out
                whole and a new one begins.
            last: the stream ends here; a later chunk begins a new one.
        """
        finished = []
        if sample_rate != self._input_rate:
            finished.append(self._end())
            self._input_rate = sample_rate
            if sample_rate != self.sample_rate:
                self._soxr = soxr.ResampleStream(sample_rate, self.sample_rate, 1)
        chunk = np.asarray(samples, np.float32)
        finished.append(chunk if self._soxr is None else self._soxr.resample_chunk(chunk))
        if last:
            finished.append(self._end())
        return np.concatenate(finished)

    def _end(self) -> np.ndarray:
        empty = np.zeros(0, np.float32)
        rest = empty if self._soxr is None else self._soxr.resample_chunk(empty, last=True)
        self._input_rate = self._soxr = None
        return rest


def level(waveform: np.ndarray) -> float:
    """RMS of an (n,) waveform in dBFS, 0 for a full-scale square wave, at least `SILENCE`."""
    power = float(np.mean(np.square(waveform, dtype=np.float64))) if len(waveform) else 0.0
    return 10 * float(np.log10(max(power, 10 ** (SILENCE / 10))))


def _name(source: str | Path | bytes | BinaryIO) -> str:
    path = source if isinstance(source, str | Path) else getattr(source, "name", None)
    return Path(path).name if isinstance(path, str | Path) else "The recording"


@contextmanager
def _opened(source: str | Path | bytes | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            yield file
    elif isinstance(source, bytes):
        yield io.BytesIO(source)
    else:
        yield source if source.seekable() else io.BytesIO(source.read())


def _decode(file: BinaryIO, name: str, sample_rate: int) -> np.ndarray:
    if not file.seek(0, io.SEEK_END):
        raise AudioError(f"{name} is empty.")
    decoders = [_libsndfile_blocks, _ffmpeg_blocks]
    if name.lower().endswith(".raw"):  # soundfile takes them all for headerless samples
        decoders.remove(_libsndfile_blocks)
    understood = False
    for blocks in decoders:
        file.seek(0)
        try:
            waveform = _collect(blocks(file, name), name, sample_rate)
        except (soundfile.LibsndfileError, av.FFmpegError):
            continue
        understood = True
        if len(waveform):
            return waveform
    if understood:
        raise AudioError(f"{name} holds no audio samples.")
    raise AudioError(f"{name} is not audio, or is damaged beyond reading.")


Block = tuple[np.ndarray, int]  # (n,) mono float32 and its sample rate


def _libsndfile_blocks(file: BinaryIO, name: str) -> Iterator[Block]:
    with soundfile.SoundFile(file) as sound:
        while len(samples := sound.read(BLOCK, "float32")):
            yield to_mono(samples), sound.samplerate


def _ffmpeg_blocks(file: BinaryIO, name: str) -> Iterator[Block]:
    with av.open(file, options=FFMPEG_OPTIONS, metadata_errors="ignore") as container:
        if not container.streams.audio:
            raise AudioError(f"{name} has no sound track.")
        with suppress(av.FFmpegError):  # what came before the cut in a container counts
            for packet in container.demux(container.streams.audio[0]):
                with suppress(av.FFmpegError):  # what follows a damaged packet may be whole
                    for frame in packet.decode():
                        yield _frame_to_mono(frame), frame.sample_rate


def _frame_to_mono(frame: av.AudioFrame) -> np.ndarray:
    samples = frame.to_ndarray()  # (channels, n), or (1, n * channels) where they are interleaved
    if frame.format.is_planar:
        return to_mono(samples.T)
    return to_mono(samples.reshape(-1, len(frame.layout.channels)))


def _collect(blocks: Iterator[Block], name: str, sample_rate: int) -> np.ndarray:
    resampler = StreamResampler(sample_rate)
    waveform = bytearray()  # grows in place, where joining arrays at the end would double it
    seconds, rate = 0.0, sample_rate
    for block, rate in blocks:
        seconds += len(block) / rate
        if seconds > MAX_SECONDS:
            raise AudioError(f"{name} is longer than two hours: cut it into shorter recordings.")
        waveform += resampler.push(block, rate).data
    waveform += resampler.push(np.zeros(0), rate, last=True).data
    return np.frombuffer(waveform, np.float32)
