"""HTML of the Recordings tab: the large emotion and the progress."""

from html import escape

from ..labelling import NO_SPEECH
from ..tables import Outcome

NO_PROGRESS = ""


def summary_of(outcome: Outcome) -> str:
    """The large emotion and its recording."""
    analysis = outcome.analysis
    if analysis is None:
        return _summary("", "Not heard", escape(outcome.error or ""), escape(outcome.file))
    spoken = clock(analysis.speech_seconds)
    heard = f"{escape(outcome.file)} · {clock(analysis.duration)}, {spoken} of speech"
    if outcome.note:
        heard += f"<br>{escape(outcome.note)}"
    if analysis.state == NO_SPEECH:
        return _summary("", "No speech", "No speech was heard, so there is no emotion.", heard)
    if analysis.emotion is None or analysis.confidence is None:
        return _summary("", analysis.state.capitalize(), analysis.sentence.capitalize(), heard)
    emotion = next(one for one in analysis.emotions if one.name == analysis.emotion)
    certainty = f"{analysis.confidence:.0%} confident"
    return _summary(emotion.symbol, emotion.name, certainty, heard, emotion.colour)


def empty_summary() -> str:
    return _summary("", "Ready", "Drop in recordings, or choose an example.", "")


def progress_bar(
    done: int, total: int, name: str, seconds: float = 0.0, duration: float | None = None
) -> str:
    """The progress: recordings, and seconds of the current one."""
    share = seconds / duration if duration else 0.0
    percent = round(100 * min(1.0, (done + min(share, 1.0)) / total))
    count = f"{min(done + 1, total)} of {total}: " if total > 1 else ""
    time = f", {clock(seconds)}" if seconds else ""
    if seconds and duration:
        time += f" of {clock(duration)}"
    return _progress(percent, f"Hearing {count}{escape(name)}{time}")


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
        f'<div role="progressbar" aria-label="Hearing" aria-valuenow="{percent}" '
        f'aria-valuemin="0" aria-valuemax="100" style="--done: {percent}%"><span></span></div>'
        f"<p>{words}</p>"
    )


def _summary(face: str, title: str, detail: str, heard: str, colour: str = "transparent") -> str:
    return (
        f'<div class="now" style="--now: {colour}"><div class="face" aria-hidden="true">{face}'
        f'</div><div class="words" aria-live="polite"><p class="emotion">{title}</p>'
        f'<p class="detail">{detail}</p><p class="heard">{heard}</p></div></div>'
    )
