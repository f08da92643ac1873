"""From which probability on an emotion is named, chosen from streams of validation speakers."""

import numpy as np
import pandas as pd
import pytest

from app.live import Reading
from model_training.training.naming import AIM, named_from
from model_training.training.streams import LONGEST, SHORTEST, Moment, streams

RATE = 100


def moment(probability, right, since=5.0):
    rest = (1 - probability) / 3
    shares = {"sad": probability, "happy": rest, "angry": rest, "calm": rest}
    reading = Reading(1.0, "named", "sad", probability, (), shares, 1.0, -20.0)
    return Moment(reading, "sad" if right else "happy", since)


def test_it_is_the_least_that_is_right_often_enough():
    """Right in half of the readings at 0.45, in eight of ten at 0.65."""
    rows = [moment(0.45, at % 2) for at in range(100)]
    rows += [moment(0.65, at % 10 < 8) for at in range(100)]
    # A stream each, as what was named just before is named more easily.
    chosen = named_from([[row] for row in rows], 3.0)
    assert chosen == pytest.approx(0.46)
    right = [row.emotion == "sad" for row in rows if row.reading.confidence >= chosen]
    assert np.mean(right) >= AIM


def test_windows_across_a_change_do_not_count():
    across = [[moment(0.9, False, since=2.5)] for _ in range(50)]
    assert named_from([[moment(0.5, True)], *across], 3.0) <= 0.5


def test_where_nothing_is_right_often_enough_it_is_the_best():
    rows = [[moment(0.45, False)], [moment(0.65, True)], [moment(0.65, False)]]
    assert 0.45 < named_from(rows, 3.0) <= 0.65


def test_without_speech_it_is_the_default():
    silent = Reading(1.0, "no speech", None, None, (), {}, 0.0, -90.0)
    assert named_from([[Moment(silent, "sad", 5.0)]], 3.0) == 0.4
    assert named_from([], 3.0) == 0.4


@pytest.fixture
def table():
    rows = [(speaker, emotion) for speaker in "ab" for emotion in ("sad", "happy", "calm")] * 8
    return pd.DataFrame([*rows, ("c", "sad")], columns=["speaker", "emotion"])


def test_a_stream_is_one_speaker_in_one_emotion_after_another(table):
    lengths = np.random.default_rng(0).integers(RATE, 4 * RATE, len(table))
    clips = [np.full(length, at, np.float32) for at, length in enumerate(lengths)]
    made = list(streams(table, clips, RATE, 6, 0))
    assert [stream.speaker for stream in made] == ["a", "b"] * 3, "c acts one emotion only"
    for stream in made:
        assert sorted(stream.emotions) == ["calm", "happy", "sad"]
        assert stream.edges[-1] == pytest.approx(len(stream.waveform) / RATE)
        lengths = np.diff(stream.edges)
        assert (lengths >= SHORTEST - 4).all()
        assert (lengths <= LONGEST + 0.1).all()
        for start, end, emotion in zip(
            stream.edges[:-1], stream.edges[1:], stream.emotions, strict=True
        ):
            inside = stream.waveform[round(start * RATE) : round(end * RATE)].astype(int)
            assert set(table.loc[np.unique(inside), "emotion"]) == {emotion}
            assert set(table.loc[np.unique(inside), "speaker"]) == {stream.speaker}
    again = list(streams(table, clips, RATE, 6, 0))
    np.testing.assert_array_equal(made[-1].waveform, again[-1].waveform)
