"""Files of any format to blocks of mono samples: libsndfile first, FFmpeg's libraries second."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import av
import numpy as np
import soundfile
from av.stream import Disposition

from .errors import AudioError
from .limits import LIMITS, in_minutes
from .mono import MonoStream

MAX_SECONDS = 60 * LIMITS.minutes + 60  # a minute for those who stop a little late
BLOCK = 16_384  # frames that libsndfile decodes at once
# Of a WAV or AIFF file, libsndfile corrects the number of bytes that the header states.
CORRECTED = re.compile(r"^(?:data| SSND) : (\d+) \(should be (\d+)\)$", re.MULTILINE)
LARGEST_STATED = 2**31 - 2**16  # bytes: programs that write to a pipe state more than this
UNKNOWN = 2**63 - 1  # frames that libsndfile reports where the header does not say their number
AUDIBLE = 1e-3  # of full scale; a track with a lower peak is silent

# FFmpeg also opens playlists, captions and network sessions, which would let a file that someone
# sends make this machine read other files or addresses.
FORMATS = (
    "aac ac3 aiff amr ape asf au avi caf dts eac3 flac flv matroska mov mp3 mpc mpc8 mpeg mpegts "
    "ogg tta voc w64 wav wv"
)
FFMPEG_OPTIONS = {"format_whitelist": ",".join(FORMATS.split())}
# Of a pipe, which could be waited for: bytes and microseconds that FFmpeg may look ahead.
AT_ONCE = {"probesize": "4096", "analyzeduration": "0", "fflags": "nobuffer"}
INDEXED = frozenset({"mov", "matroska"})  # formats whose length is written and not estimated

# Samples that are stored so may hold values of a smaller type, or floats far above 1, which is
# known only when all have been seen.
READ_AS = {"PCM_32": "int32", "FLOAT": "float32", "DOUBLE": "float64"}
WIDE_CODECS = frozenset(
    f"pcm_{form}{order}" for form in ("s32", "s64", "f32", "f64") for order in ("le", "be")
)

Block = tuple[np.ndarray, int]  # (n,) mono float32 and its sample rate


class Decoder:
    """One way to decode one file; `blocks` may be iterated once.

    Attributes:
        mono: converts its samples to one stream.
        notes: what was odd about the file, in sentences.
        seconds: duration by the header of the file; None if it has none, or may be wrong.
    """

    def __init__(
        self, file: BinaryIO, name: str, track: int | None = None, channel: int | None = None
    ) -> None:
        self.mono = MonoStream(channel)
        self.notes: list[str] = []
        self.seconds: float | None = None
        self._file, self._name, self._track = file, name, track

    def blocks(self) -> Iterator[Block]:
        raise NotImplementedError

    @property
    def all_notes(self) -> list[str]:
        """What was odd about the file and its samples; complete after the last block."""
        return [*self.notes, *self.mono.notes]


class Libsndfile(Decoder):
    """WAV, FLAC, OGG, MP3 and some twenty formats more."""

    def blocks(self) -> Iterator[Block]:
        self._file.seek(0)
        with soundfile.SoundFile(self._file) as sound:
            refuse_missing_track(self._name, self._track, 1)
            if sound.frames == UNKNOWN:  # a FLAC file from a pipe, which FFmpeg reads to its end
                return
            self.seconds = sound.frames / sound.samplerate
            refuse_longer(self._name, self.seconds)
            if corrected := CORRECTED.search(sound.extra_info):
                stated, there = map(int, corrected.groups())
                if 0 < there < stated < LARGEST_STATED:
                    self.seconds *= stated / there
            form = READ_AS.get(sound.subtype, "float32")
            if sound.subtype in READ_AS:
                while len(samples := sound.read(BLOCK, form, always_2d=True)):
                    self.mono.scan(samples)
                sound.seek(0)
            while len(samples := sound.read(BLOCK, form, always_2d=True)):
                yield self.mono.push(samples), sound.samplerate


class FFmpeg(Decoder):
    """Films, the formats of phones and browsers, and all others."""

    def blocks(self) -> Iterator[Block]:
        with self._opened() as container:
            streams = container.streams.audio
            if not streams:
                raise AudioError(f"{self._name} has no sound track.")
            refuse_missing_track(self._name, self._track, len(streams))
            refuse_longer(self._name, (container.duration or 0) / av.time_base)
            written = INDEXED.intersection(container.format.name.split(","))
            if written and container.duration:
                self.seconds = container.duration / av.time_base
            defaults = [s.index for s in streams if s.disposition & Disposition.default]
            numbers = [stream.index for stream in streams]
            wide = streams[0].codec_context.name in WIDE_CODECS
        chosen = numbers[self._track - 1] if self._track else self._audible(defaults, numbers)
        if len(numbers) > 1 and not self._track:
            number = numbers.index(chosen) + 1
            self.notes.append(f"It has {len(numbers)} sound tracks: number {number} was taken.")
        if wide:
            for samples, _ in self._samples(chosen):
                self.mono.scan(samples)
        for samples, sample_rate in self._samples(chosen):
            yield self.mono.push(samples), sample_rate

    def _opened(self) -> av.container.InputContainer:
        self._file.seek(0)
        return av.open(self._file, options=FFMPEG_OPTIONS, metadata_errors="ignore")

    def _audible(self, defaults: list[int], numbers: list[int]) -> int:
        """The default track if it has sound, else the first track with sound."""
        preferred = list(dict.fromkeys([*defaults, *numbers]))
        if len(preferred) == 1:
            return preferred[0]
        for number in preferred:
            mono = MonoStream()
            for samples, _ in self._samples(number):
                if np.abs(mono.push(samples)).max(initial=0.0) > AUDIBLE:
                    return number
        return preferred[0]

    def _samples(self, number: int) -> Iterator[Block]:
        """Samples, (n, channels), of one track with their rate."""
        with (
            self._opened() as container,
            suppress(av.FFmpegError),
        ):  # the blocks before a cut are kept
            for packet in container.demux(container.streams[number]):
                with suppress(av.FFmpegError):  # the packets after a damaged one may be intact
                    for frame in packet.decode():
                        yield _samples_of(frame), frame.sample_rate


def decoders(file: BinaryIO, name: str, track: int | None, channel: int | None) -> list[Decoder]:
    """The decoders to try, in this order.

    Raises:
        AudioError: the file is empty.
    """
    if not file.seek(0, io.SEEK_END):
        raise AudioError(f"{name} is empty.")
    kinds: list[type[Decoder]] = [Libsndfile, FFmpeg]
    if name.lower().endswith(".raw"):  # soundfile takes them all for headerless samples
        kinds = [FFmpeg]
    return [kind(file, name, track, channel) for kind in kinds]


def refuse_longer(name: str, seconds: float) -> None:
    """Raise an `AudioError` if a recording is longer than `MAX_SECONDS`."""
    if seconds > MAX_SECONDS:
        raise AudioError(
            f"{name} is longer than {in_minutes(LIMITS.minutes)}: cut it into shorter recordings."
        )


def arriving(pipe: BinaryIO, name: str) -> Iterator[tuple[np.ndarray, int]]:
    """Decode a pipe as its sound arrives.

    Args:
        pipe: an unbuffered binary file, so that what there is can be read before it fills a buffer.
        name: of it in sentences.

    Yields:
        Samples, (n, channels), as they are stored, and their rate in Hz.

    Raises:
        AudioError: it holds no sound that can be decoded without its end.
    """
    try:
        with av.open(_Forward(pipe), options=FFMPEG_OPTIONS | AT_ONCE) as container:
            if not container.streams.audio:
                raise AudioError(f"{name} has no sound track.")
            for frame in container.decode(container.streams.audio[0]):
                yield _samples_of(frame), frame.sample_rate
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, AudioError):
            raise
        raise AudioError(f"{name} is not audio, or is damaged beyond reading.") from error


class _Forward:
    """A file without seeking, so that FFmpeg reads it in order."""

    def __init__(self, pipe: BinaryIO) -> None:
        self.read = pipe.read


def refuse_missing_track(name: str, track: int | None, count: int) -> None:
    if track is not None and not 1 <= track <= count:
        tracks = "1 sound track" if count == 1 else f"{count} sound tracks"
        raise AudioError(f"{name} has {tracks} and no number {track}.")


def seconds_by_header(file: BinaryIO) -> float | None:
    """Seconds of a recording by its file, which may be wrong; None if it has no duration."""
    file.seek(0)
    # A TypeError is about headerless samples, which have no rate.
    with suppress(soundfile.LibsndfileError, TypeError), soundfile.SoundFile(file) as sound:
        if sound.frames != UNKNOWN:
            return sound.frames / sound.samplerate
    file.seek(0)
    with suppress(av.FFmpegError), av.open(file, options=FFMPEG_OPTIONS) as container:
        return container.duration / av.time_base if container.duration else None
    return None


def _samples_of(frame: av.AudioFrame) -> np.ndarray:
    """(n, channels), in the stored type."""
    if frame.format.name in ("s64", "s64p"):  # which PyAV has no array for
        (frame,) = av.AudioResampler("dblp").resample(frame)
        wide = np.clip(frame.to_ndarray().T * 2.0**63, -(2.0**63), 2.0**63 - 1024)
        return wide.astype(np.int64)
    samples = frame.to_ndarray()  # (channels, n), or (1, n * channels) where they are interleaved
    if frame.format.is_planar:
        return samples.T
    return samples.reshape(-1, len(frame.layout.channels))
