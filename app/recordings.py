"""Analysis of a recording of any length: its windows, segments, emotion and picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from .audio import HOP_SECONDS, SAMPLE_RATE, SHORTEST_HOP, Recording, Source, StreamResampler
from .classifier import DEFAULT_MODEL, Classifier, shared
from .emotions import Emotion
from .episodes import LEAST_SHARE, most_of
from .errors import AudioError, UndertoneError
from .folders import MODELS
from .labelling import NO_SPEECH, UNCLEAR, Label, joined, label, phrase, unclear
from .mono import MOST_CHANNELS
from .picture import Picture, PictureBuilder
from .segments import Windows, by_name, shares, table_of_segments, table_of_windows
from .speech import MINIMUM_SPEECH_SECONDS, SpeechTrack

BLOCK_SECONDS = 15  # classified together and then freed, to limit the memory
BATCH = 32  # windows a call: more is no faster on a CPU
MIXED = "mixed"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The emotion of one recording.

    Attributes:
        state: "named", "unclear", "no speech", or "mixed" for segments with several emotions.
        emotion: of the whole recording; None unless `state` is "named".
        confidence: the probability of that emotion, 0 to 1; None with it.
        candidates: of a mixed recording its emotions, the longest first; of an unclear one the
            likeliest emotions, in order; otherwise empty.
        probabilities: by emotion, the mean over the windows weighted by their speech; empty with
            too little speech.
        shares: of the speech, by emotion and "unclear", the largest first; empty without speech.
        duration: of the recording, in seconds.
        speech_seconds: seconds of speech in it.
        note: what was odd about the input, in one sentence; None if nothing was.
    """

    state: str
    emotion: str | None
    confidence: float | None
    candidates: tuple[str, ...]
    probabilities: Mapping[str, float]
    shares: Mapping[str, float]
    duration: float
    speech_seconds: float
    note: str | None = None

    @property
    def candidates_in_words(self) -> str | None:
        """Of an unclear recording "sad or disgust", of a mixed one "angry and sad"; else None."""
        return joined(self.candidates, "and" if self.state == MIXED else "or")

    @property
    def sentence(self) -> str:
        """The emotion in words: "angry, 72% confident"."""
        if self.state == MIXED:
            first, *others = self.shares
            then = ", ".join(f"{name} ({self.shares[name]:.0%})" for name in others)
            return f"{most_of(self.shares)} ({self.shares[first]:.0%}), then {then}"
        said = phrase(self.state, self.emotion, self.candidates_in_words)
        return said if self.confidence is None else f"{said}, {self.confidence:.0%} confident"

    def __str__(self) -> str:
        return f"{self.sentence} ({self.duration:.1f} s, {self.speech_seconds:.1f} s of it speech)"


@dataclass(frozen=True, kw_only=True)
class Analysis(Prediction):
    """The emotions of one recording over time.

    Attributes:
        segments: one row per run of one emotion, of "unclear" or of no speech, without gaps:
            `start` and `end` in seconds, `state`, `emotion`, `candidates` (as text), `confidence`
            (mean), `speech_share` (of its windows, 0 to 1), then one column per emotion.
        windows: the same columns, one row per window; the segments are made from them.
        emotions: of the columns, in their order, with colours and symbols.
        picture: of the sound, if it was requested.
        embeddings: of the windows with speech, (n, size) float32, as `Classifier.embeddings` gives
            them, if they were requested.
    """

    segments: pd.DataFrame
    windows: pd.DataFrame
    emotions: tuple[Emotion, ...]
    picture: Picture | None = None
    embeddings: np.ndarray | None = None

    def prediction(self) -> Prediction:
        """The result without tables, picture and embeddings."""
        return Prediction(**{field.name: getattr(self, field.name) for field in fields(Prediction)})


def analyze(
    source: Source,
    classifier: Classifier | None = None,
    hop: float = HOP_SECONDS,
    progress: Callable[[float], None] | None = None,
    picture: bool = False,
    track: int | None = None,
    embeddings: bool = False,
) -> Analysis:
    """Analyze a whole recording.

    Args:
        source: a path, the bytes of a file, an open binary file, or a pair of samples, (n,),
            (n, channels) or (channels, n), integer or float, and their rate in Hz.
        classifier: the model; the bundle that ships when None.
        hop: the step between windows, in seconds.
        progress: called with the seconds decoded so far, after each block.
        picture: whether to draw one, too.
        track: the sound track of a film, counted from 1; None for the one that is on by default.
        embeddings: whether to compute them, too.

    Raises:
        AudioError: the recording cannot be read; one sentence says why.
        UndertoneError: the hop is below `SHORTEST_HOP` or above a window.
    """
    chosen = classifier or shared(MODELS / DEFAULT_MODEL)
    analyzer = RecordingAnalyzer(chosen, hop, picture, embeddings)
    recording = Recording(source, analyzer.sample_rate, track)
    for block in recording:
        analyzer.push(block)
        if progress:
            progress(analyzer.duration)
    return finished(analyzer, recording)


