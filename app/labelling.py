"""Probabilities to a label: the emotion that clearly leads, or "unclear"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NAMED = "named"
UNCLEAR = "unclear"
NO_SPEECH = "no speech"

NAMED_FROM = 0.4  # for a bundle before its own is fitted
# The other half of what "named" asks, the least probability, belongs to a bundle's calibration.
CLEAR_LEAD = 0.1  # of the likeliest over the second, in probability
CERTAIN = 0.9  # probability that is named where speech is not evident (`speech.evident`)
# In a stream, the shares of the least probability and of the lead that are asked after another
# label, so that a label is steady and never without a lead: after an emotion, and after "unclear".
# On joined clips of validation speakers, named from 0.41, a name changes 1.9 times per true change
# at a lag of 2.5 s. With less to keep an emotion (0.6 and no lead) it is 2.1 times, and names stay
# down to 0.25.
AFTER_NAMED = (0.85, 0.5)
AFTER_UNCLEAR = (1.5, 1.0)
MOST_CANDIDATES = 3
CANDIDATE_SHARE = 0.5  # of the largest probability, from which an emotion is a candidate beside it


@dataclass(frozen=True)
class Label:
    """The label of one window, segment or recording.

    Attributes:
        state: `NAMED`, `UNCLEAR` or `NO_SPEECH`.
        emotion: the likeliest; None unless `NAMED`.
        confidence: its probability; None unless `NAMED`.
        candidates: the likeliest emotions of an unclear one, in order; otherwise empty.
    """

    state: str
    emotion: str | None = None
    confidence: float | None = None
    candidates: tuple[str, ...] = ()


def label(
    probabilities: Mapping[str, float],
    named_from: float,
    before: Label | None = None,
    evident: bool = True,
) -> Label:
    """Name the likeliest emotion if it clearly leads.

    Args:
        probabilities: by emotion, at least two; empty where there is no speech.
        named_from: the lowest probability of a named emotion, from the bundle.
        before: the label just before in the same stream, if there is one.
        evident: whether there is clearly speech, and no crying; otherwise only what is `CERTAIN`
            is named.
    """
    if not probabilities:
        return Label(NO_SPEECH)
    first, second, *_ = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    confidence = probabilities[first]
    least, clear = _asked(named_from, before)
    if not evident:
        least = max(least, CERTAIN)
    lead = confidence - probabilities[second]
    if confidence >= least and lead >= clear:
        return Label(NAMED, first, confidence)
    return unclear(probabilities)


def unclear(probabilities: Mapping[str, float]) -> Label:
    """The label without a clear lead, with the emotions that come close to the likeliest."""
    ranked = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    close = CANDIDATE_SHARE * probabilities[ranked[0]]
    count = sum(probabilities[name] >= close for name in ranked)
    return Label(UNCLEAR, candidates=tuple(ranked[: min(max(count, 2), MOST_CANDIDATES)]))


def _asked(named_from: float, before: Label | None) -> tuple[float, float]:
    """The least probability and the lead that the likeliest emotion needs."""
    if before is None or before.state == NO_SPEECH:
        return named_from, CLEAR_LEAD
    share, of_lead = AFTER_UNCLEAR if before.state == UNCLEAR else AFTER_NAMED
    return min(share * named_from, max(named_from, CERTAIN)), of_lead * CLEAR_LEAD


def joined(candidates: Sequence[str], word: str = "or") -> str | None:
    """Candidates in words, "sad or disgust"; None if there are none."""
    return f" {word} ".join(candidates) or None


def phrase(state: str, emotion: str | None, candidates: str | None) -> str:
    """A label in words: "angry", "unclear: sad or disgust", "no speech"; candidates as `joined`."""
    return emotion or (f"{state}: {candidates}" if candidates else state)
