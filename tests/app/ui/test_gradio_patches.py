"""Another Gradio than the page was written for is refused in one sentence, before it serves."""

import gradio as gr
import pytest
from gradio import processing_utils
from gradio.queueing import Queue
from gradio.state_holder import StateHolder

from app.ui import gradio_patches, page
from app.ui.gradio_patches import FUNCTIONS, PatchError


@pytest.mark.parametrize(("owner", "name"), [function[:2] for function in FUNCTIONS])
def test_a_function_that_is_gone_is_named_before_a_page_is_built(
    monkeypatch, classifier, owner, name
):
    monkeypatch.delattr(owner, name)
    with pytest.raises(PatchError, match=rf"Gradio {gr.__version__} .*\b{name}\("):
        page.build(classifier)


def test_a_function_with_other_parameters_is_refused(monkeypatch):
    monkeypatch.setattr(Queue, "wait_for_event_or_timeout", lambda event: event)
    with pytest.raises(PatchError, match=r"wait_for_event_or_timeout\(event, timeout\)"):
        gradio_patches.check()


def test_an_attribute_that_is_gone_is_named(monkeypatch):
    made = StateHolder.__init__

    def renamed(holder):
        made(holder)
        holder.sessions = vars(holder).pop("session_data")

    monkeypatch.setattr(StateHolder, "__init__", renamed)
    with pytest.raises(PatchError, match=r"StateHolder\.session_data"):
        gradio_patches.check()


def test_html_that_cannot_be_completed_is_refused(monkeypatch, tmp_path):
    html = gradio_patches.HTML.read_text("utf-8").replace("<gradio-app", "<gradio-page")
    (tmp_path / "index.html").write_text(html)
    monkeypatch.setattr(gradio_patches, "HTML", tmp_path / "index.html")
    with pytest.raises(PatchError, match="<gradio-app in its HTML"):
        gradio_patches.check()


def test_a_route_that_is_gone_is_named(monkeypatch):
    monkeypatch.setattr(gradio_patches, "ROUTES", ("/gradio_api/upload", "/gradio_api/gone"))
    with gr.Blocks() as served:
        gr.Audio()
    served.launch(prevent_thread_lock=True, quiet=True)
    try:
        with pytest.raises(PatchError, match="route /gradio_api/gone"):
            gradio_patches.check_served(served, mcp=False)
    finally:
        served.close()


def test_the_installed_version_has_every_name():
    gradio_patches.patch()
    gradio_patches.patch()  # a second page finds the first one's functions
    assert processing_utils.async_ssrf_protected_download.__module__ == "app.ui.gradio_patches"