def analyze_channels(
    source: Source,
    classifier: Classifier | None = None,
    hop: float = HOP_SECONDS,
    picture: bool = False,
    track: int | None = None,
    embeddings: bool = False,
) -> list[Analysis]:
    """Analyze each channel of a recording separately, for example of a call.

    Args:
        source, classifier, hop, picture, track, embeddings: as for `analyze`.

    Returns:
        An analysis for each channel, in their order.

    Raises:
        AudioError: as for `analyze`; or there are more than `MOST_CHANNELS` channels.
    """
    chosen = classifier or shared(MODELS / DEFAULT_MODEL)
    analyses: list[Analysis] = []
    channels = 1
    while len(analyses) < channels:
        analyzer = RecordingAnalyzer(chosen, hop, picture, embeddings)
        recording = Recording(source, analyzer.sample_rate, track, len(analyses) + 1)
        for block in recording:
            refuse_more_channels(recording)
            analyzer.push(block)
        analyses.append(analyzer.finish(recording.note))
        source, channels = recording.source, recording.channels
    return analyses


def refuse_more_channels(recording: Recording) -> None:
    """Raise an `AudioError` if a recording has more than `MOST_CHANNELS` channels."""
    if recording.channels > MOST_CHANNELS:
        raise AudioError(
            f"The recording has {recording.channels} channels; at most {MOST_CHANNELS} are split."
        )


def finished(analyzer: "RecordingAnalyzer", recording: Recording) -> Analysis:
    """The analysis of the mixed channels of a recording.

    If the mix has no speech, for example because of loud noise on one channel, the channel with the
    most speech is analyzed alone.
    """
    mixed = analyzer.finish(recording.note)
    if mixed.state != NO_SPEECH or not 1 < recording.channels <= MOST_CHANNELS:
        return mixed
    alone = analyze_channels(
        recording.source,
        analyzer.classifier,
        analyzer.hop,
        mixed.picture is not None,
        recording.track,
        mixed.embeddings is not None,
    )
    index = int(np.argmax([analysis.speech_seconds for analysis in alone]))
    best = alone[index]
    if best.state == NO_SPEECH:
        return mixed
    note = f"Only channel {index + 1} of {len(alone)} was analyzed: together they hold no speech."
    return replace(best, note=" ".join(filter(None, [best.note, note])))


