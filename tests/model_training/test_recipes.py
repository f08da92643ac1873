"""Every recipe has the shape that its source describes, and serves as a bundle."""

import keras
import pytest

from app.emotions import LABELS
from model_training import recipes

FEATURES = {
    "dual-channel": (32, 94, 2),
    "mel-cnn": (94, 64),
    "mel-vgg": (94, 64),
    "mfcc-2d": (130, 40),
    "mfcc-cnn": (94, 40),
    "residual-mel": (188, 80),
    "statistics-1d": (2376,),
}


def test_the_registry_is_the_folder():
    assert recipes.names() == sorted(FEATURES)
    assert all(recipes.load(name).name == name for name in recipes.names())


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
