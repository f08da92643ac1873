"""The choice of a bundle on the page."""

import gradio as gr

from ..bundle import BundleError
from ..classifier import Classifier, bundles, shared


def several(classifier: Classifier) -> bool:
    """Whether there are other bundles besides the served one."""
    return len(bundles(classifier.folder.parent)) > 1


def chooser(classifier: Classifier, info: str) -> gr.Dropdown:
    """A choice of the models; hidden if there is only one.

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


def found(classifier: Classifier, model: str) -> Classifier:
    """The bundle of that name, which may still have to be loaded.

    Raises:
        gr.Error: it cannot be used; one sentence says why.
    """
    if model == classifier.folder.name:
        return classifier
    try:
        return shared(classifier.folder.parent / model)
    except BundleError as error:
        raise gr.Error(unusable(model), print_exception=False) from error


def named(classifier: Classifier, model: str) -> Classifier:
    """The bundle of that name, loaded; the served one may still be loading.

    Raises:
        gr.Error: it cannot be used; one sentence says why.
    """
    chosen = found(classifier, model)
    if chosen is classifier:
        return chosen
    try:
        chosen.load()
    except BundleError as error:
        raise gr.Error(unusable(model), print_exception=False) from error
    return chosen


def unusable(model: str) -> str:
    return f"The model {model} cannot be used."
