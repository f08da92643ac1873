"""Figures in a README: between markers, made from result files alone."""

from pathlib import Path

from app.bundle import FIGURES_BEGIN, FIGURES_END
from app.files import write_text
from model_training.evaluation.live import LiveFigures
from model_training.evaluation.results import ResultError
from model_training.reports import card

LIVE_BEGIN, LIVE_END = "<!-- live:begin -->", "<!-- live:end -->"


def write_figures(known: card.BundleResults, readme: Path) -> None:
    """Write the table of figures and how live sessions do into a README.

    Raises:
        ResultError: the file has no markers.
    """
    put_between(readme, FIGURES_BEGIN, FIGURES_END, card.figures_table(known))
    put_between(readme, LIVE_BEGIN, LIVE_END, live_in_short(known.live))


def live_in_short(figures: LiveFigures | None) -> str:
    """Two sentences on live sessions for a README; nothing if they were not measured."""
    if figures is None:
        return ""
    return (
        f"Live, on the {figures.speakers} speakers of the example clips, who are easier than most, "
        f"{figures.named_within:.0%} of the readings within one emotion\nname one, and "
        f'{figures.right_within:.0%} of these are right; the others say "unclear". '
        f"The label follows a change after a median of {figures.median_lag:.1f} s."
    )


def put_between(readme: Path, begin: str, end: str, text: str) -> None:
    """Replace the text between two markers of a README.

    Raises:
        ResultError: the file has no such markers.
    """
    before, opened, rest = readme.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise ResultError(f"{readme} has no place for figures: {begin} and {end} are missing.")
    write_text(readme, f"{before}{begin}\n{text}\n{end}{after}")
