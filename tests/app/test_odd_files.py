"""Files with odd scales, channels, tracks and samples: the right answer, or a note."""

import io
import struct

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition

from app import analyze, analyze_channels, audio, predict_emotion
from app.batch import STOPPED, hear_all, outcomes
from app.collection import Item
from app.decoding import BLOCK
from app.errors import AudioError
from app.tables import Outcome
from tests.conftest import EXAMPLES
from tests.sounds import RATE, with_ffmpeg, with_soundfile

VOICE = np.clip(audio.load(EXAMPLES / "angry-woman-1037.ogg", RATE)[:, None], -0.99, 0.99)
SILENCE = np.zeros_like(VOICE)


def decoded(source, **choices):
    recording = audio.Recording(source, **choices)
    return np.concatenate(list(recording)), recording.note


def wav_of_64_bit_integers(samples):
    """As SciPy writes them, which libsndfile does not know."""
    data = samples.astype("<i8").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 8, 8, 64)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data


def flac_from_a_pipe(samples):
    """Its header says that it has 0 samples, since a pipe cannot be written anew in the end."""
    content = bytearray(with_soundfile(samples, "FLAC"))
    content[21] &= 0xF0  # the number of samples: the last 36 bits of the stream's description
    content[22:26] = bytes(4)
    return bytes(content)


