"""Before the labels: what is masked, what is learned from whom, and that it can be stopped."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from app.bundle import read_info
from app.emotions import LABELS
from model_training import checkpoints, pretraining, recipes, training
from model_training.augmentation import Surroundings
from model_training.protocols import Split

RECIPE = recipes.load("pretrained-mel")


def network(shape, classes):
    """Two convolutions; those of the recipe would take a minute to compile."""
    features = keras.layers.Input(shape)
    x = keras.layers.Reshape((*shape, 1))(features)
    for _ in range(2):
        x = keras.layers.Conv2D(8, 5, strides=4, padding="same", activation="relu")(x)
        x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Identity(name=RECIPE.pretraining.trunk)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(features, keras.layers.Dense(classes, name="logits")(x))


SMALL = dataclasses.replace(
    RECIPE,
    network=network,
    batch_size=8,
    sampling=dataclasses.replace(RECIPE.sampling, clips_per_epoch=16),
    pretraining=dataclasses.replace(RECIPE.pretraining, epochs=3),
)
SHAPE = (188, 80)


class Clips:
    """Tones that fall; it remembers which were asked for."""

    def __init__(self):
        self.heard = set()

    def __getitem__(self, position):
        self.heard.add(position)
        time = np.arange(24_000) / 16_000
        return (0.1 * np.sin(2 * np.pi * (300 + 40 * position - 50 * time) * time)).astype(
            np.float32
        )


@pytest.fixture(scope="module")
def split():
    table = pd.DataFrame(
        {
            "corpus": "RAVDESS",
            "kind": "speech",
            "emotion": list(LABELS) * 3,
            "speaker": np.repeat(["a", "b", "c"], len(LABELS)),
        }
    )
    return Split("ravdess-si", 1, *(table[table["speaker"] == name] for name in "abc"))


def train(split, clips, folder, epochs=1):
    run = training.Run(SMALL.name, "ravdess-si", 1, seed=1, epochs=epochs, precision="float32")
    training.train(SMALL, split, clips, Surroundings([], []), run, folder, folder / "bundle")


def history(folder):
    lines = (folder / checkpoints.HISTORY_FILE).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_spans_of_time_and_bands_are_masked_whole():
    masks = pretraining.masks(200, SHAPE, np.random.default_rng(0))
    assert set(np.unique(masks)) == {0.0, 1.0}
    frames = (masks == 0).all(axis=2).sum(axis=1)
    bands = (masks == 0).all(axis=1).sum(axis=1)
    assert 17 <= frames.max() <= 6 * 17
    assert frames.min() >= 6
    assert 4 <= bands.min() < bands.max() <= 2 * 11
    assert 0.3 < (masks == 0).mean() < 0.6


def test_the_recipe_fills_spectrograms_of_its_own_size():
    waveform = keras.Input((RECIPE.window,))
    frontend = keras.Model(waveform, RECIPE.frontend(waveform))
    model = pretraining.model(RECIPE, RECIPE.pretraining, frontend)
    assert [tuple(given.shape[1:]) for given in model.inputs] == [
        (RECIPE.window,),
        SHAPE,
        (RECIPE.window,),
    ]
    assert model.output_shape == (None,)


def test_a_patch_is_unfolded_at_its_own_time_and_band():
    maps = keras.Input((12, 5, 3))
    model = keras.Model(maps, pretraining.unfolded(maps, SHAPE))
    assert model.output_shape == (None, *SHAPE)
    one = np.zeros((1, 12, 5, 3), np.float32)
    one[0, 4, 2, 0] = 1.0
    lit = np.argwhere(np.asarray(model(one) != model(np.zeros_like(one)))[0])
    assert lit.min(axis=0).tolist() == [64, 32]
    assert lit.max(axis=0).tolist() == [79, 47]


@dataclasses.dataclass
class Whole:
    """A run that was not stopped: its folder, whom it heard before the labels, what it learned."""

    folder: Path
    heard: set[int]
    learned: list[np.ndarray]


@pytest.fixture(scope="module")
def whole(split, tmp_path_factory):
    clips, folder, found = Clips(), tmp_path_factory.mktemp("whole"), []
    fill = training.pretrained

    def noted(*args):
        clips.heard.clear()
        learned = fill(*args)
        found.append(Whole(folder, set(clips.heard), learned))
        return learned

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "pretrained", noted)
        train(split, clips, folder)
    return found[0]


def test_it_hears_training_clips_alone(whole, split):
    assert len(whole.heard) > 4
    assert whole.heard <= set(split.train.index)
    assert read_info(whole.folder / "bundle").trained_on.speakers == ["a"]


def test_it_learns_to_fill_what_is_masked(whole):
    losses = [epoch["loss"] for epoch in history(whole.folder / training.PRETRAINING_FOLDER)]
    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_the_training_begins_with_what_was_learned(whole):
    """An epoch of two steps moves no kernel far from where it was."""
    network = checkpoints.resumed(whole.folder).layers[-1]
    trunk = pretraining.trunk_of(network, SMALL.pretraining)
    for ours, theirs in zip(trunk.get_weights(), whole.learned, strict=True):
        if ours.ndim == 4:
            assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.5


def test_a_stopped_one_goes_on_where_it_was(whole, split, tmp_path, interrupted):
    with interrupted():
        train(split, Clips(), tmp_path)
    assert not (tmp_path / checkpoints.HISTORY_FILE).exists()
    train(split, Clips(), tmp_path)
    for part in (training.PRETRAINING_FOLDER, ""):
        expected, resumed = history(whole.folder / part), history(tmp_path / part)
        assert [line["epoch"] for line in resumed] == [line["epoch"] for line in expected]
        for ours, theirs in zip(expected, resumed, strict=True):
            assert ours["loss"] == pytest.approx(theirs["loss"], rel=5e-3)
