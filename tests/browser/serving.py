"""The page served from the test's own process, where what it holds can be seen."""

from collections.abc import Iterator

import gradio as gr

from app.classifier import Classifier
from app.ui import page as ui


def served(classifier: Classifier) -> Iterator[tuple[gr.Blocks, str]]:
    """The page and its address."""
    page = ui.build(classifier)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **ui.launch_settings())
    yield page, url
    page.close()
