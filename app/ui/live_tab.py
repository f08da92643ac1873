"""The Live tab: readings of the microphone stream, twice a second."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_hex
from threading import Thread
from weakref import WeakSet

import gradio as gr
import numpy as np
import plotly

from ..audio import HOP_SECONDS
from ..bundle import BundleError
from ..classifier import Classifier
from ..limits import LIMITS, in_minutes
from ..live import DEFAULT_SMOOTHING, LiveSession
from ..tables import reading_record
from . import asset
from .model_choice import chooser, found, named, unusable

STREAM_EVERY = 0.5  # seconds between chunks
SLOTS = LIMITS.listeners + 20  # one per stream; the others are for users who have to wait
TIME_LIMIT = 30 * 60  # seconds until a stream queues again; its session is kept

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
# Loaded with the page, because loading it at the first reading delays chunks by a second or two.
HEAD = f'<script id="plotly" async src="gradio_api/file={PLOTLY.as_posix()}"></script>'

# Seconds that the server may lag before it skips readings, and the longest time without a reading
# then. The page keeps the sound meanwhile (assets/page/gradio_stream.js).
BEHIND = 1.5
SKIPPED_AT_MOST = 2.0
QUIET = 3.0  # seconds without a chunk, after which the lag counts from zero
GONE = 5.0  # seconds without a chunk until another user may record

Chunk = tuple[int, np.ndarray]  # sample rate in Hz; (n,) or (n, channels) int16


@dataclass(eq=False)
class Listener:
    """The state of one user who records.

    Attributes:
        session: the live session.
        chosen: the model that it uses from the next chunk on; loaded.
        began: start of the recording by `time.monotonic`; None before it.
        read: seconds of sound at the newest reading.
        seen: arrival of the newest chunk by `time.monotonic`.
        answered: answer to the chunk before it by `time.monotonic`.
        stream: a name that no other has, also on a server that starts anew; with it the page sorts
            answers.
        problem: why the recording cannot go on; None if it can.
    """

    session: LiveSession
    chosen: Classifier | None = None
    began: float | None = None
    read: float = 0.0
    seen: float = 0.0
    answered: float = field(default_factory=time.monotonic)
    stream: str = field(default_factory=partial(token_hex, 8))
    problem: str | None = None

    def load(self) -> None:
        """Load the model of the session."""
        classifier = self.session.classifier
        try:
            classifier.load()
        except BundleError:
            self.problem = unusable(classifier.folder.name)


class Listeners:
    """The users who record now.

    Args:
        most: their largest number.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._listeners: WeakSet[Listener] = WeakSet()

    def admits(self, listener: Listener) -> bool:
        """Admit a listener with a new chunk if there is room; return whether it is admitted."""
        now = time.monotonic()
        for other in list(self._listeners):
            if now - other.seen > GONE:
                self._listeners.discard(other)
        if listener not in self._listeners and len(self._listeners) >= self._most:
            return False
        listener.seen = now
        self._listeners.add(listener)
        return True


LISTENERS = Listeners(LIMITS.listeners)


def build(classifier: Classifier, page: gr.Blocks) -> None:
    """Lay out the tab in the open Blocks of the page."""
    gr.set_static_paths([PLOTLY])
    gr.HTML(asset("notices.html"), apply_default_css=False, elem_classes="notices")
    listener = gr.State(None)
    microphone = gr.Audio(
        sources=["microphone"],
        streaming=True,
        show_label=False,
        waveform_options=gr.WaveformOptions(show_recording_waveform=False),
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
            info="Time between readings.",
        )
        model = chooser(classifier, "The model; it can change during a recording.")

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
        trigger_mode="always_last",  # a recording may begin before the one before it is answered
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
    """Process one chunk of the stream of one user.

    Args:
        classifier: shared by all users.
        chunk: from Gradio; None if there was no sound.
        listener: of this user; None after a reconnection, which begins a new one.

    Returns:
        The listener if it is new, and for the page its stream, the seconds of sound so far and the
        readings that the chunk completed, or the reason why the recording ends; `gr.skip()` for no
        change. While the model is loading, the chunk is left to the page, which sends it again.
    """
    if chunk is None:
        return gr.skip(), gr.skip()
    current = listener or Listener(LiveSession(classifier))
    refusal = refused(current)
    if refusal:
        return gr.skip(), {"stream": current.stream, "refusal": refusal}
    kept = gr.skip() if current is listener else current
    session = current.session
    # Not where it is chosen: then another thread may be reading a chunk.
    if current.chosen not in (None, session.classifier):
        session.use(current.chosen)
    if not session.classifier.ready:
        answer = {"stream": current.stream, "received": session.received, "readings": []}
        # A token, because Gradio's page passes on what differs from the answer before.
        return kept, answer | {"loading": True, "again": token_hex(4)}
    sample_rate, samples = chunk
    end = session.received + len(samples) / sample_rate
    now = time.monotonic()
    # After a pause without chunks, such as a lost connection, the lag counts from zero.
    if current.began is None or now - current.answered > QUIET:
        current.began = now - end
    late = now - current.began - end > BEHIND
    skip = late and end - current.read < SKIPPED_AT_MOST
    readings = session.feed(samples, sample_rate, skip)
    if readings:
        current.read = end
    current.answered = time.monotonic()
    answer = {
        "stream": current.stream,
        "received": round(end, 3),
        "readings": [reading_record(reading) for reading in readings],
        "loading": False,
    }
    return kept, answer


def loading(classifier: Classifier) -> Iterator[dict[str, bool]]:
    """Tell a new page whether it has to wait for the model, and when the model is ready."""
    if not classifier.ready:
        yield {"loading": True}
        classifier.load()
    yield {"loading": False}


def refused(listener: Listener) -> str | None:
    """The reason why the recording of a user ends; None if it goes on."""
    if listener.problem:
        return listener.problem
    if listener.session.received > 60 * LIMITS.live_minutes:
        return (
            f"A recording ends after {in_minutes(LIMITS.live_minutes)}; press record for a new one."
        )
    if not LISTENERS.admits(listener):
        return f"{LIMITS.listeners} people are recording, as many as there is room for: try later."
    return None


def begin(classifier: Classifier, model: str, smoothing: float, step: float) -> Listener:
    """Begin a recording with the current settings.

    The model is loaded meanwhile: until there is an answer, chunks go to the recording before this
    one, and are lost.
    """
    listener = Listener(LiveSession(found(classifier, model), smoothing, step))
    if not listener.session.classifier.ready:
        Thread(target=listener.load, daemon=True).start()
    return listener


def adjust(
    classifier: Classifier, listener: Listener | None, model: str, smoothing: float, step: float
) -> None:
    """Apply the settings to the current recording; the next one starts with them.

    While another model is loaded, the recording goes on with the one before.
    """
    if listener is None:
        return
    session = listener.session
    session.smoothing, session.step = smoothing, step
    listener.chosen = named(classifier, model)
