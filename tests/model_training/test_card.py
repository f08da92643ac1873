"""Cards and figures say what the result files say, and nothing by hand."""

import pytest
import yaml

from app.bundle import read_info
from app.classifier import DEFAULT_MODEL, MODELS, bundles
from app.emotions import LABELS
from model_training import card, robustness
from model_training.evaluation import EVALUATION_FILE, read
from model_training.protocols import EXAMPLE_SPEAKERS

FOLDER = MODELS / DEFAULT_MODEL


def parts(folder):
    """What a card is made of."""
    return read_info(folder), read(folder / EVALUATION_FILE), robustness.read(folder)


@pytest.fixture(scope="module")
def shipped():
    return parts(FOLDER)


@pytest.mark.parametrize("name", bundles(MODELS))
def test_a_card_says_what_the_result_files_of_its_bundle_say(name):
    info, found, worse = parts(MODELS / name)
    assert (MODELS / name / card.CARD_FILE).read_text() == card.text(info, found, worse)
    assert found.model_sha256 == info.model_sha256
    assert worse is None or worse.model_sha256 == info.model_sha256


@pytest.mark.parametrize("name", bundles(MODELS))
def test_what_ships_never_heard_who_it_was_tested_on(name):
    info, found, _ = parts(MODELS / name)
    heard = {*info.trained_on.speakers, *info.validated_on.speakers}
    assert info.unheard.speakers
    assert not heard & {*info.unheard.speakers, *EXAMPLE_SPEAKERS}
    assert found.test["RAVDESS"].speakers


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
