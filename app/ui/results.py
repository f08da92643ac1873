"""The updates of the components of the Recordings tab for each step of an analysis."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from .. import tables
from ..recordings import MIXED, Analysis
from ..tables import Outcome
from . import EXAMPLES, charts
from .runs import Run
from .summary import (
    NO_PROGRESS,
    UNREADABLE,
    empty_summary,
    progress_bar,
    summary_of,
    summary_of_set,
)

FILES = {
    "caption": "Choose a recording to see and play it",
    "columns": [
        {"name": "no.", "numeric": True, "spare": True},
        {"name": "file"},
        {"name": "emotion"},
        {"name": "confidence", "numeric": True, "unit": "%"},
        {"name": "duration, s", "numeric": True, "spare": True},
        {"name": "speech, s", "numeric": True, "spare": True},
        {"name": "remark"},
    ],
}
SEGMENTS = {
    "caption": "Choose a segment to play it",
    "columns": [
        {"name": "start, s", "numeric": True},
        {"name": "end, s", "numeric": True},
        {"name": "emotion"},
        {"name": "confidence", "numeric": True, "unit": "%"},
    ],
}

# The server forgets a session whose connection breaks.
FORGOTTEN = "The results are no longer on the server: analyze the recordings again."
CHANNEL = re.compile(r" \(channel \d+\)$")  # suffix of a name for a single channel
Update = dict[Any, Any]  # new values by component


@dataclass(frozen=True)
class Tab:
    """The components for the results.

    Attributes:
        results: every outcome so far.
        progress, stop: while recordings are analyzed.
        headline: of the one recording, or of all.
        bars: the probabilities of the one recording, or how many recordings carry each emotion.
        shares: of the speech, as a pie.
        many, table: of more than one recording.
        chosen: the headline of the recording that was chosen among many.
        player, sound, segments, segments_part, windows: of the one that is shown.
        taken: what can be taken away.
    """

    results: gr.State
    progress: gr.HTML
    stop: gr.Button
    headline: gr.HTML
    bars: gr.Plot
    shares: gr.Plot
    many: gr.Column
    table: gr.HTML
    chosen: gr.HTML
    player: gr.HTML
    sound: gr.Plot
    segments: gr.HTML
    segments_part: gr.Column
    windows: gr.Dataframe
    taken: gr.Column


def cleared(tab: Tab) -> Update:
    """The initial state of the tab."""
    return {
        tab.results: [],
        tab.progress: NO_PROGRESS,
        tab.stop: hidden(),
        tab.headline: empty_summary(),
        tab.bars: charts.probability_bars({}),
        tab.shares: hidden(),
        tab.many: hidden(),
        tab.taken: hidden(),
        **no_details(tab),
    }


def working(tab: Tab, bar: str) -> Update:
    """Update only the progress."""
    return {tab.progress: bar, tab.stop: gr.update(visible=True)}


def one_more(
    tab: Tab,
    outcomes: list[Outcome],
    total: int,
    paths: list[str],
    names: list[str],
    run: Run,
) -> Update:
    """Add the newest result; the details are those of the first.

    Args:
        outcomes: all so far.
        total: how many there will be.
        paths: the uploads.
        names: of the recordings in them.
        run: this one.
    """
    update: Update = {
        tab.results: outcomes,
        tab.progress: progress_bar(len(outcomes), total, outcomes[-1].file),
        tab.stop: gr.update(visible=not run.over),
        tab.taken: gr.update(visible=True),
    }
    if len(outcomes) == 1:
        update |= details_of(tab, outcomes[0], 0, names[1:].count(names[0]), paths)
    if total == 1:
        return update | of_one(tab, outcomes[0])
    planned = len(outcomes) if run.stopped else total
    return update | {
        tab.many: gr.update(visible=True),
        tab.headline: summary_of_set(outcomes, planned),
        tab.bars: charts.recordings_by_emotion(outcomes),
        tab.shares: pie_of(outcomes),
        tab.table: as_value(FILES, rows(outcomes), 0 if len(outcomes) == 1 else None),
        **({tab.chosen: summary_of(outcomes[0])} if len(outcomes) == 1 else {}),
    }


def of_one(tab: Tab, outcome: Outcome) -> Update:
    """Headline and figures of a single recording."""
    return {
        tab.many: hidden(),
        tab.headline: summary_of(outcome),
        tab.bars: bars_of(outcome),
        tab.shares: pie_of([outcome]),
    }


def bars_of(outcome: Outcome) -> Any:
    """Of what the headline says: probabilities or, of several emotions, shares of the speech."""
    analysis = outcome.analysis
    if analysis is None:
        return charts.probability_bars({})
    if analysis.state == MIXED:
        return charts.share_bars(analysis.shares, analysis.emotions)
    return charts.probability_bars(analysis.probabilities, analysis.emotions)


def pie_of(outcomes: list[Outcome]) -> Any:
    """The shares of the speech over all recordings; hidden if there is only one."""
    analyses = [outcome.analysis for outcome in outcomes if outcome.analysis]
    seconds: dict[str, float] = {}
    for analysis in analyses:
        for name, share in analysis.shares.items():
            seconds[name] = seconds.get(name, 0.0) + share * analysis.speech_seconds
    whole = sum(seconds.values())
    if len(seconds) < 2 or not whole:
        return hidden()
    shares = {name: part / whole for name, part in seconds.items()}
    return gr.update(value=charts.shares_pie(shares, analyses[0].emotions), visible=True)


def rest(tab: Tab) -> Update:
    """End the analysis, or stop it; the results stay."""
    return {tab.progress: NO_PROGRESS, tab.stop: hidden()}


def hidden() -> Any:
    return gr.update(visible=False)


def choose(tab: Tab, outcomes: list[Outcome], event: gr.EventData) -> Update:
    """The details of the chosen row, also in a sorted table.

    Raises:
        gr.Error: the server has forgotten the results.
    """
    if not outcomes:
        raise gr.Error(FORGOTTEN, print_exception=False)
    row = int(event.index)
    outcome = outcomes[row]
    namesakes = sum(other.file == outcome.file for other in outcomes[row + 1 :])
    return {
        tab.chosen: summary_of(outcome),
        **details_of(tab, outcome, row, namesakes),
    }


def no_details(tab: Tab) -> Update:
    """Before a recording is shown, or where it could not be read."""
    return {
        tab.player: None,
        tab.sound: None,
        tab.segments_part: hidden(),
        tab.windows: None,
    }


def details_of(
    tab: Tab, outcome: Outcome, row: int, namesakes: int, paths: list[str] | None = None
) -> Update:
    """Player, sound, segments and windows of one recording.

    Args:
        outcome: of the recording.
        row: its index among all outcomes.
        namesakes: how many after it have the same name.
        paths: the uploads, where they are known.
    """
    analysis = outcome.analysis
    if analysis is None:
        return no_details(tab)
    source = CHANNEL.sub("", outcome.file)
    path = next((path for path in paths or [] if Path(path).name == source), None)
    windows = tables.windows([outcome], labels_of(analysis)).drop(columns="file")
    return {
        tab.player: {
            "row": row,
            "name": outcome.file,
            "source": source,
            "namesakes": namesakes,
            "path": path,
            "example": path is not None and Path(path).parent == EXAMPLES,
            "duration": analysis.duration,
        },
        tab.sound: charts.recording(analysis),
        tab.segments: as_value(SEGMENTS, segment_rows(analysis)),
        tab.segments_part: gr.update(visible=len(analysis.segments) > 1),
        tab.windows: windows.rename(columns={"start": "start, s", "end": "end, s"}),
    }


def as_value(table: dict[str, Any], rows: list[dict[str, Any]], chosen: int | None = None) -> str:
    """The input of assets/page/table.js, as JSON text.

    Of other values Gradio sends what differs from the one before, and a table that is not on the
    page yet would get no more than that.
    """
    return json.dumps(table | {"rows": rows} | ({} if chosen is None else {"chosen": chosen}))


def rows(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """The table of several recordings, in the columns of `FILES`."""
    listed: list[dict[str, Any]] = []
    for number, outcome in enumerate(outcomes, 1):
        analysis = outcome.analysis
        if analysis is None:
            cells = [number, outcome.file, UNREADABLE, None, None, None, outcome.error]
            listed.append({"cells": cells, "colour": None})
            continue
        name = analysis.emotion or analysis.state
        confidence = None if analysis.confidence is None else round(100 * analysis.confidence)
        seconds = [round(analysis.duration, 1), round(analysis.speech_seconds, 1)]
        said = charts.titles([name], analysis.emotions)[0]
        cells = [number, outcome.file, said, confidence, *seconds, outcome.note]
        listed.append({"cells": cells, "colour": charts.colours([name], analysis.emotions)[0]})
    return listed


def segment_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """The segments of one recording, in the columns of `SEGMENTS`, and the start of each."""
    segments = analysis.segments
    names = segments["emotion"].fillna(segments["state"]).tolist()
    said = charts.titles(names, analysis.emotions)
    colours = charts.colours(names, analysis.emotions)
    confidences = segments["confidence"].tolist()
    return [
        {
            "cells": [
                round(start, 1),
                round(end, 1),
                title,
                None if pd.isna(confidence) else round(100 * confidence),
            ],
            "colour": colour,
            "plays": start,
        }
        for start, end, title, confidence, colour in zip(
            segments["start"].tolist(),
            segments["end"].tolist(),
            said,
            confidences,
            colours,
            strict=True,
        )
    ]


def labels_of(analysis: Analysis) -> list[str]:
    """The names of the emotions of its model."""
    return [emotion.name for emotion in analysis.emotions]
