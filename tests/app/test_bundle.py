"""A bundle is read strictly; whatever is wrong with it is one sentence."""

import json
import shutil

import keras
import pytest

from app import bundle, saved_model
from app.bundle import BundleError
from app.classifier import DEFAULT_MODEL, Classifier
from app.files import write_text
from app.folders import MODELS


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(MODELS / DEFAULT_MODEL, folder)
    return folder


def edit(folder, **changes):
    path = folder / bundle.INFO_FILE
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not ...}))


def emotions(*names):
    return [{"name": name, "colour": "#000000", "symbol": ""} for name in names]


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1000])


def other_model(folder):
    inputs = keras.Input((100,))
    model = keras.Model(inputs, keras.layers.Dense(8)(inputs))
    saved_model.write(folder, model, bundle.read_info(folder))


BROKEN = {
    "no folder": (shutil.rmtree, "no such folder"),
    "no model": (lambda f: (f / bundle.MODEL_FILE).unlink(), "model.keras is missing"),
    "no description": (lambda f: (f / bundle.INFO_FILE).unlink(), "bundle.json is missing"),
    "truncated model": (lambda f: truncate(f / bundle.MODEL_FILE), "damaged"),
    "empty model": (lambda f: (f / bundle.MODEL_FILE).write_bytes(b""), "damaged"),
    "truncated description": (lambda f: truncate(f / bundle.INFO_FILE), "bundle.json is not as"),
    "not JSON": (lambda f: (f / bundle.INFO_FILE).write_text("no"), "bundle.json is not as"),
    "a key too few": (lambda f: edit(f, temperature=...), "temperature"),
    "a key too many": (lambda f: edit(f, mood="sunny"), "mood"),
    "a wrong type": (lambda f: edit(f, sample_rate="fast"), "sample_rate"),
    "a temperature of zero": (lambda f: edit(f, temperature=0.0), "temperature"),
    "another schema": (lambda f: edit(f, schema_version=99), "schema 99"),
    "an older schema": (lambda f: edit(f, schema_version=2, named_from=...), "schema 2"),
    "one emotion": (lambda f: edit(f, emotions=emotions("sad")), "emotions"),
    "an emotion twice": (lambda f: edit(f, emotions=emotions("sad", "sad")), "a name of its own"),
    "a reserved name": (lambda f: edit(f, emotions=emotions("sad", "unclear")), "none of"),
    "an emotion without a colour": (lambda f: edit(f, emotions=[{"name": "sad"}] * 2), "colour"),
    "other emotions than outputs": (
        lambda f: edit(f, emotions=emotions("yes", "no")),
        "to .None, 2",
    ),
    "a key too many in an emotion": (
        lambda f: edit(f, emotions=[one | {"mood": 1} for one in emotions("yes", "no")]),
        "mood",
    ),
    "nothing is ever named": (lambda f: edit(f, named_from=1.5), "named_from"),
    "other model": (other_model, r"\(None, 100\)"),
}


@pytest.mark.parametrize(("damage", "sentence"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_bundle_is_one_sentence(copy, damage, sentence):
    damage(copy)
    with pytest.raises(BundleError, match=sentence) as raised:
        Classifier(copy).load()
    message = str(raised.value)
    assert copy.name in message
    assert "\n" not in message
    assert message.endswith(".")


def test_a_whole_bundle_is_read_back(copy):
    model, info = saved_model.read(copy)
    assert info == bundle.read_info(MODELS / DEFAULT_MODEL)
    assert model.count_params() == info.parameters


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "figures.json"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_text() == "old"


def test_the_longest_name_and_a_link_are_written_to(tmp_path):
    longest = tmp_path / ("n" * 251 + ".csv")
    write_text(longest, "rows")
    assert longest.read_text() == "rows"
    (link := tmp_path / "link.csv").symlink_to(longest)
    write_text(link, "newer rows")
    assert longest.read_text() == "newer rows"
    assert link.is_symlink()


def test_shipped_bundles_are_small_and_say_whom_they_never_heard():
    for folder in MODELS.iterdir():
        assert sum(file.stat().st_size for file in folder.iterdir()) < 10e6
        info = bundle.read_info(folder)
        assert not set(info.unheard.speakers) & set(info.trained_on.speakers)
        assert (folder / "README.md").is_file(), "every bundle has its card"
