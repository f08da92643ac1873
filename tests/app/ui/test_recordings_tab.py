"""The handlers of the Recordings tab, called as Gradio calls them, with the real classifier."""

import io
import json
import zipfile
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pandas as pd
import pytest
import soundfile

from app import audio
from app.emotions import BY_NAME, LABELS
from app.episodes import most_of
from app.limits import LIMITS
from app.recordings import analyze
from app.tables import FILE_COLUMNS, SEGMENT_COLUMNS, Outcome
from app.ui import recordings_tab, results, summary
from app.ui.runs import Runs
from app.ui.summary import NO_PROGRESS, clock, progress_bar
from app.ui.take_away import OF_THE_SHOWN, text_of
from tests.conftest import EXAMPLES


@pytest.fixture(scope="module")
def tab(classifier):
    """The components of the tab."""
    with gr.Blocks() as page:
        return recordings_tab.build(classifier, page)


@pytest.fixture(scope="module")
def shown(classifier, tab):
    """What the tab shows, update by update; Stop is pressed when the progress says `stop_at`."""
    runs = Runs()
    visitor = SimpleNamespace(session_hash="one")

    def updates(paths, stop_at=None, split=False):
        run = runs.begin(visitor, paths)
        model = classifier.folder.name
        for update in recordings_tab.analyze_uploads(classifier, tab, run, paths, model, split):
            yield update
            if stop_at and stop_at in update.get(tab.progress, ""):
                runs.stop(visitor)

    return updates


@pytest.fixture(scope="module")
def many(shown, examples, tmp_path_factory):
    """Every update for three recordings, one of them broken, one in a zip."""
    folder = tmp_path_factory.mktemp("many")
    broken, archive = folder / "broken.wav", folder / "voices.zip"
    broken.write_text("no sound")
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(examples[1], "inside.ogg")
    return list(shown([str(examples[0]), str(broken), str(archive)]))


def last(updates, component):
    """What a component shows in the end."""
    return [update[component] for update in updates if component in update][-1]


def cells(updates, tab):
    """The rows of the table of many."""
    return [row["cells"] for row in json.loads(last(updates, tab.table))["rows"]]


def test_a_recording_gives_its_emotion_and_figures(shown, tab, classifier, examples):
    path = examples[0]
    analysis = analyze(path, classifier)
    updates = list(shown([str(path)]))
    headline = last(updates, tab.headline)
    assert analysis.emotion in headline
    assert BY_NAME[analysis.emotion].symbol in headline
    assert f"{analysis.confidence:.0%}" in headline
    assert path.name in headline
    assert list(last(updates, tab.bars).data[1].x) == pytest.approx(
        list(analysis.probabilities.values())
    )
    assert len(last(updates, tab.sound).data) >= 2
    assert len(last(updates, tab.windows)) == len(analysis.windows)
    assert last(updates, tab.player)["path"] == str(path)
    assert last(updates, tab.many)["visible"] is False
    assert last(updates, tab.segments_part)["visible"] is False


def test_several_emotions_are_told_as_segments_and_shares(shown, tab, classifier, examples):
    path = examples[0].with_name("joined-woman-1037.ogg")
    analysis = analyze(path, classifier)
    assert analysis.state == "mixed"
    updates = list(shown([str(path)]))
    first, second, *_ = analysis.shares
    headline = last(updates, tab.headline)
    assert most_of(analysis.shares).capitalize() in headline
    assert f"{analysis.shares[first]:.0%} of the speech, then {second}" in headline
    assert last(updates, tab.segments_part)["visible"] is True
    segments = json.loads(last(updates, tab.segments))["rows"]
    assert [row["plays"] for row in segments] == analysis.segments["start"].tolist()
    bars = last(updates, tab.bars).data[1]
    longest = bars.y[int(np.argmax(bars.x))]
    assert first in longest, "what is named has the longest bar"
    (pie,) = last(updates, tab.shares)["value"].data
    assert sum(pie.values) == pytest.approx(1, abs=1e-3)
    assert len(pie.values) == len(analysis.shares)


