"""Batch normalization in one kernel gives the numbers that Keras gives."""

import keras
import numpy as np
import pytest
from keras import layers

from app.emotions import LABELS
from model_training import recipes
from model_training.training.fused_batch_norm import FusedBatchNormalization, fused
from tests.model_training.recipes.test_recipes import FEATURES


def network(shape):
    """With something to learn ahead of the normalization, so that its gradient is tested too."""
    inputs = layers.Input(shape)
    x = layers.Dense(6)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))


def trained(model, inputs, targets):
    model.compile(keras.optimizers.SGD(0.1), "mse")
    for _ in range(5):
        model.train_on_batch(inputs, targets)
    return model.get_weights()


@pytest.mark.parametrize("shape", [(4,), (7, 4), (5, 7, 4)])
def test_training_ends_with_the_same_weights(shape):
    rng = np.random.default_rng(0)
    inputs = rng.normal(3.0, 2.0, (8, *shape)).astype(np.float32)
    targets = rng.normal(size=(8, 3)).astype(np.float32)
    plain = network(shape)
    quick = fused(plain)
    assert [type(layer) for layer in quick.layers].count(FusedBatchNormalization) == 1
    quick.set_weights(plain.get_weights())
    for ours, theirs in zip(
        trained(quick, inputs, targets), trained(plain, inputs, targets), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(quick(inputs), plain(inputs), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(("name", "shape"), FEATURES.items())
def test_a_recipe_keeps_its_weights_in_order(name, shape):
    plain = recipes.load(name).network(shape, len(LABELS))
    quick = fused(plain)
    assert [weight.shape for weight in quick.weights] == [weight.shape for weight in plain.weights]


def test_a_fused_network_is_saved_and_loaded(tmp_path):
    quick = fused(network((7, 4)))
    quick.save(tmp_path / "fused.keras")
    loaded = keras.saving.load_model(tmp_path / "fused.keras")
    assert any(type(layer) is FusedBatchNormalization for layer in loaded.layers)
