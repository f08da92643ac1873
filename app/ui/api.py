"""The endpoints for programs and agents."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from .. import tables
from ..audio import HOP_SECONDS, SAMPLE_RATE, WINDOW_SECONDS
from ..batch import outcomes
from ..classifier import Classifier
from ..collection import uploads
from ..errors import UndertoneError
from ..limits import LIMITS, in_minutes
from ..live import DEFAULT_SMOOTHING
from ..recordings import analyze
from ..tables import Outcome
from .api_chunks import ApiError, checked, decode
from .api_examples import CHUNK
from .api_sessions import Sessions
from .gradio_patches import Kept, no_tool
from .model_choice import chooser, named

AT_ONCE = 2  # recordings and batches that are analyzed at the same time; the others wait
CHUNKS_AT_ONCE = 8

Row = dict[str, Any]
Sent = TypeVar("Sent", str, list[str])


def build(classifier: Classifier) -> None:
    """Add the endpoints to the open Blocks; they are invisible on the page."""
    with gr.Column(visible=False):
        model = chooser(classifier, "What listens.")
        recording = gr.Audio(
            type="filepath", label=f"Recording, of any format, up to {in_minutes(LIMITS.minutes)}"
        )
        recordings = gr.File(
            file_count="multiple", type="filepath", label="Recordings, and zip archives of them"
        )
        # Gradio's own limits for a number would leave a stack trace in the log.
        hop = gr.Number(HOP_SECONDS, label="Seconds between windows, 0.1 to 3")
        timeline = gr.Checkbox(False, label="One row per segment instead of one per recording")
        chunk = gr.Textbox(label="Mono samples, 16-bit little-endian, as base64")
        chunk.example_payload = lambda: CHUNK
        rate = gr.Number(SAMPLE_RATE, precision=0, label="Hz, 8000 to 192000")
        session = gr.Textbox("", label="The session to continue; empty for a new one")
        smoothing = gr.Number(DEFAULT_SMOOTHING, label="Smoothing, 0 to 0.95")
        last = gr.Checkbox(False, label="Whether the session ends with this chunk")
        predicted = gr.JSON(
            label="state, emotion, confidence, candidates, probabilities, shares, duration, ..."
        )
        analyzed = gr.JSON(label="the same, with one row per segment and one per window")
        rows = gr.JSON(label="one row per recording, or one per segment")
        answer = gr.JSON(label="session, received (seconds), readings, note")

    endpoints = Endpoints(classifier, Kept(recordings))
    few = {"concurrency_limit": AT_ONCE, "concurrency_id": "recordings"}
    gr.on([], endpoints.predict, [recording, model], predicted, api_name="predict", **few)
    gr.on([], endpoints.analyze, [recording, hop, model], analyzed, api_name="analyze", **few)
    gr.on([], endpoints.batch, [recordings, timeline, model], rows, api_name="batch", **few)
    gr.on(
        [],
        endpoints.live,
        [chunk, rate, session, smoothing, last, model],
        answer,
        api_name="live",
        concurrency_limit=CHUNKS_AT_ONCE,
    )


class Endpoints:
    """The functions of the endpoints. Gradio shows their docstrings on the API page and to agents.

    Gradio reads one line per parameter, and joins the lines of the return value with commas.
    """

    def __init__(self, classifier: Classifier, kept: Kept) -> None:
        self._classifier = classifier
        self._kept = kept
        self._sessions = Sessions()

    def predict(self, recording: str | None, model: str) -> Row:
        """Analyze one recording and return the emotion of its voice.

        Args:
            recording: sound or video of any common format.
            model: the name of the model.

        Returns:
            state: named, unclear, mixed (several emotions) or no speech
            emotion and confidence (0 to 1), both null unless the state is named
            candidates: the emotions of a mixed recording, or what an unclear one lies between
            probabilities by emotion
            shares of the speech by emotion and unclear
            duration and speech_seconds in seconds
            note (what was odd about the recording, or null)
        """
        with self._hearing(recording) as path:
            analysis = analyze(path, named(self._classifier, model))
        return asdict(analysis.prediction())

    def analyze(self, recording: str | None, hop: float, model: str) -> Row:
        """Analyze one recording and return how its emotion changes over time.

        Args:
            recording: sound or video of any common format.
            hop: seconds from one window to the next, 0.1 to 3; a window is 3 seconds long.
            model: the name of the model.

        Returns:
            what predict returns
            segments: a row for each run of one emotion, with start and end in seconds
            in it state, emotion, candidates, confidence and speech_share (0 to 1)
            and the probability of each emotion, null without speech
            windows: the same for each window
        """
        with self._hearing(recording) as path:
            checked(hop, 0.1, WINDOW_SECONDS, "A hop, in seconds,")
            chosen = named(self._classifier, model)
            analysis = analyze(path, chosen, hop)
        outcome = Outcome(Path(path).name, analysis)
        rows = {
            name: tables.records(table([outcome], chosen.labels).drop(columns="file"))
            for name, table in (("segments", tables.segments), ("windows", tables.windows))
        }
        return asdict(analysis.prediction()) | rows

    @no_tool  # Gradio 6.31 cannot pass a list of files from an agent.
    def batch(self, recordings: list[str] | None, timeline: bool, model: str) -> list[Row]:
        """Analyze many recordings; a broken one becomes a row with its error.

        Args:
            recordings: files of any common format, and zip archives of such files.
            timeline: true for a row per segment (file, start, end, ...) instead of per recording.
            model: the name of the model.

        Returns:
            a list of rows: file, state, emotion, candidates, confidence
            duration and speech_seconds in seconds
            error (why it could not be analyzed, or null)
            note (what was odd about it, or null)
            the probability of each emotion
        """
        with self._hearing(recordings) as paths:
            items = uploads(map(Path, paths)).items
            if len(items) > LIMITS.recordings:
                raise ApiError(f"At most {LIMITS.recordings} recordings at once: send fewer.")
            chosen = named(self._classifier, model)
            results = outcomes(items, chosen, jobs=1)
            make = tables.segments if timeline else tables.files
            return tables.records(make(results, chosen.labels))

    @no_tool  # Agents have no microphone.
    def live(
        self,
        chunk: str,
        sample_rate: int,
        session: str,
        smoothing: float,
        last: bool,
        model: str,
    ) -> Row:
        """Analyze the next chunk of a stream: the first call begins a session, later calls name it.

        Args:
            chunk: up to ten seconds of mono sound, signed 16-bit little-endian samples as base64.
            sample_rate: of the chunk, in Hz.
            session: from the first answer; empty for a new one; it ends after 5 idle minutes.
            smoothing: weight of the previous reading in a new one, 0 to 0.95.
            last: true to end the session with this chunk.
            model: the name of the model; a session may change it.

        Returns:
            session, for the next call
            received, the seconds so far
            readings, one each half second: time, state (listening, no speech, unclear or named)
            in each emotion, candidates, confidence and probabilities by emotion
            and of the last step speaking, speech_share and level (dBFS)
            note (what is odd about the sound, or null)
        """
        with plainly():
            samples = decode(chunk, sample_rate)
            checked(smoothing, 0, 0.95, "Smoothing")
            chosen = named(self._classifier, model)
            name, stream = self._sessions.open(session, chosen)
            with stream.lock:
                if stream.session.classifier is not chosen:
                    stream.session.use(chosen)
                stream.session.smoothing = smoothing
                if stream.session.received > 60 * LIMITS.live_minutes:
                    raise ApiError(f"A session ends after {in_minutes(LIMITS.live_minutes)}.")
                readings = stream.session.feed(samples, sample_rate)
        if last:
            self._sessions.close(name)
        return {
            "session": None if last else name,
            "received": round(stream.session.received, 3),
            "readings": [tables.reading_record(reading) for reading in readings],
            "note": stream.session.note,
        }

    @contextmanager
    def _hearing(self, what: Sent | None) -> Iterator[Sent]:
        """Keep uploads until they are analyzed; return errors to the client as one sentence."""
        with plainly():
            if not what:
                raise ApiError("Nothing was sent: send a recording.")
            with self._kept.during([what] if isinstance(what, str) else what):
                yield what


@contextmanager
def plainly() -> Iterator[None]:
    """Return errors that the user can fix to the client, without a log entry."""
    try:
        yield
    except UndertoneError as error:
        raise gr.Error(str(error), print_exception=False) from error
