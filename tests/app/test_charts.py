"""Figures of real clips: true to the sound, small however long, quiet on both backgrounds."""

import json

import librosa
import numpy as np
import pytest

from app import audio, charts
from app.emotions import BY_NAME, EMOTIONS, LABELS
from app.recordings import analyze

RATE = audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def clip(examples):
    return audio.load(examples[0])


@pytest.fixture(scope="module")
def long(examples):
    return np.concatenate([audio.load(path) for path in examples])


def test_bars_show_each_probability_in_its_colour():
    probabilities = np.array([0.02, 0.03, 0.1, 0.5, 0.2, 0.05, 0.06, 0.04])
    figure = charts.probability_bars(probabilities)
    bars = figure.data[1]
    assert list(bars.x) == list(probabilities)
    assert list(bars.marker.color) == [emotion.colour for emotion in EMOTIONS]
    assert [note.text for note in figure.layout.annotations][3] == "50%"


def test_bars_without_speech_are_empty():
    figure = charts.probability_bars(None)
    assert not np.any(figure.data[1].x)
    assert not any("%" in note.text for note in figure.layout.annotations)


def test_waveform_keeps_every_peak(clip, classifier):
    bars = charts.waveform_bars(clip, RATE, analyze((RATE, clip), classifier).timeline)
    assert len(bars.x) == charts.BARS
    top = np.asarray(bars.base) + np.asarray(bars.y)
    assert top.max() == pytest.approx(clip.max(), abs=0.01)
    assert np.asarray(bars.base).min() == pytest.approx(clip.min(), abs=0.01)


def test_waveform_has_the_colour_of_the_nearest_window(long, classifier):
    timeline = analyze((RATE, long), classifier).timeline
    assert timeline["emotion"].nunique() > 1
    middles = ((timeline["start"] + timeline["end"]) / 2).to_numpy()
    expected = [name if isinstance(name, str) else None for name in timeline["emotion"]]
    assert charts.emotion_at(middles, timeline) == expected

    bars = charts.waveform_bars(long, RATE, timeline)
    colours = {BY_NAME[name].colour if name else charts.GREY for name in expected}
    assert set(bars.marker.color) == colours


def test_mel_equals_librosa(clip):
    decibels, times = charts.mel_columns(clip, RATE)
    power = librosa.feature.melspectrogram(
        y=clip, sr=RATE, n_fft=charts.N_FFT, hop_length=charts.HOP, n_mels=charts.N_MELS
    )
    expected = librosa.power_to_db(power, ref=np.max, top_db=charts.RANGE_DB).T
    assert decibels.shape == expected.shape
    np.testing.assert_allclose(decibels, expected, atol=0.01)
    assert times[-1] == pytest.approx(len(clip) / RATE, abs=charts.HOP / RATE)


def test_a_tone_is_at_its_frequency_on_the_axis():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    decibels, _ = charts.mel_columns(tone, RATE)
    axis = charts.mel_axis(RATE)
    at = axis["tickvals"][axis["ticktext"].index("1 kHz")]
    assert decibels.mean(axis=0).argmax() == pytest.approx(at, abs=1)


def test_silence_is_clear_and_flat(classifier):
    silence = np.zeros(RATE, np.float32)
    figure = charts.recording(silence, RATE, analyze((RATE, silence), classifier))
    bars, mel = figure.data
    assert set(bars.marker.color) == {charts.GREY}
    assert set(np.unique(mel.z)) == {-charts.RANGE_DB}


@pytest.mark.parametrize("samples", [1, 100, 511, RATE])
def test_the_shortest_recordings_have_figures(samples, classifier):
    waveform = np.full(samples, 0.1, np.float32)
    figure = charts.recording(waveform, RATE, analyze((RATE, waveform), classifier))
    assert np.isfinite(np.asarray(figure.data[0].y)).all()


def test_one_time_axis_for_everything(long, classifier):
    figure = charts.recording(long, RATE, analyze((RATE, long), classifier))
    names = [trace.name for trace in figure.data[2:]]
    assert [name.split()[1] for name in names] == list(LABELS)
    seconds = len(long) / RATE
    axes = [figure.layout.xaxis, figure.layout.xaxis2, figure.layout.xaxis3]
    assert [tuple(axis.range) for axis in axes] == [(0, seconds)] * 3
    assert {axis.matches for axis in axes[:2]} == {"x3"}


def test_a_recording_of_one_window_has_no_timeline(clip, classifier):
    assert (
        len(charts.recording(clip[:RATE], RATE, analyze((RATE, clip[:RATE]), classifier)).data) == 2
    )


def test_an_hour_is_as_small_as_a_minute(long, classifier):
    analysis = analyze((RATE, long), classifier)
    hour = np.resize(long, 3600 * RATE)
    decibels, times = charts.mel_columns(hour, RATE)
    assert len(decibels) == len(times) <= charts.COLUMNS
    assert times[-1] < 3601
    figure = charts.recording(hour, RATE, analysis)
    assert len(figure.to_json()) < 300_000


def test_backgrounds_are_clear(clip, classifier):
    analysis = analyze((RATE, clip), classifier)
    for figure in (
        charts.probability_bars(analysis.probabilities),
        charts.recording(clip, RATE, analysis),
    ):
        layout = json.loads(figure.to_json())["layout"]
        assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
