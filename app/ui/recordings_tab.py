"""The Recordings tab: one recording or many in; emotions, sound, timelines and tables out."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from .. import audio, tables
from ..batch import Progress, hear_all
from ..classifier import Classifier
from ..collection import uploads
from ..emotions import BY_NAME
from ..limits import LIMITS
from ..recordings import Analysis
from ..tables import Outcome
from . import EXAMPLES, asset, charts
from .gradio_patches import Kept
from .model_choice import chooser, named
from .summary import NO_PROGRESS, empty_summary, loading, progress_bar, summary_of

AT_ONCE = 2  # people who are served at the same time; the others wait
GONE = (
    "The sound is no longer here: it is deleted some minutes after it was sent. Drop it in again."
)
PAUSE = 0.2  # seconds between two signs of progress
COLUMNS = ("no.", "file", "emotion", "confidence, %", "duration, s", "speech, s", "error or note")

# What Gradio shows while it waits would hide the last result, and "Error" would stay on it.
BUSY = "() => { document.documentElement.dataset.hearing = 'yes'; }"
DONE = "() => { delete document.documentElement.dataset.hearing; }"
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

Updates = tuple[Any, ...]


def build(classifier: Classifier, page: gr.Blocks) -> None:
    """Lay out the tab inside the page, whose Blocks are open."""
    gr.set_static_paths([EXAMPLES])  # or they would be copied, and deleted as people's files are
    results = gr.State([])
    with gr.Row():
        with gr.Column(scale=5, min_width=300):
            drop = gr.File(
                file_count="multiple",
                type="filepath",
                label="Recordings, or a zip of them",
                elem_id="recordings",
                height=170,
            )
            kept = Kept(drop)
            clips = sorted(EXAMPLES.glob("*.ogg"), key=lambda clip: (is_joined(clip), clip.name))
            gr.Examples(
                examples=[[[str(clip)]] for clip in clips],
                example_labels=[example_label(clip) for clip in clips],
                inputs=drop,
                label="Or hear one of these",
                elem_id="examples",
            )
            with gr.Accordion("Settings", open=False, elem_id="recordings-settings"):
                model = chooser(classifier, "What hears the recordings.")
                split = gr.Checkbox(
                    False,
                    label="Analyze each channel by itself",
                    info="For a call with a speaker on each channel.",
                    elem_id="split",
                )
            with gr.Row(elem_id="hearing"):
                progress = gr.HTML(NO_PROGRESS, elem_id="progress", apply_default_css=False)
                stop = gr.Button("Stop", size="sm", elem_id="stop", visible=False, scale=0)
        with gr.Column(scale=6, min_width=300):
            summary = gr.HTML(empty_summary(), elem_id="summary", apply_default_css=False)
            bars = gr.Plot(
                charts.probability_bars({}), show_label=False, container=False, elem_id="bars"
            )
    with gr.Column(visible=False, elem_id="many") as many:
        table = gr.Dataframe(
            headers=list(COLUMNS),
            datatype=["number", "str", "str", "number", "number", "number", "str"],
            column_widths=["56px", "210px", "130px", "130px", "110px", "100px", "290px"],
            wrap=True,
            interactive=False,
            label="Choose a row to see and hear it",
            max_height=460,
            buttons=[],
            elem_id="files",
        )
        shares = gr.Plot(show_label=False, container=False, elem_id="shares")
    player = gr.HTML(
        html_template=asset("player.html"),
        js_on_load=asset("player.js"),
        value=None,
        apply_default_css=False,
        elem_id="player",
    )
    sound = gr.Plot(show_label=False, container=False, elem_id="sound")
    with gr.Column(visible=False, elem_id="taken") as taken:
        with gr.Accordion("Every window as a table", open=False):
            segments = gr.Dataframe(
                interactive=False, show_label=False, max_height=360, buttons=[], elem_id="segments"
            )
        with gr.Row():
            files_csv = gr.Button("Recordings as CSV", size="sm")
            segments_csv = gr.Button("Segments as CSV", size="sm")
            everything = gr.Button("All as JSON", size="sm")
    parcel = gr.Textbox(visible="hidden", elem_id="parcel")

    details = [summary, bars, sound, segments, player]
    shown = [results, progress, stop, many, table, shares, taken, *details]
    changes = [drop.change, model.change, split.change]
    gr.on(changes, js=BUSY, api_visibility="private")
    gr.on(changes, kept.hold, inputs=drop, queue=False, **QUIET)
    heard = gr.on(
        changes,
        partial(hear, classifier),
        inputs=[drop, model, split],
        outputs=shown,
        concurrency_limit=AT_ONCE,
        **QUIET,
    )
    stop.click(rest, outputs=[progress, stop], cancels=[heard], js=DONE, **QUIET)
    for ended in (heard.success, heard.failure):
        ended(rest, outputs=[progress, stop], js=DONE, queue=False, **QUIET)
        ended(kept.release, queue=False, **QUIET)
    stop.click(kept.release, queue=False, **QUIET)
    page.unload(kept.release)
    table.select(choose, inputs=results, outputs=details, queue=False, **QUIET)
    for button, make, name in (
        (files_csv, files_text, "undertone-recordings.csv"),
        (segments_csv, segments_text, "undertone-segments.csv"),
        (everything, json_text, "undertone.json"),
    ):
        # The text is saved by the page, so that the server keeps no copy of anyone's results.
        button.click(make, inputs=results, outputs=parcel, queue=False, **QUIET).success(
            js=f"(text) => window.saveText('{name}', text)", inputs=parcel, api_visibility="private"
        )


def example_label(clip: Path) -> str:
    """`sad-woman-1007.ogg` -> `😢 sad, woman`."""
    emotion, who, _ = clip.stem.split("-")
    if is_joined(clip):
        return f"several emotions, {who}"
    return f"{BY_NAME[emotion].symbol} {emotion}, {who}"


def is_joined(clip: Path) -> bool:
    """Whether an example holds several clips, one after the other."""
    return clip.name.startswith("joined-")


def hear(
    classifier: Classifier, paths: list[str] | None, model: str, split: bool = False
) -> Iterator[Updates]:
    """Everything the tab shows of recordings, as it comes; None clears it.

    Yields:
        Updates in the order of the outputs: results, progress, stop button, the part for many,
        its table, its charts, the downloads, then the details of one recording.

    Raises:
        gr.Error: one sentence, when the only recording cannot be heard, or there are too many;
            the page keeps what it showed.
    """
    if not paths:
        yield [], NO_PROGRESS, hidden(), hidden(), None, None, hidden(), *details_of(None)
        return
    if not all(Path(path).exists() for path in paths):
        raise gr.Error(GONE, print_exception=False)
    collection = uploads(map(Path, paths))
    items = collection.items
    if collection.note:
        gr.Info(collection.note)
    if len(items) > LIMITS.recordings:
        raise gr.Error(f"At most {LIMITS.recordings} recordings at once.", print_exception=False)
    lengths = {Path(path).name: audio.duration(path) for path in paths}
    outcomes: list[Outcome] = []
    yield working(progress_bar(0, len(items), items[0].name))
    said = time.monotonic()
    chosen = named(classifier, model)
    if not chosen.ready:
        yield working(loading())
        chosen.load()
    for step in hear_all(items, chosen, picture=True, split=split):
        if isinstance(step, Progress):
            if time.monotonic() - said > PAUSE:
                said = time.monotonic()
                total = lengths.get(step.file)
                yield working(
                    progress_bar(len(outcomes), len(items), step.file, step.seconds, total)
                )
            continue
        if len(items) == 1 and step.error:
            raise gr.Error(step.error, print_exception=False)
        outcomes = [*outcomes, step]
        yield found(outcomes, max(len(items), 2 if split else 1), paths)


def working(bar: str) -> Updates:
    """Only the progress changes."""
    return gr.skip(), bar, gr.update(visible=True), *(gr.skip() for _ in range(9))


def found(outcomes: list[Outcome], total: int, paths: list[str]) -> Updates:
    """One more result; the newest is shown, if it is the first or the only one."""
    many = total > 1
    first = len(outcomes) == 1
    return (
        outcomes,
        progress_bar(len(outcomes), total, outcomes[-1].file),
        gr.update(visible=True),
        gr.update(visible=many),
        rows(outcomes) if many else gr.skip(),
        charts.emotion_counts(outcomes) if many else gr.skip(),
        gr.update(visible=True),
        *(details_of(outcomes[-1], paths) if first else (gr.skip() for _ in range(5))),
    )


def rest() -> tuple[str, Any]:
    """The work is over, or stopped; what was found stays."""
    return NO_PROGRESS, hidden()


def hidden() -> Any:
    return gr.update(visible=False)


def choose(outcomes: list[Outcome], chosen: gr.SelectData) -> Updates:
    """The details of the row that was chosen, wherever sorting has put it."""
    return details_of(outcomes[int(chosen.row_value[0]) - 1])


def details_of(outcome: Outcome | None, paths: list[str] | None = None) -> Updates:
    """Summary, bars, sound, windows and player of one recording."""
    if outcome is None:
        return empty_summary(), charts.probability_bars({}), None, None, None
    analysis = outcome.analysis
    if analysis is None:
        return summary_of(outcome), charts.probability_bars({}), None, None, None
    path = next((path for path in paths or [] if is_of(outcome, path)), None)
    windows = tables.windows([outcome], labels_of(analysis)).drop(columns="file")
    return (
        summary_of(outcome),
        charts.probability_bars(analysis.probabilities, analysis.emotions),
        charts.recording(analysis),
        windows.rename(columns={"start": "start, s", "end": "end, s"}),
        {
            "name": outcome.file,
            "emotion": analysis.sentence,
            "path": path,
            "duration": analysis.duration,
        },
    )


def is_of(outcome: Outcome, path: str) -> bool:
    """Whether a result is of this file, or of one of its channels."""
    name = Path(path).name
    return outcome.file == name or outcome.file.startswith(f"{name} (channel ")


def rows(outcomes: list[Outcome]) -> list[list[Any]]:
    """The table of many, in `COLUMNS`."""
    listed = []
    for number, outcome in enumerate(outcomes, 1):
        heard = outcome.analysis
        if heard is None:
            listed.append([number, outcome.file, "", None, None, None, outcome.error])
            continue
        symbols = {emotion.name: f"{emotion.symbol} " for emotion in heard.emotions}
        emotion = symbols.get(heard.emotion or "", "") + (heard.emotion or heard.state)
        confidence = None if heard.confidence is None else round(100 * heard.confidence)
        seconds = [round(heard.duration, 1), round(heard.speech_seconds, 1)]
        listed.append([number, outcome.file, emotion, confidence, *seconds, outcome.note or ""])
    return listed


def labels_of(analysis: Analysis) -> list[str]:
    """The names of the emotions that it chose from."""
    return [emotion.name for emotion in analysis.emotions]


def common_labels(outcomes: list[Outcome]) -> list[str]:
    """Of the model that all were analyzed with; none where all of them failed."""
    return next((labels_of(one.analysis) for one in outcomes if one.analysis), [])


def files_text(outcomes: list[Outcome]) -> str:
    return tables.files(outcomes, common_labels(outcomes)).to_csv(index=False)


def segments_text(outcomes: list[Outcome]) -> str:
    return tables.segments(outcomes, common_labels(outcomes)).to_csv(index=False)


def json_text(outcomes: list[Outcome]) -> str:
    return tables.as_json(outcomes, common_labels(outcomes))
