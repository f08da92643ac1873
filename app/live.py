"""A live session: chunks of microphone audio in, readings out, one each half second."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .audio import (
    HOP_SECONDS,
    SAMPLE_RATE,
    SHORTEST_HOP,
    StreamResampler,
    checked_rate,
    level,
    resample,
)
from .classifier import Classifier
from .episodes import EpisodeBuilder, SessionSummary
from .errors import UndertoneError
from .labelling import NO_SPEECH, Label, label, unclear
from .mono import MonoStream, in_columns
from .speech import FRAME, MINIMUM_SPEECH_SECONDS, SpeechDetector, evident

# Of silence before the first sample. The resampler holds back up to 40 ms at 44.1 and 48 kHz, the
# rates of browsers: without a lead over it, every half second from a browser would fall just short
# and wait for the next.
LEAD_SECONDS = 0.06
# `tests.benchmark.smoothing` measures how steady, late and right the labels are with less and more.
DEFAULT_SMOOTHING = 0.35
LISTENING = "listening"


@dataclass(frozen=True)
class Reading:
    """The emotion of one moment.

    Attributes:
        time: seconds since the session began, at the end of the window; its sound ends
            `LEAD_SECONDS` earlier.
        state: "named" or "unclear"; without enough speech in the window "no speech", or
            "listening" as long as there has been none in the session.
        emotion: the likeliest; None unless `state` is "named".
        confidence: its probability; None with `emotion`.
        candidates: the likeliest emotions of an unclear reading, in order; otherwise empty.
        probabilities: smoothed, by emotion in the bundle's order; empty without enough speech.
        speech_share: share of speech in the last step, 0 to 1.
        level: of the last step, in dBFS (RMS).
    """

    time: float
    state: str
    emotion: str | None
    confidence: float | None
    candidates: tuple[str, ...]
    probabilities: Mapping[str, float]
    speech_share: float
    level: float

    @property
    def speaking(self) -> bool:
        """Whether the last step has speech; the window is longer than a step."""
        return self.speech_share > 0


class LiveSession:
    """The state of one stream, independent of sockets and pages.

    Args:
        classifier: shared between sessions.
        smoothing: weight of the previous reading in a new one, from 0 to below 1; higher is
            steadier and slower.
        step: seconds of audio between readings, from `SHORTEST_HOP` to a window.

    `smoothing` and `step` may be set at any time, also during a recording.
    """

    def __init__(
        self,
        classifier: Classifier,
        smoothing: float = DEFAULT_SMOOTHING,
        step: float = HOP_SECONDS,
    ) -> None:
        self.classifier = classifier
        self.smoothing = smoothing
        self.step = step
        self.reset()

    @property
    def smoothing(self) -> float:
        return self._smoothing

    @smoothing.setter
    def smoothing(self, weight: float) -> None:
        if not 0 <= weight < 1:
            raise UndertoneError("Smoothing is at least 0 and below 1.")
        self._smoothing = weight

    @property
    def step(self) -> float:
        return self._step

    @step.setter
    def step(self, seconds: float) -> None:
        longest = self.classifier.info.window_seconds
        if not SHORTEST_HOP <= seconds <= longest:
            raise UndertoneError(
                f"A step is {SHORTEST_HOP} to {longest:g} seconds, not {seconds!r}."
            )
        self._step = seconds

    def reset(self) -> None:
        """Discard all sound and readings; a new recording begins."""
        self._mono = MonoStream()
        self._resampler = StreamResampler(self.classifier.sample_rate)
        self._detector = SpeechDetector()
        self._pending = np.zeros(round(LEAD_SECONDS * self.classifier.sample_rate), np.float32)
        self._window = np.zeros(self.classifier.window, np.float32)
        self._passed = 0  # samples that have passed through the window
        self.received = 0.0  # seconds of sound fed so far
        # Of the window's frames: the probability of speech, 0 without.
        self._speech = np.zeros(_frames(self.classifier), np.float32)
        self._smoothed: np.ndarray | None = None
        self._last: Label | None = None
        self._started = False
        self._episodes = EpisodeBuilder()

    def summary(self) -> SessionSummary:
        """What the session was like, up to the newest reading."""
        return self._episodes.summary()

    @property
    def note(self) -> str | None:
        """What was odd about the sound so far, in one or more sentences."""
        return " ".join(self._mono.notes) or None

    def use(self, classifier: Classifier) -> None:
        """Use another model: the sound in the window stays, the smoothing restarts."""
        rate, new_rate = self.classifier.sample_rate, classifier.sample_rate
        if new_rate != rate:
            held_back = self._resampler.push(np.zeros(0, np.float32), rate, last=True)
            self._pending = resample(np.append(self._pending, held_back), rate, new_rate)
            self._window = resample(self._window, rate, new_rate)
            self._passed = round(self._passed * new_rate / rate)
            self._resampler = StreamResampler(new_rate)
        self._window = _last(self._window, classifier.window)
        self._speech = _last(self._speech, _frames(classifier))
        self._smoothed = self._last = None
        self.classifier = classifier

    def feed(self, samples: np.ndarray, sample_rate: int, skip: bool = False) -> list[Reading]:
        """Add the next chunk, of any length, and return a reading for every step that it completes.

        Args:
            samples: as `in_columns` takes them, from a browser or a device.
            sample_rate: of this chunk, in Hz; it may change between chunks.
            skip: add the chunk without readings, to catch up.

        Raises:
            AudioError: the samples or their rate have a wrong type.
        """
        sample_rate = checked_rate(sample_rate)
        waveform = self._mono.push(in_columns(samples))
        self.received += len(waveform) / sample_rate
        chunk = self._resampler.push(waveform, sample_rate)
        self._pending = np.concatenate([self._pending, chunk])
        readings = []
        hop = round(self.step * self.classifier.sample_rate)
        while len(self._pending) >= hop:
            step, self._pending = self._pending[:hop], self._pending[hop:]
            speech = self._advance(step)
            if not skip:
                readings.append(self._read(step, speech))
        return readings

    def _advance(self, step: np.ndarray) -> np.ndarray:
        """Advance the window by a step; return the probability of speech of the step's frames."""
        self._window = np.concatenate([self._window[len(step) :], step])
        self._passed += len(step)
        sound = resample(step, self.classifier.sample_rate)
        speech = self._detector.push(sound)
        self._speech = np.concatenate([self._speech, speech])[-len(self._speech) :]
        return speech

    def _read(self, step: np.ndarray, speech: np.ndarray) -> Reading:
        rate = self.classifier.sample_rate
        spoken = (self._speech > 0).sum() * FRAME / SAMPLE_RATE
        expected = self._speech.sum() * FRAME / SAMPLE_RATE
        enough = spoken >= MINIMUM_SPEECH_SECONDS
        self._started |= bool(enough)
        length = min(self._passed, len(self._window)) / rate
        said = self._update(bool(evident(spoken, expected, length))) if enough else self._pause()
        self._episodes.add((self._passed - len(step)) / rate, self._passed / rate, said)
        return Reading(
            time=self._passed / rate,
            state=said.state,
            emotion=said.emotion,
            confidence=said.confidence,
            candidates=said.candidates,
            probabilities=self._shown(),
            speech_share=float((speech > 0).mean()) if len(speech) else 0.0,
            level=level(step),
        )

    def _update(self, evident: bool) -> Label:
        """Smooth by Bayes' rule: the prior from the last reading, times the evidence of the window.

        The prior expects the same emotion with the probability `smoothing`, otherwise any emotion.
        Neighbouring windows share most of their sound. So the evidence of each counts less than
        that of a whole window (its root), the higher the smoothing.
        """
        new = self.classifier.probabilities(self._window[None])[0].astype(np.float64)
        if self._smoothed is not None:
            expected = self.smoothing * self._smoothed + (1 - self.smoothing) / len(new)
            new = expected * new ** np.sqrt(1 - self.smoothing)
        self._smoothed = new / new.sum()
        shown = self._shown()
        # Smoothed, anything becomes certain in the end. So without evident speech nothing is named.
        said = (
            label(shown, self.classifier.info.named_from, self._last) if evident else unclear(shown)
        )
        self._last = said
        return said

    def _pause(self) -> Label:
        self._smoothed = self._last = None
        return Label(NO_SPEECH if self._started else LISTENING)

    def _shown(self) -> dict[str, float]:
        if self._smoothed is None:
            return {}
        return dict(zip(self.classifier.labels, self._smoothed.tolist(), strict=True))


def _frames(classifier: Classifier) -> int:
    """Frames of the speech detector in a window."""
    return round(classifier.info.window_seconds * SAMPLE_RATE / FRAME)


def _last(items: np.ndarray, length: int) -> np.ndarray:
    """The last `length` items, with zeros before them if there are fewer."""
    return np.pad(items, (max(0, length - len(items)), 0))[-length:]
