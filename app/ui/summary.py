"""HTML of the Recordings tab: the large emotion and the progress."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from ..episodes import most_of
from ..labelling import NO_SPEECH, UNCLEAR
from ..recordings import MIXED
from ..tables import Outcome

UNREADABLE = "Could not be read"
NO_PROGRESS = ""


def summary_of(outcome: Outcome) -> str:
    """The large emotion of one recording, and what it was found in."""
    analysis = outcome.analysis
    if analysis is None:
        return _summary("", UNREADABLE, escape(outcome.error or ""), escape(outcome.file))
    spoken = clock(analysis.speech_seconds)
    source = f"{escape(outcome.file)} · {clock(analysis.duration)}, {spoken} of speech"
    if analysis.note:
        source += f"<br>{escape(analysis.note)}"
    symbols = {emotion.name: emotion for emotion in analysis.emotions}
    if analysis.state == NO_SPEECH:
        return _summary("", "No speech", "There is no emotion without speech.", source)
    if analysis.state == UNCLEAR:
        between = (analysis.candidates_in_words or "").capitalize()
        return _summary("", "Unclear", f"{between}, with no clear lead", source)
    if analysis.state == MIXED:
        first, *others = analysis.shares
        detail = f"{analysis.shares[first]:.0%} of the speech, then " + ", ".join(
            f"{name} ({analysis.shares[name]:.0%})" for name in others
        )
        lead = symbols.get(first)  # none where most of it is unclear
        return _summary(
            lead.symbol if lead else "",
            most_of(analysis.shares).capitalize(),
            detail,
            source,
            lead.colour if lead else "transparent",
        )
    emotion = symbols[analysis.emotion or ""]
    certainty = f"{analysis.confidence:.0%} confident"
    return _summary(emotion.symbol, emotion.name, certainty, source, emotion.colour)


def summary_of_set(outcomes: Sequence[Outcome], total: int) -> str:
    """The headline of many recordings: how many, what most of them carry, what failed."""
    analyses = [outcome.analysis for outcome in outcomes if outcome.analysis]
    unread = len(outcomes) - len(analyses)
    counts = Counter(analysis.emotion for analysis in analyses if analysis.emotion)
    most = [name for name, count in counts.items() if count == max(counts.values())]
    details = [f"most often {' and '.join(most)}"] if len(most) in (1, 2) else []
    details += [f"{unread} could not be read"] if unread else []
    detail = ", ".join(details) or "no emotion leads"
    seconds = sum(analysis.duration for analysis in analyses)
    spoken = sum(analysis.speech_seconds for analysis in analyses)
    source = f"{clock(seconds)}, {clock(spoken)} of speech"
    title = f"{len(outcomes)} recordings"
    if len(outcomes) < total:
        title = f"{len(outcomes)} of {total} recordings"
    lead = next(
        (one for one in (analyses[0].emotions if analyses else ()) if most == [one.name]), None
    )
    symbol, colour = (lead.symbol, lead.colour) if lead else ("", "transparent")
    return _summary(symbol, title, detail[0].upper() + detail[1:], source, colour)


def empty_summary() -> str:
    """Before there is a recording."""
    return _summary("", "Ready", "Drop in recordings, or choose an example.", "")


def progress_bar(
    done: int, total: int, name: str, seconds: float = 0.0, duration: float | None = None
) -> str:
    """How far it has come: recordings, and seconds of the one that is analyzed."""
    share = seconds / duration if duration else 0.0
    percent = round(100 * min(1.0, (done + min(share, 1.0)) / total))
    count = f"{min(done + 1, total)} of {total}: " if total > 1 else ""
    time = f", {clock(seconds)}" if seconds else ""
    if seconds and duration:
        time += f" of {clock(duration)}"
    return _progress(percent, f"Analyzing {count}{escape(name)}{time}")


def waiting() -> str:
    """Before its turn in the queue."""
    return _progress(0, '<span class="waits">Waiting for its turn</span>')


def loading() -> str:
    """Before the first recording, if it comes soon after the start."""
    return _progress(0, "Loading the model, which takes a few seconds")


def clock(seconds: float) -> str:
    """`2.4 s` below a minute, `1:05` and `1:00:05` from there on."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _progress(percent: int, words: str) -> str:
    return (
        f'<div role="progressbar" aria-label="Analysis" aria-valuenow="{percent}" '
        f'aria-valuemin="0" aria-valuemax="100" style="--done: {percent}%"><span></span></div>'
        f"<p>{words}</p>"
    )


def _summary(face: str, title: str, detail: str, source: str, colour: str = "transparent") -> str:
    return (
        f'<div class="now" style="--now: {colour}"><div class="face" aria-hidden="true">{face}'
        f'</div><div class="words" aria-live="polite"><p class="emotion">{title}</p>'
        f'<p class="detail">{detail}</p><p class="source">{source}</p></div></div>'
    )
