"""A recipe trained on another Keras backend serves under TensorFlow with the same numbers."""

import os
import subprocess
import sys

import numpy as np
import pytest

from app.classifier import Classifier
from tests.conftest import ROOT

pytest.importorskip("jax", reason="JAX is a requirement of the tests alone")

TRAIN = """
import dataclasses, sys
from pathlib import Path
import keras, numpy as np, pandas as pd
from app import saved_model
from app.emotions import LABELS
from model_training import recipes
from model_training.training import loop
from model_training.ingredients.waveform_augmentation import Surroundings
from model_training.protocols import Split

table = pd.DataFrame({
    "corpus": "RAVDESS", "kind": "speech", "emotion": list(LABELS) * 6,
    "speaker": np.repeat(["a", "b", "c"], 16), "path": [f"{row}.wav" for row in range(48)],
})
sides = [table[table["speaker"] == speaker] for speaker in "abc"]
for name in sys.argv[2:]:
    folder = Path(sys.argv[1], name)
    recipe = dataclasses.replace(recipes.load(name), batch_size=8)
    rng = np.random.default_rng(0)
    clips = 0.1 * rng.standard_normal((48, recipe.window)).astype(np.float32)
    run = loop.Run(recipe.name, "ravdess-si", 1, seed=1, epochs=1, precision="float32")
    loop.train(
        recipe, Split("ravdess-si", 1, *sides), clips, loop.Resources(Surroundings([], [])), run,
        folder / "run", folder / "bundle",
    )
    model, info = saved_model.read(folder / "bundle")
    assert info.versions["backend"] == "jax"
    logits = keras.ops.convert_to_numpy(model(clips[:4], training=False)) / info.temperature
    np.savez(folder / "jax.npz", clips=clips[:4], logits=logits)
"""
RECIPES = ("mfcc-2d", "dual-channel")


@pytest.fixture(scope="module")
def made_with_jax(tmp_path_factory):
    """The folder of the bundles, all of them trained in one process with JAX."""
    folder = tmp_path_factory.mktemp("jax")
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", TRAIN, str(folder), *RECIPES]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_bundle_made_with_jax_serves_under_tensorflow(recipe, made_with_jax):
    made = np.load(made_with_jax / recipe / "jax.npz")
    expected = np.exp(made["logits"]) / np.exp(made["logits"]).sum(axis=1, keepdims=True)
    served = Classifier(made_with_jax / recipe / "bundle").probabilities(made["clips"])
    np.testing.assert_allclose(served, expected, atol=1e-4)
