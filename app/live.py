"""A live session: chunks of microphone audio in, readings out, one each half second."""

from dataclasses import dataclass

import numpy as np

from .audio import HOP_SECONDS, SAMPLE_RATE, StreamResampler, level, resample, to_mono
from .classifier import Classifier
from .emotions import LABELS
from .speech import FRAME, MINIMUM_SPEECH_SECONDS, SpeechDetector

# Of silence before the first sample. The resampler holds back up to 40 ms at 48 kHz: without a lead
# over it, every half second from a browser would fall just short and wait for the next.
LEAD_SECONDS = 0.06
DEFAULT_SMOOTHING = 0.35
# A label is left for one that is likelier by as much as the smoothing, at most this, in the newest
# window: the smoothed ones would add up to 0.5 s of lag at equal flicker. On joined clips of
# validation speakers, tests.benchmark.smoothing: off, default, high make 4.9, 2.2, 1.2 changes of
# the label per true change, reach 94, 88, 74 % of them after a median 2.1, 2.5, 2.7 s, and are
# right in 55, 54, 46 % of the readings.
LARGEST_MARGIN = 0.6


@dataclass(frozen=True)
class Reading:
    """What one moment sounds like.

    Attributes:
        time: seconds since the session began, at the end of the window heard; what it holds ends
            `LEAD_SECONDS` earlier.
        status: "listening" (less speech than a window needs, so far), "no speech" or "speaking".
        emotion: the steady label; None unless there is enough speech in the window.
        confidence: its smoothed probability; None with `emotion`.
        probabilities: (8,) smoothed, in the order of `LABELS`; None with `emotion`.
        speech: share of the last step that holds speech, 0 to 1.
        level: of the last step, in dBFS (RMS).
    """

    time: float
    status: str
    emotion: str | None
    confidence: float | None
    probabilities: np.ndarray | None
    speech: float
    level: float


class LiveSession:
    """The state of one person's stream; it knows nothing of sockets or pages.

    Args:
        classifier: shared between sessions.
        smoothing: how much of the previous reading a new one keeps, 0 (none) to below 1; the label
            is steadier with it too, and with none it is always the likeliest.
        step: seconds of audio between readings, at most a window.

    `smoothing` and `step` may be set at any time, also while a recording goes on.
    """

    def __init__(
        self,
        classifier: Classifier,
        smoothing: float = DEFAULT_SMOOTHING,
        step: float = HOP_SECONDS,
    ) -> None:
        if not 0 <= smoothing < 1:
            raise ValueError("smoothing is at least 0 and below 1")
        self.classifier = classifier
        if not 0 < step <= classifier.info.window_seconds:
            raise ValueError("a step is above 0 seconds and at most a window")
        self.smoothing = smoothing
        self.step = step
        self.reset()

    def reset(self) -> None:
        """Forget everything heard: a new recording starts clean."""
        self._resampler = StreamResampler(self.classifier.sample_rate)
        self._detector = SpeechDetector()
        self._pending = np.zeros(round(LEAD_SECONDS * self.classifier.sample_rate), np.float32)
        self._window = np.zeros(self.classifier.window, np.float32)
        self._heard = 0  # samples that have passed through the window
        self.received = 0.0  # seconds of sound fed so far
        self._spoken = np.zeros(_frames(self.classifier), bool)
        self._smoothed: np.ndarray | None = None
        self._emotion: str | None = None
        self._started = False

    def use(self, classifier: Classifier) -> None:
        """Go on with another model: what was heard stays, the smoothing starts anew."""
        rate, new_rate = self.classifier.sample_rate, classifier.sample_rate
        if new_rate != rate:
            held_back = self._resampler.push(np.zeros(0, np.float32), rate, last=True)
            self._pending = resample(np.append(self._pending, held_back), rate, new_rate)
            self._window = resample(self._window, rate, new_rate)
            self._heard = round(self._heard * new_rate / rate)
            self._resampler = StreamResampler(new_rate)
        self._window = _last(self._window, classifier.window)
        self._spoken = _last(self._spoken, _frames(classifier))
        self._smoothed = self._emotion = None
        self.classifier = classifier

    def feed(self, samples: np.ndarray, sample_rate: int, skip: bool = False) -> list[Reading]:
        """Take the next chunk, of any length, and read every step it completes.

        Args:
            samples: (n,) or (n, channels), integer or float, as a browser or a device sends it.
            sample_rate: of this chunk, in Hz; it may change between chunks.
            skip: hear the chunk and read none of it, which is how to catch up.
        """
        self.received += len(samples) / sample_rate
        chunk = self._resampler.push(to_mono(samples), sample_rate)
        self._pending = np.concatenate([self._pending, chunk])
        readings = []
        hop = round(self.step * self.classifier.sample_rate)
        while len(self._pending) >= hop:
            step, self._pending = self._pending[:hop], self._pending[hop:]
            spoken = self._hear(step)
            if not skip:
                readings.append(self._read(step, spoken))
        return readings

    def _hear(self, step: np.ndarray) -> np.ndarray:
        """Move the window on by a step; which of the step's frames hold speech."""
        self._window = np.concatenate([self._window[len(step) :], step])
        self._heard += len(step)
        heard = resample(step, self.classifier.sample_rate)
        spoken = self._detector.push(heard)
        self._spoken = np.concatenate([self._spoken, spoken])[-len(self._spoken) :]
        return spoken

    def _read(self, step: np.ndarray, spoken: np.ndarray) -> Reading:
        speaking = self._spoken.sum() * FRAME / SAMPLE_RATE >= MINIMUM_SPEECH_SECONDS
        self._started |= speaking
        if speaking:
            self._update()
        else:
            self._smoothed = self._emotion = None

        confidence = None
        if self._emotion is not None and self._smoothed is not None:
            confidence = float(self._smoothed[LABELS.index(self._emotion)])
        return Reading(
            time=self._heard / self.classifier.sample_rate,
            status="speaking" if speaking else "no speech" if self._started else "listening",
            emotion=self._emotion,
            confidence=confidence,
            probabilities=self._smoothed,
            speech=float(spoken.mean()) if len(spoken) else 0.0,
            level=level(step),
        )

    def _update(self) -> None:
        new = self.classifier.probabilities(self._window[None])[0]
        margin = min(self.smoothing, LARGEST_MARGIN)
        best = int(new.argmax())
        if self._emotion is None or new[best] > new[LABELS.index(self._emotion)] + margin:
            self._emotion = LABELS[best]
        if self._smoothed is not None:
            new = self.smoothing * self._smoothed + (1 - self.smoothing) * new
        self._smoothed = new


def _frames(classifier: Classifier) -> int:
    """Frames of the speech detector in a window."""
    return round(classifier.info.window_seconds * SAMPLE_RATE / FRAME)


def _last(heard: np.ndarray, length: int) -> np.ndarray:
    """The last `length` items, with zeros before them where there are fewer."""
    return np.pad(heard, (max(0, length - len(heard)), 0))[-length:]
