"""Samples of any type, scale and shape become the same mono stream, or one sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import audio
from app.errors import AudioError
from app.mono import FRAME, MonoStream, to_mono
from tests.conftest import EXAMPLES

VOICE = audio.load(EXAMPLES / "angry-woman-1037.ogg")


def correlation(first, second):
    return np.corrcoef(first, second)[0, 1]


@pytest.mark.parametrize(
    ("dtype", "low", "middle", "high"),
    [
        (np.int8, -(2**7), 0, 2**7 - 1),
        (np.uint8, 0, 128, 255),
        (np.int16, -(2**15), 0, 2**15 - 1),
        (np.uint16, 0, 2**15, 2**16 - 1),
        (np.int32, -(2**31), 0, 2**31 - 1),
        (np.int64, -(2**63), 0, 2**63 - 1),
        (np.float16, -1, 0, 1),
        (np.float32, -1, 0, 1),
        (np.float64, -1, 0, 1),
    ],
)
def test_sample_types_share_one_range(dtype, low, middle, high):
    waveform = to_mono(np.array([low, middle, high], dtype))
    assert waveform.dtype == np.float32
    np.testing.assert_allclose(waveform, [-1, 0, 1], atol=0.008)
    np.testing.assert_array_equal(waveform[:2], [-1, 0])


WIDE = {
    "floats of 16 bits": lambda voice: voice * 2.0**15,
    "doubles of 32 bits": lambda voice: voice.astype(np.float64) * 2.0**31,
    "32 bits of 16": lambda voice: (voice * 2**15).astype(np.int32),
    "64 bits of 16": lambda voice: (voice * 2**15).astype(np.int64),
    "32 bits of 24": lambda voice: (voice * 2**23).astype(np.int32),
    "64 bits of 32": lambda voice: (voice.astype(np.float64) * 2**31).astype(np.int64),
    "unsigned 32 bits of 16": lambda voice: ((voice + 1) * 2**15).astype(np.uint32),
    "eight times too loud": lambda voice: voice * 8,
    "a billion billion times too loud": lambda voice: voice * 1e18,
}


@pytest.mark.parametrize("kind", WIDE)
def test_another_scale_is_recognised_scaled_and_noted(kind):
    samples = WIDE[kind](VOICE)
    stream = MonoStream()
    stream.scan(samples)
    waveform = stream.push(samples)
    assert correlation(waveform, VOICE) > 0.9999
    assert 0.3 < np.abs(waveform).max() <= 1
    (note,) = stream.notes
    assert note.endswith(("they were scaled.", "were scaled as such."))


@pytest.mark.parametrize("kind", ["floats of 16 bits", "32 bits of 16", "64 bits of 16"])
def test_a_stream_is_scaled_without_knowing_what_comes(kind):
    samples = WIDE[kind](VOICE)
    stream = MonoStream()
    waveform = np.concatenate([stream.push(part) for part in np.array_split(samples, 50)])
    assert correlation(waveform, VOICE) > 0.9999
    assert len(stream.notes) == 1


def test_a_quiet_beginning_does_not_make_a_stream_smaller():
    """A device's 24 bits stand on the left of its 32, and it begins in silence."""
    samples = np.concatenate([VOICE[:8000] * 1e-6, VOICE]).astype(np.float64)
    samples = (samples * 2**23).astype(np.int32) << 8
    stream = MonoStream()
    waveform = np.concatenate([stream.push(part) for part in np.array_split(samples, 50)])
    np.testing.assert_allclose(waveform[8000:], VOICE, atol=1e-6)
    assert np.abs(waveform[:8000]).max() < 1e-5
    assert stream.notes == []


@pytest.mark.parametrize("loudness", [0.001, 0.1, 1.0, 1.5])
def test_ordinary_floats_keep_their_level(loudness):
    samples = VOICE / np.abs(VOICE).max() * loudness
    stream = MonoStream()
    stream.scan(samples)
    np.testing.assert_array_equal(stream.push(samples), np.clip(samples, -1, 1))
    assert stream.notes == []


def test_a_few_wild_floats_are_clipped_and_scale_nothing():
    samples = np.tile(VOICE[:, None], 2)
    samples[1000:1003] = [np.nan, 4.0], [np.inf, -1e30], [-np.inf, 0.5]
    kept = samples.copy()
    waveform = to_mono(samples)
    np.testing.assert_allclose(waveform[1000:1003], [0.5, -0.5, 0.25])
    np.testing.assert_allclose(waveform[2000:], VOICE[2000:])
    np.testing.assert_array_equal(samples, kept)  # the caller's array is left alone


def test_samples_that_are_no_numbers_and_clipped_ones_are_noted():
    holed = VOICE.copy()
    holed[::10] = np.nan
    clipped = np.clip(VOICE * 100, -1, 1)
    for samples, words in ((holed, "10% of the samples are not numbers"), (clipped, "are clipped")):
        stream = MonoStream()
        stream.push(samples)
        (note,) = stream.notes
        assert words in note


