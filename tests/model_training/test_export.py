"""Exports of the shipped bundle, each run in its own runtime against the bundle."""

import json
import zipfile

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from app.audio import load
from app.classifier import DEFAULT_MODEL, MODELS
from model_training import export
from model_training.__main__ import commands
from model_training.ingredients.waveform_augmentation import centred

TOLERANCE = 1e-5  # of a probability
TOLERANCE_INT8 = 0.05
FOLDER = MODELS / DEFAULT_MODEL


@pytest.fixture(scope="module")
def windows(examples, classifier):
    """The middle of each example clip, silence, and noise at full scale."""
    clips = [centred(load(path, classifier.sample_rate), classifier.window) for path in examples]
    noise = np.random.default_rng(0).uniform(-1, 1, classifier.window)
    return np.stack([*clips, np.zeros(classifier.window), noise]).astype(np.float32)


def exported(folder, *options):
    """What the command writes."""
    out = folder / "new" / "model"
    arguments = ["export", str(FOLDER), "--out", str(out), "--to", *options]
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 0, result.output or result.exception
    assert [path.name for path in out.parent.iterdir()] == ["model"], "and nothing unfinished"
    return out


def describes(known, classifier):
    assert known["labels"] == list(classifier.labels)
    assert known["sample_rate"] == classifier.sample_rate
    assert known["window_seconds"] == classifier.info.window_seconds


def test_onnx_in_its_runtime(tmp_path, windows, classifier):
    session = onnxruntime.InferenceSession(exported(tmp_path, "onnx"))
    (found,) = session.run(["probabilities"], {"waveform": windows})
    np.testing.assert_allclose(found, classifier.probabilities(windows), atol=TOLERANCE)
    texts = session.get_modelmeta().custom_metadata_map
    strings = ("name", "description", "model_sha256")
    describes({key: json.loads(texts[key]) for key in texts if key not in strings}, classifier)


@pytest.mark.parametrize(("options", "tolerance"), [([], TOLERANCE), (["--int8"], TOLERANCE_INT8)])
def test_tflite_in_its_runtime(tmp_path, windows, classifier, options, tolerance):
    out = exported(tmp_path, "tflite", *options)
    on_device = export.OnDevice(FOLDER, out)
    expected = classifier.probabilities(windows)
    np.testing.assert_allclose(on_device.probabilities(windows), expected, atol=tolerance)
    np.testing.assert_allclose(on_device.probabilities(windows[:1]), expected[:1], atol=tolerance)
    with zipfile.ZipFile(out) as archive:
        describes(json.loads(archive.read("metadata.json")), classifier)
        assert archive.read("labels.txt").decode().split() == list(classifier.labels)
    if options:
        assert out.stat().st_size < 4 * classifier.info.parameters / 2


def test_savedmodel_in_tensorflow(tmp_path, windows, classifier):
    out = exported(tmp_path, "savedmodel")
    serving = tf.saved_model.load(str(out)).signatures["serving_default"]
    found = serving(waveform=tf.constant(windows))["probabilities"].numpy()
    np.testing.assert_allclose(found, classifier.probabilities(windows), atol=TOLERANCE)
    describes(json.loads((out / "assets.extra/metadata.json").read_text()), classifier)


@pytest.mark.parametrize(
    ("to", "out", "int8", "sentence"),
    [
        ("onnx", "model", True, "are for tflite, not for onnx"),
        ("onnx", ".", False, "in the way of a onnx export"),
    ],
)
def test_an_export_that_cannot_be_is_a_sentence(tmp_path, to, out, int8, sentence):
    with pytest.raises(export.ExportError, match=sentence):
        export.export(FOLDER, export.Format(to), tmp_path / out, int8)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_other_files_is_not_replaced_by_a_savedmodel(tmp_path):
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(export.ExportError, match="holds other files than a SavedModel"):
        export.export(FOLDER, export.Format.SAVEDMODEL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("earlier", [[], ["saved_model.pb", "variables/variables.index"]])
def test_an_empty_folder_or_an_earlier_savedmodel_is_replaced(tmp_path, monkeypatch, earlier):
    monkeypatch.setattr(export, "Calibrated", lambda folder: None)
    monkeypatch.setattr(export, "_savedmodel", lambda calibrated, path: path.mkdir())
    out = tmp_path / "model"
    for name in ("", *earlier):
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if name else path.mkdir()
    export.export(FOLDER, export.Format.SAVEDMODEL, out)
    assert not list(out.iterdir())