def film(tracks, default=0):
    """A Matroska file with sound tracks, one of them the default."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        streams = [output.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in tracks]
        streams[default].disposition = Disposition.default
        for stream, samples in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(
                (samples.T * 32767).astype(np.int16), format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = RATE, 0
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                output.mux(packet)
    return file.getvalue()


FILES = {
    "floats of 16 bits": (with_soundfile(VOICE * 2**15, "WAV", "FLOAT"), "they were scaled"),
    "doubles of 16 bits": (with_soundfile(VOICE * 2.0**15, "WAV", "DOUBLE"), "they were scaled"),
    "32 bits of 16": (
        with_soundfile((VOICE * 2**15).astype(np.int32), "WAV", "PCM_32"),
        "hold 16-bit values",
    ),
    "FLAC from a pipe": (flac_from_a_pipe(VOICE), None),
    "64 bits": (wav_of_64_bit_integers(VOICE.astype(np.float64) * 2.0**63), None),
    "64 bits of 16": (wav_of_64_bit_integers(VOICE * 2**15), "hold 16-bit values"),
    "opposite phase": (with_soundfile(np.hstack([VOICE, -VOICE]), "WAV"), "opposite phase"),
    "opposite phase in a film": (
        with_ffmpeg(np.hstack([VOICE, -VOICE]), "mp4", "aac", picture=True),
        "opposite phase",
    ),
    "offset": (with_soundfile(VOICE * 0.6 + 0.4, "WAV"), None),
    "-40 dB": (with_soundfile(VOICE * 0.01, "WAV", "FLOAT"), None),
    "full scale": (with_soundfile(VOICE / np.abs(VOICE).max(), "WAV"), None),
    "a silent first track": (film([SILENCE, VOICE], default=0), "2 sound tracks: number 2"),
    "a default track that is not the first": (film([VOICE * 0.1, VOICE], default=1), "number 2"),
}


@pytest.mark.parametrize("kind", FILES)
def test_an_odd_file_is_answered_as_the_plain_one_and_noted(kind):
    content, words = FILES[kind]
    answer = predict_emotion(content)
    assert answer.emotion == "angry"
    if words is None:
        assert answer.note is None
    else:
        assert words in answer.note


def test_a_track_can_be_chosen():
    content = film([SILENCE, VOICE], default=0)
    silent, note = decoded(content, track=1)
    assert np.abs(silent).max() == 0
    assert note is None
    spoken, _ = decoded(content, track=2)
    np.testing.assert_array_equal(spoken, decoded(content)[0])
    with pytest.raises(AudioError, match="has 2 sound tracks and no number 3"):
        decoded(content, track=3)
    with pytest.raises(AudioError, match="has 1 sound track and no number 2"):
        decoded(FILES["offset"][0], track=2)


@pytest.mark.parametrize(
    "form", [("FLAC",), ("MP3",), ("WAV",), ("WAV", "PCM_U8"), ("WAV", "FLOAT"), ("AIFF",)]
)
def test_what_is_missing_at_the_end_is_noted(form):
    content = with_soundfile(np.tile(VOICE, (3, 1)), *form)
    _, note = decoded(content[: len(content) // 2])
    assert note.startswith("Only ")
    stated = float(note.split()[-5])
    padding = 0.1 if form == ("MP3",) else 0.0
    assert stated == pytest.approx(round(3 * len(VOICE) / RATE, 1), abs=padding)
    assert note.endswith(" seconds could be decoded.")
    assert decoded(content)[1] is None


def test_an_exception_of_any_kind_from_a_decoder_is_a_sentence(monkeypatch):
    """Whatever a library raises for what somebody sends."""

    def fail(*_):
        raise IndexError("of a library")

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    monkeypatch.setattr(av.AudioFrame, "to_ndarray", fail, raising=False)
    with pytest.raises(AudioError, match=r"^The recording .*is not audio, or is damaged"):
        decoded(FILES["offset"][0])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "not of the type NoneType"),
        ([0.0, 0.1], "not of the type list"),
        (io.StringIO("text"), "an open binary file"),
        ((16_000, [0.0, 0.1]), "not a list"),
        ((16_000, None), "not a NoneType"),
        ((0, np.zeros(9)), "hertz above 0, not 0"),
        ((-16_000, np.zeros(9)), "hertz above 0"),
        ((np.nan, np.zeros(9)), "hertz above 0"),
        (("48000", np.zeros(9)), "hertz above 0, not '48000'"),
        ((np.zeros(9), None), "hertz above 0, not None"),
        ((True, np.zeros(9)), "a pair of a NumPy array|not a bool|hertz above 0"),
        ((16_000, np.zeros(9), 3), "a pair of a NumPy array"),
        ((1, np.zeros(90_000)), "longer than 120 minutes"),
    ],
)
def test_what_is_no_recording_is_a_sentence(source, words):
    with pytest.raises(ValueError, match=words):
        audio.load(source)


def test_a_pair_may_come_in_either_order():
    pair = (VOICE, RATE)
    np.testing.assert_array_equal(audio.load(pair), audio.load(pair[::-1]))
    assert audio.duration(flac_from_a_pipe(VOICE)) is None
    assert audio.duration(pair) == audio.duration((RATE, VOICE.T)) == len(VOICE) / RATE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source": VOICE}, "Samples need their rate"),
        ({"source": [0.1], "sample_rate": RATE}, "not a list"),
        ({"source": b"RIFF", "sample_rate": RATE}, "Only samples need a sample rate"),
        ({"source": VOICE, "sample_rate": 0}, "hertz above 0"),
    ],
)
def test_wrong_arguments_are_a_sentence(arguments, words):
    with pytest.raises(ValueError, match=words):
        predict_emotion(**arguments)


@pytest.mark.parametrize("hop", [0, -1, 0.001, 3.5, float("nan")])
def test_a_hop_that_is_none_is_a_sentence(classifier, hop):
    with pytest.raises(ValueError, match=r"^A hop is 0\.01 to 3 seconds"):
        analyze((VOICE, RATE), classifier, hop)


def call(first, second):
    """A call of two: one speaks, then the other, each on a channel of their own."""
    pause = np.zeros_like(first)
    return np.hstack([np.vstack([first, pause]), np.vstack([pause, second])])


def test_each_channel_can_be_analyzed_by_itself(classifier):
    other = audio.load(EXAMPLES / "sad-woman-1007.ogg", RATE)[:, None]
    size = min(len(other), len(VOICE))
    content = with_soundfile(call(VOICE[:size], other[:size]), "WAV")
    first, second = analyze_channels(content, classifier)
    assert (first.emotion, second.emotion) == ("angry", "sad")
    middle = size / RATE
    spoken = [a.segments.query("state != 'no speech'") for a in (first, second)]
    assert spoken[0]["end"].max() < middle + 1
    assert spoken[1]["start"].min() > middle - 1
    item = Item("call.wav", lambda: content)
    found = list(outcomes([item], classifier, 1, split=True))
    assert [(o.file, o.analysis.emotion) for o in found] == [
        ("call.wav (channel 1)", "angry"),
        ("call.wav (channel 2)", "sad"),
    ]
    mono = Item("mono.wav", lambda: FILES["offset"][0])
    assert [o.file for o in outcomes([mono], classifier, 1, split=True)] == ["mono.wav"]


def test_a_channel_that_is_stopped_has_its_own_name(classifier):
    content = with_soundfile(call(VOICE, VOICE), "WAV")
    item, found, in_second = Item("call.wav", lambda: content), [], []
    for step in hear_all([item], classifier, split=True, stopped=lambda: bool(in_second)):
        if isinstance(step, Outcome):
            found.append(step)
        elif found:
            in_second.append(step)
    assert [(o.file, o.channel) for o in found] == [
        ("call.wav (channel 1)", 1),
        ("call.wav (channel 2)", 2),
    ]
    assert found[1].note == STOPPED


@pytest.mark.parametrize("frames", [20, 48])
def test_many_channels_are_not_mistaken_for_samples(frames):
    """Blocks of a file may hold fewer frames than the file has channels."""
    samples = np.tile(VOICE[: 2 * BLOCK + frames], 64)
    for source in (with_soundfile(samples, "WAV"), (samples, RATE)):
        assert len(audio.load(source, RATE)) == len(samples)


def test_a_voice_that_noise_on_the_other_channel_drowns_is_found(classifier):
    noise = np.random.default_rng(0).uniform(-1, 1, VOICE.shape).astype(np.float32)
    sound = np.hstack([noise, VOICE * 0.01, VOICE * 0.005])
    answer = analyze((sound, RATE), classifier, embeddings=True)
    assert answer.emotion == "angry"
    assert "of 3 was analyzed: together they hold no speech." in answer.note
    assert len(answer.embeddings) == answer.windows["angry"].notna().sum(), "of that channel alone"
