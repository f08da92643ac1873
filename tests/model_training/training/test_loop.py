"""A small run, from files on disk to a bundle that serves, stopped and resumed on the way."""

import dataclasses
import json

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile

from app.bundle import read_info
from app.classifier import DEFAULT_MODEL, Classifier
from app.emotions import LABELS
from app.folders import MODELS
from app.recordings import analyze
from model_training import recipes
from model_training.corpora.clips import decode
from model_training.ingredients.schedules import Plateau
from model_training.ingredients.waveform_augmentation import Surroundings
from model_training.protocols import ravdess_si
from model_training.recipes import residual_mel
from model_training.training import batches, checkpoints, loop

RATE = 16_000
FLAGSHIP = recipes.load("residual-mel")


def one_block(shape, classes):
    """Every kind of layer of the flagship's network, once: it is built in a third of the time."""
    features = keras.Input(shape)
    x = keras.layers.Reshape((*shape, 1))(features)
    x = residual_mel.residual(residual_mel.convolution(x, 8, 3, (4, 4)), 16, (4, 4))
    x = keras.layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = keras.layers.Dropout(0.3)(residual_mel.attentive_statistics(x))
    return keras.Model(features, keras.layers.Dense(classes, name="logits")(x))


SMALL = dataclasses.replace(
    FLAGSHIP,
    network=one_block,
    batch_size=8,
    sampling=dataclasses.replace(FLAGSHIP.sampling, clips_per_epoch=16),
)
ALONE = loop.Resources(Surroundings(noises=[], rooms=[]))
RUN = loop.Run("residual-mel", "ravdess-si", 1, seed=5, epochs=3, precision="float32")


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
    return loop.train(SMALL, ravdess_si(table, 1), clips, ALONE, RUN, folder, out)


def history(folder):
    lines = (folder / checkpoints.HISTORY_FILE).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_stopped_run_goes_on_to_the_same_weights(table, clips, tmp_path, interrupted):
    run(table, clips, tmp_path / "whole", tmp_path / "whole-bundle")
    with interrupted():
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


class Killed(BaseException):
    """As a kill: nothing catches it."""


TINY = dataclasses.replace(
    recipes.load("mfcc-cnn"),
    batch_size=32,
    schedule=Plateau(epochs=3, learning_rate=1e-3, patience=1, stop_after=2),
)


def classic(table, clips, folder, epochs=3, tensorboard=False):
    split = ravdess_si(table, 1)
    run = loop.Run(TINY.name, split.protocol, split.fold, 5, epochs, "float32")
    out = folder / "bundle"
    loop.train(TINY, split, clips, ALONE, run, folder, out, tensorboard)
    return out


def test_a_classic_run_killed_between_two_files_goes_on_to_the_same_place(
    table, clips, tmp_path, monkeypatch
):
    """The history of the second epoch is written, its checkpoint is not.

    The whole run also writes its history for TensorBoard.
    """
    whole = classic(table, clips, tmp_path / "whole", tensorboard=True)
    (events,) = (tmp_path / "whole" / loop.TENSORBOARD_FOLDER).glob(
        "validation/events.out.tfevents.*"
    )
    assert b"epoch_accuracy" in events.read_bytes()

    def killed(self, epoch, logs=None):
        checkpoint = self.folder / checkpoints.CHECKPOINT_FILE
        earlier = checkpoint.read_bytes() if checkpoint.exists() else b""
        save(self, epoch, logs)
        if epoch == 1:
            checkpoint.write_bytes(earlier)
            raise Killed

    save = checkpoints.Checkpoint.on_epoch_end
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoint, "on_epoch_end", killed)
        with pytest.raises(Killed):
            classic(table, clips, tmp_path / "killed")
    resumed = classic(table, clips, tmp_path / "killed")

    ours, theirs = history(tmp_path / "whole"), history(tmp_path / "killed")
    assert [line["epoch"] for line in ours] == [line["epoch"] for line in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=5e-3)
        assert one["learning_rate"] == pytest.approx(other["learning_rate"])
    windows = np.stack([np.resize(clips[0], 3 * RATE)])
    np.testing.assert_allclose(
        Classifier(whole).probabilities(windows),
        Classifier(resumed).probabilities(windows),
        atol=5e-3,
    )
    for name in (loop.CONFIG_FILE, loop.VERSIONS_FILE, checkpoints.LOG_FILE):
        assert (tmp_path / "killed" / name).stat().st_size > 0


