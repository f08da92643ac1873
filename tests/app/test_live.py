"""The live engine: the same readings however the stream is cut, and none without speech."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import audio
from app.classifier import Classifier, bundles, shared
from app.folders import MODELS
from app.live import LEAD_SECONDS, LiveSession
from app.recordings import analyze
from app.saved_model import read, write

RATE = audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def speech(examples):
    return np.concatenate([audio.load(path) for path in examples[:3]])


def feed(session, waveform, sample_rate, sizes):
    readings, start, sizes = [], 0, iter(sizes)
    while start < len(waveform):
        size = next(sizes)
        readings += session.feed(waveform[start : start + size], sample_rate)
        start += size
    return readings


def halves(seconds, sample_rate):
    while True:
        yield round(seconds * sample_rate)


def shares(reading):
    return list(reading.probabilities.values())


def table(readings):
    rows = [
        [r.time, r.speech_share, r.level, *(shares(r) if r.probabilities else np.full(8, np.nan))]
        for r in readings
    ]
    return np.array(rows)


def test_a_reading_each_half_second(classifier, speech):
    readings = feed(LiveSession(classifier), speech, RATE, halves(0.5, RATE))
    assert len(readings) == len(speech) // (RATE // 2)
    np.testing.assert_allclose(np.diff([r.time for r in readings]), 0.5)


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(320, 32_000), min_size=1, max_size=6))
def test_readings_do_not_depend_on_the_chunks(classifier, speech, sizes):
    regular = feed(LiveSession(classifier), speech, RATE, halves(0.5, RATE))

    def repeated():
        while True:
            yield from sizes

    uneven = feed(LiveSession(classifier), speech, RATE, repeated())
    np.testing.assert_allclose(table(uneven), table(regular), atol=1e-4)


def test_half_a_second_from_a_browser_is_read_at_once(classifier, speech):
    session = LiveSession(classifier)
    waveform = audio.resample(speech, RATE, 48_000)
    chunks = [waveform[start : start + 24_000] for start in range(0, 10 * 24_000, 24_000)]
    assert [len(session.feed(chunk, 48_000)) for chunk in chunks] == [1] * len(chunks)


@pytest.mark.parametrize("name", bundles(MODELS))
def test_readings_agree_with_the_timeline_of_the_same_audio(name, speech):
    classifier = shared(MODELS / name)
    readings = feed(LiveSession(classifier, smoothing=0.0), speech, RATE, halves(0.5, RATE))
    lead = np.zeros(round(LEAD_SECONDS * RATE), np.float32)
    timeline = analyze((np.concatenate([lead, speech]), RATE), classifier).windows.set_index("end")
    compared = 0
    for reading in readings:
        if reading.probabilities and reading.time in timeline.index:
            row = timeline.loc[reading.time, list(classifier.labels)]
            np.testing.assert_allclose(row.to_numpy(float), shares(reading), atol=1e-3)
            compared += 1
    assert compared >= 5


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 48_000])
def test_other_rates_are_heard_alike(classifier, speech, sample_rate):
    expected = feed(LiveSession(classifier), speech, RATE, halves(0.5, RATE))
    waveform = audio.resample(speech, RATE, sample_rate)
    found = feed(LiveSession(classifier), waveform, sample_rate, halves(0.5, sample_rate))
    assert len(found) >= len(expected) - 1
    agree = [a.emotion == b.emotion for a, b in zip(found, expected, strict=False)]
    assert np.mean(agree) >= (0.6 if sample_rate == 8_000 else 0.9)


def test_a_rate_may_change_on_the_way(classifier, speech):
    session = LiveSession(classifier)
    middle = len(speech) // 2
    later = audio.resample(speech[middle:], RATE, 48_000)
    readings = feed(session, speech[:middle], RATE, halves(0.5, RATE))
    readings += feed(session, later, 48_000, halves(0.5, 48_000))
    assert len(readings) >= len(speech) // (RATE // 2) - 1
    assert readings[-1].probabilities


def test_sample_types_and_channels_are_heard_alike(classifier, speech):
    expected = feed(LiveSession(classifier), speech, RATE, halves(0.5, RATE))
    stereo = np.stack([speech, speech], axis=1)
    found = feed(
        LiveSession(classifier), (stereo * 32767).astype(np.int16), RATE, halves(0.5, RATE)
    )
    np.testing.assert_allclose(table(found)[:, 3:], table(expected)[:, 3:], atol=0.02)


def test_silence_is_listened_to_and_later_told(classifier, speech):
    session = LiveSession(classifier)
    silence = np.zeros(6 * RATE, np.float32)
    before = feed(session, silence, RATE, halves(0.5, RATE))
    spoken = feed(session, speech, RATE, halves(0.5, RATE))
    after = feed(session, silence, RATE, halves(0.5, RATE))
    assert {r.state for r in before} == {"listening"}
    assert spoken[-1].state in ("named", "unclear")
    assert after[-1].state == "no speech"
    assert after[-1].emotion is None
    assert after[-1].level == audio.SILENCE


def test_the_first_emotion_comes_soon(classifier, speech):
    readings = feed(LiveSession(classifier), speech, RATE, halves(0.5, RATE))
    assert next(r.time for r in readings if r.probabilities) <= 2.0


def test_smoothing_starts_from_the_first_reading(classifier, speech):
    plain, smooth = (
        feed(LiveSession(classifier, smoothing), speech, RATE, halves(0.5, RATE))
        for smoothing in (0.0, 0.9)
    )
    first = next(i for i, reading in enumerate(plain) if reading.probabilities)
    np.testing.assert_allclose(shares(plain[first]), shares(smooth[first]))
    jumps = [np.abs(np.diff(table(r)[first:, 3:], axis=0)).max() for r in (plain, smooth)]
    assert jumps[1] < 0.5 * jumps[0]


def test_smoothing_and_step_may_change_on_the_way(classifier, speech):
    session = LiveSession(classifier)
    before = session.feed(speech[: 2 * RATE], RATE)
    session.step, session.smoothing = 1.0, 0.0
    after = session.feed(speech[2 * RATE : 5 * RATE], RATE)
    assert [reading.time for reading in before + after] == [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0]
    plain = LiveSession(classifier, smoothing=0.0, step=1.0).feed(speech[: 5 * RATE], RATE)
    np.testing.assert_allclose(shares(after[-1]), shares(plain[-1]), atol=1e-5)


@pytest.fixture(scope="module")
def slower(tmp_path_factory, classifier):
    """The shipped network behind another frontend: it hears 8 kHz, doubled to its own rate."""
    model, info = read(classifier.folder)
    halved = keras.Input((classifier.window // 2,))
    doubled = keras.layers.Flatten()(
        keras.layers.UpSampling1D(2)(keras.layers.Reshape((classifier.window // 2, 1))(halved))
    )
    folder = tmp_path_factory.mktemp("models") / "slower"
    told = info.model_copy(update={"name": "slower", "sample_rate": RATE // 2})
    write(folder, keras.Model(halved, model(doubled)), told)
    return Classifier(folder)


def test_the_model_may_change_on_the_way(classifier, slower, speech):
    session = LiveSession(classifier, smoothing=0.0)
    before = session.feed(speech[: 4 * RATE], RATE)
    session.use(slower)
    between = session.feed(speech[4 * RATE : 5 * RATE], RATE)
    session.use(classifier)
    after = session.feed(speech[5 * RATE :], RATE)
    times = [reading.time for reading in before + between + after]
    np.testing.assert_allclose(times, np.arange(1, len(times) + 1) / 2, atol=0.01)
    assert len(times) >= len(speech) // (RATE // 2) - 1, "no half second is lost on the way"
    assert all(reading.probabilities for reading in between)
    plain = LiveSession(classifier, smoothing=0.0).feed(speech, RATE)
    np.testing.assert_allclose(shares(after[-1]), shares(plain[-1]), atol=0.2)


def test_the_summary_tells_each_second_that_was_read_once(classifier, slower, speech):
    session = LiveSession(classifier)
    pause = np.zeros(4 * RATE, np.float32)
    readings = session.feed(np.concatenate([pause[:RATE], speech, pause]), RATE)
    session.use(slower)
    session.feed(speech[: 2 * RATE], RATE, skip=True)
    readings += session.feed(speech, RATE)
    episodes = session.summary().episodes
    assert all(episode.duration >= 0.49 for episode in episodes), "no episode is empty"
    assert sum(episode.duration for episode in episodes) == pytest.approx(
        len(readings) / 2, abs=0.1
    )
    for before, after in pairwise(episodes):
        assert after.start >= before.end - 1e-3
        gap = after.start - before.end > 1
        assert gap or (before.state, before.emotion) != (after.state, after.emotion)
    assert {reading.emotion for reading in readings} == {episode.emotion for episode in episodes}
    assert (episodes[0].start, episodes[0].state) == (0, "listening")
    session.reset()
    assert session.summary().sentence == "No speech."


@pytest.mark.parametrize("step", [0.0, -1.0, 1e-5, 3.5])
def test_a_step_that_cannot_be_is_refused(classifier, step):
    with pytest.raises(ValueError, match=r"^A step is 0\.01 to 3 seconds"):
        LiveSession(classifier, step=step)
    session = LiveSession(classifier)
    with pytest.raises(ValueError, match="step"):
        session.step = step


def test_reset_forgets_everything(classifier, speech):
    session = LiveSession(classifier)
    first = feed(session, speech, RATE, halves(0.5, RATE))
    session.reset()
    np.testing.assert_allclose(
        table(feed(session, speech, RATE, halves(0.5, RATE))), table(first), atol=1e-6
    )


def test_sessions_do_not_hear_each_other(classifier, speech):
    alone = feed(LiveSession(classifier), speech, RATE, halves(0.5, RATE))
    one, other = LiveSession(classifier), LiveSession(classifier)
    together = []
    for start in range(0, len(speech), RATE // 2):
        together += one.feed(speech[start : start + RATE // 2], RATE)
        other.feed(np.zeros(RATE // 2, np.float32), RATE)
    np.testing.assert_allclose(table(together), table(alone), atol=1e-6)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_a_smoothing_that_cannot_be_is_refused(classifier, smoothing):
    with pytest.raises(ValueError, match="Smoothing"):
        LiveSession(classifier, smoothing)
    session = LiveSession(classifier)
    with pytest.raises(ValueError, match="Smoothing"):
        session.smoothing = smoothing
