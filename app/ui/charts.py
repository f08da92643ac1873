"""Plotly figures of recordings: probabilities, shares, waveform, spectrogram and timeline.

Backgrounds are transparent and greys are legible on both, so that a figure fits a light and a
dark page. A figure has at most `COLUMNS` columns, for any length of the recording.
"""

from collections import Counter
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
from .summary import clock

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
# The page's styles put the colours of its theme over these.
HOVER = {"font": {"family": FONT, "size": 13}, "bgcolor": "#fcfbf9", "bordercolor": "#d2cec6"}
STATE_COLOURS = {
    # No emotion's colour: neutral is a dark grey.
    UNCLEAR: "rgba(123, 123, 128, 0.5)",
    NO_SPEECH: "rgba(123, 123, 128, 0.2)",
    MIXED: "#1f86a4",
}
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
    shown = [probabilities.get(emotion.name, 0.0) for emotion in emotions]
    words = [f"{value:.0%}" if probabilities else "\N{EN DASH}" for value in shown]
    return _bars([emotion.name for emotion in emotions], emotions, shown, words, 1.0)


def share_bars(shares: Mapping[str, float], emotions: Sequence[Emotion]) -> go.Figure:
    """One horizontal bar per emotion and for "unclear": the share of the speech.

    Args:
        shares: 0 to 1, by emotion and "unclear".
        emotions: those of the model, in its order.
    """
    names = [*(emotion.name for emotion in emotions), *([UNCLEAR] if UNCLEAR in shares else [])]
    shown = [shares.get(name, 0.0) for name in names]
    return _bars(names, emotions, shown, [f"{value:.0%}" for value in shown], 1.0)


def recordings_by_emotion(outcomes: Iterable[Outcome]) -> go.Figure:
    """How many recordings carry each emotion, are mixed, unclear or without speech.

    Errors are left out, and so are the states that no recording is in.
    """
    analyses = [outcome.analysis for outcome in outcomes if outcome.analysis]
    emotions = analyses[0].emotions if analyses else EMOTIONS
    said = Counter(one.emotion or one.state for one in analyses)
    states = [state for state in (MIXED, UNCLEAR, NO_SPEECH) if said[state]]
    names = [*(emotion.name for emotion in emotions), *states]
    counts = [said[name] for name in names]
    return _bars(names, emotions, counts, list(map(str, counts)), max([*counts, 1]))


def shares_pie(shares: Mapping[str, float], emotions: Sequence[Emotion]) -> go.Figure:
    """The share of the speech of each emotion and of "unclear".

    Args:
        shares: 0 to 1, by name.
        emotions: those of the model, in whose order the slices follow.
    """
    order = [*(emotion.name for emotion in emotions), UNCLEAR]
    names = [name for name in order if shares.get(name)]
    symbols = {emotion.name: emotion.symbol for emotion in emotions}
    figure = go.Figure(
        go.Pie(
            labels=titles(names, emotions),
            values=[round(shares[name], 4) for name in names],
            marker={"colors": colours(names, emotions)},
            hole=0.6,
            sort=False,
            direction="clockwise",
            texttemplate=[f"{symbols.get(name) or name} %{{percent:.0%}}" for name in names],
            textposition="outside",
            hovertemplate="%{label}: %{percent:.0%} of the speech<extra></extra>",
        )
    )
    _style(figure, height=230)
    figure.update_layout(margin={"l": 64, "r": 56, "t": 34, "b": 34}, hoverlabel=HOVER)
    figure.add_annotation(text="share of<br>the speech", x=0.5, y=0.5, showarrow=False)
    return figure


