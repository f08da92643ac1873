"""Recordings of every kind come out alike or give one sentence; streams equal whole files."""

import io
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from app import audio
from tests.sounds import RATE, with_ffmpeg, with_soundfile

SECONDS = 1.5


def noise(seconds=SECONDS, rate=RATE, channels=2):
    """(n, channels) of noise that no two channels share, low enough for any codec to keep."""
    white = np.random.default_rng(0).normal(0, 0.2, (round(seconds * rate / 12), channels))
    return np.clip(soxr.resample(white, rate / 12, rate), -0.9, 0.9).astype(np.float32)


def expected(samples, rate=RATE):
    return soxr.resample(samples.mean(axis=1), rate, audio.SAMPLE_RATE)


def difference(waveform, reference):
    """Relative error at the best lag: a codec may shift a file by a few milliseconds."""
    size = 2 ** int(np.ceil(np.log2(len(waveform) + len(reference))))
    spectrum = np.fft.rfft(waveform, size) * np.conj(np.fft.rfft(reference, size))
    lag = int(np.fft.irfft(spectrum, size).argmax())
    lag -= size if lag > size // 2 else 0
    assert abs(lag) < 0.07 * audio.SAMPLE_RATE
    moved = waveform[max(0, lag) :]
    kept = reference[max(0, -lag) :][: len(moved)]
    return np.std(moved[: len(kept)] - kept) / np.std(reference)


@pytest.mark.parametrize(
    ("container", "subtype", "error"),
    [
        ("WAV", "PCM_U8", 0.03),
        ("WAV", "PCM_16", 1e-3),
        ("WAV", "PCM_24", 1e-5),
        ("WAV", "PCM_32", 1e-5),
        ("WAV", "FLOAT", 1e-5),
        ("WAV", "DOUBLE", 1e-5),
        ("WAV", "ULAW", 0.05),
        ("AIFF", "PCM_16", 1e-3),
        ("FLAC", "PCM_16", 1e-3),
        ("OGG", "VORBIS", 0.25),
        ("OGG", "OPUS", 0.25),
        ("MP3", "MPEG_LAYER_III", 0.25),
    ],
)
def test_what_libsndfile_knows(container, subtype, error):
    samples = noise()
    waveform = audio.load(with_soundfile(samples, container, subtype))
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert len(waveform) == pytest.approx(SECONDS * audio.SAMPLE_RATE, rel=0.05)
    assert difference(waveform, expected(samples)) < error


@pytest.mark.parametrize(
    ("container", "codec", "picture", "error"),
    [
        ("ipod", "aac", False, 0.25),  # .m4a
        ("mp4", "aac", True, 0.25),
        ("webm", "libopus", False, 0.25),
        ("mov", "pcm_s16le", False, 1e-3),  # interleaved, where the others are planar
        ("adts", "aac", False, 0.25),
    ],
)
def test_what_only_ffmpeg_knows(container, codec, picture, error):
    samples = noise()
    recording = with_ffmpeg(samples, container, codec, picture)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.SoundFile(io.BytesIO(recording))
    waveform = audio.load(recording)
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert len(waveform) == pytest.approx(SECONDS * audio.SAMPLE_RATE, rel=0.05)
    assert difference(waveform, expected(samples)) < error


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_rates_and_channels(rate, channels):
    samples = noise(rate=rate, channels=channels)
    waveform = audio.load(with_soundfile(samples, "WAV", "FLOAT", rate))
    np.testing.assert_allclose(waveform, expected(samples, rate), atol=1e-6)


def test_another_rate_can_be_asked_for():
    waveform = audio.load(with_soundfile(noise(), "WAV"), sample_rate=22_050)
    assert len(waveform) == SECONDS * 22_050