def test_silence_has_a_sentence_and_no_emotion(shown, tab, tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(audio.SAMPLE_RATE), audio.SAMPLE_RATE)
    updates = list(shown([str(tmp_path / "silence.wav")]))
    assert "No speech" in last(updates, tab.headline)
    assert not any(label in last(updates, tab.headline) for label in LABELS)
    assert last(updates, tab.sound) is not None


def test_channels_that_are_split_are_a_row_each_and_what_is_odd_is_noted(shown, tab, tmp_path):
    voice = audio.load(EXAMPLES / "angry-woman-1037.ogg")
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack([voice, voice * 0], axis=1), audio.SAMPLE_RATE)
    updates = list(shown([str(path)], split=True))
    rows = cells(updates, tab)
    assert [row[1] for row in rows] == ["call.wav (channel 1)", "call.wav (channel 2)"]
    assert "angry" in rows[0][2]
    assert last(updates, tab.player)["path"] == str(path)
    assert last(updates, tab.player)["source"] == "call.wav"
    soundfile.write(path, np.stack([voice, -voice], axis=1), audio.SAMPLE_RATE)
    assert "opposite phase" in last(list(shown([str(path)])), tab.headline)


def test_a_mono_recording_is_one_also_if_channels_are_to_be_split(shown, tab, examples):
    alone = list(shown([str(examples[0])]))
    updates = list(shown([str(examples[0])], split=True))
    assert last(updates, tab.headline) == last(alone, tab.headline)
    assert last(updates, tab.many)["visible"] is False
    assert not any(" of 2" in update.get(tab.progress, "") for update in updates)


def test_recordings_that_are_split_are_counted_by_their_channels(shown, tab, examples, tmp_path):
    voice = audio.load(examples[0])
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack([voice, voice * 0.5, voice], axis=1), audio.SAMPLE_RATE)
    updates = list(shown([str(path), str(examples[0])], split=True))
    headlines = [update[tab.headline] for update in updates if tab.headline in update]
    for headline, count in zip(headlines, ("1 of 4", "2 of 4", "3 of 4", "4"), strict=True):
        assert f">{count} recordings" in headline


