"""The segments of a recording as subtitles and as labels of audio editors."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import webvtt
from praatio.utilities import textgrid_io

from .labelling import NO_SPEECH, phrase
from .recordings import Analysis

TIER = "emotion"


@dataclass(frozen=True)
class Format:
    """A text format for the segments of one recording.

    Attributes:
        ending: of its files, with the dot.
        text: writes the segments of an analysis.
    """

    ending: str
    text: Callable[[Analysis], str]


def as_srt(analysis: Analysis) -> str:
    """SubRip subtitles: a caption for each segment with speech."""
    return _captions(analysis, "srt")


def as_webvtt(analysis: Analysis) -> str:
    """WebVTT captions: one for each segment with speech."""
    return _captions(analysis, "vtt")


def as_audacity(analysis: Analysis) -> str:
    """Audacity's labels: start and end in seconds and the words, a line a segment with speech."""
    rows = [(row.start, row.end, words(row)) for row in _spoken(analysis).itertuples()]
    return pd.DataFrame(rows).to_csv(
        sep="\t", header=False, index=False, float_format="%.6f", lineterminator="\n"
    )


def as_textgrid(analysis: Analysis) -> str:
    """A TextGrid of Praat with one tier of intervals; those without speech are empty."""
    entries = [
        (row.start, row.end, "" if row.state == NO_SPEECH else words(row))
        for row in analysis.segments.itertuples()
    ]
    limits = {"xmin": 0.0, "xmax": analysis.duration}
    tier = {"class": "IntervalTier", "name": TIER, "entries": entries, **limits}
    text: str = textgrid_io.getTextgridAsStr({"tiers": [tier], **limits}, "long_textgrid", True)
    return text


FORMATS = {
    "srt": Format(".srt", as_srt),
    "vtt": Format(".vtt", as_webvtt),
    "audacity": Format(".txt", as_audacity),
    "textgrid": Format(".TextGrid", as_textgrid),
}


def words(segment: Any) -> str:
    """A row of `Analysis.segments` in words: "angry, 72%" or "unclear: sad or disgust"."""
    said = phrase(segment.state, segment.emotion, segment.candidates)
    return f"{said}, {segment.confidence:.0%}" if segment.emotion else said


def _spoken(analysis: Analysis) -> pd.DataFrame:
    return analysis.segments[analysis.segments["state"] != NO_SPEECH]


def _captions(analysis: Analysis, form: str) -> str:
    captions = webvtt.WebVTT()
    for row in _spoken(analysis).itertuples():
        captions.captions.append(webvtt.Caption(_clock(row.start), _clock(row.end), words(row)))
    text = io.StringIO()
    captions.write(text, form)
    return text.getvalue().rstrip() + "\n"


def _clock(seconds: float) -> str:
    """`hh:mm:ss.mmm`."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds / 1000:06.3f}"
