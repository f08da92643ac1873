"""Whole recordings: the shape and the truth of what is said of them."""

import io
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import audio, recordings
from app.audio import AudioError
from app.emotions import LABELS
from app.picture import COLUMNS as PICTURE_COLUMNS
from app.picture import PictureBuilder
from app.recordings import RecordingAnalyzer, analyze
from app.segments import COLUMNS

RATE = audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def joined(examples):
    """The example clips in a row, half a second of silence after each."""
    pause = np.zeros(RATE // 2, np.float32)
    return np.concatenate([part for path in examples for part in (audio.load(path), pause)])


def test_the_timeline_covers_the_recording(classifier, joined):
    timeline = analyze((joined, RATE), classifier).windows
    duration = len(joined) / RATE
    assert list(timeline.columns) == [*COLUMNS, *LABELS]
    np.testing.assert_allclose(np.diff(timeline["start"]), audio.HOP_SECONDS)
    assert timeline["end"].iloc[-1] == pytest.approx(duration)
    assert (timeline["end"] - timeline["start"]).iloc[:-1].to_numpy() == pytest.approx(3.0)
    spoken = timeline[timeline["state"] != "no speech"]
    assert len(spoken) > 0.8 * len(timeline)
    np.testing.assert_allclose(spoken[list(LABELS)].sum(axis=1), 1.0, atol=1e-5)
    best = spoken[list(LABELS)].idxmax(axis=1)
    named = spoken["state"] == "named"
    assert (best == spoken["emotion"])[named].all()
    assert 0.5 < named.mean() < 1.0


def test_the_whole_is_the_mean_of_its_windows_weighted_by_speech(classifier, joined):
    analysis = analyze((joined, RATE), classifier)
    spoken = analysis.windows[analysis.windows["state"] != "no speech"]
    weights = spoken["speech_share"] * (spoken["end"] - spoken["start"])
    mean = np.average(spoken[list(LABELS)], axis=0, weights=weights)
    assert list(analysis.probabilities) == list(LABELS)
    np.testing.assert_allclose(list(analysis.probabilities.values()), mean, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.001, 0.3, 2.0, 3.0, 7.25])
def test_silence_has_no_emotion(classifier, seconds):
    analysis = analyze((np.zeros(round(seconds * RATE), np.float32), RATE), classifier)
    assert (analysis.state, analysis.emotion, analysis.confidence) == ("no speech", None, None)
    assert analysis.probabilities == {}
    assert analysis.speech_seconds == 0.0
    assert analysis.shares == {}
    assert analysis.windows["emotion"].isna().all()
    assert analysis.segments[["start", "end"]].values.tolist() == [[0.0, analysis.duration]]


def test_hiss_has_no_emotion(classifier):
    hiss = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32) * 0.1
    assert analyze((hiss, RATE), classifier).state == "no speech"


def test_a_short_recording_is_one_padded_row(classifier, examples):
    timeline = analyze((audio.load(examples[0])[:RATE], RATE), classifier).windows
    assert len(timeline) == 1
    assert timeline.loc[0, "end"] == pytest.approx(1.0)


def test_the_examples_are_heard_as_they_were_acted(classifier, examples):
    """Voices the bundle never met; chance is one in eight."""
    heard = {path.stem: analyze(path, classifier).emotion for path in examples}
    right = [stem for stem, emotion in heard.items() if emotion and stem.startswith(emotion)]
    assert len(right) >= 0.5 * len(heard), heard


def test_blocks_leave_no_trace(classifier, joined, monkeypatch):
    whole = analyze((joined, RATE), classifier)
    monkeypatch.setattr(recordings, "BLOCK_SECONDS", 1.3)
    cut = analyze((joined, RATE), classifier)
    assert (cut.duration, cut.speech_seconds) == (
        whole.duration,
        pytest.approx(whole.speech_seconds),
    )
    pd.testing.assert_frame_equal(cut.windows, whole.windows, atol=1e-4)
    pd.testing.assert_frame_equal(cut.segments, whole.segments, atol=1e-4)


