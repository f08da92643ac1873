"""The downloads of the Recordings tab, as texts that the page saves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import pandas as pd

from .. import tables
from ..tables import Outcome
from .results import FORGOTTEN


@dataclass(frozen=True)
class Download:
    """One kind of file with all recordings.

    Attributes:
        title: for the visitor.
        text: what the file holds, of outcomes and the labels of their model.
    """

    title: str
    text: Callable[[Sequence[Outcome], Sequence[str]], str]


def _csv(table: Callable[[Sequence[Outcome], Sequence[str]], pd.DataFrame]) -> Callable[..., str]:
    return lambda outcomes, labels: table(outcomes, labels).to_csv(index=False)


# By the name of the file.
OF_ALL = {
    "undertone-recordings.csv": Download("Recordings, CSV", _csv(tables.files)),
    "undertone-segments.csv": Download("Segments, CSV", _csv(tables.segments)),
    "undertone-windows.csv": Download("3-second windows, CSV", _csv(tables.windows)),
    "undertone.json": Download("All of it, JSON", tables.as_json),
}
# The name of the file and the name in `formats.FORMATS`, which is imported on use: its libraries
# take half a second.
OF_THE_SHOWN = {
    "undertone.srt": ("Subtitles of the recording shown, SRT", "srt"),
    "undertone.vtt": ("Captions of the recording shown, WebVTT", "vtt"),
    "undertone.txt": ("Labels of the recording shown, Audacity", "audacity"),
    "undertone.TextGrid": ("Tier of the recording shown, Praat TextGrid", "textgrid"),
}
CHOICES = [(download.title, name) for name, download in OF_ALL.items()] + [
    (title, name) for name, (title, _) in OF_THE_SHOWN.items()
]


def text_of(outcomes: list[Outcome], name: str, shown: dict[str, Any] | None) -> str:
    """The text of the file of that name.

    Args:
        outcomes: all there are.
        name: one of `OF_ALL` or `OF_THE_SHOWN`.
        shown: what the player has, whose `row` is the index of an outcome.

    Raises:
        gr.Error: one sentence, where the server has forgotten the outcomes, or where the format is
            of one recording and none is shown.
    """
    if not outcomes:
        raise gr.Error(FORGOTTEN, print_exception=False)
    if name in OF_ALL:
        analyses = [outcome.analysis for outcome in outcomes if outcome.analysis]
        labels = [emotion.name for emotion in analyses[0].emotions] if analyses else []
        return OF_ALL[name].text(outcomes, labels)
    analysis = outcomes[shown["row"]].analysis if shown else None
    if analysis:
        from ..formats import FORMATS

        return FORMATS[OF_THE_SHOWN[name][1]].text(analysis)
    raise gr.Error("Choose a recording that could be read first.", print_exception=False)