def test_channels_are_columns_or_rows():
    samples = np.stack([VOICE, VOICE * 0.5])
    expected = VOICE * 0.75
    np.testing.assert_allclose(to_mono(samples.T), expected, atol=1e-7)
    np.testing.assert_allclose(to_mono(samples), expected, atol=1e-7)
    np.testing.assert_array_equal(to_mono(VOICE[None]), VOICE)
    np.testing.assert_array_equal(to_mono(VOICE[:, None]), VOICE)


@pytest.mark.parametrize("shape", [(), (4, 0), (2, 2, 2), (50, 100)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(AudioError, match="channels"):
        to_mono(np.zeros(shape, np.float32))


@pytest.mark.parametrize("dtype", [bool, complex, object, "U3"])
def test_other_types_are_refused(dtype):
    with pytest.raises(AudioError, match="integers or floats"):
        to_mono(np.zeros(4, dtype))


def hum(size):
    return 0.2 * np.sin(2 * np.pi * 50 * np.arange(size) / audio.SAMPLE_RATE).astype(np.float32)


CANCELLING = {
    "opposite": [VOICE, -VOICE],
    "nearly opposite": [VOICE, -0.97 * VOICE],
    "opposite, with the same hum in both": [VOICE + hum(len(VOICE)), hum(len(VOICE)) - VOICE],
    "opposite, on an offset": [VOICE + 0.2, 0.2 - VOICE],
    "half of four": [VOICE, VOICE, -VOICE, -VOICE],
    "half of sixteen": [VOICE, -VOICE] * 8,
}


@pytest.mark.parametrize("kind", CANCELLING)
def test_channels_that_would_cancel_are_inverted_and_noted(kind):
    samples = np.stack(CANCELLING[kind], axis=1)
    stream = MonoStream()
    waveform = stream.push(samples)
    late = slice(4 * FRAME, None)
    assert np.abs(correlation(np.diff(waveform)[late], np.diff(VOICE)[late])) > 0.95
    assert np.std(np.diff(waveform)[late]) > 0.9 * np.std(np.diff(VOICE)[late])
    (note,) = stream.notes
    assert "opposite phase" in note


@pytest.mark.parametrize("quiet", [0.0, 0.25, 1.0])
def test_channels_in_phase_are_averaged_to_the_bit(quiet):
    samples = np.stack([VOICE, quiet * VOICE], axis=1)
    stream = MonoStream()
    np.testing.assert_array_equal(stream.push(samples), samples.mean(axis=1))
    assert stream.notes == []


@settings(max_examples=20)
@given(st.lists(st.integers(0, 5_000), max_size=10), st.sampled_from(list(CANCELLING)))
def test_a_stream_equals_the_whole_however_it_is_cut(sizes, kind):
    samples = np.stack(CANCELLING[kind], axis=1)
    whole = MonoStream().push(samples)
    stream, start, found = MonoStream(), 0, []
    for size in [*sizes, len(samples)]:
        found.append(stream.push(samples[start : start + size]))
        start += size
    np.testing.assert_allclose(np.concatenate(found), whole, atol=1e-6)


def test_a_channel_can_be_taken_alone():
    samples = np.stack([VOICE, VOICE[::-1]], axis=1)
    np.testing.assert_array_equal(MonoStream(channel=2).push(samples), VOICE[::-1])
    with pytest.raises(AudioError, match="no channel 3: the recording has 2"):
        MonoStream(channel=3).push(samples)


TYPES = st.sampled_from([np.int16, np.int32, np.int64, np.uint8, np.float32, np.float64])
LAYOUTS = st.sampled_from(
    [
        lambda voice: voice,
        lambda voice: voice[None],
        lambda voice: np.stack([voice, voice]),
        lambda voice: np.stack([voice, voice, voice, voice], axis=1),
        lambda voice: np.stack([voice, voice * 0], axis=1),
    ]
)


@settings(max_examples=60)
@given(TYPES, LAYOUTS, st.floats(0.2, 1.0), st.sampled_from([8, 16, 32]), st.floats(0, 0.4))
def test_a_voice_survives_every_type_layout_scale_and_offset(dtype, layout, loudness, bits, offset):
    """Whatever an array holds, and in whatever order, its voice comes out of it."""
    voice = VOICE / np.abs(VOICE).max() * loudness * 0.55
    kind, own = np.dtype(dtype).kind, 8 * np.dtype(dtype).itemsize
    if kind == "f":
        samples = (voice + offset) * (1.0 if bits == 8 else 2.0 ** (bits - 1))
    elif kind == "u":
        samples = np.round((voice + offset) * 2 ** (own - 1) + 2 ** (own - 1))
    else:
        samples = np.round((voice + offset).astype(np.float64) * 2.0 ** (min(bits * 2, own) - 1))
    waveform = to_mono(layout(samples.astype(dtype)))
    assert len(waveform) == len(VOICE)
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() <= 1
    assert correlation(waveform, VOICE) > (0.9 if kind == "u" else 0.99)
    assert np.std(waveform) > 0.2 * np.std(voice)