class RecordingAnalyzer:
    """Analyzes the blocks of one recording; the counterpart of `LiveSession`.

    Windows without enough speech have no emotion. A recording shorter than a window is one row,
    padded with zeros.

    Args:
        classifier: the model.
        hop: the step between windows, in seconds.
        picture: whether to draw one, too.
        embeddings: whether to compute them, too.
    """

    def __init__(
        self,
        classifier: Classifier,
        hop: float = HOP_SECONDS,
        picture: bool = False,
        embeddings: bool = False,
    ) -> None:
        self.sample_rate = classifier.sample_rate
        self.classifier, self.hop = classifier, hop
        self._classifier = classifier
        self._hop = _checked_hop(hop, classifier)
        self._overview = PictureBuilder(classifier.sample_rate) if picture else None
        self._resampler = StreamResampler(SAMPLE_RATE)
        self._track = SpeechTrack()
        self._waiting: list[np.ndarray] = []
        self._samples = 0  # that are classified, as far as whole windows go
        self._tail = np.zeros(0, np.float32)  # what windows to come still need
        self._tail_start = 0
        self._speech: list[np.ndarray] = []
        self._probabilities: list[np.ndarray] = []
        self._evident: list[np.ndarray] = []
        self._embeddings: list[np.ndarray] | None = [] if embeddings else None
        self._done = 0  # windows

    @property
    def duration(self) -> float:
        """Seconds added so far."""
        return (self._samples + sum(map(len, self._waiting))) / self.sample_rate

    def push(self, block: np.ndarray) -> None:
        """Add the next block, (n,) float32 of any length, mono at `sample_rate`.

        NaN and infinity become 0, as in `MonoStream`.

        Raises:
            AudioError: it has several channels.
        """
        if np.ndim(block) != 1:
            raise AudioError(f"A block is mono, (n,) samples, and this one is {np.shape(block)}.")
        samples = np.array(block, np.float32)  # a caller may use its array again
        self._waiting.append(np.nan_to_num(samples, copy=False, posinf=0.0, neginf=0.0))
        if sum(map(len, self._waiting)) >= BLOCK_SECONDS * self.sample_rate:
            self._take()

    def finish(self, note: str | None = None) -> Analysis:
        """End the recording; its last window is filled with zeros.

        Args:
            note: what was odd about the recording; it becomes the note of the analysis.

        Raises:
            AudioError: there was no sound.
        """
        self._take()
        if not self._samples:
            raise AudioError("The recording holds no audio samples.")
        rest = self._resampler.push(np.zeros(0), self.sample_rate, last=True)
        self._track.push(rest)
        self._track.end()
        self._classify(1 + max(0, -(-(self._samples - self._classifier.window) // self._hop)))
        windows = Windows(
            *self._edges(0, self._done),
            np.concatenate(self._speech),
            np.concatenate(self._probabilities),
            np.concatenate(self._evident),
            self._hop / self.sample_rate,
        )
        labels, named_from = self._classifier.labels, self._classifier.info.named_from
        segments = table_of_segments(
            windows, self._track.pauses(), self.duration, labels, named_from
        )
        share = shares(segments)
        mean = by_name(windows.mean(windows.spoken), labels) if windows.spoken.any() else {}
        said = label_of_whole(mean, share, named_from, bool(windows.evident.any()))
        return Analysis(
            duration=self.duration,
            speech_seconds=self._track.total,
            state=said.state,
            emotion=said.emotion,
            confidence=said.confidence,
            candidates=said.candidates,
            probabilities=mean,
            shares=share,
            segments=segments,
            windows=table_of_windows(windows, labels, named_from),
            emotions=tuple(self._classifier.info.emotions),
            picture=self._overview.picture() if self._overview else None,
            embeddings=self._embedded(),
            note=note,
        )

    def _take(self) -> None:
        if not self._waiting:
            return
        block = np.concatenate(self._waiting)
        self._waiting = []
        if self._overview:
            self._overview.push(block)
        self._samples += len(block)
        self._tail = np.concatenate([self._tail, block])
        self._track.push(self._resampler.push(block, self.sample_rate))
        covered = min(self._samples, int(self._track.covered * self.sample_rate))
        self._classify(max(0, (covered - self._classifier.window) // self._hop + 1))

    def _classify(self, windows: int) -> None:
        """Classify those windows up to this number that have not been classified yet."""
        if windows <= self._done:
            return
        starts, ends = self._edges(self._done, windows)
        speech = self._track.seconds(starts, ends)
        probabilities = np.full((len(starts), len(self._classifier.labels)), np.nan, np.float32)
        spoken = np.flatnonzero(speech >= MINIMUM_SPEECH_SECONDS)
        for first in range(0, len(spoken), BATCH):
            rows = spoken[first : first + BATCH]
            cut = self._cut(self._done + rows)
            probabilities[rows] = self._classifier.probabilities(cut)
            if self._embeddings is not None:
                self._embeddings.append(self._classifier.embeddings(cut))
        self._speech.append(speech)
        self._evident.append(self._track.evident(starts, ends))
        self._probabilities.append(probabilities)
        self._done = windows
        self._tail = self._tail[windows * self._hop - self._tail_start :].copy()
        self._tail_start = windows * self._hop

    def _embedded(self) -> np.ndarray | None:
        if self._embeddings is None:
            return None
        none = np.zeros((0, 0), np.float32)
        return np.concatenate(self._embeddings) if self._embeddings else none

    def _edges(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Seconds at which the windows begin and end, the last one with the recording."""
        starts = np.arange(first, last) * self._hop
        ends = np.minimum(starts + self._classifier.window, self._samples)
        return starts / self._classifier.sample_rate, ends / self._classifier.sample_rate

    def _cut(self, numbers: np.ndarray) -> np.ndarray:
        windows = np.zeros((len(numbers), self._classifier.window), np.float32)
        for window, number in zip(windows, numbers, strict=True):
            start = number * self._hop - self._tail_start
            piece = self._tail[start : start + len(window)]
            window[: len(piece)] = piece
        return windows


def _checked_hop(hop: float, classifier: Classifier) -> int:
    longest = classifier.info.window_seconds
    if not SHORTEST_HOP <= hop <= longest:
        raise UndertoneError(f"A hop is {SHORTEST_HOP} to {longest:g} seconds, not {hop!r}.")
    return round(hop * classifier.sample_rate)


def label_of_whole(
    probabilities: Mapping[str, float],
    shares: Mapping[str, float],
    named_from: float,
    evident: bool,
) -> Label:
    """The label of a recording, which contradicts neither its mean probabilities nor its segments.

    Args:
        probabilities: their mean, by emotion; empty without speech.
        shares: of the speech, by emotion and "unclear".
        named_from: the lowest probability of a named emotion.
        evident: whether there is clearly speech anywhere.
    """
    emotions = [name for name in shares if name != UNCLEAR]
    if len(emotions) > 1:
        return Label(MIXED, candidates=tuple(emotions))
    said = label(probabilities, named_from, evident=evident)
    if said.emotion and shares.get(said.emotion, 0.0) < LEAST_SHARE:
        return unclear(probabilities)
    return said
