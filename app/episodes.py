"""Summary of a live session: its episodes, the shares of the emotions, and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from .labelling import NAMED, UNCLEAR, Label

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LEAST_SHARE = 0.5  # of the speech, that is named as all of it is
ROUNDING = 1e-3  # seconds: times are whole samples, of another rate after a change of the model


@dataclass(frozen=True)
class Episode:
    """Consecutive readings with the same state and emotion.

    Attributes:
        start, end: seconds since the session began; `end` is the later of the two.
        state: "named", "unclear", "no speech" or "listening".
        emotion: None unless `state` is "named".
    """

    start: float
    end: float
    state: str
    emotion: str | None

    @property
    def duration(self) -> float:
        """Seconds, above 0."""
        return self.end - self.start


@dataclass(frozen=True)
class SessionSummary:
    """The summary of a session.

    Attributes:
        episodes: in order. They overlap nowhere; sound that was skipped is a gap between two.
    """

    episodes: tuple[Episode, ...]

    @property
    def shares(self) -> Mapping[str, float]:
        """The share of the speech of each emotion and of "unclear", the largest first."""
        seconds: dict[str, float] = {}
        for episode in self.episodes:
            if episode.state in (NAMED, UNCLEAR):
                name = episode.emotion or episode.state
                seconds[name] = seconds.get(name, 0.0) + episode.duration
        total = sum(seconds.values())
        ranked = sorted(seconds, key=seconds.__getitem__, reverse=True)
        return {name: seconds[name] / total for name in ranked}

    @property
    def changes(self) -> int:
        """Changes from one named emotion to another; pauses and unclear episodes do not count."""
        named = [episode.emotion for episode in self.episodes if episode.emotion]
        return sum(before != after for before, after in pairwise(named))

    @property
    def sentence(self) -> str:
        """The session in words: "Mostly angry, 36%; six changes." """
        shares = self.shares
        if not shares:
            return "No speech."
        count = WORDS[self.changes] if self.changes < len(WORDS) else self.changes
        largest = next(iter(shares.values()))
        said = most_of(shares).capitalize()
        return f"{said}, {largest:.0%}; {count} change{'s' * (self.changes != 1)}."

    def __str__(self) -> str:
        return self.sentence


def most_of(shares: Mapping[str, float]) -> str:
    """The largest share in words, "mostly angry", or "most often angry" below a half.

    assets/page/timeline.js has the same rule.

    Args:
        shares: of the speech, by name, the largest first; not empty.
    """
    name, share = next(iter(shares.items()))
    return f"{'mostly' if share >= LEAST_SHARE else 'most often'} {name}"


class EpisodeBuilder:
    """Makes episodes from the labels of steps."""

    def __init__(self) -> None:
        self._episodes: list[Episode] = []

    def add(self, start: float, end: float, said: Label) -> None:
        """Add the label of the next step, from `start` to the later `end` in seconds."""
        if self._episodes:
            last = self._episodes[-1]
            same = (last.state, last.emotion) == (said.state, said.emotion)
            if same and abs(last.end - start) < ROUNDING:
                self._episodes[-1] = replace(last, end=end)
                return
        self._episodes.append(Episode(start, end, said.state, said.emotion))

    def summary(self) -> SessionSummary:
        """The summary of the steps so far."""
        return SessionSummary(tuple(self._episodes))
