"""A fold of all three corpora is told as a fold of each that it tests."""

import pytest

from app.classifier import MODELS
from model_training import comparison, evaluation, results


@pytest.fixture
def joint():
    """A result under all-si that has RAVDESS and CREMA-D in its test."""
    found = evaluation.read(MODELS / "mfcc-cnn" / evaluation.EVALUATION_FILE)
    assert {"RAVDESS", "CREMA-D"} <= set(found.test)
    return found.model_copy(update={"protocol": "all-si"})


def test_a_joint_fold_is_one_of_each_protocol_it_tests(joint, tmp_path):
    evaluation.write(joint, results.path(tmp_path, joint))
    found = results.read(tmp_path)
    assert [(one.protocol, one.fold) for one in found] == [("ravdess-si", 1), ("cremad-si", 1)]
    for one, corpus in zip(found, ("RAVDESS", "CREMA-D"), strict=True):
        assert one.headline == joint.test[corpus]
        assert one.sides == joint.sides
    assert found == results.of_recipe(tmp_path, joint.recipe)


def test_a_joint_fold_is_compared_with_the_others(joint, tmp_path):
    evaluation.write(joint, results.path(tmp_path, joint))
    table = comparison.table(results.read(tmp_path))
    assert f"{joint.test['RAVDESS'].uar:.3f} (1 of 6)" in table
    assert f"{joint.test['CREMA-D'].uar:.3f} (1 of 5)" in table
    assert "all-si" not in table
