"""The About tab: purpose and limits of the app, and the figures of the model cards."""

from pathlib import Path

from huggingface_hub import ModelCard

from ..bundle import CARD_FILE, FIGURES_BEGIN, FIGURES_END, BundleError, read_info
from ..classifier import Classifier, bundles
from . import asset

OTHERS = """\
## Models

UAR on speakers of RAVDESS that the model was not trained on; chance is 0.125. The models after
published systems are included for comparison.

| model | what it is | parameters | UAR |
|---|---|---:|---:|"""


def about(classifier: Classifier) -> str:
    """The text of the tab, as Markdown."""
    info = classifier.info
    text = asset("about.md").format(
        model=info.name,
        description=info.description,
        parameters=f"{info.parameters / 1e6:.2f} million",
        clips=f"{info.trained_on.clips:,}",
        speakers=len(info.trained_on.speakers),
    )
    return "\n\n".join(part for part in (text, figures(classifier), models(classifier)) if part)


def figures(classifier: Classifier) -> str:
    """The figures of the card of the bundle; empty without a card."""
    card = classifier.folder / CARD_FILE
    if not card.exists():
        return ""
    _, _, rest = card.read_text("utf-8").partition(FIGURES_BEGIN)
    return rest.partition(FIGURES_END)[0].strip()


def models(classifier: Classifier) -> str:
    """A table of the models besides the served one; empty if there is no other."""
    folder = classifier.folder.parent
    found = []
    for name in bundles(folder):
        try:
            info = read_info(folder / name)
        except BundleError:  # choosing it shows the reason; the others can still be compared
            continue
        found.append((_uar(folder / name / CARD_FILE), name, info))
    if len(found) < 2:
        return ""
    rows = [
        f"| {name} | {info.description} | {info.parameters:,} | {uar} |"
        for uar, name, info in sorted(found, key=lambda one: one[:2], reverse=True)
    ]
    return "\n".join([OTHERS, *rows])


def _uar(card: Path) -> str:
    """The UAR on RAVDESS in a card; empty if it has none."""
    if not card.exists():
        return ""
    for result in ModelCard.load(card).data.eval_results or []:
        if (result.dataset_type, result.metric_name) == ("ravdess", "UAR"):
            return f"{result.metric_value:.3f}"
    return ""
