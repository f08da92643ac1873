"""Each condition changes sound as its name says, and what was measured reaches the card."""

import numpy as np
import pandas as pd
import pytest

from app.audio import load
from model_training.evaluation import robustness

RATE, WINDOW = 16_000, 48_000


@pytest.fixture(scope="module")
def speech(examples):
    return load(examples[0], RATE)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def share_above(waveform, hertz):
    power = np.abs(np.fft.rfft(waveform)) ** 2
    return power[np.fft.rfftfreq(len(waveform), 1 / RATE) > hertz].sum() / power.sum()


def test_without_noises_and_rooms_there_is_no_condition_with_them(tmp_path):
    assert not [name for name in robustness.changes(tmp_path, RATE, WINDOW) if "noise" in name]


@pytest.mark.corpora
def test_noise_and_room_are_of_kinds_that_training_never_met(data, speech, rng):
    changes = robustness.changes(data, RATE, WINDOW)
    noisy = changes["noise at 20 dB"](speech, rng)
    loud = np.abs(speech) > 0.01
    ratio = np.sqrt(np.mean(speech**2) / np.mean((noisy - speech) ** 2))
    assert loud.any()
    assert 15 < 20 * np.log10(ratio) < 21
    assert len(changes["a room, noise at 10 dB"](speech, rng)) == len(speech)


def test_the_telephone_passes_its_band_alone(tmp_path, rng):
    white = rng.standard_normal(4 * RATE)
    heard = robustness.changes(tmp_path, RATE, WINDOW)["telephone band"](white, rng)
    assert share_above(white, 4000) > 0.45
    assert share_above(heard, 4000) < 0.01
    assert 1 - share_above(heard, 250) < 0.01


def test_mp3_keeps_the_clip_in_its_place(speech):
    heard = robustness.as_mp3(speech, RATE)
    shared = min(len(heard), len(speech))
    assert shared > 0.95 * len(speech)
    lags = np.correlate(heard[:shared], speech[:shared], "full")
    assert abs(int(lags.argmax()) - (shared - 1)) < 0.1 * RATE
    assert (
        np.corrcoef(np.sort(np.abs(heard[:shared])), np.sort(np.abs(speech[:shared])))[0, 1] > 0.9
    )


def test_an_excerpt_begins_where_speech_begins(tmp_path, speech, rng):
    """Clips of RAVDESS begin with a second of silence."""
    late = np.concatenate([np.zeros(2 * RATE, np.float32), speech])
    heard = robustness.changes(tmp_path, RATE, WINDOW)["1.5 s from where speech begins"](late, rng)
    assert len(heard) == 1.5 * RATE
    assert np.abs(heard[: RATE // 2]).max() > 0.02
    silence = np.zeros(4000, np.float32)
    assert len(robustness.spoken(silence, RATE)) == 4000


def test_a_clip_is_always_changed_in_the_same_way(tmp_path, speech):
    anywhere = robustness.changes(tmp_path, RATE, WINDOW)["anywhere in three seconds"]
    twice = [robustness.Changed([speech, speech], anywhere) for _ in range(2)]
    assert np.array_equal(twice[0][0], twice[1][0])
    assert not np.array_equal(twice[0][0], twice[0][1])


def test_the_models_of_folds_are_told_together():
    def model(fold, uar, abstained):
        found = robustness.Condition(
            condition="clean",
            corpus="RAVDESS",
            clips=10,
            uar=uar,
            fall=0.0,
            same=1.0,
            abstained=abstained,
        )
        return robustness.Robustness(
            model_sha256="",
            protocol="ravdess-si",
            fold=fold,
            unseen_noises=[],
            unseen_rooms=[],
            conditions=[found],
        )

    (both,) = robustness.together([model(1, 0.6, 1), model(2, 0.8, 2)])
    assert (both.clips, both.abstained, both.same) == (20, 3, 1.0)
    assert both.uar == pytest.approx(0.7)
    assert robustness.together([]) == []


def test_of_a_large_corpus_the_same_clips_are_drawn_every_time():
    table = pd.DataFrame({"corpus": ["TESS"] * 900 + ["RAVDESS"] * 240}, index=range(7, 1147))
    drawn = robustness.drawn(table)
    assert drawn["corpus"].value_counts().to_dict() == {"TESS": 400, "RAVDESS": 240}
    assert drawn.equals(robustness.drawn(table))
    assert drawn.index.is_monotonic_increasing
