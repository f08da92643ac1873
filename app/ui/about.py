"""The About tab: what the product does and doesn't, and the figures of the model's own card."""

from app.classifier import Classifier
from app.ui import asset

CARD_FILE = "README.md"
FIRST, AFTER = "## How good it is", "## Data and licences"  # what is taken of a card


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
    return f"{text}\n\n{figures(classifier)}"


def figures(classifier: Classifier) -> str:
    """Figures and confusion of the card beside the bundle; nothing where there is no card."""
    card = classifier.folder / CARD_FILE
    if not card.exists():
        return ""
    _, found, rest = card.read_text("utf-8").partition(FIRST)
    return f"{FIRST}{rest.partition(AFTER)[0]}" if found else ""
