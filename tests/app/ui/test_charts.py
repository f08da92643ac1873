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
    return analyze((waveform, RATE), classifier, picture=True)


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
    assert set(bars.marker.color) == set(charts.colours(expected, EMOTIONS))


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
    assert set(bars.marker.color) == {charts.STATE_COLOURS["no speech"]}
    assert set(np.unique(mel.z)) <= {-charts.RANGE_DB, -50}


@pytest.mark.parametrize("samples", [1, 100, 511, RATE])
def test_the_shortest_recordings_have_figures(samples, classifier):
    figure = charts.recording(drawn(np.full(samples, 0.1, np.float32), classifier))
    assert np.isfinite(np.asarray(figure.data[0].y)).all()


def test_one_time_axis_for_everything(long, classifier):
    figure = charts.recording(drawn(long, classifier))
    *lines, ribbon = figure.data[2:]
    names = [line.name for line in lines]
    assert [name.split()[1] for name in names] == list(LABELS)
    seconds = len(long) / RATE
    layout = figure.layout
    axes = [layout.xaxis, layout.xaxis2, layout.xaxis3, layout.xaxis4]
    assert [tuple(axis.range) for axis in axes] == [(0, pytest.approx(seconds))] * 4
    assert {axis.matches for axis in axes[:3]} == {"x4"}
    assert layout.hovermode == "x unified"
    assert sum(ribbon.width) == pytest.approx(seconds, abs=0.01), "the ribbon has no gaps"


def test_a_recording_of_one_window_has_no_timeline(clip, classifier):
    assert len(charts.recording(drawn(clip[:RATE], classifier)).data) == 2


def test_ten_minutes_are_as_small_as_one(long, classifier):
    analysis = drawn(np.resize(long, 600 * RATE), classifier)
    assert len(analysis.picture.waveform) <= picture.COLUMNS
    assert len(charts.recording(analysis).to_json()) < 500_000


def test_the_histogram_counts_recordings(classifier):
    analysis = analyze((np.zeros(RATE, np.float32), RATE), classifier)
    said = [("named", "sad"), ("named", "sad"), ("named", "angry"), ("no speech", None)]
    outcomes = [
        Outcome("a", replace(analysis, state=state, emotion=emotion)) for state, emotion in said
    ]
    _, bars = charts.recordings_by_emotion([*outcomes, Outcome("b", error="broken")]).data
    counts = {name.split(" ", 1)[-1]: count for name, count in zip(bars.y, bars.x, strict=True)}
    assert counts["sad"] == 2
    assert counts["speech"] == 1  # the last word of "no speech"
    assert sum(counts.values()) == 4


def test_the_pie_is_of_speech():
    figure = charts.shares_pie({"sad": 0.7, "unclear": 0.3}, EMOTIONS)
    (pie,) = figure.data
    assert dict(zip(pie.labels, pie.values, strict=True)) == {
        f"{BY_NAME['sad'].symbol} sad": 0.7,
        "unclear": 0.3,
    }
    assert len(set(pie.marker.colors)) == 2


@pytest.mark.parametrize("background", [(255, 255, 255), (23, 24, 28)])
def test_states_without_emotion_have_no_emotions_colour(background):
    """Colours as they are seen, at least as far apart as a glance tells them apart."""
    emotions = [seen(emotion.colour, background) for emotion in EMOTIONS]
    states = [seen(colour, background) for colour in charts.STATE_COLOURS.values()]
    for number, state in enumerate(states):
        for other in emotions + states[:number]:
            assert np.linalg.norm(np.subtract(state, other)) > 40


def seen(colour, background):
    """The red, green and blue of a colour over a background."""
    if colour.startswith("#"):
        return tuple(bytes.fromhex(colour[1:]))
    *over, alpha = map(float, colour.removeprefix("rgba(").rstrip(")").split(","))
    return tuple(
        alpha * top + (1 - alpha) * under for top, under in zip(over, background, strict=True)
    )


def test_backgrounds_are_clear(clip, classifier):
    analysis = drawn(clip, classifier)
    for figure in (charts.probability_bars(analysis.probabilities), charts.recording(analysis)):
        layout = json.loads(figure.to_json())["layout"]
        assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
