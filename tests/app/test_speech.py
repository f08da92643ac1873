"""Speech is found in real voices, clean and in noise, and in nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import audio
from app.speech import (
    FRAME,
    MINIMUM_SPEECH_SECONDS,
    SpeechDetector,
    speech_track,
)

RATE = audio.SAMPLE_RATE
PAUSE = np.zeros(2 * RATE, np.float32)


def frames_of(waveform):
    """Whether each frame of a whole recording is speech, the last filled with zeros."""
    return SpeechDetector().push(np.pad(waveform, (0, -len(waveform) % FRAME))) > 0


@pytest.fixture(scope="module")
def voices(examples):
    return [audio.load(path) for path in examples]


@pytest.fixture(scope="module")
def voice(voices):
    return voices[0][: 2 * RATE]


def noise(samples):
    return np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)


def in_noise(voice, decibels):
    hiss = noise(len(voice))
    return voice + hiss * np.std(voice) / np.std(hiss) / 10 ** (decibels / 20)


@settings(max_examples=6)
@given(st.lists(st.integers(0, 4_000), max_size=12))
def test_a_stream_equals_the_whole_however_it_is_cut(voice, sizes):
    detector, start, found = SpeechDetector(), 0, []
    for size in [*sizes, len(voice)]:
        found.append(detector.push(voice[start : start + size]))
        start += size
    assert found[-1].dtype == np.float32
    whole = frames_of(voice)[: len(voice) // FRAME]
    np.testing.assert_array_equal(np.concatenate(found) > 0, whole)


def test_two_streams_do_not_hear_each_other(voice):
    first, second = SpeechDetector(), SpeechDetector()
    found = []
    for start in range(0, len(voice), FRAME):
        found.append(first.push(voice[start : start + FRAME]))
        second.push(noise(FRAME))
    np.testing.assert_array_equal(
        np.concatenate(found) > 0, frames_of(voice)[: len(voice) // FRAME]
    )


def test_reset_begins_a_new_stream(voice):
    detector = SpeechDetector()
    detector.push(voice[:-100])
    detector.reset()
    whole = voice[: len(voice) // FRAME * FRAME]
    np.testing.assert_array_equal(detector.push(whole) > 0, frames_of(whole))


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 0), (1, 1), (FRAME, 1), (FRAME + 1, 2), (RATE, 32)]
)
def test_a_frame_for_each_512_samples_begun(samples, frames):
    found = frames_of(noise(samples))
    assert found.shape == (frames,)
    assert found.dtype == bool


SECOND = np.arange(3 * RATE) / RATE


@pytest.mark.parametrize(
    "waveform",
    [
        np.zeros(3 * RATE),
        np.full(3 * RATE, 0.5),
        noise(3 * RATE),
        noise(3 * RATE) / 3000,
        np.sign(noise(3 * RATE)),
        np.sin(2 * np.pi * 440 * SECOND),
        np.sin(2 * np.pi * 50 * SECOND),
    ],
    ids=["silence", "offset", "hiss", "faint hiss", "clipped hiss", "tone", "hum"],
)
def test_what_is_not_speech(waveform):
    track = speech_track(waveform.astype(np.float32))
    assert track.total == 0


@pytest.mark.parametrize("decibels", [np.inf, 20, 10])
def test_every_voice_opens_the_gate(voices, decibels):
    for voice in voices:
        track = speech_track(np.concatenate([PAUSE, in_noise(voice, decibels), PAUSE]))
        assert track.total >= MINIMUM_SPEECH_SECONDS


LEVELS = {
    "full scale": lambda voice: voice / np.abs(voice).max(),
    "6 dB over it": lambda voice: np.clip(2 * voice / np.abs(voice).max(), -1, 1),
    "-40 dB": lambda voice: voice * 0.01,
    "-60 dB": lambda voice: voice * 0.001,
    "on an offset of 0.4": lambda voice: np.clip(voice + 0.4, -1, 1),
    "on a drifting offset": lambda voice: voice * 0.4 + np.linspace(-0.5, 0.5, len(voice)),
    "on a rumble": lambda voice: voice + 0.5 * np.sin(np.arange(len(voice)) * 31 / RATE),
}


@pytest.mark.parametrize("kind", LEVELS)
def test_a_voice_opens_the_gate_at_any_level_and_on_any_offset(voices, kind):
    for voice in voices:
        waveform = LEVELS[kind](voice).astype(np.float32)
        assert speech_track(waveform).total >= MINIMUM_SPEECH_SECONDS
        detector = SpeechDetector()  # as a stream that begins with silence
        parts = [np.zeros(800, np.float32), *np.array_split(waveform, 7)]
        frames = np.concatenate([detector.push(part) for part in parts])
        assert (frames > 0).sum() * FRAME / RATE >= MINIMUM_SPEECH_SECONDS


def some(folder, pattern, count):
    """`count` recordings spread evenly over a corpus."""
    paths = sorted(folder.glob(pattern))
    chosen = np.linspace(0, len(paths) - 1, count).astype(int)
    return [audio.load(paths[index]) for index in chosen]


@pytest.mark.corpora
def test_recorded_noise_keeps_the_gate_shut(data):
    spoken = []
    for recording in some(data, "noise/ESC-10/*/*", 25):
        track = speech_track(recording)
        starts = np.arange(0, len(recording) / RATE - audio.WINDOW_SECONDS, audio.HOP_SECONDS)
        spoken.extend(track.seconds(starts, starts + audio.WINDOW_SECONDS))
    assert len(spoken) > 100
    assert np.mean(np.array(spoken) >= MINIMUM_SPEECH_SECONDS) <= 0.02


@pytest.mark.corpora
def test_voices_in_recorded_noise_open_the_gate(data):
    noises = some(data, "noise/speech_commands_background/*", 5)
    patterns = ["RAVDESS/*Speech*/*/*.*", "CREMA-D/AudioWAV/*", "TESS/*/*"]
    voices = [voice for pattern in patterns for voice in some(data, pattern, 8)]
    spoken = []
    for index, voice in enumerate(voices):
        noise = noises[index % len(noises)][: len(voice)]
        mixed = voice + noise * np.std(voice) / np.std(noise) / 10**0.5
        spoken.append(speech_track(mixed).total)
    assert np.mean(np.array(spoken) >= MINIMUM_SPEECH_SECONDS) >= 0.95


# Shouts, screams and moans that the network misses at the speed of the recording.
@pytest.mark.corpora
@pytest.mark.parametrize(
    "clip",
    [
        "1029_IEO_ANG_HI",
        "1029_IEO_FEA_HI",
        "1029_WSI_FEA_XX",
        "1034_IEO_DIS_LO",
        "1078_IEO_FEA_HI",
        "1083_IWW_FEA_XX",
    ],
)
def test_an_extreme_voice_opens_the_gate_at_full_scale(data, clip):
    [path] = data.glob(f"CREMA-D/AudioWAV/{clip}.*")
    voice = audio.load(path)
    assert speech_track(voice / np.abs(voice).max()).total >= MINIMUM_SPEECH_SECONDS


@pytest.mark.corpora
def test_who_screams_is_heard(data):
    """Actress 6 of RAVDESS, whose pitch is beyond what the network takes for a voice."""
    screams = [
        audio.load(path)
        for emotion in ("03", "05", "06")
        for path in sorted(data.glob(f"RAVDESS/*Speech*/*/03-01-{emotion}-02-*-06.*"))
    ]
    spoken = np.array([speech_track(scream).total for scream in screams])
    assert len(spoken) == 12
    assert np.mean(spoken >= MINIMUM_SPEECH_SECONDS) >= 0.75  # a quarter of them without


def test_speech_is_found_where_it_is(voices):
    for voice in voices:
        track = speech_track(np.concatenate([PAUSE, voice, PAUSE]))
        end = 2 + len(voice) / RATE
        before, within, after = track.seconds(
            np.array([0, 1.9, end + 0.4]), np.array([1.9, end + 0.4, end + 2])
        )
        assert before == after == 0
        assert within == pytest.approx(track.total)


def test_a_track_counts_the_frames_it_heard(voice):
    frames = frames_of(voice)
    track = speech_track(voice)
    edges = np.arange(len(frames) + 1) * FRAME / RATE
    seconds = track.seconds(edges[:-1], edges[1:])
    np.testing.assert_allclose(seconds[:-1], frames[:-1] * FRAME / RATE)
    assert track.total == pytest.approx(seconds.sum())


def test_a_track_is_no_longer_than_its_recording(voice):
    spoken = frames_of(voice)
    inside = int(np.flatnonzero(spoken)[20])
    cut = voice[: inside * FRAME + 100]
    track = speech_track(cut)
    assert track.total == pytest.approx((spoken[:inside].sum() * FRAME + 100) / RATE)
    assert track.seconds(np.array([len(cut) / RATE]), np.array([1e6]))[0] == 0


def test_an_empty_recording_has_no_speech():
    track = speech_track(np.zeros(0, np.float32))
    assert track.total == 0
    np.testing.assert_array_equal(track.seconds(np.array([0.0]), np.array([3.0])), [0.0])
