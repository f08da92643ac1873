"""The Live tab: a microphone streams in, readings appear twice a second."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from weakref import WeakSet

import gradio as gr
import numpy as np
import plotly

from ..audio import HOP_SECONDS
from ..classifier import Classifier
from ..limits import LIMITS, in_minutes
from ..live import DEFAULT_SMOOTHING, LiveSession
from ..tables import reading_record
from . import asset
from .model_choice import chooser, named

STREAM_EVERY = 0.5  # seconds between chunks
SLOTS = LIMITS.listeners + 20  # a stream holds one; the rest is for those who are told to wait
TIME_LIMIT = 30 * 60  # seconds after which a stream joins the queue again, its session kept

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
# Loaded with the page: at the first reading, it would hold back chunks for a second or two.
HEAD = f'<script id="plotly" async src="gradio_api/file={PLOTLY.as_posix()}"></script>'

# Seconds that the server may be behind before it leaves out readings, and the longest it goes
# without one then. The page keeps the sound meanwhile (assets/page/microphone.js).
BEHIND = 1.5
SKIPPED_AT_MOST = 2.0
GONE = 5.0  # seconds without a chunk after which somebody else may record

Chunk = tuple[int, np.ndarray]  # sample rate in Hz; (n,) or (n, channels) int16


@dataclass(eq=False)
class Listener:
    """What the server holds of one person who records.

    Attributes:
        session: what was heard.
        began: when the recording did, on the clock of `time.monotonic`; None until it has.
        read: seconds of sound at the newest reading.
        seen: when the newest chunk came, on the same clock.
    """

    session: LiveSession
    began: float | None = None
    read: float = 0.0
    seen: float = 0.0


class Room:
    """Those who record now.

    Args:
        most: how many there is room for.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._listeners: WeakSet[Listener] = WeakSet()

    def admits(self, listener: Listener) -> bool:
        """Whether a listener whose chunk has just come is inside, now or already."""
        now = time.monotonic()
        for other in list(self._listeners):
            if now - other.seen > GONE:
                self._listeners.discard(other)
        if listener not in self._listeners and len(self._listeners) >= self._most:
            return False
        listener.seen = now
        self._listeners.add(listener)
        return True


ROOM = Room(LIMITS.listeners)


def build(classifier: Classifier, page: gr.Blocks) -> None:
    """Lay out the tab inside the page, whose Blocks are open."""
    gr.set_static_paths([PLOTLY])
    gr.HTML(asset("notices.html"), apply_default_css=False, elem_classes="notices")
    listener = gr.State(None)
    microphone = gr.Audio(
        sources=["microphone"],
        streaming=True,
        show_label=False,
        elem_id="microphone",
        buttons=[],
    )
    panel = gr.HTML(
        html_template=asset("live.html"),
        js_on_load=asset("live.js"),
        emotions=[vars(emotion) for emotion in classifier.info.emotions],
        apply_default_css=False,
        elem_id="live",
    )

    with gr.Accordion("Settings", open=False, elem_id="live-settings"), gr.Row():
        smoothing = gr.Slider(
            0.0,
            0.9,
            DEFAULT_SMOOTHING,
            step=0.05,
            label="Smoothing",
            info="Higher is steadier and slower.",
        )
        step = gr.Radio(
            [("twice a second", 0.5), ("once a second", 1.0), ("every two seconds", 2.0)],
            value=HOP_SECONDS,
            label="Readings",
            info="How often a reading is made.",
        )
        model = chooser(classifier, "What listens; it can change during a recording.")

    page.load(
        partial(loading, classifier),
        outputs=panel,
        concurrency_limit=None,
        show_progress="hidden",
        api_visibility="private",
    )
    microphone.start_recording(js="() => window.undertone.started()", api_visibility="private")
    microphone.stop_recording(js="() => window.undertone.stopped()", api_visibility="private")
    microphone.start_recording(
        partial(begin, classifier),
        inputs=[model, smoothing, step],
        outputs=listener,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    gr.on(
        [model.change, smoothing.change, step.change],
        partial(adjust, classifier),
        inputs=[listener, model, smoothing, step],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    microphone.stream(
        partial(hear, classifier),
        inputs=[microphone, listener],
        outputs=[listener, panel],
        stream_every=STREAM_EVERY,
        time_limit=TIME_LIMIT,
        concurrency_limit=SLOTS,
        show_progress="hidden",
        api_visibility="private",
    )


def hear(classifier: Classifier, chunk: Chunk | None, listener: Listener | None) -> tuple:
    """One chunk of one person's stream.

    Args:
        classifier: shared by all.
        chunk: as Gradio hands it over; None when there was nothing.
        listener: of this person; None when the page was reconnected, and then it starts anew.

    Returns:
        The listener if it is new, and for the page the seconds heard so far with the readings that
        the chunk completed, or why there is no more; `gr.skip()` for what stays.
    """
    if chunk is None:
        return gr.skip(), gr.skip()
    current = listener or Listener(LiveSession(classifier))
    refusal = refused(current)
    if refusal:
        return gr.skip(), {"refusal": refusal}
    sample_rate, samples = chunk
    session = current.session
    end = session.received + len(samples) / sample_rate
    now = time.monotonic()
    current.began = current.began or now - end
    ready = session.classifier.ready  # until it is, sound is heard and not read
    late = now - current.began - end > BEHIND
    skip = not ready or (late and end - current.read < SKIPPED_AT_MOST)
    readings = session.feed(samples, sample_rate, skip)
    if readings:
        current.read = end
    answer = {
        "heard": round(end, 3),
        "readings": [reading_record(reading) for reading in readings],
        "loading": not ready,
    }
    return gr.skip() if current is listener else current, answer


def loading(classifier: Classifier) -> Iterator[dict[str, bool]]:
    """Tell a page that has just opened whether it has to wait for the model, and until when."""
    if not classifier.ready:
        yield {"loading": True}
        classifier.load()
    yield {"loading": False}


def refused(listener: Listener) -> str | None:
    """Why no more is heard of somebody, if it is so."""
    if listener.session.received > 60 * LIMITS.live_minutes:
        return (
            f"A recording ends after {in_minutes(LIMITS.live_minutes)}; press record for a new one."
        )
    if not ROOM.admits(listener):
        return f"{LIMITS.listeners} people are recording, as many as there is room for: try later."
    return None


def begin(classifier: Classifier, model: str, smoothing: float, step: float) -> Listener:
    """A new recording, with the settings as they are."""
    return Listener(LiveSession(named(classifier, model), smoothing, step))


def adjust(
    classifier: Classifier, listener: Listener | None, model: str, smoothing: float, step: float
) -> None:
    """Let the settings act on a recording that goes on; the next one starts with them."""
    if listener is None:
        return
    session = listener.session
    session.smoothing, session.step = smoothing, step
    if session.classifier.folder.name != model:
        session.use(named(classifier, model))
