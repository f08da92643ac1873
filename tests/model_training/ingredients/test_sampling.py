"""Clips are drawn as often as the sampling says."""

import numpy as np
import pandas as pd
import pytest

from app.emotions import LABELS
from model_training.ingredients import sampling


def test_every_clip_is_drawn_once_an_epoch_and_rare_emotions_weigh_more(table):
    every = sampling.EveryClip()
    steps = every.steps(table, 32)
    draw = every.draws(table, 32, seed=1)
    rng = np.random.default_rng(0)
    first, second = (
        np.concatenate([draw(epoch * steps + step, rng) for step in range(steps)])
        for epoch in range(2)
    )
    clips = len(table)
    assert clips % 32, "the last batch has to be filled"
    assert sorted(first[:clips]) == sorted(second[:clips]) == list(range(clips))
    assert (first != second).any()
    np.testing.assert_array_equal(first[clips:], first[: len(first) - clips])
    weights = pd.Series(every.weights(table)).groupby(table["emotion"]).sum()
    assert weights.to_numpy() == pytest.approx(len(table) / len(LABELS), rel=1e-4)


def test_corpora_and_emotions_are_drawn_by_their_shares(table):
    shares = {"RAVDESS speech": 0.3, "CREMA-D speech": 0.7}
    drawn = pd.Series(sampling.balance(table, shares), index=table.index)
    assert drawn.groupby(table["corpus"]).sum().to_dict() == pytest.approx(
        {"RAVDESS": 0.3, "CREMA-D": 0.7}
    )
    within = drawn.groupby([table["corpus"], table["emotion"]]).sum()
    assert within["RAVDESS"].to_numpy() == pytest.approx(0.3 / 8)
    assert within["CREMA-D"].to_numpy() == pytest.approx(0.7 / 2)


@pytest.mark.parametrize("shares", [{"RAVDESS speech": 0.3, "TESS speech": 0.7}, {}])
def test_a_corpus_without_a_share_is_drawn_by_its_clips(table, shares):
    drawn = pd.Series(sampling.balance(table, shares), index=table.index)
    by_clips = table["corpus"].value_counts(normalize=True).to_dict()
    assert drawn.groupby(table["corpus"]).sum().to_dict() == pytest.approx(by_clips)
