"""The page: its tabs, theme and the settings it is served with."""

import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import gradio as gr

from ..classifier import DEFAULT_MODEL, Classifier, shared
from ..folders import MODELS
from ..limits import LIMITS
from ..stderr import native_chatter_held
from . import PAGE, about, api, asset, gradio_patches, live_tab, recordings_tab
from .desktop import open_window
from .link_preview import TITLE
from .served_html import app_settings

STYLES = ("styles.css", "live.css", "recordings.css", "about.css")
HEAD_SCRIPTS = (
    "whole_events.js",
    "gradio_calls.js",
    "gradio_uploads.js",
    "gradio_stream.js",
    "gradio_patches.js",
    "microphone.js",
    "save.js",
    "zip.js",
    "replay.js",
    "session.js",
    "timeline.js",
    "plot.js",
    "recording_sign.js",
)
# Of Gradio's jobs a recording holds one until it ends: as many as Gradio has remain for all else.
JOBS = live_tab.SLOTS + 40
DELETE_CACHE = (60, 300)  # seconds: how often files are looked over, and how old they may get

INK = gr.themes.Color(
    name="ink",
    c50="#eef7fa",
    c100="#d5ebf2",
    c200="#aed8e5",
    c300="#7cbfd3",
    c400="#45a1bb",
    c500="#1f86a4",
    c600="#0b6e8c",
    c700="#0a5a73",
    c800="#0b4a5e",
    c900="#0c3d4d",
    c950="#062833",
)
PAPER = gr.themes.Color(
    name="paper",
    c50="#fcfbf9",
    c100="#f4f2ee",
    c200="#e6e3dd",
    c300="#d2cec6",
    c400="#a09c94",
    c500="#77736b",
    c600="#5b5852",
    c700="#3b3a38",
    c800="#24252a",
    c900="#17191d",
    c950="#0f1114",
)


def build(classifier: Classifier) -> gr.Blocks:
    """The whole page around one classifier that all visitors share."""
    gradio_patches.patch()
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=DELETE_CACHE) as page:
        gr.HTML(asset("header.html"), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Live", id="live"):
                live_tab.build(classifier, page)
            with gr.Tab("Recordings", id="recordings"):
                recordings_tab.build(classifier, page)
            with gr.Tab("About", id="about"):
                about.build(classifier)
        gr.HTML(asset("footer.html"), apply_default_css=False)
        api.build(classifier)
        gradio_patches.forget_on_unload(page)
    page.queue(max_size=LIMITS.listeners + LIMITS.waiting)
    return page


def page(classifier: Classifier | None = None) -> gr.Blocks:
    """The page for another program, which mounts it beside its own: `gradio.mount_gradio_app`.

    Args:
        classifier: shared by all visitors; None for the default bundle. Its model is loaded for the
            first visitor, if not before.

    Raises:
        BundleError: the bundle cannot be used.
        PatchError: the installed Gradio does not fit.
    """
    blocks = build(classifier or shared(MODELS / DEFAULT_MODEL))
    gradio_patches.keep_settings(blocks, launch_settings())
    return blocks


def build_refusal(sentence: str) -> gr.Blocks:
    """The page without a model; it only shows why."""
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.HTML(asset("header.html"), apply_default_css=False)
        gr.Markdown(f"## There is no model yet\n\n{sentence}", elem_id="refusal")
        gr.HTML(asset("footer.html"), apply_default_css=False)
    return page


def theme() -> gr.themes.Base:
    """Quiet paper and ink, flat panels; its fonts come from this machine and no other."""
    return gr.themes.Base(
        primary_hue=INK,
        secondary_hue=INK,
        neutral_hue=PAPER,
        # The semi-bold file that Gradio 6.31 ships lacks most letters; its bold one is whole.
        font=[
            gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)),
            "Undertone Emoji",
            "system-ui",
            "sans-serif",
        ],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="*neutral_50",
        background_fill_primary_dark="*neutral_950",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_900",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_shadow="none",
        block_radius="14px",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        link_text_color_dark="*primary_400",
    )


def launch_settings() -> dict[str, Any]:
    """The arguments of `gr.Blocks.launch` in all ways of serving the page."""
    return {
        "theme": theme(),
        "css_paths": [PAGE / name for name in STYLES],
        "head": "".join(f"<script>{asset(name)}</script>" for name in HEAD_SCRIPTS) + live_tab.HEAD,
        "app_kwargs": app_settings(),
        "favicon_path": PAGE / "favicon.png",
        "footer_links": ["api"],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        "max_file_size": f"{LIMITS.upload_mb}mb",
        "max_threads": JOBS,
        "state_session_capacity": LIMITS.sessions,
    }


def launch(
    classifier: Classifier,
    host: str,
    port: int | None = None,
    profile: Path | None = None,
    mcp: bool = False,
    auth: tuple[str, str] | None = None,
    root_path: str | None = None,
) -> None:
    """Serve the page until the process is stopped; the model is loaded behind it.

    Args:
        classifier: shared by all visitors; it is loaded here, if not before.
        host: the address to listen on.
        port: the port to listen on; None for $GRADIO_SERVER_PORT or the first free from 7860.
        profile: a folder for the settings of a window that opens with the page and stops it when
            closed; None for no window.
        mcp: whether the endpoints are also tools for agents; this needs Gradio's `mcp` extra.
        auth: a name and a password that visitors must give.
        root_path: where a proxy shows the page, such as "/voice", or the whole address of it; None
            for $GRADIO_ROOT_PATH or the root.

    Raises:
        OSError: the port is taken.
        BundleError: the model cannot be loaded; the server stops.
        PatchError: the installed Gradio does not fit.
    """
    page = build(classifier)
    window = None

    def close() -> None:
        if window:
            window.terminate()
        page.close()
        gradio_patches.delete_uploads(page)

    def end(*_: Any) -> NoReturn:
        try:
            close()
        finally:
            os._exit(0)

    # Of itself Python would end at once on SIGTERM, and the uploads would stay on the disk. An
    # exception, as of Ctrl-C, would be lost where it meets the import of TensorFlow.
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    _, url, _ = page.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        mcp_server=mcp,
        auth=auth,
        root_path=root_path,
        **launch_settings(),
    )
    sys.stdout.flush()  # the address, which a file or a pipe would get late or never
    try:
        if profile:
            window = open_window(url, profile)
        gradio_patches.check_served(page, mcp)
        with native_chatter_held():
            classifier.load()
        if window:
            window.wait()
        else:
            page.block_thread()
    finally:
        close()


def launch_refusal(sentence: str, host: str) -> None:
    """Serve the page that says why there is no model, until the process is stopped."""
    build_refusal(sentence).launch(server_name=host, **launch_settings())
