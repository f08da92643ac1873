"""What a visitor can download, as texts that the page saves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .. import tables
from ..tables import Outcome


@dataclass(frozen=True)
class Download:
    """One kind of file.

    Attributes:
        title: for the visitor.
        text: what the file holds, of outcomes and the labels of their model.
    """

    title: str
    text: Callable[[Sequence[Outcome], Sequence[str]], str]


# By the name that the file gets.
DOWNLOADS = {
    "undertone-recordings.csv": Download(
        "Recordings, CSV",
        lambda outcomes, labels: tables.files(outcomes, labels).to_csv(index=False),
    ),
    "undertone-segments.csv": Download(
        "Segments, CSV",
        lambda outcomes, labels: tables.segments(outcomes, labels).to_csv(index=False),
    ),
    "undertone-windows.csv": Download(
        "3-second windows, CSV",
        lambda outcomes, labels: tables.windows(outcomes, labels).to_csv(index=False),
    ),
    "undertone.json": Download("All of it, JSON", tables.as_json),
}


def text_of(outcomes: list[Outcome], name: str) -> str:
    """The text of the file of that name."""
    analyses = [outcome.analysis for outcome in outcomes if outcome.analysis]
    labels = [emotion.name for emotion in analyses[0].emotions] if analyses else []
    return DOWNLOADS[name].text(outcomes, labels)
