"""Each augmentation does what its name says, and the same seed gives the same window."""

import numpy as np
import pytest

from model_training.ingredients import waveform_augmentation as augmentation
from model_training.ingredients.waveform_augmentation import Chances, Surroundings

RATE = 16_000
TONE = 0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def rms(waveform):
    return np.sqrt(np.mean(waveform**2))


def test_gain_is_in_decibels_and_clips():
    assert rms(augmentation.gain(TONE, -6.0)) == pytest.approx(rms(TONE) * 10 ** (-6 / 20))
    assert np.abs(augmentation.gain(TONE, 40.0)).max() == 1.0


@pytest.mark.parametrize("factor", [0.88, 1.14])
def test_speed_changes_length_and_pitch_together(factor):
    faster = augmentation.speed(TONE, factor)
    assert len(faster) == pytest.approx(len(TONE) / factor, abs=2)
    spectrum = np.abs(np.fft.rfft(faster))
    assert spectrum.argmax() * RATE / len(faster) == pytest.approx(440 * factor, abs=1)


@pytest.mark.parametrize("snr", [0.0, 10.0, 20.0])
def test_noise_is_added_at_the_asked_ratio(snr, rng):
    noise = rng.standard_normal(len(TONE)).astype(np.float32)
    padded = np.concatenate([TONE, np.zeros_like(TONE)])
    mixed = augmentation.with_noise(padded, np.tile(noise, 2), snr)
    added = (mixed - padded)[: len(TONE)]
    assert 20 * np.log10(rms(TONE) / rms(added)) == pytest.approx(snr, abs=0.2)


def test_a_silent_clip_stays_silent(rng):
    silence = np.zeros(RATE, np.float32)
    assert not augmentation.with_noise(silence, TONE[:RATE], 10.0).any()
    assert not augmentation.room(silence, np.array([1.0, 0.5], np.float32)).any()


