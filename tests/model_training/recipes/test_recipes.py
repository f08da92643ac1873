"""Every recipe has the shape that its source describes, and serves as a bundle."""

import importlib
import shutil
import sys

import keras
import numpy as np
import pytest
import soundfile

from app import bundle, saved_model
from app.audio import resample
from app.classifier import DEFAULT_MODEL, Classifier
from app.emotions import LABELS
from app.folders import MODELS
from app.live import LiveSession
from model_training import ingredients, recipes
from tests.conftest import EXAMPLES, ROOT

FEATURES = {
    "dual-channel": (32, 94, 2),
    "mel-cnn": (94, 64),
    "mel-vgg": (94, 64),
    "mfcc-2d": (130, 40),
    "mfcc-cnn": (94, 40),
    "residual-mel": (188, 80),
    "statistics-1d": (2376,),
    "yamnet-mel": (298, 64),
}


def test_the_registry_is_the_folder():
    assert recipes.names() == sorted(FEATURES)
    assert all(recipes.load(name).name == name for name in recipes.names())


def test_a_copied_file_is_another_recipe(tmp_path, monkeypatch):
    """Else it would resume the runs of the first one and overwrite its results."""
    shutil.copy(ROOT / "model_training/recipes/mfcc_cnn.py", tmp_path / "my_own.py")
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "model_training.recipes.my_own", raising=False)
    assert recipes.load("my-own").name == "my-own"
    assert recipes.load("my-own").network is recipes.load("mfcc-cnn").network


def test_a_digest_changes_with_the_code_of_a_recipe_and_of_what_it_imports(tmp_path, monkeypatch):
    """A run in progress must not continue with an edited recipe; a comment changes nothing."""
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(tmp_path)])
    monkeypatch.setattr(ingredients, "__path__", [*ingredients.__path__, str(tmp_path)])
    copies = {
        "my_sampling": ("ingredients", "sampling"),
        "my_base": ("recipes", "mel_cnn"),
        "my_own": ("recipes", "mfcc_cnn"),
    }

    def digest(edited, old, new):
        for copy, (folder, original) in copies.items():
            text = (ROOT / f"model_training/{folder}/{original}.py").read_text()
            if copy == edited:
                assert old in text
                text = text.replace(old, new)
            text = text.replace("mel_cnn", "my_base")
            text = text.replace("ingredients.sampling", "ingredients.my_sampling")
            (tmp_path / f"{copy}.py").write_text(text)
            monkeypatch.delitem(sys.modules, f"model_training.{folder}.{copy}", raising=False)
        importlib.invalidate_caches()
        return recipes.load("my-own").digest

    whole = digest("", "", "")
    assert digest("my_own", "import keras\n", "import keras  # for the frontend\n") == whole
    edited = {
        digest("my_own", "n_mfcc=40", "n_mfcc=20"),
        digest("my_base", "0.3", "0.5"),
        digest("my_sampling", "// batch_size", "// batch_size + 1"),
    }
    assert len({whole, *edited}) == 4


@pytest.mark.parametrize(("name", "shape"), FEATURES.items())
def test_a_recipe_goes_from_waveform_to_logits(name, shape):
    recipe = recipes.load(name)
    waveform = keras.Input((recipe.window,))
    features = recipe.frontend(waveform)
    assert tuple(features.shape[1:]) == shape
    network = recipe.network(shape, len(LABELS))
    assert keras.Model(waveform, network(features)).output_shape == (None, len(LABELS))


def test_statistics_1d_is_as_large_as_its_source():
    network = recipes.load("statistics-1d").network((2376,), len(LABELS))
    assert network.count_params() == pytest.approx(7.2e6, rel=0.01)


def test_a_recipe_that_is_not_there_is_a_sentence():
    with pytest.raises(recipes.RecipeError, match=r"choose from .*residual-mel"):
        recipes.load("no-such")


def test_the_live_session_hears_windows_of_another_rate_and_length(tmp_path):
    """Recipe B's: 2.5 s at 22,050 Hz, from a browser's 48 kHz."""
    recipe = recipes.load("statistics-1d")
    waveform = keras.Input((recipe.window,))
    logits = keras.layers.Dense(len(LABELS))(recipe.frontend(waveform))
    info = bundle.read_info(MODELS / DEFAULT_MODEL).model_copy(
        update={"sample_rate": recipe.sample_rate, "window_seconds": recipe.window_seconds}
    )
    saved_model.write(tmp_path, keras.Model(waveform, logits), info)

    session = LiveSession(Classifier(tmp_path))
    spoken, rate = soundfile.read(next(EXAMPLES.glob("joined*.ogg")), frames=6 * 16_000)
    readings = []
    for chunk in np.array_split(resample(spoken.astype(np.float32), rate, 48_000), 12):
        readings += session.feed(chunk, 48_000)
    assert [reading.time for reading in readings] == pytest.approx(
        [0.5 * (step + 1) for step in range(12)], abs=1e-3
    )
    heard = [reading for reading in readings if reading.probabilities]
    assert heard
    assert all(sum(reading.probabilities.values()) == pytest.approx(1.0) for reading in heard)