class Pipe(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation


def test_sources_are_alike(tmp_path):
    recording = with_soundfile(noise(), "FLAC")
    path = tmp_path / "clip.flac"
    path.write_bytes(recording)
    half_read = io.BytesIO(recording)
    half_read.seek(5_000)
    reference = audio.load(path)
    assert len(reference) == SECONDS * audio.SAMPLE_RATE
    for source in (str(path), recording, half_read, Pipe(recording)):
        np.testing.assert_array_equal(audio.load(source), reference)
    assert not half_read.closed


@pytest.mark.parametrize("name", ["clip", "clip.mp3", "clip.raw", "été 😀.txt"])
def test_the_name_says_nothing_about_the_format(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(with_soundfile(noise(), "WAV"))
    assert len(audio.load(path)) == SECONDS * audio.SAMPLE_RATE


def test_what_is_no_number_is_silence():
    samples = noise()
    broken = samples.copy()
    broken[1000], broken[2000] = np.nan, np.inf
    samples[1000] = samples[2000] = 0
    waveform = audio.load(with_soundfile(broken, "WAV", "FLOAT"))
    np.testing.assert_allclose(waveform, expected(samples), atol=1e-6)


WAV = with_soundfile(noise(), "WAV", "PCM_16")
HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:4,\nsecret.aac\n#EXT-X-ENDLIST\n"
NOT_AUDIO = "is not audio, or is damaged beyond reading."


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.wav", b"", "is empty."),
        ("text.wav", b"This is no sound at all. " * 99, NOT_AUDIO),
        ("text.mp3", b"This is no sound at all. " * 99, NOT_AUDIO),
        ("zeros.bin", bytes(9999), NOT_AUDIO),
        ("header.wav", WAV[:44], "holds no audio samples."),
        ("half a header.wav", WAV[:20], NOT_AUDIO),
        ("film.mp4", with_ffmpeg(noise(), "mp4", None, picture=True), "has no sound track."),
        # An MP4's index is written last: without it nothing can be decoded.
        ("cut.m4a", with_ffmpeg(noise(), "ipod", "aac")[:9999], NOT_AUDIO),
        ("list.m3u8", HLS, NOT_AUDIO),
    ],
)
def test_what_cannot_be_heard_gives_one_sentence(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(audio.AudioError) as raised:
        audio.load(path)
    assert str(raised.value) == f"{name} {sentence}"


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.wav", "No such file or directory"), ("", "Is a directory")]
)
def test_what_cannot_be_opened_gives_one_sentence(tmp_path, name, reason):
    with pytest.raises(audio.AudioError) as raised:
        audio.load(tmp_path / name)
    assert str(raised.value) == f"{(tmp_path / name).name} cannot be read: {reason}."


def test_bytes_have_no_name():
    with pytest.raises(audio.AudioError, match=r"^The recording is empty\.$"):
        audio.load(b"")


def test_two_hours_are_the_most(tmp_path):
    # At one sample a second, a few bytes are hours.
    path = tmp_path / "day.wav"
    path.write_bytes(WAV[:24] + struct.pack("<I", 1) + WAV[28:])
    with pytest.raises(audio.AudioError, match=r"^day\.wav is longer than 120 minutes: "):
        audio.load(path)


