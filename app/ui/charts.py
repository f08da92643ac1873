"""Plotly figures of a recording: probabilities, waveform, mel-spectrogram and timeline.

Backgrounds are transparent and greys are legible on both, so that a figure fits a light and a
dark page. A figure has at most `COLUMNS` columns, for any length of the recording.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..emotions import EMOTIONS, Emotion
from ..labelling import NO_SPEECH, UNCLEAR
from ..picture import COLUMNS, Picture
from ..recordings import MIXED, Analysis
from ..tables import Outcome

BARS = 320  # of the waveform, each wide enough to carry a colour

CONFIDENCE_AXIS = {
    "range": [0, 1.02],
    "tickvals": [0, 0.5, 1],
    "tickformat": ".0%",
    "fixedrange": True,
}

GREY = "#7b7b80"  # contrast of at least 4:1 on white and on near-black
FAINT = "rgba(123, 123, 128, 0.16)"
FONT = "IBM Plex Sans, Undertone Emoji, system-ui, sans-serif"
INK = "31, 134, 164"  # of the spectrogram: opaque where it is loud, clear where it is silent

RANGE_DB = 70  # below the loudest value; quieter values are drawn as silence
SILENCE = -50.0  # dB; the scale of a quieter recording ends here


def probability_bars(
    probabilities: Mapping[str, float], emotions: Sequence[Emotion] = EMOTIONS
) -> go.Figure:
    """One horizontal bar per emotion; empty bars without speech.

    Args:
        probabilities: by emotion; empty without speech.
        emotions: those of the model, in its order.
    """
    names = [f"{emotion.symbol} {emotion.name}" for emotion in emotions]
    shown = [probabilities.get(emotion.name, 0.0) for emotion in emotions]
    words = [f"{value:.0%}" if probabilities else "\N{EN DASH}" for value in shown]
    tracks = go.Bar(
        x=np.ones(len(emotions)),
        y=names,
        orientation="h",
        marker={"color": FAINT, "cornerradius": 5},
        hoverinfo="skip",
    )
    bars = go.Bar(
        x=shown,
        y=names,
        orientation="h",
        marker={"color": [emotion.colour for emotion in emotions], "cornerradius": 5},
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure = go.Figure([tracks, bars])
    _style(figure, height=300)
    figure.update_layout(margin={"l": 112, "r": 52, "t": 4, "b": 4}, barmode="overlay", bargap=0.68)
    for name, word in zip(names, words, strict=True):
        figure.add_annotation(
            text=word, x=1, xref="paper", xanchor="left", xshift=8, y=name, showarrow=False
        )
    figure.update_xaxes(range=[0, 1], visible=False, fixedrange=True)
    figure.update_yaxes(
        autorange="reversed",
        ticklabelstandoff=8,
        tickfont={"size": 14},
        showgrid=False,
        fixedrange=True,
    )
    return figure


def recording(analysis: Analysis) -> go.Figure:
    """Waveform, mel-spectrogram and, for more than one window, the timeline, on one time axis.

    Args:
        analysis: with its picture.
    """
    picture = analysis.picture
    if picture is None:
        raise ValueError("An analysis without a picture cannot be drawn.")
    long = len(analysis.windows) > 1
    heights = [120, 210, 200] if long else [140, 240]
    figure = make_subplots(
        rows=len(heights), cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=heights
    )
    figure.add_trace(waveform_bars(picture, analysis.segments, analysis.emotions), row=1, col=1)
    figure.add_trace(mel_heatmap(picture), row=2, col=1)
    top = peak(picture)
    figure.update_yaxes(visible=False, fixedrange=True, range=[-top, top], row=1, col=1)
    figure.update_yaxes(mel_axis(picture), row=2, col=1)
    if long:
        for line in timeline_lines(analysis.windows, analysis.emotions):
            figure.add_trace(line, row=3, col=1)
        figure.update_yaxes(CONFIDENCE_AXIS, row=3, col=1)
    _style(figure, height=sum(heights) + 100)
    figure.update_layout(
        margin={"l": 58, "r": 10, "t": 8, "b": 46},
        bargap=0.25,
        hovermode="closest",
        hoverlabel={"font": {"family": FONT}},
    )
    figure.update_xaxes(range=[0, picture.duration], ticksuffix=" s", ticklabelstandoff=6)
    return figure


def waveform_bars(picture: Picture, segments: pd.DataFrame, emotions: Sequence[Emotion]) -> go.Bar:
    """The lowest and highest sample of each slice of time, in the colour of its segment."""
    columns = len(picture.waveform)
    edges = np.linspace(0, columns, min(BARS, columns) + 1).astype(int)
    low = np.minimum.reduceat(picture.waveform[:, 0], edges[:-1])
    high = np.maximum.reduceat(picture.waveform[:, 1], edges[:-1])
    times = (edges[:-1] + edges[1:]) / 2 / columns * picture.duration
    said = said_at(times, segments)
    colours = {emotion.name: emotion.colour for emotion in emotions}
    height = np.maximum(high - low, peak(picture) / 50)  # silence is a thin line, not nothing
    return go.Bar(
        x=_rounded(times),
        base=_rounded((low + high - height) / 2),
        y=_rounded(height),
        width=picture.duration / len(times) * 0.75,
        marker={
            "color": [colours.get(name, GREY) for name in said],
            "line": {"width": 0},
        },
        customdata=said,
        hovertemplate="%{x:.2f} s: %{customdata}<extra></extra>",
        showlegend=False,
    )


def peak(picture: Picture) -> float:
    """The largest sample, with a lower limit so that noise does not fill the plot."""
    return max(float(np.abs(picture.waveform).max()), 0.01)


def said_at(times: np.ndarray, segments: pd.DataFrame) -> list[str]:
    """The emotion, "unclear" or "no speech" of the segment at each time."""
    said = segments["emotion"].fillna(segments["state"]).to_list()
    return [said[at] for at in np.searchsorted(segments["end"].to_numpy()[:-1], times)]


def mel_heatmap(picture: Picture) -> go.Heatmap:
    """Mel power in dB below the loudest, one column per stretch of time."""
    columns, bands = picture.spectrogram.shape
    loudest = max(float(picture.spectrogram.max()), SILENCE)
    decibels = np.maximum(picture.spectrogram - loudest, -RANGE_DB)
    return go.Heatmap(
        z=np.round(decibels).astype(np.int8).T,
        x=_rounded((np.arange(columns) + 0.5) / columns * picture.duration),
        y=np.arange(bands),
        customdata=np.tile(np.round(picture.frequencies).astype(int)[:, None], columns),
        colorscale=[
            [0.0, f"rgba({INK}, 0)"],
            [0.5, f"rgba({INK}, 0.3)"],
            [1.0, f"rgba({INK}, 1)"],
        ],
        zmin=-RANGE_DB,
        zmax=0,
        showscale=False,
        hovertemplate="%{x:.2f} s, %{customdata} Hz: %{z} dB<extra></extra>",
    )


def mel_axis(picture: Picture) -> dict:
    """The y axis of `mel_heatmap`: bands in equal steps, ticks in Hz."""
    centres = picture.frequencies
    hertz = [value for value in (250, 500, 1000, 2000, 4000, 8000) if value < centres[-1]]
    return {
        "tickvals": np.interp(hertz, centres, np.arange(len(centres))),
        "ticktext": [f"{value} Hz" if value < 1000 else f"{value // 1000} kHz" for value in hertz],
        "showgrid": False,
        "fixedrange": True,
    }


def emotion_counts(outcomes: Iterable[Outcome]) -> go.Figure:
    """A pie and a histogram of the emotions of many recordings; errors are left out."""
    analyses = [outcome.analysis for outcome in outcomes if outcome.analysis]
    emotions = analyses[0].emotions if analyses else EMOTIONS
    states = (MIXED, UNCLEAR, NO_SPEECH)
    heard = pd.Series([one.emotion or one.state for one in analyses], dtype=object)
    labels = [*(emotion.name for emotion in emotions), *states]
    counts = heard.value_counts().reindex(labels, fill_value=0)
    colours = [emotion.colour for emotion in emotions] + [GREY] * len(states)
    names = [f"{emotion.symbol} {emotion.name}" for emotion in emotions] + [*states]
    present = np.flatnonzero(counts)
    figure = make_subplots(
        rows=1, cols=2, specs=[[{"type": "domain"}, {"type": "xy"}]], column_widths=[0.36, 0.64]
    )
    figure.add_trace(
        go.Pie(
            labels=[names[index] for index in present],
            values=counts.iloc[present],
            marker={"colors": [colours[index] for index in present]},
            hole=0.55,
            sort=False,
            texttemplate="%{percent:.0%}",
            hovertemplate="%{label}: %{value}<extra></extra>",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Bar(
            x=names,
            y=counts,
            marker={"color": colours, "cornerradius": 4},
            hovertemplate="%{x}: %{y}<extra></extra>",
        ),
        row=1,
        col=2,
    )
    _style(figure, height=260)
    figure.update_layout(margin={"l": 10, "r": 10, "t": 16, "b": 70}, bargap=0.35)
    figure.update_yaxes(tickformat=",d", rangemode="tozero", fixedrange=True, nticks=5)
    figure.update_xaxes(fixedrange=True)
    return figure


def timeline_lines(windows: pd.DataFrame, emotions: Sequence[Emotion]) -> list[go.Scatter]:
    """The confidence of each emotion over the middles of the windows; gaps without speech."""
    step = -(-len(windows) // COLUMNS)
    thinned = windows.iloc[::step]
    middles = _rounded(_middles(thinned))
    return [
        go.Scatter(
            x=middles,
            y=_rounded(thinned[emotion.name].to_numpy(float)),
            name=f"{emotion.symbol} {emotion.name}",
            mode="lines+markers",
            line={"color": emotion.colour, "width": 2},
            marker={"size": 3},
            connectgaps=False,
            hovertemplate=f"%{{x:.1f}} s: {emotion.name} %{{y:.0%}}<extra></extra>",
            showlegend=False,
        )
        for emotion in emotions
    ]


def _middles(windows: pd.DataFrame) -> np.ndarray:
    return ((windows["start"] + windows["end"]) / 2).to_numpy(float)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.round(np.asarray(values, np.float64), 4).astype(np.float32)


def _style(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        template="none",
        height=height,
        autosize=True,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "color": GREY, "size": 12},
        showlegend=False,
    )
    figure.update_xaxes(gridcolor=FAINT, zeroline=False, showline=False, ticks="")
    figure.update_yaxes(gridcolor=FAINT, zeroline=False, showline=False, ticks="")
