"""Muon follows the direction of a momentum, not the size of its parts."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from model_training.ingredients.optimizer import ConvolutionalMuon


def network():
    inputs = layers.Input((12, 10, 1))
    x = layers.Conv2D(8, 3, padding="same", name="first")(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(12, 3, padding="same", name="second")(x)
    x = layers.Dense(16, name="dense")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(3, name="logits")(layers.ReLU()(x)))


@pytest.fixture
def clips():
    rng = np.random.default_rng(0)
    targets = rng.integers(3, size=48)
    noise = rng.normal(size=(48, 12, 10, 1))
    return (noise + targets[:, None, None, None]).astype(np.float32), targets


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize("shape", [(3, 3, 8, 12), (24, 12), (5, 40)])
def test_a_step_moves_every_direction_of_a_kernel_alike(shape):
    kernel = keras.Variable(np.zeros(shape, np.float32), name="kernel")
    rng = np.random.default_rng(0)
    sizes = np.geomspace(1.0, 10.0, shape[-1])  # some outputs have ten times the gradient
    gradient = rng.normal(size=shape) * sizes
    ConvolutionalMuon(0.01).apply([ops.convert_to_tensor(gradient, "float32")], [kernel])
    step = ops.convert_to_numpy(kernel).reshape(-1, shape[-1])
    directions = np.linalg.svd(step, compute_uv=False)
    assert directions.min() > 0.5 * directions.max(), directions
    # At most 0.2 of what a step of AdamW at that rate would be (Liu et al. 2025).
    largest = 0.2 * 0.01 * np.sqrt(max(step.shape))
    assert 0.6 * largest < directions.max() < 1.3 * largest


def test_what_is_no_matrix_and_the_last_layer_are_left_to_adamw():
    model = network()
    optimizer = ConvolutionalMuon(0.01)
    optimizer.build(model.trainable_variables)
    followed = {
        variable.path
        for variable in model.trainable_variables
        if not optimizer._should_use_adamw(variable)
    }
    assert {path.split("/")[0] for path in followed} == {"second", "dense"}
    assert all(path.endswith("kernel") for path in followed)


def test_a_network_learns_by_it_and_goes_on_where_it_was_saved(clips, tmp_path):
    keras.utils.set_random_seed(1)
    model = network()
    optimizer = ConvolutionalMuon(0.01, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer, loss())
    losses = [float(model.train_on_batch(*clips)) for _ in range(20)]
    assert losses[-1] < 0.3 * losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, ConvolutionalMuon)
    for one in (model, loaded):
        one.train_on_batch(*clips)
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