def test_a_playlist_opens_no_other_file(tmp_path, monkeypatch):
    (tmp_path / "secret.wav").write_bytes(WAV)
    (tmp_path / "list.txt").write_text("ffconcat version 1.0\nfile secret.wav\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(audio.AudioError, match=NOT_AUDIO):
        audio.load("list.txt")


@pytest.mark.parametrize(
    "recording",
    [
        WAV,
        with_soundfile(noise(4), "FLAC"),
        with_soundfile(noise(4), "OGG", "VORBIS"),
        with_soundfile(noise(4), "MP3"),
        with_ffmpeg(noise(4), "webm", "libopus"),
        with_ffmpeg(noise(4), "adts", "aac"),
    ],
    ids=["wav", "flac", "ogg", "mp3", "webm", "aac"],
)
def test_a_file_cut_in_half_gives_its_first_half(recording):
    whole = audio.load(recording)
    half = audio.load(recording[: len(recording) // 2])
    assert 0.25 < len(half) / len(whole) < 0.6
    kept = len(half) - 800  # the last frame of a cut codec may be concealed
    np.testing.assert_allclose(half[:kept], whole[:kept], atol=1e-3)


@pytest.mark.parametrize(
    "recording",
    [
        with_soundfile(noise(4), "FLAC"),
        with_soundfile(noise(4), "MP3"),
        with_ffmpeg(noise(4), "ipod", "aac"),
        with_ffmpeg(noise(4), "adts", "aac"),
    ],
    ids=["flac", "mp3", "m4a", "aac"],
)
def test_what_follows_damage_is_still_heard(recording):
    middle = len(recording) // 2
    junk = np.random.default_rng(0).bytes(1000)
    damaged = recording[:middle] + junk + recording[middle + len(junk) :]
    assert len(audio.load(damaged)) > 0.8 * len(audio.load(recording))


def test_memory_is_that_of_the_result():
    recording = with_soundfile(noise(60), "FLAC")
    tracemalloc.start()
    waveform = audio.load(recording)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert waveform.nbytes == 60 * audio.SAMPLE_RATE * 4
    assert peak < 1.5 * waveform.nbytes  # the samples themselves are six times as much


def pushed(resampler, waveform, rate, sizes):
    pieces, start = [], 0
    for size in sizes:
        pieces.append(resampler.push(waveform[start : start + size], rate))
        start += size
    return [*pieces, resampler.push(waveform[start:], rate, last=True)]


CHUNKS = st.lists(st.integers(0, 5_000), max_size=20)
RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])


@settings(max_examples=60)
@given(CHUNKS, RATES, RATES)
def test_a_stream_equals_the_whole_however_it_is_cut(sizes, rate, target):
    waveform = noise(0.4, rate, 1)[:, 0]
    found = np.concatenate(pushed(audio.StreamResampler(target), waveform, rate, sizes))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, soxr.resample(waveform, rate, target), atol=1e-6)


@settings(max_examples=30)
@given(st.lists(st.tuples(RATES, CHUNKS), min_size=2, max_size=4, unique_by=lambda part: part[0]))
def test_a_stream_survives_a_change_of_rate(parts):
    resampler = audio.StreamResampler()
    found, whole = [], []
    for rate, sizes in parts:
        waveform = noise(0.3, rate, 1)[:, 0]
        start = 0
        for size in [*sizes, len(waveform)]:
            found.append(resampler.push(waveform[start : start + size], rate))
            start += size
        whole.append(soxr.resample(waveform, rate, audio.SAMPLE_RATE))
    found.append(resampler.push(np.zeros(0, np.float32), parts[-1][0], last=True))
    np.testing.assert_allclose(np.concatenate(found), np.concatenate(whole), atol=1e-6)


def test_a_stream_begins_again_after_its_end():
    resampler = audio.StreamResampler()
    waveform = noise(0.3, channels=1)[:, 0]
    first, second = (np.concatenate(pushed(resampler, waveform, RATE, [999])) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_same_rate_passes_at_once():
    waveform = noise(0.1, audio.SAMPLE_RATE, 1)[:, 0]
    np.testing.assert_array_equal(
        audio.StreamResampler().push(waveform, audio.SAMPLE_RATE), waveform
    )


@pytest.mark.parametrize(("rate", "lag"), [(48_000, 0.04), (8_000, 0.12)])
def test_a_live_stream_lags_little(rate, lag):
    resampler = audio.StreamResampler()
    chunk = np.zeros(rate // 2, np.float32)
    heard = sum(len(resampler.push(chunk, rate)) for _ in range(10))
    assert heard >= (5 - lag) * audio.SAMPLE_RATE


@pytest.mark.parametrize(
    ("waveform", "decibels"),
    [
        (np.ones(100), 0.0),
        (np.sin(np.arange(48_000) * 2 * np.pi / 48), -3.01),
        (np.full(100, 0.1), -20.0),
        (np.full(100, 1e-9), -100.0),
        (np.zeros(100), -100.0),
        (np.zeros(0), -100.0),
    ],
)
def test_level(waveform, decibels):
    assert audio.level(waveform.astype(np.float32)) == pytest.approx(decibels, abs=0.01)


@pytest.mark.parametrize("module", ["app.audio", "app.speech"])
def test_hearing_needs_no_page_and_no_network(module):
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert module in loaded
    assert not {"gradio", "keras", "tensorflow", "model_training"} & set(loaded)
