"""A session as a whole: runs, shares, changes and the sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.episodes import Episode, EpisodeBuilder
from app.labelling import Label

ANGRY, SAD = Label("named", "angry", 0.8), Label("named", "sad", 0.6)
UNCLEAR, PAUSE = Label("unclear", candidates=("sad", "calm")), Label("no speech")
SAID = [ANGRY, SAD, UNCLEAR, PAUSE]


def summary(labels):
    builder = EpisodeBuilder()
    for number, said in enumerate(labels):
        builder.add(number / 2, (number + 1) / 2, said)
    return builder.summary()


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([], "No speech."),
        ([PAUSE] * 3, "No speech."),
        ([ANGRY], "Mostly angry, 100%; no changes."),
        ([UNCLEAR, UNCLEAR, SAD], "Mostly unclear, 67%; no changes."),
        ([PAUSE, ANGRY, ANGRY, UNCLEAR, SAD, PAUSE], "Mostly angry, 50%; one change."),
        ([SAD, ANGRY, PAUSE, ANGRY, SAD, SAD], "Mostly sad, 60%; two changes."),
        ([SAD, ANGRY, UNCLEAR, SAD, UNCLEAR], "Most often sad, 40%; two changes."),
        ([SAD, ANGRY] * 6, "Mostly sad, 50%; 11 changes."),
    ],
)
def test_the_sentence(labels, sentence):
    assert str(summary(labels)) == sentence


@given(st.lists(st.sampled_from(SAID), max_size=40))
def test_episodes_hold_every_step_once_and_none_is_empty(labels):
    found = summary(labels)
    ends = [0.0, *(episode.end for episode in found.episodes)]
    assert [episode.start for episode in found.episodes] == ends[:-1]
    assert ends[-1] == len(labels) / 2
    assert all(episode.duration > 0 for episode in found.episodes)
    assert sum(found.shares.values()) == pytest.approx(1.0 if found.shares else 0.0)
    assert found.changes <= max(0, len(found.episodes) - 1)


def test_sound_that_was_skipped_parts_two_episodes():
    builder = EpisodeBuilder()
    builder.add(0.0, 0.5, SAD)
    builder.add(2.0, 2.5, SAD)
    assert builder.summary().episodes == (
        Episode(0.0, 0.5, "named", "sad"),
        Episode(2.0, 2.5, "named", "sad"),
    )
