"""What `as-published` leaks is what it says, and its clips are the same whenever asked for."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from app.emotions import LABELS
from model_training import published, recipes
from model_training.clips import decode
from model_training.protocols import ProtocolError
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
        published.as_published(table, fold, Published(SPOKEN, copies=1)) for fold in range(1, 6)
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
    split = published.as_published(table, 1, Published(SPOKEN, copies=2, rare_only=True))
    rows = pd.concat([split.train, split.validation, split.test])
    copied = rows[rows["copy"] > 0]
    assert len(rows) == 90 + 2 * 70
    assert "happy" not in set(copied["emotion"])


def test_a_copy_is_another_sound_and_always_the_same(table, tmp_path):
    clips = decode(table, 22_050, tmp_path)
    with_tess = table.assign(corpus="TESS")
    recipe, split, waveforms = published.prepared(recipes.load("mfcc-2d"), with_tess, 1, clips)
    assert recipe.fixed
    index = split.train.index[split.train["copy"] > 0][0]
    np.testing.assert_array_equal(waveforms[index], waveforms[index])
    assert len(waveforms[index]) == recipe.window
    assert np.abs(waveforms[index]).max() > 0.01


def test_the_flagship_follows_no_published_system(table, tmp_path):
    with pytest.raises(ProtocolError, match="no published system"):
        published.prepared(recipes.load("residual-mel"), table, 1, decode(table, RATE, tmp_path))
