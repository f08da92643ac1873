"""Any sound to mono float32 at one rate: whole files, decoded in blocks, and live chunks."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import soundfile
import soxr

from .errors import UndertoneError
from .limits import LIMITS, in_minutes

SAMPLE_RATE = 16_000  # Hz
WINDOW_SECONDS = 3.0  # what a model hears at once
HOP_SECONDS = 0.5  # between windows
MAX_SECONDS = 60 * LIMITS.minutes + 60  # a minute for those who stop a little late
BLOCK = 16_384  # frames that libsndfile decodes at once
# How the names of recordings, and of archives of them, end: by these they are found in a folder.
ENDINGS = (
    "3gp aac ac3 aif aiff amr ape au avi caf flac flv m4a m4b mka mkv mov mp2 mp3 mp4 oga ogg opus "
    "tta voc w64 wav weba webm wma wmv wv zip"
)
SUFFIXES = frozenset(f".{ending}" for ending in ENDINGS.split())
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


Source = str | Path | bytes | BinaryIO | tuple[int, np.ndarray]


def load(source: Source, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """A whole recording, (n,) float32: `blocks`, joined."""
    waveform = bytearray()  # grows in place, where joining arrays at the end would double it
    for block in blocks(source, sample_rate):
        waveform += block.data
    return np.frombuffer(waveform, np.float32)


def blocks(source: Source, sample_rate: int = SAMPLE_RATE) -> Iterator[np.ndarray]:
    """Read a recording of any format that libsndfile or FFmpeg knows, block by block.

    A recording that is damaged or cut short gives what can still be decoded of it.

    Args:
        source: a path, the bytes of a file, an open binary file, which stays open, or a pair of
            a sample rate in Hz and samples as `to_mono` takes them.
        sample_rate: of the result, in Hz.

    Yields:
        (n,) float32, mono, in [-1, 1] but for what resampling overshoots; seldom over a second.

    Raises:
        AudioError: the file is missing, unreadable, empty, not audio, damaged, without a sound
            track or longer than `MAX_SECONDS`.
    """
    if isinstance(source, tuple):
        yield from _decode([partial(_sample_blocks, *source)], "The recording", sample_rate)
        return
    name = _name(source)
    try:
        with _opened(source) as file:
            yield from _decode(_decoders(file, name), name, sample_rate)
    except OSError as error:
        raise AudioError(f"{name} cannot be read: {error.strerror or error}.") from error


def duration(source: Source) -> float | None:
    """Seconds of a recording by its header, which may lie; None where it doesn't say.

    Args:
        source: as `blocks` takes it; an open file is left at its beginning.
    """
    if isinstance(source, tuple):
        return len(source[1]) / source[0]
    with suppress(OSError), _opened(source) as file:
        try:
            with suppress(soundfile.LibsndfileError), soundfile.SoundFile(file) as sound:
                return sound.frames / sound.samplerate
            file.seek(0)
            with suppress(av.FFmpegError), av.open(file, options=FFMPEG_OPTIONS) as container:
                return container.duration / av.time_base if container.duration else None
        finally:
            file.seek(0)
    return None


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


Block = tuple[np.ndarray, int]  # (n,) mono float32 and its sample rate
Decoder = Callable[[], Iterator[Block]]


def _decoders(file: BinaryIO, name: str) -> list[Decoder]:
    if not file.seek(0, io.SEEK_END):
        raise AudioError(f"{name} is empty.")
    ffmpeg = partial(_ffmpeg_blocks, file, name)
    if name.lower().endswith(".raw"):  # soundfile takes them all for headerless samples
        return [ffmpeg]
    return [partial(_libsndfile_blocks, file, name), ffmpeg]


def _decode(decoders: list[Decoder], name: str, sample_rate: int) -> Iterator[np.ndarray]:
    """What the first decoder understands; where it gives up, the next one goes on from there."""
    understood, given = False, 0
    for decoder in decoders:
        passed = 0
        try:
            for block in _at_rate(decoder(), sample_rate):
                passed += len(block)
                fresh = block[-(passed - given) :] if passed > given else block[:0]
                given += len(fresh)
                _refuse_longer(name, given / sample_rate)  # headers may lie, or say nothing
                if len(fresh):
                    yield fresh
        except (soundfile.LibsndfileError, av.FFmpegError):
            continue
        understood = True
        if given:
            break
    if not given:
        what = (
            "holds no audio samples" if understood else "is not audio, or is damaged beyond reading"
        )
        raise AudioError(f"{name} {what}.")


def _refuse_longer(name: str, seconds: float) -> None:
    if seconds > MAX_SECONDS:
        raise AudioError(
            f"{name} is longer than {in_minutes(LIMITS.minutes)}: cut it into shorter recordings."
        )


def _sample_blocks(sample_rate: int, samples: np.ndarray) -> Iterator[Block]:
    for start in range(0, len(samples), BLOCK):
        yield to_mono(samples[start : start + BLOCK]), sample_rate


def _libsndfile_blocks(file: BinaryIO, name: str) -> Iterator[Block]:
    file.seek(0)
    with soundfile.SoundFile(file) as sound:
        _refuse_longer(name, sound.frames / sound.samplerate)
        while len(samples := sound.read(BLOCK, "float32")):
            yield to_mono(samples), sound.samplerate


def _ffmpeg_blocks(file: BinaryIO, name: str) -> Iterator[Block]:
    file.seek(0)
    with av.open(file, options=FFMPEG_OPTIONS, metadata_errors="ignore") as container:
        if not container.streams.audio:
            raise AudioError(f"{name} has no sound track.")
        _refuse_longer(name, (container.duration or 0) / av.time_base)
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


def _at_rate(blocks: Iterator[Block], sample_rate: int) -> Iterator[np.ndarray]:
    resampler, rate = StreamResampler(sample_rate), sample_rate
    for block, rate in blocks:
        yield resampler.push(block, rate)
    yield resampler.push(np.zeros(0), rate, last=True)