def test_a_folder_with_another_run_is_refused(table, clips, tmp_path):
    other = dataclasses.asdict(RUN) | {"seed": 6}
    (tmp_path / loop.CONFIG_FILE).write_text(json.dumps(other))
    with pytest.raises(loop.TrainingError, match="other settings"):
        run(table, clips, tmp_path, tmp_path / "bundle")


def test_a_run_goes_on_with_its_own_clips_alone(table, tmp_path):
    """They may have moved, but no clip may be added, removed, or change its label or side."""
    split = ravdess_si(table, 1)
    loop.claim(tmp_path, RUN, split)
    moved = table.assign(path=table["path"].str.replace("/clips", "/elsewhere/clips"))
    assert (moved["path"] != table["path"]).all()
    loop.claim(tmp_path, RUN, ravdess_si(moved, 1))
    relabelled = table.copy()
    relabelled.loc[0, "emotion"] = "happy"
    for other in (table.drop(index=0), relabelled, table.assign(start=0.1)):
        with pytest.raises(loop.TrainingError, match="a run with other clips"):
            loop.claim(tmp_path, RUN, ravdess_si(other, 1))
    for change in ({"seed": 6}, {"recipe_digest": "edited"}):
        with pytest.raises(loop.TrainingError, match="a run with other settings"):
            loop.claim(tmp_path, dataclasses.replace(RUN, **change), split)
    swapped = dataclasses.replace(split, train=split.test, test=split.train)
    assert swapped.digest != split.digest


def test_a_run_of_an_earlier_version_goes_on(table, tmp_path):
    """Its settings have no digest of its clips and of its recipe."""
    config = tmp_path / loop.CONFIG_FILE
    settings = dataclasses.asdict(RUN)
    del settings["recipe_digest"]
    config.write_text(json.dumps(settings))
    split = ravdess_si(table, 1)
    loop.claim(tmp_path, dataclasses.replace(RUN, recipe_digest="own"), split)
    written = json.loads(config.read_text())
    assert (written["clips"], written["recipe_digest"]) == (split.digest, "own")


@pytest.mark.parametrize("length", [100, RATE, 3 * RATE, 3 * RATE + 501])
def test_centred_clips_fill_a_window(length):
    clip = np.arange(1, length + 1, dtype=np.float32)
    window = batches.centred(clip, 3 * RATE)
    assert len(window) == 3 * RATE
    heard = np.flatnonzero(window)
    assert abs(heard[0] - (3 * RATE - 1 - heard[-1])) <= 1
    assert abs((window[heard[0]] - 1) - (length - window[heard[-1]])) <= 1


@pytest.mark.parametrize("length", [100, 2_999, 3_000, 3_001, 4_700])
def test_hopped_windows_are_those_of_a_recording(length):
    """As app/recordings.py cuts them, here with 1000 samples a second."""
    waveform = np.arange(1, length + 1, dtype=np.float32)
    windows = batches.hopped(waveform, 3_000, 500)
    heard = analyze((waveform, 1_000), Quiet()).windows
    assert len(windows) == len(heard)
    for window, seconds in zip(windows, heard["start"], strict=True):
        piece = waveform[round(seconds * 1_000) :][:3_000]
        np.testing.assert_array_equal(window, np.pad(piece, (0, 3_000 - len(piece))))


class Quiet:
    """What a recording asks of a classifier that hears three seconds and is never asked."""

    sample_rate, window = 1_000, 3_000
    info = read_info(MODELS / DEFAULT_MODEL)
    labels = info.labels


def test_the_temperature_makes_confidence_right(table, clips):
    """A model that is certain of one emotion and right in 36 of 40 should be 90 % certain."""
    split = ravdess_si(table, 1)
    chosen = split.validation[split.validation["corpus"] == "RAVDESS"]
    forty = pd.concat([chosen.iloc[:1]] * 36 + [chosen.iloc[1:2]] * 4)
    certain = dataclasses.replace(split, validation=forty)
    answer = 9.0 * np.eye(len(LABELS), dtype=np.float32)[LABELS.index(chosen.iloc[0]["emotion"])]
    waveform = keras.Input((FLAGSHIP.window,))
    logits = keras.ops.zeros_like(waveform[:, : len(LABELS)]) + answer
    model = keras.Model(waveform, logits)
    temperature = loop.fit_temperature(FLAGSHIP, model, certain, clips)
    scaled = np.exp(answer / temperature)
    assert scaled.max() / scaled.sum() == pytest.approx(0.9, abs=0.02)
