"""A fold of several corpora counts as a fold of each of their protocols; tables without gaps."""

import pytest

from app.bundle import read_info
from app.folders import MODELS
from model_training.evaluation import results
from model_training.evaluation.results import ResultError
from model_training.reports import comparison
from tests.conftest import ROOT

RESULTS = ROOT / "model_training" / "results"


@pytest.fixture
def joint():
    """A result under all-si that has RAVDESS and CREMA-D in its test."""
    evaluation = results.of_bundle(RESULTS, read_info(MODELS / "mfcc-cnn"))
    assert {"RAVDESS", "CREMA-D"} <= set(evaluation.test)
    return evaluation.model_copy(update={"protocol": "all-si"})


def test_a_joint_fold_is_one_of_each_protocol_it_tests(joint, tmp_path):
    results.write(joint, tmp_path)
    found = results.read(tmp_path)
    assert [(one.protocol, one.fold) for one in found] == [("ravdess-si", 1), ("cremad-si", 1)]
    for one, corpus in zip(found, ("RAVDESS", "CREMA-D"), strict=True):
        assert one.headline == joint.test[corpus]
        assert one.sides == joint.sides
    assert found == results.of_recipe(tmp_path, joint.recipe)


def test_a_joint_fold_without_ravdess_reports_the_first_corpus_that_is_there(joint):
    assert joint.headline == joint.test["RAVDESS"]
    without = joint.model_copy(update={"test": {"CREMA-D": joint.test["CREMA-D"]}})
    assert without.headline == joint.test["CREMA-D"]


def test_a_joint_fold_is_compared_with_the_others(joint, tmp_path):
    results.write(joint, tmp_path)
    rows = cells(comparison.table(results.read(tmp_path)))
    for row, corpus, protocol, folds in zip(
        rows, ("RAVDESS", "CREMA-D"), ("ravdess-si", "cremad-si"), ("1 of 6", "1 of 5"), strict=True
    ):
        assert (row["protocol"], row["folds"]) == (protocol, folds)
        assert row["UAR"] == f"{joint.test[corpus].uar:.3f}"


@pytest.fixture
def repeated(joint, tmp_path):
    """A folder in which RAVDESS' first fold was tested by models of two seeds and two protocols."""
    for protocol, seed in (("all-si", 1), ("all-si", 2), ("ravdess-si", 1), ("ravdess-si", 2)):
        other = {"protocol": protocol, "seed": seed, "model_sha256": f"{protocol}{seed}"}
        results.write(joint.model_copy(update=other), tmp_path)
    return tmp_path


@pytest.mark.parametrize(("wanted", "seed"), [(None, 1), (1, 1), (2, 2), (3, 1)])
def test_a_fold_counts_once_with_the_wanted_seed_or_the_lowest(joint, repeated, wanted, seed):
    found = results.of_recipe(repeated, joint.recipe, wanted)
    assert [(one.protocol, one.fold, one.model_sha256) for one in found] == [
        ("ravdess-si", 1, f"all-si{seed}"),
        ("cremad-si", 1, f"all-si{seed}"),
    ]


def test_seeds_are_compared_in_rows_of_their_own(joint, repeated):
    evaluations = results.read(repeated)
    rows = cells(comparison.table(evaluations))
    assert [(row["protocol"], row["folds"], row["UAR"]) for row in rows] == [
        (f"{protocol}, seed {seed}", f"1 of {folds}", f"{joint.test[corpus].uar:.3f}")
        for corpus, protocol, folds in (("RAVDESS", "ravdess-si", 6), ("CREMA-D", "cremad-si", 5))
        for seed in (1, 2)
    ]
    published = joint.model_copy(
        update={"protocol": "as-published", "test": {"all": joint.test["RAVDESS"]}}
    )
    (row,) = cells(comparison.published_table([published, *evaluations]))
    assert row["ravdess-si UAR"] == f"{joint.test['RAVDESS'].uar:.3f}", "one fold has no deviation"


def test_both_splits_of_a_classic_recipe_stand_in_one_row_with_their_epochs(joint):
    everything = {"all": joint.test["RAVDESS"]}
    published = joint.model_copy(
        update={"protocol": "as-published", "test": everything, "seconds": [1.0] * 11}
    )
    folds = [
        joint.model_copy(update={"protocol": "ravdess-si", "fold": fold, "seconds": [1.0] * epochs})
        for fold, epochs in ((1, 3), (2, 5))
    ]
    (row,) = cells(comparison.published_table([published, *folds]))
    assert (row["epochs"], row["ravdess-si epochs"]) == ("11", "3 to 5")
    assert comparison.published_table(folds) == ""


def test_no_cell_of_the_tables_is_empty():
    evaluations = results.read(RESULTS)
    for table in (comparison.table(evaluations), comparison.published_table(evaluations)):
        assert all(value for row in cells(table) for value in row.values())
        assert "nan" not in table


def test_a_result_of_another_model_is_refused(joint, tmp_path):
    info = read_info(MODELS / "mfcc-cnn")
    with pytest.raises(ResultError, match="There is no result"):
        results.of_bundle(tmp_path, info)
    results.write(
        joint.model_copy(update={"protocol": info.protocol, "model_sha256": "0"}), tmp_path
    )
    with pytest.raises(ResultError, match="about another model"):
        results.of_bundle(tmp_path, info)


def cells(table):
    """The rows of a Markdown table, each by its headings."""
    heading, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()
    )
    return [dict(zip(heading, row, strict=True)) for row in rows]
