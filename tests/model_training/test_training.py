"""A small run, from files on disk to a bundle that serves, stopped and resumed on the way."""

import dataclasses
import json

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile

from app.classifier import Classifier
from app.emotions import LABELS
from model_training import recipes, training
from model_training.augmentation import Surroundings
from model_training.clips import decode
from model_training.protocols import ravdess_si

RATE = 16_000
SMALL = dataclasses.replace(recipes.load("residual-mel"), clips_per_epoch=16, batch_size=8)
RUN = training.Run("residual-mel", "ravdess-si", 1, seed=5, epochs=3, precision="float32")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """One clip of noise for every actor and emotion, and two of CREMA-D's six for each of ten."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    voices = [
        ("RAVDESS", f"RAVDESS-{actor:02d}", "male" if actor % 2 else "female", emotion)
        for actor in range(1, 25)
        for emotion in LABELS
    ]
    voices += [
        ("CREMA-D", f"CREMA-D-{actor}", "male" if actor % 2 else "female", emotion)
        for actor in range(1001, 1011)
        for emotion in ("sad", "angry")
    ]
    rows = []
    for number, voice in enumerate(voices):
        path = folder / f"{number}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(RATE + 100 * number), RATE)
        rows.append((*voice, "speech", str(path)))
    return pd.DataFrame(rows, columns=["corpus", "speaker", "sex", "emotion", "kind", "path"])


@pytest.fixture(scope="module")
def clips(table, tmp_path_factory):
    return decode(table, RATE, tmp_path_factory.mktemp("cache"))


def run(table, clips, folder, out):
    around = Surroundings(noises=[], rooms=[])
    return training.train(SMALL, ravdess_si(table, 1), clips, around, RUN, folder, out)


def history(folder):
    lines = (folder / training.HISTORY_FILE).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_stopped_run_goes_on_to_the_same_weights(table, clips, tmp_path, monkeypatch):
    run(table, clips, tmp_path / "whole", tmp_path / "whole-bundle")

    save = training.Checkpoint.on_epoch_end

    def stop_after_the_second(self, epoch, logs=None):
        save(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.Checkpoint, "on_epoch_end", stop_after_the_second)
        with pytest.raises(KeyboardInterrupt):
            run(table, clips, tmp_path / "stopped", tmp_path / "stopped-bundle")
    assert not (tmp_path / "stopped-bundle").exists()
    run(table, clips, tmp_path / "stopped", tmp_path / "stopped-bundle")

    # Threads add in any order, so the same place is the same loss but for rounding; another batch
    # or another mask moves it by several per cent.
    whole, resumed = (history(tmp_path / name) for name in ("whole", "stopped"))
    assert [line["epoch"] for line in resumed] == [1, 2, 3]
    for ours, theirs in zip(whole, resumed, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=5e-3)
        assert ours["val_loss"] == pytest.approx(theirs["val_loss"], rel=5e-3)

    served = Classifier(tmp_path / "stopped-bundle")
    probabilities = served.probabilities(np.stack([clips[0][:RATE].repeat(3)] * 2))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    assert not set(served.info.trained_on.speakers) & set(served.info.unheard.speakers)
    assert served.info.trained_on.clips == len(ravdess_si(table, 1).train)


def test_a_folder_with_another_run_is_refused(table, clips, tmp_path):
    other = dataclasses.asdict(RUN) | {"seed": 6}
    (tmp_path / training.CONFIG_FILE).write_text(json.dumps(other))
    with pytest.raises(training.TrainingError, match="other settings"):
        run(table, clips, tmp_path, tmp_path / "bundle")


def test_corpora_and_emotions_are_drawn_by_their_shares(table):
    shares = {"RAVDESS speech": 0.3, "CREMA-D speech": 0.7}
    drawn = pd.Series(training.balance(table, shares), index=table.index)
    assert drawn.groupby(table["corpus"]).sum().to_dict() == pytest.approx(
        {"RAVDESS": 0.3, "CREMA-D": 0.7}
    )
    within = drawn.groupby([table["corpus"], table["emotion"]]).sum()
    assert within["RAVDESS"].to_numpy() == pytest.approx(0.3 / 8)
    assert within["CREMA-D"].to_numpy() == pytest.approx(0.7 / 2)


def test_targets_leave_out_what_a_corpus_does_not_act(table):
    targets = training.targets_of(table, smoothing=0.1)
    crema_d = targets[(table["corpus"] == "CREMA-D").to_numpy()]
    acted = [LABELS.index("sad"), LABELS.index("angry")]
    assert (np.delete(crema_d, acted, axis=1) == training.NOT_ACTED).all()
    assert crema_d[:, acted].sum(axis=1) == pytest.approx(1.0)
    assert crema_d.max() == pytest.approx(0.95)
    for row, emotion in zip(targets, table["emotion"], strict=True):
        assert LABELS[row.argmax()] == emotion


def test_what_a_corpus_does_not_act_counts_a_tenth_in_the_loss():
    targets = np.array([[0.9, training.NOT_ACTED, 0.1]], np.float32)
    logits = np.array([[2.0, 3.0, 1.0]], np.float32)
    loss = float(training.corpus_crossentropy(targets, logits)[0])
    total = np.log(np.exp(2.0) + 0.1 * np.exp(3.0) + np.exp(1.0))
    assert loss == pytest.approx(total - (0.9 * 2.0 + 0.1 * 1.0), rel=1e-5)


@pytest.mark.parametrize("length", [100, RATE, 3 * RATE, 3 * RATE + 501])
def test_centred_clips_fill_a_window(length):
    clip = np.arange(1, length + 1, dtype=np.float32)
    window = training.centred(clip, 3 * RATE)
    assert len(window) == 3 * RATE
    heard = np.flatnonzero(window)
    assert abs(heard[0] - (3 * RATE - 1 - heard[-1])) <= 1
    assert abs((window[heard[0]] - 1) - (length - window[heard[-1]])) <= 1


def test_every_recipe_makes_a_model_from_waveform_to_logits():
    for name in recipes.names():
        recipe = recipes.load(name)
        waveform = x = keras.Input((recipe.window,))
        for layer in recipe.frontend():
            x = layer(x)
        network = recipe.network(tuple(x.shape[1:]), len(LABELS))
        assert keras.Model(waveform, network(x)).output_shape == (None, len(LABELS))


def test_a_recipe_that_is_not_there_is_a_sentence():
    with pytest.raises(recipes.RecipeError, match=r"choose from .*residual-mel"):
        recipes.load("no-such")
