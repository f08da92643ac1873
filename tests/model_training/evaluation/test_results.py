"""A fold of all three corpora is told as a fold of each that it tests."""

import pytest

from app.folders import MODELS
from model_training.evaluation import metrics, results
from model_training.reports import comparison


@pytest.fixture
def joint():
    """A result under all-si that has RAVDESS and CREMA-D in its test."""
    found = metrics.read(MODELS / "mfcc-cnn" / metrics.EVALUATION_FILE)
    assert {"RAVDESS", "CREMA-D"} <= set(found.test)
    return found.model_copy(update={"protocol": "all-si"})


def test_a_joint_fold_is_one_of_each_protocol_it_tests(joint, tmp_path):
    metrics.write(joint, results.path(tmp_path, joint))
    found = results.read(tmp_path)
    assert [(one.protocol, one.fold) for one in found] == [("ravdess-si", 1), ("cremad-si", 1)]
    for one, corpus in zip(found, ("RAVDESS", "CREMA-D"), strict=True):
        assert one.headline == joint.test[corpus]
        assert one.sides == joint.sides
    assert found == results.of_recipe(tmp_path, joint.recipe)


def test_a_joint_fold_is_compared_with_the_others(joint, tmp_path):
    metrics.write(joint, results.path(tmp_path, joint))
    table = comparison.table(results.read(tmp_path))
    assert f"{joint.test['RAVDESS'].uar:.3f} (1 of 6)" in table
    assert f"{joint.test['CREMA-D'].uar:.3f} (1 of 5)" in table
    assert "all-si" not in table


def test_the_epochs_of_both_kinds_of_split_stand_apart(joint):
    everything = {"all": joint.test["RAVDESS"]}
    published = joint.model_copy(
        update={"protocol": "as-published", "test": everything, "seconds": [1.0] * 11}
    )
    folds = [
        joint.model_copy(update={"protocol": "ravdess-si", "fold": fold, "seconds": [1.0] * epochs})
        for fold, epochs in ((1, 3), (2, 5))
    ]
    heading, _, row = comparison.table([published, *folds]).splitlines()
    cells = dict(
        zip(map(str.strip, heading.split("|")), map(str.strip, row.split("|")), strict=True)
    )
    assert (cells["as-published epochs"], cells["epochs by speaker"]) == ("11", "3 to 5")
