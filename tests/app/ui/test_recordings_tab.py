"""The handlers of the Recordings tab, called as Gradio calls them, with the real classifier."""

import io
import json
import zipfile

import gradio as gr
import numpy as np
import pandas as pd
import pytest
import soundfile

from app import audio
from app.emotions import BY_NAME, LABELS
from app.limits import LIMITS
from app.recordings import analyze
from app.tables import FILE_COLUMNS, SEGMENT_COLUMNS
from app.ui import recordings_tab as tab
from app.ui.summary import NO_PROGRESS, clock, progress_bar
from tests.conftest import EXAMPLES

# The outputs in their order.
RESULTS, PROGRESS, _STOP, MANY, TABLE, SHARES = range(6)
_TAKEN, SUMMARY, BARS, SOUND, WINDOWS, PLAYER = range(6, 12)


@pytest.fixture(scope="module")
def many(classifier, examples, tmp_path_factory):
    """Every update for three recordings, one of them broken, one in a zip."""
    folder = tmp_path_factory.mktemp("many")
    broken, archive = folder / "broken.wav", folder / "voices.zip"
    broken.write_text("no sound")
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(examples[1], "inside.ogg")
    return list(hear(classifier, [str(examples[0]), str(broken), str(archive)]))


def hear(classifier, paths):
    """What the tab shows, with the model that is served."""
    return tab.hear(classifier, paths, classifier.folder.name)


def last(updates, output):
    """What an output shows in the end."""
    return [update[output] for update in updates if not is_kept(update[output])][-1]


def is_kept(value):
    """Whether Gradio leaves the component as it is."""
    return isinstance(value, dict) and value == gr.skip()


def test_a_recording_gives_its_emotion_and_figures(classifier, examples):
    path = examples[0]
    analysis = analyze(path, classifier)
    updates = list(hear(classifier, [str(path)]))
    summary = last(updates, SUMMARY)
    assert analysis.emotion in summary
    assert BY_NAME[analysis.emotion].symbol in summary
    assert f"{analysis.confidence:.0%}" in summary
    assert path.name in summary
    assert list(last(updates, BARS).data[1].x) == pytest.approx(
        list(analysis.probabilities.values())
    )
    assert len(last(updates, SOUND).data) >= 2
    assert len(last(updates, WINDOWS)) == len(analysis.windows)
    assert last(updates, PLAYER)["path"] == str(path)
    assert last(updates, MANY)["visible"] is False


def test_silence_has_a_sentence_and_no_emotion(classifier, tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(audio.SAMPLE_RATE), audio.SAMPLE_RATE)
    updates = list(hear(classifier, [str(tmp_path / "silence.wav")]))
    assert "No speech was heard" in last(updates, SUMMARY)
    assert not any(label in last(updates, SUMMARY) for label in LABELS)
    assert last(updates, SOUND) is not None


def test_channels_that_are_split_are_a_row_each_and_what_is_odd_is_noted(classifier, tmp_path):
    voice = audio.load(EXAMPLES / "angry-woman-1037.ogg")
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack([voice, voice * 0], axis=1), audio.SAMPLE_RATE)
    updates = list(tab.hear(classifier, [str(path)], classifier.folder.name, True))
    rows = last(updates, TABLE)
    assert [row[1] for row in rows] == ["call.wav (channel 1)", "call.wav (channel 2)"]
    assert "angry" in rows[0][2]
    assert last(updates, PLAYER)["path"] == str(path)
    soundfile.write(path, np.stack([voice, -voice], axis=1), audio.SAMPLE_RATE)
    assert "opposite phase" in last(list(hear(classifier, [str(path)])), SUMMARY)