def test_room_adds_echoes_at_the_same_level():
    response = np.zeros(RATE // 2, np.float32)
    response[100], response[4100] = 1.0, 0.5
    click = np.zeros(RATE, np.float32)
    click[1000] = 1.0
    wet = augmentation.room(click, response)
    assert np.flatnonzero(np.abs(wet) > 1e-3).tolist() == [1000, 5000]
    assert wet[5000] / wet[1000] == pytest.approx(0.5, rel=1e-3)
    assert rms(augmentation.room(TONE, response)) == pytest.approx(rms(TONE), rel=0.05)


def test_a_band_is_passed_and_nothing_else(rng):
    white = rng.standard_normal(8 * RATE).astype(np.float32)
    heard = augmentation.band_limited(white, (300.0, 3400.0), RATE)
    hertz = np.fft.rfftfreq(len(white), 1 / RATE)
    gain = np.abs(np.fft.rfft(heard)) / np.abs(np.fft.rfft(white))
    assert np.median(gain[(hertz > 500) & (hertz < 2500)]) == pytest.approx(1.0, abs=0.02)
    assert np.median(gain[hertz > 5000]) < 0.1
    assert np.median(gain[(hertz > 50) & (hertz < 150)]) < 0.1
    assert heard.dtype == np.float32


def test_an_excerpt_is_long_enough_and_never_of_a_pause_alone(rng):
    clip = np.concatenate([np.zeros(RATE), TONE[:RATE], np.zeros(RATE)]).astype(np.float32)
    parts = [augmentation.excerpt(clip, RATE // 2, rng) for _ in range(200)]
    assert min(map(len, parts)) >= RATE // 2
    assert all(part.any() for part in parts)
    assert len({len(part) for part in parts}) > 50
    assert len(augmentation.excerpt(TONE[:100], RATE, rng)) == 100
    assert len(augmentation.excerpt(np.zeros(RATE, np.float32), 100, rng)) >= 100


@pytest.mark.parametrize("length", [RATE // 2, 3 * RATE, 5 * RATE])
def test_placed_fills_exactly_one_window(length, rng):
    clip = np.arange(1, length + 1, dtype=np.float32)
    starts = set()
    for _ in range(20):
        window = augmentation.placed(clip, 3 * RATE, rng)
        assert len(window) == 3 * RATE
        heard = window[window > 0]
        assert len(heard) == min(length, 3 * RATE)
        assert (np.diff(heard) == 1).all()
        starts.add((int(heard[0]), int(np.argmax(window > 0))))
    assert len(starts) == 1 if length == 3 * RATE else len(starts) > 10


@pytest.mark.parametrize("length", [RATE, 5 * RATE + 1])
def test_a_clip_that_is_not_shifted_lies_in_the_middle(length, rng):
    clip = np.arange(1, length + 1, dtype=np.float32) / length
    chances = augmentation.CENTRED
    window = augmentation.augmented_window(clip, 3 * RATE, RATE, Surroundings([], []), chances, rng)
    before, after = np.argmax(window > 0), np.argmax(window[::-1] > 0)
    assert len(window) == 3 * RATE
    assert abs(before - after) <= 1
    assert window[len(window) // 2] == pytest.approx(0.5, abs=1e-4)


def test_looped_repeats_a_short_noise(rng):
    noise = np.arange(1000, dtype=np.float32)
    assert (np.diff(augmentation.looped(noise, 5000, rng)) % 1000 == 1).all()


def test_the_same_seed_gives_the_same_window(rng):
    noise = rng.standard_normal(RATE).astype(np.float32)
    around = Surroundings(noises=[noise], rooms=[np.array([1.0, 0.3, 0.1], np.float32)])

    def window(seed):
        return augmentation.augmented_window(
            TONE, 3 * RATE, RATE, around, Chances(), np.random.default_rng(seed)
        )

    np.testing.assert_array_equal(window(1), window(1))
    assert len({window(seed).tobytes() for seed in range(10)}) == 10
    assert all(window(seed).dtype == np.float32 for seed in range(10))
    assert all(np.abs(window(seed)).max() <= 1.0 for seed in range(10))


def test_without_surroundings_windows_still_vary():
    around = Surroundings(noises=[], rooms=[])
    rng = np.random.default_rng(0)
    first, second = (
        augmentation.augmented_window(TONE, 3 * RATE, RATE, around, Chances(), rng)
        for _ in range(2)
    )
    assert not np.array_equal(first, second)


def pitch(waveform):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return spectrum.argmax() * RATE / len(waveform)


@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_time_stretch_keeps_the_pitch(factor):
    stretched = augmentation.time_stretch(TONE, factor)
    assert len(stretched) == pytest.approx(len(TONE) / factor, abs=1)
    assert pitch(stretched) == pytest.approx(440, abs=3)
    assert rms(stretched) == pytest.approx(rms(TONE), rel=0.1)


@pytest.mark.parametrize("semitones", [-2.0, 3.0])
def test_pitch_shift_keeps_the_length(semitones):
    shifted = augmentation.pitch_shift(TONE, semitones)
    assert len(shifted) == len(TONE)
    assert pitch(shifted) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)


def test_a_chance_of_none_draws_nothing():
    """So that a seed means the same window in a recipe older than an augmentation."""
    none = Surroundings(noises=[], rooms=[])
    windows = [
        augmentation.augmented_window(
            TONE, 3 * RATE, RATE, none, Chances(stretch_range=limits), np.random.default_rng(4)
        )
        for limits in ((0.8, 1.2), (0.5, 2.0))
    ]
    np.testing.assert_array_equal(*windows)


def test_surroundings_are_added_around_the_voice(rng):
    around = Surroundings(noises=[np.ones(RATE, np.float32)], rooms=[])
    chances = augmentation.CENTRED.with_(noise=1.0, snr_range=(0.0, 0.0), gain_range=(-6.0, -6.0))
    window = augmentation.augmented_window(TONE, 3 * RATE, RATE, around, chances, rng)
    voice = augmentation.centred(TONE, 3 * RATE)
    np.testing.assert_allclose(window * 10 ** (6 / 20), voice + rms(TONE), atol=1e-5)
