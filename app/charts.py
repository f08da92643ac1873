"""Plotly figures of a recording: probabilities, waveform, mel-spectrogram and timeline.

Backgrounds are transparent and greys are legible on both, so that a figure fits a light and a
dark page. However long the recording, a figure holds at most `COLUMNS` columns.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from librosa import mel_frequencies
from librosa.filters import mel
from plotly.subplots import make_subplots

from app.emotions import BY_NAME, EMOTIONS, LABELS
from app.recordings import Analysis

COLUMNS = 800  # about one a pixel on a desktop page
BARS = 320  # of the waveform, each wide enough to carry a colour

CONFIDENCE_AXIS = {
    "range": [0, 1.02],
    "tickvals": [0, 0.5, 1],
    "tickformat": ".0%",
    "fixedrange": True,
}

GREY = "#7b7b80"  # contrast of at least 4:1 on white and on near-black
FAINT = "rgba(123, 123, 128, 0.16)"
FONT = "IBM Plex Sans, Apple Color Emoji, Segoe UI Emoji, Noto Color Emoji, system-ui, sans-serif"
INK = "31, 134, 164"  # of the spectrogram: opaque where it is loud, clear where it is silent

N_FFT = 512
HOP = 128
N_MELS = 64
RANGE_DB = 70  # below the loudest value; what is quieter is drawn as silence
SILENCE = 1e-5  # mel power; a recording with nothing louder is not blown up to full ink


def probability_bars(probabilities: np.ndarray | None) -> go.Figure:
    """One horizontal bar an emotion; empty tracks when there was no speech.

    Args:
        probabilities: (8,) in the order of `LABELS`, or None.
    """
    names = [f"{emotion.symbol} {emotion.name}" for emotion in EMOTIONS]
    shown = np.zeros(len(LABELS)) if probabilities is None else np.asarray(probabilities, float)
    words = ["\N{EN DASH}" if probabilities is None else f"{value:.0%}" for value in shown]
    tracks = go.Bar(
        x=np.ones(len(LABELS)),
        y=names,
        orientation="h",
        marker={"color": FAINT, "cornerradius": 5},
        hoverinfo="skip",
    )
    bars = go.Bar(
        x=shown,
        y=names,
        orientation="h",
        marker={"color": [emotion.colour for emotion in EMOTIONS], "cornerradius": 5},
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


def recording(waveform: np.ndarray, sample_rate: int, analysis: Analysis) -> go.Figure:
    """Waveform, mel-spectrogram and, for more than one window, the timeline, on one time axis.

    Args:
        waveform: (samples,) float32, mono, not empty.
        sample_rate: in Hz.
        analysis: of the same waveform.
    """
    long = len(analysis.timeline) > 1
    heights = [120, 210, 200] if long else [140, 240]
    figure = make_subplots(
        rows=len(heights), cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=heights
    )
    figure.add_trace(waveform_bars(waveform, sample_rate, analysis.timeline), row=1, col=1)
    figure.add_trace(mel_heatmap(waveform, sample_rate), row=2, col=1)
    top = peak(waveform)
    figure.update_yaxes(visible=False, fixedrange=True, range=[-top, top], row=1, col=1)
    figure.update_yaxes(mel_axis(sample_rate), row=2, col=1)
    if long:
        for line in timeline_lines(analysis.timeline):
            figure.add_trace(line, row=3, col=1)
        figure.update_yaxes(CONFIDENCE_AXIS, row=3, col=1)
    _style(figure, height=sum(heights) + 100)
    figure.update_layout(
        margin={"l": 58, "r": 10, "t": 8, "b": 46},
        bargap=0.25,
        hovermode="closest",
        hoverlabel={"font": {"family": FONT}},
    )
    figure.update_xaxes(
        range=[0, len(waveform) / sample_rate], ticksuffix=" s", ticklabelstandoff=6
    )
    return figure


def waveform_bars(waveform: np.ndarray, sample_rate: int, timeline: pd.DataFrame) -> go.Bar:
    """The lowest and highest sample of each slice of time, in the colour of its emotion."""
    edges = np.linspace(0, len(waveform), min(BARS, len(waveform)) + 1).astype(int)
    low = np.minimum.reduceat(waveform, edges[:-1])
    high = np.maximum.reduceat(waveform, edges[:-1])
    times = (edges[:-1] + edges[1:]) / 2 / sample_rate
    emotions = emotion_at(times, timeline)
    height = np.maximum(high - low, peak(waveform) / 50)  # silence is a thin line, not nothing
    return go.Bar(
        x=_rounded(times),
        base=_rounded((low + high - height) / 2),
        y=_rounded(height),
        width=len(waveform) / sample_rate / len(times) * 0.75,
        marker={
            "color": [BY_NAME[name].colour if name else GREY for name in emotions],
            "line": {"width": 0},
        },
        customdata=[name or "no speech" for name in emotions],
        hovertemplate="%{x:.2f} s: %{customdata}<extra></extra>",
        showlegend=False,
    )


def peak(waveform: np.ndarray) -> float:
    """The largest sample, but never so small that noise would fill the plot."""
    return max(float(np.abs(waveform).max()), 0.01)


def emotion_at(times: np.ndarray, timeline: pd.DataFrame) -> list[str | None]:
    """The emotion of the window whose middle is nearest to each time, None without speech."""
    middles = _middles(timeline)
    nearest = np.searchsorted((middles[1:] + middles[:-1]) / 2, times)
    emotions = timeline["emotion"].to_list()
    return [emotions[index] if isinstance(emotions[index], str) else None for index in nearest]


def mel_heatmap(waveform: np.ndarray, sample_rate: int) -> go.Heatmap:
    """Mel power in dB below the loudest column, pooled to at most `COLUMNS` columns."""
    decibels, times = mel_columns(waveform, sample_rate)
    return go.Heatmap(
        z=np.round(decibels).astype(np.int8).T,
        x=_rounded(times),
        y=np.arange(N_MELS),
        customdata=np.tile(np.round(band_centres(sample_rate)).astype(int)[:, None], len(times)),
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


def mel_columns(waveform: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Mel-spectrogram of a recording of any length, in blocks, so that memory stays small.

    Returns:
        (columns, N_MELS) float32 in dB below the loudest value, at least -`RANGE_DB`;
        (columns,) the middle of each column in seconds.
    """
    frames = 1 + len(waveform) // HOP
    pool = -(-frames // COLUMNS)  # frames a column
    columns = -(-frames // pool)
    filters = mel(sr=sample_rate, n_fft=N_FFT, n_mels=N_MELS)
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    padded = np.pad(waveform, (N_FFT // 2, N_FFT // 2 + pool * columns * HOP - len(waveform)))
    power = np.empty((columns, N_MELS), np.float32)
    for column in range(columns):
        start = column * pool * HOP
        block = padded[start : start + N_FFT + (pool - 1) * HOP]
        framed = np.lib.stride_tricks.sliding_window_view(block, N_FFT)[::HOP] * window
        power[column] = (np.abs(np.fft.rfft(framed, axis=1)) ** 2).mean(axis=0) @ filters.T
    loudest = max(float(power.max()), SILENCE)
    decibels = 10 * np.log10(np.maximum(power / loudest, 10 ** (-RANGE_DB / 10)))
    times = (np.arange(columns) + 0.5) * pool * HOP / sample_rate
    return decibels, times


def mel_axis(sample_rate: int) -> dict:
    """The y axis of `mel_heatmap`: bands in equal steps, ticks in Hz."""
    centres = band_centres(sample_rate)
    hertz = [value for value in (250, 500, 1000, 2000, 4000, 8000) if value < centres[-1]]
    return {
        "tickvals": np.interp(hertz, centres, np.arange(N_MELS)),
        "ticktext": [f"{value} Hz" if value < 1000 else f"{value // 1000} kHz" for value in hertz],
        "showgrid": False,
        "fixedrange": True,
    }


def band_centres(sample_rate: int) -> np.ndarray:
    """(N_MELS,) in Hz."""
    return mel_frequencies(n_mels=N_MELS + 2, fmax=sample_rate / 2)[1:-1]


def timeline_lines(timeline: pd.DataFrame) -> list[go.Scatter]:
    """The confidence of each emotion over the middles of the windows; gaps without speech."""
    step = -(-len(timeline) // COLUMNS)
    thinned = timeline.iloc[::step]
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
        for emotion in EMOTIONS
    ]


def _middles(timeline: pd.DataFrame) -> np.ndarray:
    return ((timeline["start"] + timeline["end"]) / 2).to_numpy(float)


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
