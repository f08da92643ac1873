"""Any sound to mono float32 at one rate: whole files, decoded in blocks, and live chunks."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from numbers import Real
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import soxr

from .decoding import (
    BLOCK,
    Block,
    Decoder,
    decoders,
    refuse_longer,
    refuse_missing_track,
    seconds_by_header,
)
from .errors import AudioError
from .limits import LIMITS
from .mono import in_columns
from .names import printable

SAMPLE_RATE = 16_000  # Hz
WINDOW_SECONDS = 3.0  # length of a window
HOP_SECONDS = 0.5  # between windows
SHORTEST_HOP = 0.01  # seconds
SHORTFALL = 0.5  # seconds that may be missing at the end of a file without a note
SILENCE = -100.0  # dBFS, the lowest level that is reported

Samples = tuple[np.ndarray, int] | tuple[int, np.ndarray]  # the second order is Gradio's
Source = str | Path | bytes | BinaryIO | Samples


def load(source: Source, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """A whole recording, (n,) float32: the blocks of a `Recording`, joined."""
    waveform = bytearray()  # grows in place; joining arrays at the end would need twice the memory
    for block in Recording(source, sample_rate):
        waveform += block.data
    return np.frombuffer(waveform, np.float32)


class Recording:
    """A recording of any format that libsndfile or FFmpeg knows, decoded block by block.

    Iterating yields mono blocks (n,) float32 in [-1, 1], except for overshoot of the resampling;
    a block is at most some two seconds long. Of a damaged or truncated recording, the blocks that
    can be decoded are yielded.

    Args:
        source: a path, the bytes of a file, an open binary file, which stays open, or a pair of
            samples as `in_columns` takes them and their rate in Hz, or Gradio's reverse.
        sample_rate: of the result, in Hz.
        track: number of the sound track, from 1; None for the default track, or the first one with
            sound if the default is silent.
        channel: number of the only channel to decode, from 1; None mixes all channels.

    Attributes:
        source: as above; for a pipe its content, after it has been read.
        channels: number of channels; 0 until the first block.

    Raises:
        AudioError: while iterating: the file is missing, unreadable, empty, not audio, damaged,
            without that track or channel, or longer than `MAX_SECONDS`; or the source has another
            type.
    """

    def __init__(
        self,
        source: Source,
        sample_rate: int = SAMPLE_RATE,
        track: int | None = None,
        channel: int | None = None,
    ) -> None:
        self.sample_rate = sample_rate
        self.channels = 0
        self.source = source
        self.track, self._channel = track, channel
        self._notes: list[str] = []

    @property
    def note(self) -> str | None:
        """What was odd, in one or more sentences; complete after the last block."""
        return " ".join(self._notes) or None

    def __iter__(self) -> Iterator[np.ndarray]:
        source = self.source
        if isinstance(source, tuple):
            decoder = _InMemory(*samples_and_rate(source), self.track, self._channel)
            yield from self._decode([decoder], "The recording")
            return
        name = _name(source)
        try:
            with opened(source) as file:
                if isinstance(file, io.BytesIO) and not isinstance(source, bytes):
                    self.source = file.getvalue()
                yield from self._decode(decoders(file, name, self.track, self._channel), name)
        except OSError as error:
            raise AudioError(f"{name} cannot be read: {error.strerror or error}.") from error

    def _decode(self, decoders: list[Decoder], name: str) -> Iterator[np.ndarray]:
        """The blocks of the first decoder; if it fails, the next decoder continues from there."""
        understood, given, seconds = False, 0, 0.0
        for decoder in decoders:
            passed = 0
            try:
                for block in _at_rate(decoder.blocks(), self.sample_rate):
                    passed += len(block)
                    fresh = block[-(passed - given) :] if passed > given else block[:0]
                    given += len(fresh)
                    refuse_longer(name, given / self.sample_rate)  # headers may be wrong
                    seconds = max(seconds, decoder.seconds or 0.0)
                    self.channels = decoder.mono.channels
                    if len(fresh):
                        yield fresh
            except (AudioError, MemoryError):
                raise
            except Exception as error:  # of any type: users send files of every kind
                if isinstance(error, OSError) and not isinstance(error, av.FFmpegError):
                    raise  # the file itself, not its content
                continue
            understood = True
            if given:
                self._notes = decoder.all_notes
                break
        if not given:
            what = (
                "holds no audio samples"
                if understood
                else "is not audio, or is damaged beyond reading"
            )
            raise AudioError(f"{name} {what}.")
        decoded = given / self.sample_rate
        if decoded < min(seconds - SHORTFALL, 0.95 * seconds):
            self._notes.append(f"Only {decoded:.1f} of {seconds:.1f} seconds could be decoded.")


class _InMemory(Decoder):
    """Samples from an array."""

    def __init__(
        self, samples: np.ndarray, sample_rate: int, track: int | None, channel: int | None
    ) -> None:
        super().__init__(io.BytesIO(), "The recording", track, channel)
        self._samples, self._rate = samples, sample_rate
        self.seconds: float = len(samples) / sample_rate

    def blocks(self) -> Iterator[Block]:
        refuse_missing_track(self._name, self._track, 1)
        refuse_longer(self._name, self.seconds)
        self.mono.scan(self._samples)
        for start in range(0, len(self._samples), BLOCK):
            yield self.mono.push(self._samples[start : start + BLOCK]), self._rate


def samples_and_rate(pair: Samples) -> tuple[np.ndarray, int]:
    """Samples, (n, channels), and their rate, whichever of a pair comes first.

    Raises:
        AudioError: the pair is something else, or the rate no number of hertz.
    """
    if len(pair) != 2:
        raise AudioError("Samples come with their rate: a pair of a NumPy array and hertz.")
    samples: Any
    first = hasattr(pair[0], "__array__") and not _is_number(pair[0])
    samples, rate = pair if first or _is_number(pair[1]) else pair[::-1]
    if not hasattr(samples, "__array__") or _is_number(samples):
        kind = type(samples).__name__
        raise AudioError(f"Samples are a NumPy array, not a {kind}: numpy.asarray makes one.")
    return in_columns(samples), checked_rate(rate)


def checked_rate(sample_rate: Any) -> int:
    """A sample rate in whole hertz.

    Raises:
        AudioError: it is not a number above 0.
    """
    if not _is_number(sample_rate) or not 0.5 < float(sample_rate) < 1e9:
        raise AudioError(f"A sample rate is a number of hertz above 0, not {sample_rate!r}.")
    return round(float(sample_rate))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def duration(source: Source) -> float | None:
    """Seconds of a recording by its header, which may be wrong; None if it has no duration.

    Args:
        source: as `Recording` takes it; an open file is left at its beginning.
    """
    if isinstance(source, tuple):
        samples, sample_rate = samples_and_rate(source)
        return len(samples) / sample_rate
    with suppress(OSError, AudioError), opened(source) as file:
        try:
            return seconds_by_header(file)
        finally:
            file.seek(0)
    return None


def resample(
    waveform: np.ndarray, sample_rate: int, new_sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """A whole (n,) mono waveform at another rate, float32."""
    return StreamResampler(new_sample_rate).push(waveform, sample_rate, last=True)


class StreamResampler:
    """Resamples chunks of any rate to one stream; the result does not depend on the chunk sizes.

    The output lags behind the input by 40 ms at 48 kHz and 116 ms at 8 kHz; `last` flushes it.

    Args:
        sample_rate: of the output, in Hz.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        self.sample_rate = sample_rate
        self._input_rate: int | None = None
        self._soxr: soxr.ResampleStream | None = None

    def push(self, samples: np.ndarray, sample_rate: int, last: bool = False) -> np.ndarray:
        """Resample the next chunk and return the finished samples, (m,) float32.

        Args:
            samples: (n,) float32, mono; n may be 0.
            sample_rate: of this chunk, in Hz. A change flushes the stream and begins a new one.
            last: whether the stream ends here; a later chunk begins a new one.
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


def _name(source: object) -> str:
    path = source if isinstance(source, str | Path) else getattr(source, "name", None)
    return printable(Path(path).name) if isinstance(path, str | Path) else "The recording"


@contextmanager
def opened(source: Any) -> Iterator[BinaryIO]:
    """A source as an open, seekable file; a pipe is read to its end.

    Raises:
        AudioError: it is neither a path, bytes nor a binary file, or a pipe has too much data.
        OSError: it cannot be opened.
    """
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            yield file if file.seekable() else _whole(file)
    elif isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    elif hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        yield source if source.seekable() else _whole(source)
    else:
        raise AudioError(
            "A recording is a path, bytes, an open binary file, or samples with their rate, "
            f"and not of the type {type(source).__name__}."
        )


def _whole(pipe: BinaryIO) -> BinaryIO:
    most = LIMITS.upload_mb * 2**20
    content = pipe.read(most + 1)
    if len(content) > most:
        raise AudioError(f"A pipe may have at most {LIMITS.upload_mb} MB: send a file instead.")
    return io.BytesIO(content)


def _at_rate(blocks: Iterator[Block], sample_rate: int) -> Iterator[np.ndarray]:
    resampler, rate = StreamResampler(sample_rate), sample_rate
    for block, rate in blocks:
        yield resampler.push(block, rate)
    yield resampler.push(np.zeros(0), rate, last=True)