@pytest.mark.parametrize("content", [b"", b"no sound " * 100, b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_a_bad_recording_alone_is_one_sentence(classifier, tmp_path, content):
    path = tmp_path / "voice.wav"
    path.write_bytes(content)
    with pytest.raises(gr.Error) as raised:
        list(hear(classifier, [str(path)]))
    assert raised.value.message.startswith("voice.wav ")
    assert str(tmp_path) not in raised.value.message
    assert not raised.value.print_exception


def test_one_broken_among_many_is_a_row_with_its_reason(many, examples):
    table = last(many, TABLE)
    assert [row[1] for row in table] == [examples[0].name, "broken.wav", "inside.ogg"]
    assert table[1][-1] == "broken.wav is not audio, or is damaged beyond reading."
    assert all(row[2].split()[-1] in LABELS for row in (table[0], table[2]))
    assert last(many, MANY)["visible"] is True
    assert len(last(many, SHARES).data) == 2


def test_results_come_one_by_one(many):
    counts = [len(update[RESULTS]) for update in many if not is_kept(update[RESULTS])]
    assert counts == [1, 2, 3]


def test_a_row_shows_its_recording_wherever_it_was_sorted_to(many):
    outcomes = last(many, RESULTS)
    chosen = gr.SelectData(None, {"index": [0, 1], "value": "x", "row_value": [3, "inside.ogg"]})
    summary, *_, player = tab.choose(outcomes, chosen)
    assert "inside.ogg" in summary
    assert player["name"] == "inside.ogg"
    assert player["path"] is None
    broken = gr.SelectData(None, {"index": [0, 1], "value": "x", "row_value": [2, "broken.wav"]})
    assert "not audio" in tab.choose(outcomes, broken)[0]


def test_what_is_taken_away_is_whole(many):
    outcomes = last(many, RESULTS)
    files = pd.read_csv(io.StringIO(tab.files_text(outcomes)))
    segments = pd.read_csv(io.StringIO(tab.segments_text(outcomes)))
    everything = json.loads(tab.json_text(outcomes))
    assert tuple(files.columns) == (*FILE_COLUMNS, *LABELS)
    assert tuple(segments.columns) == (*SEGMENT_COLUMNS, *LABELS)
    assert [entry["file"] for entry in everything] == files["file"].tolist()
    assert sum(len(entry["segments"]) for entry in everything) == len(segments)
    assert all(entry["windows"] for entry in everything if entry["error"] is None)


def test_nothing_clears_the_page(classifier):
    (update,) = hear(classifier, None)
    assert update[RESULTS] == []
    assert "Ready" in update[SUMMARY]
    assert not np.any(update[BARS].data[1].x)
    assert update[SOUND] is update[PLAYER] is None
    assert update[PROGRESS] == NO_PROGRESS


def test_too_many_are_refused_with_their_number(classifier, tmp_path):
    archive = tmp_path / "crowd.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(LIMITS.recordings + 1):
            packed.writestr(f"{number}.wav", "")
    with pytest.raises(gr.Error, match="At most 500"):
        list(hear(classifier, [str(archive)]))


def test_a_name_is_text_and_not_markup(classifier, examples, tmp_path):
    path = tmp_path / "<img src=x onerror=alert(1)>.ogg"
    path.write_bytes(examples[0].read_bytes())
    updates = list(hear(classifier, [str(path)]))
    assert all("<img" not in update[PROGRESS] for update in updates)
    assert "<img" not in last(updates, SUMMARY)


def test_examples_are_named_by_emotion_and_voice(examples):
    labels = [tab.example_label(path) for path in examples]
    for path, label in zip(examples, labels, strict=True):
        assert path.stem.split("-")[0] in label
    assert len(set(labels)) == len(labels)


def test_progress_counts_recordings_and_seconds():
    bar = progress_bar(2, 4, "long.wav", 30.0, 60.0)
    assert 'aria-valuenow="62"' in bar
    assert "Hearing 3 of 4: long.wav, 30.0 s of 1:00" in bar
    assert [clock(seconds) for seconds in (2.44, 65, 3605)] == ["2.4 s", "1:05", "1:00:05"]


def test_a_recording_that_is_gone_is_asked_for_again(classifier, examples, tmp_path):
    with pytest.raises(gr.Error, match="Drop it in again"):
        list(hear(classifier, [str(examples[0]), str(tmp_path / "deleted.wav")]))
