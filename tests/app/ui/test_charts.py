"""Figures of real clips: true to the sound, small however long, quiet on both backgrounds."""

import json
from dataclasses import replace

import librosa
import numpy as np
import pytest

from app import audio, picture
from app.emotions import BY_NAME, EMOTIONS, LABELS
from app.recordings import analyze
from app.tables import Outcome
from app.ui import charts

RATE = audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def clip(examples):
    return audio.load(examples[0])


@pytest.fixture(scope="module")
def long(examples):
    return np.concatenate([audio.load(path) for path in examples])


def test_bars_show_each_probability_in_its_colour():
    shares = [0.02, 0.03, 0.1, 0.5, 0.2, 0.05, 0.06, 0.04]
    probabilities = dict(zip(LABELS, shares, strict=True))
    figure = charts.probability_bars(probabilities)
    bars = figure.data[1]
    assert list(bars.x) == shares
    assert list(bars.marker.color) == [emotion.colour for emotion in EMOTIONS]
    assert [note.text for note in figure.layout.annotations][3] == "50%"


def test_bars_without_speech_are_empty():
    figure = charts.probability_bars({})
    assert not np.any(figure.data[1].x)
    assert not any("%" in note.text for note in figure.layout.annotations)


def drawn(waveform, classifier):
    return analyze((RATE, waveform), classifier, picture=True)


def test_waveform_keeps_every_peak(clip, classifier):
    analysis = drawn(clip, classifier)
    bars = charts.waveform_bars(analysis.picture, analysis.segments, EMOTIONS)
    assert 100 < len(bars.x) <= charts.BARS
    top = np.asarray(bars.base) + np.asarray(bars.y)
    assert top.max() == pytest.approx(clip.max(), abs=0.01)
    assert np.asarray(bars.base).min() == pytest.approx(clip.min(), abs=0.01)


def test_waveform_has_the_colour_of_its_segment(long, classifier):
    analysis = drawn(long, classifier)
    segments = analysis.segments
    assert segments["emotion"].nunique() > 1
    middles = ((segments["start"] + segments["end"]) / 2).to_numpy()
    expected = segments["emotion"].fillna(segments["state"]).tolist()
    assert charts.said_at(middles, segments) == expected

    bars = charts.waveform_bars(analysis.picture, segments, EMOTIONS)
    colours = {BY_NAME[name].colour if name in BY_NAME else charts.GREY for name in expected}
    assert set(bars.marker.color) == colours


def test_mel_is_that_of_librosa(clip, classifier):
    heatmap = charts.mel_heatmap(drawn(clip, classifier).picture)
    power = librosa.feature.melspectrogram(
        y=clip, sr=RATE, n_fft=picture.N_FFT, hop_length=picture.HOP, n_mels=picture.N_MELS
    )
    expected = librosa.power_to_db(power, ref=np.max, top_db=charts.RANGE_DB)
    found = np.asarray(heatmap.z, float)
    whole = found.shape[1] - 2  # the last frames see zeros where librosa saw the clip
    np.testing.assert_allclose(found[:, :whole], expected[:, :whole], atol=0.6)
    assert heatmap.x[-1] == pytest.approx(len(clip) / RATE, abs=picture.HOP / RATE)


def test_a_tone_is_at_its_frequency_on_the_axis(classifier):
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    picture = drawn(tone, classifier).picture
    axis = charts.mel_axis(picture)
    at = axis["tickvals"][axis["ticktext"].index("1 kHz")]
    assert picture.spectrogram.mean(axis=0).argmax() == pytest.approx(at, abs=1)


def test_silence_is_clear_and_flat(classifier):
    figure = charts.recording(drawn(np.zeros(RATE, np.float32), classifier))
    bars, mel = figure.data
    assert set(bars.marker.color) == {charts.GREY}
    assert set(np.unique(mel.z)) <= {-charts.RANGE_DB, -50}


@pytest.mark.parametrize("samples", [1, 100, 511, RATE])
def test_the_shortest_recordings_have_figures(samples, classifier):
    figure = charts.recording(drawn(np.full(samples, 0.1, np.float32), classifier))
    assert np.isfinite(np.asarray(figure.data[0].y)).all()


def test_one_time_axis_for_everything(long, classifier):
    figure = charts.recording(drawn(long, classifier))
    names = [trace.name for trace in figure.data[2:]]
    assert [name.split()[1] for name in names] == list(LABELS)
    seconds = len(long) / RATE
    axes = [figure.layout.xaxis, figure.layout.xaxis2, figure.layout.xaxis3]
    assert [tuple(axis.range) for axis in axes] == [(0, pytest.approx(seconds))] * 3
    assert {axis.matches for axis in axes[:2]} == {"x3"}


def test_a_recording_of_one_window_has_no_timeline(clip, classifier):
    assert len(charts.recording(drawn(clip[:RATE], classifier)).data) == 2


def test_ten_minutes_are_as_small_as_one(long, classifier):
    analysis = drawn(np.resize(long, 600 * RATE), classifier)
    assert len(analysis.picture.waveform) <= picture.COLUMNS
    assert len(charts.recording(analysis).to_json()) < 500_000


def test_counts_are_of_what_was_heard(classifier):
    analysis = analyze((RATE, np.zeros(RATE, np.float32)), classifier)
    said = [("named", "sad"), ("named", "sad"), ("named", "angry"), ("no speech", None)]
    outcomes = [
        Outcome("a", replace(analysis, state=state, emotion=emotion)) for state, emotion in said
    ]
    pie, bars = charts.emotion_counts([*outcomes, Outcome("b", error="broken")]).data
    assert list(pie.values) == [2, 1, 1]
    counts = dict(zip(bars.x, bars.y, strict=True))
    assert counts["no speech"] == 1
    assert sum(counts.values()) == 4


def test_backgrounds_are_clear(clip, classifier):
    analysis = drawn(clip, classifier)
    for figure in (charts.probability_bars(analysis.probabilities), charts.recording(analysis)):
        layout = json.loads(figure.to_json())["layout"]
        assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
