"""Cards and figures say what the result files say, and nothing by hand."""

import pytest
import yaml

from app.bundle import read_info
from app.classifier import DEFAULT_MODEL, MODELS
from app.emotions import LABELS
from model_training import card, robustness
from model_training.evaluation import EVALUATION_FILE, read

FOLDER = MODELS / DEFAULT_MODEL


@pytest.fixture(scope="module")
def shipped():
    return read_info(FOLDER), read(FOLDER / EVALUATION_FILE), robustness.read(FOLDER)


def test_the_figures_are_of_the_bundle_that_ships(shipped):
    info, found, _ = shipped
    assert found.model_sha256 == info.model_sha256


def test_the_card_is_what_the_result_file_makes_of_it(shipped):
    assert (FOLDER / card.CARD_FILE).read_text() == card.text(*shipped)


def test_the_card_has_the_metadata_that_hugging_face_reads(shipped):
    front_matter = yaml.safe_load(card.text(*shipped).split("---")[1])
    assert front_matter["license"] == "cc-by-nc-sa-4.0"
    results = front_matter["model-index"][0]["results"]
    assert len(results) == 2
    uar = {result["dataset"]["type"]: result["metrics"][0]["value"] for result in results}
    assert uar["ravdess"] == pytest.approx(shipped[1].test["RAVDESS"].uar, abs=1e-4)


def test_the_card_says_what_the_model_cannot_do(shipped):
    told = card.text(*shipped)
    for word in ("acted", "children", "sarcasm", "AI Act", "non-commercial"):
        assert word in told
    for label in LABELS:
        assert f"| {label} |" in told


def test_a_card_tells_of_the_corpora_that_were_tested(shipped):
    info, found, _ = shipped
    groups = {name: group for name, group in found.test.items() if name.startswith("CREMA-D")}
    told = card.text(
        info.model_copy(update={"protocol": "cremad-si"}),
        found.model_copy(update={"test": groups}),
        None,
    )
    assert "### Confusion on CREMA-D" in told
    assert "RAVDESS, test" not in told
    assert "| calm |" not in told
    assert card.SPEAKERS.strip() not in told


def test_the_readme_holds_the_figures_of_the_shipped_bundle(shipped):
    readme = (MODELS.parent / "README.md").read_text()
    between = readme.partition(card.BEGIN)[2].partition(card.END)[0]
    assert between.strip() == card.figures_table(shipped[1])


def test_figures_replace_the_old_ones_and_nothing_else(shipped, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{card.BEGIN}\nold\n{card.END}\nbelow\n")
    card.write_figures(shipped[1], readme)
    text = readme.read_text()
    assert text.startswith(f"above\n{card.BEGIN}\n| voices never heard")
    assert text.endswith(f"{card.END}\nbelow\n")
    assert "old" not in text


def test_a_readme_without_markers_is_a_sentence(shipped, tmp_path):
    (tmp_path / "README.md").write_text("nothing here")
    with pytest.raises(ValueError, match="no place for figures"):
        card.write_figures(shipped[1], tmp_path / "README.md")