@pytest.mark.parametrize("content", [b"", b"no sound " * 100, b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_a_bad_recording_alone_is_one_sentence(shown, tmp_path, content):
    path = tmp_path / "voice.wav"
    path.write_bytes(content)
    with pytest.raises(gr.Error) as raised:
        list(shown([str(path)]))
    assert raised.value.message.startswith("voice.wav ")
    assert str(tmp_path) not in raised.value.message
    assert not raised.value.print_exception


def test_the_headline_of_many_is_that_of_the_set(many, tab):
    headline = last(many, tab.headline)
    assert "3 recordings" in headline
    assert "1 could not be read" in headline
    assert "most often" in headline.lower()


def test_a_set_names_what_most_of_it_carries(classifier, examples):
    named = [Outcome(path.name, analyze(path, classifier)) for path in examples]
    angry = [one for one in named if one.analysis.emotion == "angry"]
    assert len(angry) == 2
    lines = summary.summary_of_set([*angry, Outcome("x", error="broken")], 3)
    assert "Most often angry, 1 could not be read" in lines
    assert BY_NAME["angry"].symbol in lines
    assert "2 of 31 recordings" in summary.summary_of_set(angry, 31)


def test_one_broken_among_many_is_a_row_with_its_reason(many, tab, examples):
    table = cells(many, tab)
    assert [row[1] for row in table] == [examples[0].name, "broken.wav", "inside.ogg"]
    assert table[1][2] == "Could not be read"
    assert table[1][-1] == "broken.wav is not audio, or is damaged beyond reading."
    assert all(row[2].split()[-1] in LABELS for row in (table[0], table[2]))
    assert last(many, tab.many)["visible"] is True
    counts = dict(zip(last(many, tab.bars).data[1].y, last(many, tab.bars).data[1].x, strict=True))
    assert sum(counts.values()) == 2


def test_results_come_one_by_one(many, tab):
    assert [len(update[tab.results]) for update in many if tab.results in update] == [1, 2, 3]


def test_a_row_shows_its_recording_wherever_it_was_sorted_to(many, tab):
    outcomes = last(many, tab.results)
    chosen = results.choose(tab, outcomes, gr.EventData(None, {"index": 2}))
    assert "inside.ogg" in chosen[tab.chosen]
    assert chosen[tab.player]["name"] == "inside.ogg"
    assert chosen[tab.player]["path"] is None
    broken = results.choose(tab, outcomes, gr.EventData(None, {"index": 1}))
    assert "not audio" in broken[tab.chosen]


def test_recordings_of_the_same_name_are_told_apart(shown, tab, examples, tmp_path):
    archives = [tmp_path / "one.zip", tmp_path / "two.zip"]
    for archive, clip in zip(archives, examples, strict=False):
        with zipfile.ZipFile(archive, "w") as packed:
            packed.write(clip, "voice.ogg")
    updates = list(shown([str(archive) for archive in archives]))
    outcomes = last(updates, tab.results)
    players = [last(updates, tab.player)]
    players += [
        results.choose(tab, outcomes, gr.EventData(None, {"index": row}))[tab.player]
        for row in (0, 1)
    ]
    assert [(one["row"], one["namesakes"]) for one in players] == [(0, 1), (0, 1), (1, 0)]
    for player, outcome in zip(players[1:], outcomes, strict=True):
        assert outcome.analysis.emotion in text_of(outcomes, "undertone.srt", player)


def test_stop_shows_what_was_analyzed(shown, tab, examples, tmp_path):
    path = tmp_path / "hour.wav"
    clip = audio.load(examples[0])
    soundfile.write(path, np.resize(clip, 3600 * audio.SAMPLE_RATE), audio.SAMPLE_RATE, "PCM_16")
    updates = list(shown([str(path)], stop_at=" of 1:00:00"))
    assert "Stopped here" in last(updates, tab.headline)
    (outcome,) = last(updates, tab.results)
    assert 1 < outcome.analysis.duration < 600
    assert last(updates, tab.taken)["visible"] is True
    assert len(last(updates, tab.windows)) > 1


def test_a_new_upload_ends_the_one_before(shown, tab, examples):
    before = shown([str(path) for path in examples])
    next(before)
    list(shown([str(examples[0])]))
    assert not any(tab.results in update for update in before)


def test_what_is_taken_away_is_whole(many, tab):
    outcomes = last(many, tab.results)
    files = pd.read_csv(io.StringIO(text_of(outcomes, "undertone-recordings.csv", None)))
    segments = pd.read_csv(io.StringIO(text_of(outcomes, "undertone-segments.csv", None)))
    windows = pd.read_csv(io.StringIO(text_of(outcomes, "undertone-windows.csv", None)))
    everything = json.loads(text_of(outcomes, "undertone.json", None))
    assert tuple(files.columns) == (*FILE_COLUMNS, *LABELS)
    assert tuple(segments.columns) == tuple(windows.columns) == (*SEGMENT_COLUMNS, *LABELS)
    assert [entry["file"] for entry in everything] == files["file"].tolist()
    assert sum(len(entry["segments"]) for entry in everything) == len(segments)
    assert sum(len(entry["windows"]) for entry in everything) == len(windows)


def test_subtitles_and_labels_are_of_the_recording_that_is_shown(many, tab, examples):
    outcomes = last(many, tab.results)
    for name in OF_THE_SHOWN:
        text = text_of(outcomes, name, {"row": 2})
        assert outcomes[2].analysis.emotion in text
    with pytest.raises(gr.Error, match="Choose a recording"):
        text_of(outcomes, "undertone.srt", None)


def test_what_the_server_has_forgotten_is_said_and_not_taken_away_empty(tab):
    for ask in (
        lambda: text_of([], "undertone-recordings.csv", None),
        lambda: text_of([], "undertone.srt", {"row": 0}),
        lambda: results.choose(tab, [], gr.EventData(None, {"index": 0})),
    ):
        with pytest.raises(gr.Error, match="no longer on the server"):
            ask()


def test_nothing_clears_the_page(shown, tab):
    (update,) = shown(None)
    assert update[tab.results] == []
    assert "Ready" in update[tab.headline]
    assert not np.any(update[tab.bars].data[1].x)
    assert update[tab.sound] is update[tab.player] is None
    assert update[tab.progress] == NO_PROGRESS


def test_too_many_are_refused_with_their_number(shown, tmp_path):
    archive = tmp_path / "crowd.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(LIMITS.recordings + 1):
            packed.writestr(f"{number}.wav", "")
    with pytest.raises(gr.Error, match="At most 500"):
        list(shown([str(archive)]))


def test_a_name_is_text_and_not_markup(shown, tab, examples, tmp_path):
    path = tmp_path / "<img src=x onerror=alert(1)>.ogg"
    path.write_bytes(examples[0].read_bytes())
    updates = list(shown([str(path)]))
    assert all("<img" not in update.get(tab.progress, "") for update in updates)
    assert "<img" not in last(updates, tab.headline)


def test_examples_are_named_by_emotion_and_voice(examples):
    labels = [recordings_tab.example_label(path) for path in examples]
    for path, label in zip(examples, labels, strict=True):
        assert path.stem.split("-")[0] in label
    assert len(set(labels)) == len(labels)


def test_progress_counts_recordings_and_seconds():
    bar = progress_bar(2, 4, "long.wav", 30.0, 60.0)
    assert 'aria-valuenow="62"' in bar
    assert "Analyzing 3 of 4: long.wav, 30.0 s of 1:00" in bar
    assert [clock(seconds) for seconds in (2.44, 65, 3605)] == ["2.4 s", "1:05", "1:00:05"]


def test_a_recording_that_is_gone_is_asked_for_again(shown, examples, tmp_path):
    with pytest.raises(gr.Error, match="Drop it in again"):
        list(shown([str(examples[0]), str(tmp_path / "deleted.wav")]))


def test_what_is_announced_twice_is_one_run():
    runs, visitor = Runs(), SimpleNamespace(session_hash="one")
    run = runs.begin(visitor, ["a.wav"])
    assert runs.begin(visitor, ["a.wav"]) is run
    assert runs.take(visitor, ["a.wav"]) is run
    assert runs.begin(visitor, ["a.wav"]) is run
    assert runs.take(visitor, ["a.wav"]) is None, "it has begun"
    assert runs.unfinished(visitor)
    assert not run.over
    run.ended = True
    assert runs.take(visitor, ["a.wav"]) is None, "it has ended"
    assert not runs.unfinished(visitor)


def test_what_was_stopped_begins_again():
    runs, visitor = Runs(), SimpleNamespace(session_hash="one")
    run = runs.begin(visitor, ["a.wav"])
    runs.take(visitor, ["a.wav"])
    runs.stop(visitor)
    again = runs.begin(visitor, ["a.wav"])
    assert again is not run
    assert runs.take(visitor, ["a.wav"]) is again


def test_another_upload_replaces_the_run():
    runs, visitor = Runs(), SimpleNamespace(session_hash="one")
    run = runs.begin(visitor, ["a.wav"])
    runs.take(visitor, ["a.wav"])
    runs.begin(visitor, ["b.wav"])
    assert run.replaced
    assert runs.take(visitor, ["a.wav"]) is None
    assert runs.unfinished(visitor)
