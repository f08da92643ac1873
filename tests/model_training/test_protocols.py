"""No voice is ever on two sides."""

import itertools

import pandas as pd
import pytest

from model_training.protocols import (
    EXAMPLE_SPEAKERS,
    RAVDESS_FOLDS,
    ProtocolError,
    Split,
    ravdess_si,
)


@pytest.fixture(scope="module")
def table():
    rows = [
        ("RAVDESS", f"RAVDESS-{actor:02d}", "male" if actor % 2 else "female", kind)
        for actor, kind in itertools.product(range(1, 25), ("speech", "song"))
    ]
    rows += [
        ("CREMA-D", f"CREMA-D-{actor}", "male" if actor % 2 else "female", "speech")
        for actor in range(1001, 1092)
    ]
    rows += [("TESS", f"TESS-{name}", "female", "speech") for name in ("OAF", "YAF")]
    return pd.DataFrame(rows, columns=["corpus", "speaker", "sex", "kind"])


def test_the_six_folds_hold_every_actor_once():
    assert sorted(itertools.chain(*RAVDESS_FOLDS)) == list(range(1, 25))


@pytest.mark.parametrize("fold", range(1, 7))
def test_no_speaker_of_a_test_fold_is_trained_on_even_by_song(table, fold):
    split = ravdess_si(table, fold)
    sides = [set(side["speaker"]) for side in (split.train, split.validation, split.test)]
    for one, other in itertools.combinations(sides, 2):
        assert not one & other
    actors = {f"RAVDESS-{actor:02d}" for actor in RAVDESS_FOLDS[fold - 1]}
    assert {s for s in sides[2] if s.startswith("RAVDESS")} == actors
    assert set(EXAMPLE_SPEAKERS) <= sides[2]
    assert set(split.test["kind"]) == {"speech"}


@pytest.mark.parametrize("fold", range(1, 7))
def test_validation_has_men_and_women_of_both_corpora(table, fold):
    validation = ravdess_si(table, fold).validation
    groups = validation.groupby("corpus")["sex"].unique()
    assert set(groups.index) == {"RAVDESS", "CREMA-D"}
    assert all(set(sexes) == {"female", "male"} for sexes in groups)


@pytest.mark.parametrize("fold", [0, 7])
def test_a_fold_that_is_not_there_is_a_sentence(table, fold):
    with pytest.raises(ProtocolError, match="folds 1 to 6"):
        ravdess_si(table, fold)


def test_a_split_refuses_a_speaker_on_two_sides(table):
    with pytest.raises(ProtocolError, match="RAVDESS-01 is in both train and test"):
        Split("broken", 1, table.iloc[:1], table.iloc[4:5], table.iloc[1:2])


def test_a_split_refuses_an_empty_side(table):
    with pytest.raises(ProtocolError, match="no clips for validation"):
        Split("empty", 1, table.iloc[:1], table.iloc[:0], table.iloc[4:5])
