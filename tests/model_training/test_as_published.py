"""What `as-published` leaks is what it says, and its clips are the same whenever asked for."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from app.emotions import LABELS
from model_training import as_published, recipes
from model_training.as_published import Copies
from model_training.corpora.clips import decode
from model_training.experiment import experiment, experiments
from model_training.ingredients.waveform_augmentation import PLACED
from model_training.protocols import ProtocolError, ravdess_si
from model_training.recipes import Published

RATE = 16_000
SPOKEN = ("RAVDESS speech",)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Ten clips an emotion, twice as many happy ones, and a corpus that no recipe uses."""
    folder = tmp_path_factory.mktemp("clips")
    rows = []
    for number, emotion in enumerate([*LABELS * 10, *["happy"] * 10, *["sad"] * 5]):
        corpus = "RAVDESS" if number < 90 else "CREMA-D"
        path = folder / f"{number}.wav"
        tone = 0.1 * np.sin(2 * np.pi * (200 + number) * np.arange(RATE) / RATE)
        soundfile.write(path, tone, RATE)
        rows.append((corpus, f"{corpus}-{number % 5}", "male", emotion, "speech", str(path)))
    return pd.DataFrame(rows, columns=["corpus", "speaker", "sex", "emotion", "kind", "path"])


def test_each_row_is_on_one_side_and_every_fifth_is_a_test_once(table):
    splits = [
        as_published.as_published(table, fold, Published(SPOKEN, copies=(PLACED,)))
        for fold in range(1, 6)
    ]
    for split in splits:
        sides = [set(side.index) for side in (split.train, split.validation, split.test)]
        assert sum(map(len, sides)) == len(set.union(*sides)) == 180
        assert split.leaks
        assert (split.test.groupby("emotion").size() >= 3).all(), "stratified"
    assert sorted(np.concatenate([split.test.index for split in splits])) == sorted(
        [*range(90), *range(len(table), len(table) + 90)]
    )


def test_only_rare_emotions_are_copied_where_the_source_did_so(table):
    split = as_published.as_published(
        table, 1, Published(SPOKEN, copies=(PLACED, PLACED), rare_only=True)
    )
    rows = pd.concat([split.train, split.validation, split.test])
    copied = rows[rows["copy"] > 0]
    assert len(rows) == 90 + 2 * 70
    assert "happy" not in set(copied["emotion"])


def test_a_copy_is_another_sound_and_always_the_same(table, tmp_path):
    clips = decode(table, 22_050, tmp_path)
    with_tess = table.assign(corpus="TESS")
    made = experiment(recipes.load("mfcc-2d"), with_tess, clips, "as-published", 1, tmp_path)
    assert made.recipe.fixed
    index = made.split.train.index[made.split.train["copy"] > 0][0]
    np.testing.assert_array_equal(made.clips[index], made.clips[index])
    assert len(made.clips[index]) == made.recipe.window
    assert np.abs(made.clips[index]).max() > 0.01


def test_each_copy_is_made_in_its_own_way(table, tmp_path):
    clips = decode(table, 22_050, tmp_path)
    ways = (PLACED.with_(gain_range=(-6.0, -6.0)), PLACED.with_(gain_range=(-20.0, -20.0)))
    copies = Copies(clips, 2 * 22_050, 22_050, ways, seed=0)
    peaks = [np.abs(copies[copy * len(clips)]).max() for copy in range(3)]
    assert peaks[1] / peaks[0] == pytest.approx(0.50, abs=0.01)
    assert peaks[2] / peaks[0] == pytest.approx(0.10, abs=0.01)


def test_the_flagship_follows_no_published_system(tmp_path):
    with pytest.raises(ProtocolError, match="no published source"):
        experiments(tmp_path, "residual-mel", "as-published")


def test_a_protocol_that_does_not_exist_is_a_sentence(tmp_path):
    with pytest.raises(ProtocolError, match="no protocol 'random'"):
        experiments(tmp_path, "residual-mel", "random")


def test_by_speaker_a_recipe_keeps_its_corpora_and_copies_training_clips_alone(table):
    speakers = [f"RAVDESS-{number % 24 + 1:02d}" for number in range(len(table))]
    sexes = ["female" if number % 2 else "male" for number in range(len(table))]
    voices = table.assign(speaker=speakers, sex=sexes)
    voices.loc[90:, "speaker"] = [f"CREMA-D-{1010 + number}" for number in range(len(table) - 90)]
    whole = ravdess_si(voices, 1)
    split = as_published.by_speaker(voices, whole, Published(SPOKEN, copies=(PLACED, PLACED)))
    assert (split.train["copy"] > 0).sum() == 2 * (split.train["copy"] == 0).sum()
    assert len(split.train) == 3 * (whole.train["corpus"] == "RAVDESS").sum()
    assert set(split.train["corpus"]) == set(split.validation["corpus"]) == {"RAVDESS"}
    assert not split.leaks
    unheard = {"RAVDESS-01", "RAVDESS-11", "RAVDESS-20", "RAVDESS-21"}
    assert unheard <= set(split.test["speaker"])
    assert not set(split.train["speaker"]) & set(split.test["speaker"])
    assert split.validation.index.max() < len(table), "no copies"