def _bars(
    names: Sequence[str],
    emotions: Sequence[Emotion],
    values: Sequence[float],
    words: Sequence[str],
    longest: float,
) -> go.Figure:
    shown = titles(names, emotions)
    tracks = go.Bar(
        x=np.full(len(names), longest),
        y=shown,
        orientation="h",
        marker={"color": FAINT, "cornerradius": 5},
        hoverinfo="skip",
    )
    bars = go.Bar(
        x=values,
        y=shown,
        orientation="h",
        marker={"color": colours(names, emotions), "cornerradius": 5},
        customdata=words,
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    figure = go.Figure([tracks, bars])
    _style(figure, height=300)
    figure.update_layout(
        margin={"l": 112, "r": 52, "t": 4, "b": 4},
        barmode="overlay",
        bargap=0.68,
        hoverlabel=HOVER,
    )
    for title, word in zip(shown, words, strict=True):
        figure.add_annotation(
            text=word, x=1, xref="paper", xanchor="left", xshift=8, y=title, showarrow=False
        )
    figure.update_xaxes(range=[0, longest], visible=False, fixedrange=True)
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
    heights = [120, 200, 190, 26] if long else [140, 240]
    figure = make_subplots(
        rows=len(heights), cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=heights
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
        figure.add_trace(ribbon(analysis.segments, analysis.emotions), row=4, col=1)
        figure.update_yaxes(visible=False, fixedrange=True, range=[0, 1], row=4, col=1)
    _style(figure, height=sum(heights) + (160 if long else 100))
    figure.update_layout(
        margin={"l": 58, "r": 10, "t": 8, "b": 100 if long else 46},
        bargap=0.25,
        hovermode="x unified",
        hoverlabel=HOVER,
        showlegend=long,
        legend={"orientation": "h", "x": 0, "y": -0.09, "yanchor": "top", "font": {"size": 13}},
    )
    figure.update_xaxes(
        range=[0, picture.duration], ticksuffix=" s", ticklabelstandoff=6, hoverformat=".1f"
    )
    return figure


def ribbon(segments: pd.DataFrame, emotions: Sequence[Emotion]) -> go.Bar:
    """One block a segment, in the colour of its emotion."""
    names = segments["emotion"].fillna(segments["state"]).tolist()
    starts, ends = segments["start"].to_numpy(float), segments["end"].to_numpy(float)
    confidences = segments["confidence"].tolist()
    words = [
        f"{clock(start)} to {clock(end)}: {title}" + ("" if pd.isna(sure) else f", {sure:.0%}")
        for start, end, title, sure in zip(
            starts, ends, titles(names, emotions), confidences, strict=True
        )
    ]
    return go.Bar(
        x=_rounded((starts + ends) / 2),
        y=np.ones(len(names)),
        width=_rounded(ends - starts),
        marker={"color": colours(names, emotions), "line": {"width": 0}},
        customdata=words,
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def waveform_bars(picture: Picture, segments: pd.DataFrame, emotions: Sequence[Emotion]) -> go.Bar:
    """The lowest and highest sample of each slice of time, in the colour of its segment."""
    columns = len(picture.waveform)
    edges = np.linspace(0, columns, min(BARS, columns) + 1).astype(int)
    low = np.minimum.reduceat(picture.waveform[:, 0], edges[:-1])
    high = np.maximum.reduceat(picture.waveform[:, 1], edges[:-1])
    times = (edges[:-1] + edges[1:]) / 2 / columns * picture.duration
    said = said_at(times, segments)
    height = np.maximum(high - low, peak(picture) / 50)  # silence is a thin line, not nothing
    return go.Bar(
        x=_rounded(times),
        base=_rounded((low + high - height) / 2),
        y=_rounded(height),
        width=picture.duration / len(times) * 0.75,
        marker={
            "color": colours(said, emotions),
            "line": {"width": 0},
        },
        customdata=said,
        hovertemplate="%{customdata}<extra></extra>",
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
        hovertemplate="%{customdata} Hz: %{z} dB<extra></extra>",
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
            hovertemplate="%{y:.0%}",
        )
        for emotion in emotions
    ]


def titles(names: Sequence[str], emotions: Sequence[Emotion]) -> list[str]:
    """Names with the symbols of those that are emotions."""
    symbols = {emotion.name: emotion.symbol for emotion in emotions}
    return [f"{symbols.get(name, '')} {name}".strip() for name in names]


def colours(names: Sequence[str], emotions: Sequence[Emotion]) -> list[str]:
    colours = STATE_COLOURS | {emotion.name: emotion.colour for emotion in emotions}
    return [colours[name] for name in names]


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
