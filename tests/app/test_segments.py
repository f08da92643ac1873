"""Windows to segments: runs of one emotion that cover the recording without gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import audio
from app.episodes import most_of
from app.recordings import analyze, label_of_whole
from app.segments import Windows, by_name, likeliest_path, shares, table_of_segments
from tests.conftest import EXAMPLES

LABELS = ("sad", "happy", "angry")
HOP, WINDOW = 0.5, 3.0


def windows(rows, duration):
    """Windows half a second apart; a row is the column of its emotion, or None without speech."""
    starts = HOP * np.arange(len(rows))
    probabilities = np.full((len(rows), len(LABELS)), np.nan)
    for at, row in enumerate(rows):
        if row is not None:
            probabilities[at] = row if isinstance(row, tuple) else 0.1 + 0.7 * np.eye(3)[row]
    speech = np.where(np.isnan(probabilities[:, 0]), 0.0, 2.0)
    return Windows(
        starts, np.minimum(starts + WINDOW, duration), speech, probabilities, speech > 0, HOP
    )


def segments(rows, pauses=(), named_from=0.4):
    duration = HOP * (len(rows) - 1) + WINDOW
    return table_of_segments(windows(rows, duration), pauses, duration, LABELS, named_from)


def outline(table):
    names = table["emotion"].fillna(table["state"])
    return list(zip(names, table["start"], table["end"], strict=True))


def test_a_change_is_between_the_middles_of_its_windows():
    assert outline(segments([0] * 10 + [2] * 11)) == [("sad", 0.0, 6.25), ("angry", 6.25, 13.0)]


def test_a_window_that_differs_is_no_segment():
    assert outline(segments([0] * 8 + [1] + [0] * 8)) == [("sad", 0.0, 11.0)]
    assert outline(segments([0] * 8 + [1] * 6 + [0] * 8))[1][0] == "happy"


def test_a_pause_of_a_second_is_a_segment_and_a_shorter_one_is_none():
    found = outline(segments([0] * 15, [(2.0, 2.9), (4.0, 5.2)]))
    assert found == [("sad", 0.0, 4.0), ("no speech", 4.0, 5.2), ("sad", 5.2, 10.0)]


def test_what_no_emotion_leads_is_unclear_and_one_segment():
    close, closer = (0.4, 0.35, 0.25), (0.3, 0.37, 0.33)
    table = segments([2] * 8 + [close] * 10 + [closer] * 10)
    assert [name for name, *_ in outline(table)] == ["angry", "unclear"]
    assert table["confidence"].isna().tolist() == [False, True]
    assert table.loc[1, "candidates"].startswith("happy or sad")
    assert table.loc[1, list(LABELS)].sum() == pytest.approx(1.0)


def test_a_segment_has_the_mean_of_its_windows():
    table = segments([(0.8, 0.1, 0.1), (0.6, 0.2, 0.2), (0.7, 0.2, 0.1)])
    assert table.loc[0, "confidence"] == table.loc[0, "sad"] == pytest.approx(0.7)


def test_shares_are_of_the_speech_and_largest_first():
    found = shares(segments([0] * 10 + [2] * 5, [(7.0, 8.2)]))
    assert list(found) == ["sad", "angry"]
    assert sum(found.values()) == pytest.approx(1.0)


rows = st.lists(
    st.one_of(st.none(), st.integers(0, 2), st.just((0.36, 0.34, 0.3))), min_size=1, max_size=60
)


@given(rows, st.lists(st.floats(0.0, 40.0), max_size=8, unique=True))
def test_segments_tile_the_recording(rows, turns):
    turns = sorted(turns)[: len(turns) // 2 * 2]
    table = segments(rows, list(zip(turns[::2], turns[1::2], strict=True)))
    duration = HOP * (len(rows) - 1) + WINDOW
    assert (table["start"].iloc[0], table["end"].iloc[-1]) == (0.0, duration)
    assert table["start"].iloc[1:].tolist() == table["end"].iloc[:-1].tolist()
    assert (table["end"] > table["start"]).all()
    names = [name for name, *_ in outline(table)]
    assert all(one != other for one, other in zip(names[1:], names[:-1], strict=True))
    named = table[table["state"] == "named"]
    assert (named[list(LABELS)].idxmax(axis=1) == named["emotion"]).all()


def test_the_likeliest_path_is_the_best_of_all():
    """Against every path there is, for a few windows."""
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 6)
    paths = np.stack(np.meshgrid(*[range(3)] * 6), axis=-1).reshape(-1, 6)
    scores = [
        np.log(probabilities[range(6), path]).sum() - 1.5 * np.count_nonzero(np.diff(path))
        for path in paths
    ]
    best = paths[int(np.argmax(scores))]
    np.testing.assert_array_equal(likeliest_path(probabilities, 1.5), best)


def test_a_short_clip_keeps_its_plain_answer(classifier):
    for path in EXAMPLES.glob("[!j]*.ogg"):
        analysis = analyze(path, classifier)
        assert analysis.state in ("named", "unclear")
        assert len(analysis.segments) == 1
        assert analysis.sentence.startswith(analysis.emotion or "unclear: ")


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.34, 0.9)), min_size=1, max_size=40))
def test_the_whole_contradicts_neither_its_segments_nor_its_mean(rows):
    leading = [tuple(np.where(np.arange(3) == at, high, (1 - high) / 2)) for at, high in rows]
    found = segments(leading)
    spoken = windows(leading, found["end"].iloc[-1])
    mean, share = by_name(spoken.mean(spoken.spoken), LABELS), shares(found)
    said = label_of_whole(mean, share, 0.4, True)
    emotions = set(found["emotion"].dropna())
    assert (said.state == "mixed") == (len(emotions) > 1)
    if said.emotion:
        assert emotions == {said.emotion}
        assert share[said.emotion] >= 0.5
        assert mean[said.emotion] == max(mean.values()) == said.confidence
    elif said.state == "unclear":
        assert said.candidates[0] == max(mean, key=mean.__getitem__)


def test_little_that_is_named_is_no_answer():
    probabilities = {"sad": 0.5, "happy": 0.3, "angry": 0.2}
    assert label_of_whole(probabilities, {"sad": 0.6, "unclear": 0.4}, 0.4, True).emotion == "sad"
    said = label_of_whole(probabilities, {"unclear": 0.6, "sad": 0.4}, 0.4, True)
    assert (said.state, said.candidates) == ("unclear", ("sad", "happy"))
    said = label_of_whole(probabilities, {"unclear": 0.3, "angry": 0.7}, 0.4, True)
    assert said.state == "unclear", "the label would not be the longest bar"


def test_a_recording_of_several_emotions_is_told_as_what_it_is(classifier):
    clips = [
        audio.load(EXAMPLES / f"{name}.ogg") for name in ("angry-woman-1037", "sad-woman-1007")
    ]
    clips = [np.tile(clip, 3) for clip in clips]
    analysis = analyze((np.concatenate(clips), audio.SAMPLE_RATE), classifier)
    assert (analysis.state, analysis.emotion, analysis.confidence) == ("mixed", None, None)
    assert set(analysis.candidates) >= {"angry", "sad"}
    first, second = list(analysis.shares)[:2]
    assert analysis.sentence.startswith(
        f"{most_of(analysis.shares)} ({analysis.shares[first]:.0%}), then "
    )
    assert second in analysis.sentence
    change = analysis.segments["end"].iloc[0]
    assert change == pytest.approx(len(clips[0]) / audio.SAMPLE_RATE, abs=1.5)
