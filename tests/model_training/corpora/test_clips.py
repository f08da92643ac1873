"""Decoded clips: right, in order, remembered, and written whole or not at all."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from app.audio import AudioError, load
from model_training.corpora.clips import decode, impulse_responses, noises

RATE = 16_000


@pytest.fixture
def table(tmp_path):
    """A mono clip, a stereo one at another rate, and one that is louder than full scale."""
    rng = np.random.default_rng(0)
    recordings = {
        "mono.wav": (rng.integers(-9000, 9000, 12_345).astype(np.int16), RATE),
        "stereo.flac": (rng.uniform(-0.3, 0.3, (44_100, 2)), 44_100),
        "loud.ogg": (1.2 * np.sin(np.arange(8000) / 5), RATE),
    }
    for name, (samples, rate) in recordings.items():
        soundfile.write(tmp_path / name, samples, rate)
    return pd.DataFrame({"path": [str(tmp_path / name) for name in recordings]})


def test_clips_are_the_waveforms_of_their_rows(table, tmp_path):
    clips = decode(table, RATE, tmp_path / "cache")
    assert len(clips) == 3
    for position, path in enumerate(table["path"]):
        assert clips[position].dtype == np.float32
        expected = np.clip(load(path, RATE), -1, 1)
        np.testing.assert_allclose(clips[position], expected, atol=1 / 32768)
    np.testing.assert_array_equal(clips[0], soundfile.read(table["path"][0], dtype="float32")[0])
    assert len(clips[1]) == pytest.approx(RATE, abs=1)
    assert np.abs(clips[2]).max() <= 1


def test_clips_at_another_rate(table, tmp_path):
    cache = tmp_path / "cache"
    assert len(decode(table, RATE, cache)[0]) == 12_345
    assert len(decode(table, 2 * RATE, cache)[0]) == pytest.approx(2 * 12_345, abs=1)


@pytest.mark.parametrize("position", [-1, 3])
def test_there_is_no_clip_outside_the_table(table, tmp_path, position):
    with pytest.raises(IndexError):
        decode(table, RATE, tmp_path / "cache")[position]


def test_clips_are_decoded_once_and_again_when_a_file_changes(table, tmp_path):
    cache = tmp_path / "cache"
    first = decode(table, RATE, cache)
    (folder,) = cache.iterdir()
    written = (folder / "samples.int16").stat().st_mtime_ns
    again = decode(table, RATE, cache)
    assert (folder / "samples.int16").stat().st_mtime_ns == written
    np.testing.assert_array_equal(first[1], again[1])

    soundfile.write(table["path"][0], np.full(500, 0.25), RATE)
    np.testing.assert_allclose(decode(table, RATE, cache)[0], np.full(500, 0.25), atol=1e-4)
    assert len(list(cache.iterdir())) == 2


def test_nothing_is_left_of_a_pass_that_fails(table, tmp_path):
    (tmp_path / "loud.ogg").write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"loud\.ogg"):
        decode(table, RATE, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_surroundings_by_their_kind(tmp_path):
    for name in ("noise/ESC-10/rain/1-17367-A.ogg", "noise/pink.wav", "impulse_responses/hall.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, np.full(8000, 0.1), 8000)
    found = noises(tmp_path, RATE)
    assert list(found) == ["ESC-10/rain/1-17367-A", "pink"]
    assert all(noise.dtype == np.float32 and len(noise) == RATE for noise in found.values())
    assert list(impulse_responses(tmp_path, RATE)) == ["hall"]


def test_surroundings_of_several_folders(tmp_path):
    for name in ("one/noise/rain.wav", "two/corpora/noise/pink.wav", "three/speech.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, np.full(8000, 0.1), 8000)
    folders = [tmp_path / name for name in ("one", "two", "three")]
    assert set(noises(folders, RATE)) == {"rain", "pink"}


def test_a_data_directory_may_have_no_surroundings(tmp_path):
    assert noises(tmp_path, RATE) == {}
    assert impulse_responses(tmp_path, RATE) == {}


@pytest.mark.corpora
def test_real_clips(real, tmp_path):
    sample = real.table.groupby(["corpus", "emotion"]).head(3).reset_index(drop=True)
    clips = decode(sample, RATE, tmp_path)
    lengths = [len(clips[position]) / RATE for position in range(len(clips))]
    np.testing.assert_allclose(lengths, sample["duration"], atol=1e-4)
    for position in range(0, len(clips), 7):
        expected = load(sample["path"][position], RATE)
        np.testing.assert_allclose(clips[position], expected, atol=1 / 32768)


@pytest.mark.corpora
def test_real_surroundings(data):
    found = noises(data, RATE)
    assert len(found) == 245
    assert {name.rpartition("/")[0] for name in found} == {
        "ESC-10/clock_tick",
        "ESC-10/dog_bark",
        "ESC-10/fire_crackling",
        "ESC-10/helicopter",
        "ESC-10/rain",
        "ESC-10/sea_waves",
        "speech_commands_background",
    }
    assert len(impulse_responses(data, RATE)) == 14
