"""Bytes that are no 16-bit samples are refused with a sentence that says what they are."""

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import audio
from app.ui.api_chunks import ApiError, decode
from tests.conftest import EXAMPLES
from tests.sounds import with_ffmpeg, with_soundfile

VOICE = audio.load(EXAMPLES / "angry-woman-1037.ogg")
STEREO = np.repeat(VOICE[:48_000, None], 2, axis=1)

OTHERS = {
    "WebM": with_ffmpeg(STEREO, "webm", "libopus"),
    "MP4": with_ffmpeg(STEREO, "mp4", "aac"),
    "WAV": with_soundfile(STEREO, "WAV"),
    "Ogg": with_soundfile(STEREO, "OGG", "VORBIS"),
    "FLAC": with_soundfile(STEREO, "FLAC"),
    "32-bit floats": VOICE.astype("<f4").tobytes(),
    "64-bit floats": VOICE.astype("<f8").tobytes(),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_samples_is_named(kind):
    content = OTHERS[kind]
    sent = base64.b64encode(content[: len(content) // 4 * 4][:160_000]).decode()
    with pytest.raises(ApiError, match=f"this one is {kind}"):
        decode(sent, 48_000)


@settings(max_examples=40)
@given(st.floats(0.0001, 1.0), st.integers(0, 40_000), st.integers(1, 8_000))
def test_samples_are_never_taken_for_something_else(loudness, start, count):
    samples = np.round(VOICE * loudness * 32767)[start : start + count]
    sent = np.clip(samples, -32768, 32767).astype("<i2")
    encoded = base64.b64encode(sent.tobytes()).decode()
    np.testing.assert_array_equal(decode(encoded, 16_000), sent)


@pytest.mark.parametrize("rate", [0, -1, 7_999, 1e9, None, float("nan")])
def test_a_rate_that_cannot_be_is_a_sentence(rate):
    with pytest.raises(ApiError, match="A sample rate, in hertz, is a number from 8000 to 192000"):
        decode("AAAA", rate)