def test_a_path_its_bytes_a_file_and_its_samples_are_heard_alike(classifier, examples):
    path = examples[0]
    content = path.read_bytes()
    sources = [path, str(path), content, io.BytesIO(content), (RATE, audio.load(path))]
    heard = [list(analyze(source, classifier).probabilities.values()) for source in sources]
    for probabilities in heard[1:]:
        np.testing.assert_allclose(probabilities, heard[0], atol=1e-5)


def test_samples_may_be_stereo_integers_at_another_rate(classifier, examples):
    waveform = audio.load(examples[0], 44_100)
    stereo = np.repeat(np.rint(waveform * 32_767).astype(np.int16)[:, None], 2, axis=1)
    direct = analyze(examples[0], classifier).probabilities
    resampled = analyze((stereo, 44_100), classifier).probabilities
    assert resampled == pytest.approx(direct, abs=0.05)


def test_progress_comes_block_by_block_and_ends_with_the_recording(classifier, joined):
    long = np.tile(joined, 2)
    heard = []
    analysis = analyze((long, RATE), classifier, progress=heard.append)
    assert len(heard) >= 2
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(analysis.duration)


@settings(max_examples=5)
@given(sizes=st.lists(st.integers(100, 40 * RATE), min_size=1, max_size=5))
def test_pieces_of_any_length_make_the_same_analysis(classifier, joined, sizes):
    whole = analyze((joined, RATE), classifier)
    analyzer, start = RecordingAnalyzer(classifier), 0
    for size in itertools.cycle(sizes):
        analyzer.push(joined[start : start + size])
        start += size
        if start >= len(joined):
            break
    cut = analyzer.finish()
    pd.testing.assert_frame_equal(cut.windows, whole.windows, atol=1e-4)
    pd.testing.assert_frame_equal(cut.segments, whole.segments, atol=1e-4)


def test_an_array_may_be_used_again_for_the_next_block(classifier, joined):
    analyzer, buffer = RecordingAnalyzer(classifier), np.zeros(1600, np.float32)
    for start in range(0, len(joined) - 1600, 1600):
        buffer[:] = joined[start : start + 1600]
        analyzer.push(buffer)
    assert analyzer.finish().speech_seconds > 5


def test_samples_that_are_no_numbers_cost_no_speech(classifier, joined):
    spoiled = joined.copy()
    spoiled[len(joined) // 2 : len(joined) // 2 + 3] = [np.nan, np.inf, -np.inf]
    analyses = []
    for waveform in (joined, spoiled):
        analyzer = RecordingAnalyzer(classifier)
        analyzer.push(waveform)
        analyses.append(analyzer.finish())
    whole, repaired = (analysis.speech_seconds for analysis in analyses)
    assert repaired == pytest.approx(whole, abs=0.1)
    with pytest.raises(AudioError, match="A block is mono"):
        RecordingAnalyzer(classifier).push(joined[:, None])


def test_what_is_no_recording_is_said_in_a_sentence(classifier):
    with pytest.raises(AudioError, match="holds no audio samples"):
        RecordingAnalyzer(classifier).finish()
    with pytest.raises(AudioError, match="is not audio"):
        analyze(b"not a recording", classifier)
    with pytest.raises(AudioError, match="holds no audio samples"):
        analyze((np.zeros(0, np.float32), RATE), classifier)


@pytest.mark.parametrize("seconds", [0.01, 2.0, 90.0])
def test_a_picture_is_small_and_true(classifier, joined, seconds):
    waveform = np.resize(joined, round(seconds * RATE))
    picture = analyze((waveform, RATE), classifier, picture=True).picture
    columns = len(picture.waveform)
    assert columns == len(picture.spectrogram) <= PICTURE_COLUMNS
    assert picture.duration == pytest.approx(seconds, abs=1e-3)
    assert picture.waveform[:, 1].max() == waveform.max()
    assert picture.waveform[:, 0].min() == waveform.min()
    assert picture.spectrogram.shape[1] == len(picture.frequencies)


def test_a_tone_is_drawn_at_its_frequency():
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(3 * RATE) / RATE).astype(np.float32)
    drawing = PictureBuilder(RATE)
    drawing.push(tone)
    picture = drawing.picture()
    assert picture.frequencies[picture.spectrogram[10].argmax()] == pytest.approx(1000, rel=0.06)
