"""The File tab: one recording in, its emotion, its sound and its timeline out."""

from functools import partial
from html import escape
from pathlib import Path

import gradio as gr
import plotly.graph_objects as go

from app import audio, charts
from app.classifier import Classifier
from app.emotions import BY_NAME
from app.recordings import Analysis, analyze
from app.ui import ASSETS, asset

EXAMPLES = ASSETS / "examples"
AT_ONCE = 2  # recordings analysed at the same time; the others wait
BUSY = "() => { document.documentElement.dataset.hearing = 'file'; }"
DONE = "() => { delete document.documentElement.dataset.hearing; }"

Results = tuple[str, go.Figure, go.Figure | None]


def build(classifier: Classifier) -> None:
    """Lay out the tab inside the Blocks that are open."""
    gr.HTML(asset("notices.html"), apply_default_css=False, elem_classes="notices")
    with gr.Row():
        with gr.Column(scale=5, min_width=300):
            recording = gr.Audio(
                sources=["upload", "microphone"],
                type="filepath",
                show_label=False,
                elem_id="recording",
                buttons=[],
                waveform_options=gr.WaveformOptions(
                    waveform_color=charts.GREY, waveform_progress_color="#0b6e8c"
                ),
            )
            clips = sorted(EXAMPLES.glob("*.ogg"), key=lambda clip: (is_joined(clip), clip.name))
            gr.Examples(
                examples=[[str(clip)] for clip in clips],
                example_labels=[example_label(clip) for clip in clips],
                inputs=recording,
                label="Or hear one of these",
                elem_id="examples",
            )
        with gr.Column(scale=6, min_width=300):
            summary = gr.HTML(empty_summary(), elem_id="summary", apply_default_css=False)
            bars = gr.Plot(
                charts.probability_bars(None), show_label=False, container=False, elem_id="bars"
            )
    sound = gr.Plot(show_label=False, container=False, elem_id="sound")

    # A busy mark of our own: Gradio's would cover the last result with "Error" after a bad file.
    recording.change(js=BUSY, api_visibility="private")
    heard = recording.change(
        partial(hear, classifier),
        inputs=recording,
        outputs=[summary, bars, sound],
        concurrency_limit=AT_ONCE,
        show_progress="hidden",
        api_visibility="private",
    )
    heard.success(js=DONE, api_visibility="private")
    heard.failure(js=DONE, api_visibility="private")


def example_label(clip: Path) -> str:
    """`sad-woman-1007.ogg` -> `😢 sad, woman`."""
    emotion, who, _ = clip.stem.split("-")
    if is_joined(clip):
        return f"several emotions, {who}"
    return f"{BY_NAME[emotion].symbol} {emotion}, {who}"


def is_joined(clip: Path) -> bool:
    """Whether an example holds several clips, one after the other."""
    return clip.name.startswith("joined-")


def hear(classifier: Classifier, path: str | None) -> Results:
    """Everything the tab shows of one recording; None clears it.

    Raises:
        gr.Error: one sentence, when the file cannot be heard; the page keeps what it showed.
    """
    if path is None:
        return empty_summary(), charts.probability_bars(None), None
    try:
        waveform = audio.load(path, classifier.sample_rate)
    except audio.AudioError as error:
        raise gr.Error(str(error), print_exception=False) from error
    analysis = analyze((classifier.sample_rate, waveform), classifier)
    return (
        summary_of(Path(path).name, analysis),
        charts.probability_bars(analysis.probabilities),
        charts.recording(waveform, classifier.sample_rate, analysis),
    )


def summary_of(name: str, analysis: Analysis) -> str:
    """The large emotion and what it was heard in, as HTML."""
    heard = f"{escape(name)} · {analysis.duration:.1f} s, {analysis.speech:.1f} s of it speech"
    if analysis.emotion is None or analysis.confidence is None:
        return _summary("", "No speech", "No speech was heard, so there is no emotion.", heard)
    emotion = BY_NAME[analysis.emotion]
    certainty = f"{analysis.confidence:.0%} confident"
    return _summary(emotion.symbol, emotion.name, certainty, heard, emotion.colour)


def empty_summary() -> str:
    return _summary("", "Ready", "Drop in a recording, record one, or choose an example.", "")


def _summary(face: str, title: str, detail: str, heard: str, colour: str = "transparent") -> str:
    return (
        f'<div class="now" style="--now: {colour}"><div class="face" aria-hidden="true">{face}'
        f'</div><div class="words" aria-live="polite"><p class="emotion">{title}</p>'
        f'<p class="detail">{detail}</p><p class="heard">{heard}</p></div></div>'
    )
