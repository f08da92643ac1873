"""The About tab: how often the model is right, then what it does and doesn't, folded."""

from html import escape
from pathlib import Path

import gradio as gr
from huggingface_hub import ModelCard

from ..bundle import CARD_FILE, FIGURES_BEGIN, FIGURES_END, BundleError, read_info
from ..classifier import Classifier, bundles
from . import asset

OTHERS = """\
UAR on speakers of RAVDESS that the model was not trained on; chance is 0.125. The models after
published systems are included for comparison.

| model | what it is | parameters | UAR |
|---|---|---:|---:|"""

CORPORA = {"ravdess": "RAVDESS", "crema-d": "CREMA-D", "tess": "TESS", "nemo": "nEMO"}
FRACTIONS = {
    1 / 4: "one time in four",
    1 / 3: "one time in three",
    2 / 5: "two times in five",
    1 / 2: "every other time",
    3 / 5: "three times in five",
    2 / 3: "two times in three",
    3 / 4: "three times in four",
    4 / 5: "four times in five",
    9 / 10: "nine times in ten",
}


def build(classifier: Classifier) -> None:
    """Lay out the tab inside the page, whose Blocks are open."""
    gr.HTML(lead(classifier), apply_default_css=False, elem_id="lead")
    with gr.Column(elem_id="about"):
        for title, text in sections(classifier).items():
            with gr.Accordion(title, open=False):
                gr.Markdown(text)


def lead(classifier: Classifier) -> str:
    """One sentence and one chart, of the card beside the bundle; HTML."""
    right = accuracies(classifier.folder / CARD_FILE)
    guessing = 1 / len(classifier.labels)
    if not right:
        return "<p class='lead'>How good this model is has not been measured.</p>"
    average = sum(right.values()) / len(right)
    sentence = (
        f"Undertone is right about <strong>{in_words(average)}</strong> on a voice it has never "
        "heard. It knows acted emotion, and no one's mind."
    )
    bars = "".join(
        f'<li style="--share: {share:.4f}"><span class="name">{escape(name)}</span>'
        f'<span class="track"><span class="bar"></span></span>'
        f'<span class="percent">{share:.0%}</span></li>'
        for name, share in (right | {"guessing": guessing}).items()
    )
    return (
        f'<p class="lead">{sentence}</p><figure class="right"><ul>{bars}</ul><figcaption>How often '
        "the answer is the emotion that was acted, on speakers of each corpus that took no part in "
        "training</figcaption></figure>"
    )


def in_words(share: float) -> str:
    """The plain fraction nearest to a share: 0.67 is "two times in three"."""
    return FRACTIONS[min(FRACTIONS, key=lambda fraction: abs(fraction - share))]


def sections(classifier: Classifier) -> dict[str, str]:
    """What is folded, as Markdown by its title."""
    info = classifier.info
    text = asset("about.md").format(
        model=info.name,
        description=info.description,
        parameters=f"{info.parameters / 1e6:.2f} million",
        clips=f"{info.trained_on.clips:,}",
        speakers=len(info.trained_on.speakers),
        licences=licences(classifier),
    )
    _, *parts = f"\n{text}".split("\n## ")
    told = {title: body.strip() for title, body in (part.split("\n", 1) for part in parts)}
    measured = {
        "How good it is": figures(classifier),
        "The models to choose from": models(classifier),
    }
    return told | {title: body for title, body in measured.items() if body}


def figures(classifier: Classifier) -> str:
    """The figures of the card of the bundle; empty without a card."""
    _, _, rest = _card(classifier).partition(FIGURES_BEGIN)
    return rest.partition(FIGURES_END)[0].strip()


def licences(classifier: Classifier) -> str:
    """What the card of the bundle says of its data and their licences; empty without a card."""
    return _card(classifier).partition("\n## Data and licences\n")[2].strip()


def _card(classifier: Classifier) -> str:
    card = classifier.folder / CARD_FILE
    return card.read_text("utf-8") if card.exists() else ""


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


def accuracies(card: Path) -> dict[str, float]:
    """The accuracies that a card reports, 0 to 1 by corpus; none where there is no card."""
    return {
        CORPORA[corpus]: value
        for (corpus, metric), value in _results(card).items()
        if metric == "accuracy" and corpus in CORPORA
    }


def _uar(card: Path) -> str:
    """What a card reports of RAVDESS; empty where it reports nothing of it."""
    value = _results(card).get(("ravdess", "UAR"))
    return "" if value is None else f"{value:.3f}"


def _results(card: Path) -> dict[tuple[str, str], float]:
    """What the head of a card reports, by corpus and by the metric's name, or else its type."""
    if not card.exists():
        return {}
    return {
        (result.dataset_type, result.metric_name or result.metric_type): result.metric_value
        for result in ModelCard.load(card).data.eval_results or []
    }
