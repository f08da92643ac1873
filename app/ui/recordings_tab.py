"""The Recordings tab: one recording or many in; emotions, sound, timelines and tables out."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from .. import audio
from ..batch import Progress, hear_all
from ..classifier import Classifier
from ..collection import uploads
from ..emotions import BY_NAME
from ..limits import LIMITS
from ..tables import Outcome
from . import EXAMPLES, asset, charts
from .gradio_patches import Kept
from .model_choice import chooser, named
from .results import (
    Tab,
    Update,
    choose,
    cleared,
    one_more,
    rest,
    working,
)
from .runs import Run, Runs
from .summary import NO_PROGRESS, empty_summary, loading, progress_bar, waiting
from .take_away import CHOICES, text_of

AT_ONCE = 2  # users who are served at the same time; the others wait
GONE = (
    "The sound is no longer here: it is deleted some minutes after it was sent. Drop it in again."
)
PAUSE = 0.2  # seconds between two signs of progress
# Gradio's own progress would hide the last result, and its "Error" would stay on it.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(classifier: Classifier, page: gr.Blocks) -> Tab:
    """Lay out the tab in the open Blocks of the page."""
    gr.set_static_paths([EXAMPLES])  # or Gradio would copy and delete them like uploads
    results = gr.State([])
    with gr.Row():
        with gr.Column(scale=4, min_width=300):
            drop = gr.File(
                file_count="multiple",
                type="filepath",
                label="Recordings, or a zip of them",
                elem_id="recordings",
                height=170,
            )
            clips = sorted(EXAMPLES.glob("*.ogg"), key=lambda clip: (is_joined(clip), clip.name))
            gr.Examples(
                examples=[[[str(clip)]] for clip in clips],
                example_labels=[example_label(clip) for clip in clips],
                inputs=drop,
                label="Try an example",
                elem_id="examples",
            )
            with gr.Accordion("Settings", open=False, elem_id="recordings-settings"):
                model = chooser(classifier, "The model that analyzes the recordings.")
                split = gr.Checkbox(
                    False,
                    label="Analyze each channel by itself",
                    info="For a call with one speaker on each channel.",
                    elem_id="split",
                )
            with gr.Row(elem_id="hearing"):
                progress = gr.HTML(NO_PROGRESS, elem_id="progress", apply_default_css=False)
                stop = gr.Button("Stop", size="sm", elem_id="stop", visible=False, scale=0)
        with gr.Column(scale=7, min_width=300):
            headline = gr.HTML(empty_summary(), elem_id="summary", apply_default_css=False)
            with gr.Row(elem_id="figures"):
                bars = gr.Plot(
                    charts.probability_bars({}),
                    show_label=False,
                    container=False,
                    elem_id="bars",
                    scale=3,
                    min_width=300,
                )
                shares = gr.Plot(
                    show_label=False,
                    container=False,
                    elem_id="shares",
                    scale=2,
                    min_width=240,
                    visible=False,
                )
    with gr.Column(visible=False, elem_id="many") as many:
        table = gr.HTML(
            html_template=asset("table.html"),
            js_on_load=asset("table.js"),
            value=None,
            apply_default_css=False,
            elem_id="files",
        )
        chosen = gr.HTML("", elem_id="chosen", apply_default_css=False)
    player = gr.HTML(
        html_template=asset("player.html"),
        js_on_load=asset("player.js"),
        value=None,
        apply_default_css=False,
        elem_id="player",
    )
    sound = gr.Plot(show_label=False, container=False, elem_id="sound")
    with gr.Column(visible=False, elem_id="segments-part") as segments_part:
        segments = gr.HTML(
            html_template=asset("table.html"),
            js_on_load=asset("table.js"),
            value=None,
            apply_default_css=False,
            elem_id="segments",
        )
    with gr.Column(visible=False, elem_id="taken") as taken:
        with gr.Accordion("All 3-second windows", open=False):
            windows = gr.Dataframe(
                interactive=False, show_label=False, max_height=360, buttons=[], elem_id="windows"
            )
        with gr.Row(elem_id="take-away"):
            format_ = gr.Dropdown(
                CHOICES,
                label="Take away",
                scale=1,
                min_width=220,
            )
            save = gr.Button("Download", size="md", scale=0, min_width=140)
    parcel = gr.Textbox(visible="hidden", elem_id="parcel")

    tab = Tab(
        results=results,
        progress=progress,
        stop=stop,
        headline=headline,
        bars=bars,
        shares=shares,
        many=many,
        table=table,
        chosen=chosen,
        player=player,
        sound=sound,
        segments=segments,
        segments_part=segments_part,
        windows=windows,
        taken=taken,
    )
    kept, runs = Kept(drop), Runs()

    # Gradio gives requests and events to functions with hints, and finds no hints on a `partial`.
    def replaced(paths: list[str] | None, model: str, split: bool, request: gr.Request) -> Update:
        run = runs.begin(request, paths, model, split)
        if run.begun:
            return gr.skip()
        kept.hold(paths, request)
        return working(tab, waiting()) if paths else cleared(tab)

    def uploaded(
        paths: list[str] | None, model: str, split: bool, request: gr.Request
    ) -> Iterator[Update]:
        with kept.during(paths or []):  # the end of the run before releases what it finds
            run = runs.take(request, paths, model, split)
            yield gr.skip()  # Gradio clears the page for a function that yields nothing
            if run is None or run.over:
                return
            try:
                yield from analyze_uploads(classifier, tab, run, paths, model, split)
            except gr.Error as error:
                # Raised, Gradio's page would drop a change that waits for the end of this run.
                gr.Warning(error.message)
            finally:
                run.ended = True

    def finished(request: gr.Request) -> Update:
        return gr.skip() if runs.unfinished(request) else at_rest(request)

    def at_rest(request: gr.Request) -> Update:
        kept.release(request)
        return rest(tab)

    def failed(request: gr.Request) -> Update:
        runs.leave(request)
        return at_rest(request)

    def stopped(request: gr.Request) -> Update:
        waited = runs.waits(request)
        runs.stop(request)
        return rest(tab) if waited else gr.skip()

    def row_chosen(outcomes: list[Outcome], event: gr.EventData) -> Update:
        return choose(tab, outcomes, event)

    changes = [drop.change, model.change, split.change]
    asked: list[Any] = [drop, model, split]
    everything = list(vars(tab).values())
    # The queue takes a change only when the run before it has ended, so this one ends it.
    gr.on(changes, replaced, inputs=asked, outputs=everything, queue=False, **QUIET)
    analyzed = gr.on(
        changes,
        uploaded,
        inputs=asked,
        outputs=everything,
        concurrency_limit=AT_ONCE,
        **QUIET,
    )
    at_work = [progress, stop]
    stop.click(stopped, outputs=at_work, queue=False, **QUIET)
    analyzed.success(finished, outputs=at_work, queue=False, **QUIET)
    analyzed.failure(failed, outputs=at_work, queue=False, **QUIET)
    page.unload(kept.release)
    page.unload(runs.leave)
    details = [chosen, player, sound, segments, segments_part, windows]
    # In the queue, because Gradio's page does not show the errors of what is not. Rows chosen
    # faster than the server answers are shown in their order; Gradio would drop all but the first.
    table.select(
        row_chosen,
        inputs=results,
        outputs=details,
        trigger_mode="multiple",
        concurrency_limit=1,
        **QUIET,
    )
    # The page saves the text, so that the server keeps no copy of the results.
    save.click(
        text_of, inputs=[results, format_, player], outputs=parcel, concurrency_limit=None, **QUIET
    ).success(
        js="(text, name) => window.saveFile(name, text)",
        inputs=[parcel, format_],
        api_visibility="private",
    )
    return tab


def example_label(clip: Path) -> str:
    """`sad-woman-1007.ogg` -> `😢 sad, woman`."""
    emotion, who, _ = clip.stem.split("-")
    if is_joined(clip):
        return f"several emotions, {who}"
    return f"{BY_NAME[emotion].symbol} {emotion}, {who}"


def is_joined(clip: Path) -> bool:
    """Whether an example consists of several clips."""
    return clip.name.startswith("joined-")


def analyze_uploads(
    classifier: Classifier,
    tab: Tab,
    run: Run,
    paths: list[str] | None,
    model: str,
    split: bool,
) -> Iterator[Update]:
    """The content of the tab during the analysis; None clears it.

    Raises:
        gr.Error: the only recording cannot be read, or there are too many. The page keeps its
            content.
    """
    if not paths:
        yield cleared(tab)
        return
    if not all(Path(path).exists() for path in paths):
        raise gr.Error(GONE, print_exception=False)
    collection = uploads(map(Path, paths))
    items = collection.items
    if collection.note:
        gr.Info(collection.note)
    if len(items) > LIMITS.recordings:
        raise gr.Error(f"At most {LIMITS.recordings} recordings at once.", print_exception=False)
    total, channels = len(items), 1
    yield working(tab, progress_bar(0, total, items[0].name))
    chosen = named(classifier, model)
    if not chosen.ready:
        yield working(tab, loading())
        chosen.load()
    lengths = {Path(path).name: audio.duration(path) for path in paths}
    outcomes: list[Outcome] = []
    said = time.monotonic()
    for step in hear_all(items, chosen, picture=True, split=split, stopped=lambda: run.over):
        if run.replaced:
            return
        if isinstance(step, Progress):
            channels = step.channels
            if time.monotonic() - said > PAUSE:
                said = time.monotonic()
                length = lengths.get(step.file)
                bar = progress_bar(len(outcomes), total, step.file, step.seconds, length)
                yield working(tab, bar)
            continue
        if len(items) == 1 and step.error:
            raise gr.Error(step.error, print_exception=False)
        outcomes = [*outcomes, step]
        total += channels - 1 if step.channel == 1 else 0  # each is an outcome
        yield one_more(tab, outcomes, total, paths, [item.name for item in items], run)
