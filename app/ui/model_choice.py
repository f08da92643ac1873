"""The bundles that a visitor can choose from."""

import gradio as gr

from ..bundle import BundleError
from ..classifier import Classifier, bundles, shared


def several(classifier: Classifier) -> bool:
    """Whether there is a choice: other bundles beside the one that is served."""
    return len(bundles(classifier.folder.parent)) > 1


def chooser(classifier: Classifier, info: str) -> gr.Dropdown:
    """The models beside the one that is served; hidden where it is the only one.

    Args:
        classifier: chosen at first.
        info: what the choice changes, for the visitor.
    """
    return gr.Dropdown(
        bundles(classifier.folder.parent),
        value=classifier.folder.name,
        label="Model",
        info=info,
        visible=several(classifier),
    )


def named(classifier: Classifier, model: str) -> Classifier:
    """The bundle of that name, loaded unless it is the one that is served, which may be on its way.

    Raises:
        gr.Error: one sentence, when it cannot be used.
    """
    if model == classifier.folder.name:
        return classifier
    try:
        chosen = shared(classifier.folder.parent / model)
        chosen.load()
        return chosen
    except BundleError as error:
        raise gr.Error(f"The model {model} cannot be used.", print_exception=False) from error
