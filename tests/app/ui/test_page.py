"""The handlers behind the page, called as Gradio calls them, with the real classifier."""

import json
import shutil
import time

import gradio as gr
import numpy as np
import pytest
from fastapi import FastAPI
from huggingface_hub import ModelCard

from app import audio
from app.bundle import CARD_FILE, FIGURES_END, BundleError
from app.classifier import Classifier
from app.emotions import LABELS
from app.live import LiveSession
from app.ui import about, live_tab, page
from app.ui.live_tab import Listener

BROWSER_RATE = 48_000


@pytest.fixture(scope="module")
def chunks(examples):
    """Half-second chunks as a browser sends them: int16, stereo, at its own rate."""
    waveform = audio.load(examples[0], BROWSER_RATE)
    samples = np.repeat((waveform * 32767).astype(np.int16)[:, None], 2, axis=1)
    return np.array_split(samples, round(len(samples) / BROWSER_RATE * 2))


def hear_all(classifier, chunks, listener):
    readings = []
    for chunk in chunks:
        _, answer = live_tab.hear(classifier, (BROWSER_RATE, chunk), listener)
        readings += answer["readings"]
    return readings


def is_kept(update) -> bool:
    """Whether Gradio leaves the component as it is."""
    return update == gr.skip()


def test_a_stream_gives_what_the_session_reads(classifier, chunks):
    readings = hear_all(classifier, chunks, Listener(LiveSession(classifier)))
    session = LiveSession(classifier)
    expected = [reading for chunk in chunks for reading in session.feed(chunk, BROWSER_RATE)]
    assert [reading["time"] for reading in readings] == [reading.time for reading in expected]
    assert [reading["emotion"] for reading in readings] == [reading.emotion for reading in expected]
    spoken = [reading for reading in readings if reading["emotion"]]
    assert spoken
    for reading in spoken:
        assert list(reading["probabilities"]) == list(LABELS)
        assert reading["confidence"] == max(reading["probabilities"].values())


def test_readings_are_small_json(classifier, chunks):
    for reading in hear_all(classifier, chunks, Listener(LiveSession(classifier))):
        assert len(json.dumps(reading, allow_nan=False)) < 500


def test_every_chunk_is_answered_with_what_was_heard_so_far(classifier):
    listener = Listener(LiveSession(classifier))
    for received in (0.1, 0.2):
        chunk = (BROWSER_RATE, np.zeros(BROWSER_RATE // 10, np.int16))
        same, answer = live_tab.hear(classifier, chunk, listener)
        assert is_kept(same)
        expected = {
            "stream": listener.stream,
            "received": received,
            "readings": [],
            "loading": False,
        }
        assert answer == expected
    assert all(is_kept(update) for update in live_tab.hear(classifier, None, listener))


def test_a_page_that_came_back_gets_a_session(classifier, chunks):
    listener, _ = live_tab.hear(classifier, (BROWSER_RATE, chunks[0]), None)
    assert isinstance(listener, Listener)
    same, _ = live_tab.hear(classifier, (BROWSER_RATE, chunks[1]), listener)
    assert is_kept(same)


def test_a_server_that_is_behind_leaves_out_readings_and_no_sound(classifier, chunks):
    on_time = hear_all(classifier, chunks, Listener(LiveSession(classifier)))
    late = Listener(LiveSession(classifier), began=time.monotonic() - 60)
    answers = [live_tab.hear(classifier, (BROWSER_RATE, chunk), late)[1] for chunk in chunks]
    readings = [reading for answer in answers for reading in answer["readings"]]
    assert answers[-1]["received"] == pytest.approx(sum(map(len, chunks)) / BROWSER_RATE, abs=1e-3)
    assert len(readings) < len(on_time) / 2
    assert {reading["time"] for reading in readings} <= {reading["time"] for reading in on_time}
    assert np.diff([0.0] + [reading["time"] for reading in readings]).max() <= 2.5


def test_being_late_is_counted_anew_after_a_pause(classifier, chunks):
    """Sound that never came cannot be caught up with, and no readings are left out for it."""
    listener = Listener(LiveSession(classifier), began=time.monotonic() - 60)
    listener.answered -= 2 * live_tab.QUIET
    on_time = hear_all(classifier, chunks, Listener(LiveSession(classifier)))
    assert hear_all(classifier, chunks, listener) == on_time


def test_a_chunk_is_asked_for_again_while_the_model_is_loading(classifier, chunks):
    everything = hear_all(classifier, chunks, Listener(LiveSession(classifier)))
    cold = Classifier()
    assert next(live_tab.loading(cold)) == {"loading": True}
    listener = Listener(LiveSession(cold))
    answers = [live_tab.hear(cold, (BROWSER_RATE, chunks[0]), listener)[1] for _ in range(2)]
    for answer in answers:
        assert (answer["loading"], answer["readings"], answer["received"]) == (True, [], 0.0)
    assert answers[0]["again"] != answers[1]["again"]
    cold.load()
    assert list(live_tab.loading(cold)) == [{"loading": False}]
    assert hear_all(cold, chunks, listener) == everything


def test_a_model_that_is_chosen_while_a_chunk_is_read_begins_with_the_next_one(
    classifier, chunks, tmp_path, monkeypatch
):
    monkeypatch.setattr(live_tab, "BEHIND", 600)  # or readings are left out while it is loaded
    for name in ("first", "second"):
        shutil.copytree(classifier.folder, tmp_path / name)
    users = []

    class Chosen(Classifier):
        def probabilities(self, windows):
            if not users:
                live_tab.adjust(self, listener, "second", smoothing=0.35, step=0.5)
            users.append(listener.session.classifier.folder.name)
            return super().probabilities(windows)

    first = Chosen(tmp_path / "first")
    first.load()
    listener = Listener(LiveSession(first))
    readings = hear_all(first, chunks, listener)
    assert users == ["first"]
    assert listener.session.classifier.folder.name == "second"
    spoken = [reading for reading in readings if reading["probabilities"]]
    assert len(spoken) > len(users)


def test_a_recording_ends_with_a_sentence_if_its_model_cannot_be_loaded(chunks):
    class Broken(Classifier):
        def load(self):
            raise BundleError("weights.bin is not what the bundle describes.")

    broken = Broken()
    listener = live_tab.begin(broken, broken.folder.name, smoothing=0.35, step=0.5)
    until = time.monotonic() + 20
    while not listener.problem and time.monotonic() < until:
        time.sleep(0.01)
    _, answer = live_tab.hear(broken, (BROWSER_RATE, chunks[0]), listener)
    assert answer["refusal"] == f"The model {broken.folder.name} cannot be used."


def test_two_people_have_their_own_readings(classifier, chunks):
    alone = hear_all(classifier, chunks, Listener(LiveSession(classifier)))
    one, other = Listener(LiveSession(classifier)), Listener(LiveSession(classifier))
    together = []
    for chunk in chunks:
        together += hear_all(classifier, [chunk], one)
        hear_all(classifier, [np.zeros_like(chunk)], other)
    assert together == alone


def test_the_page_offers_no_endpoint_by_accident(classifier):
    built = page.build(classifier)
    endpoints = built.get_api_info()["named_endpoints"]
    assert set(endpoints) == {"/predict", "/analyze", "/batch", "/live"}
    text = json.dumps(built.get_config_file(), default=str)
    assert "judge people at work or at school" in text
    assert "is not kept" in text


def test_recordings_leave_room_for_all_else(classifier):
    blocks = page.page(classifier)
    gr.mount_gradio_app(FastAPI(), blocks, "/voice")
    assert blocks._queue.max_thread_count >= live_tab.SLOTS + 20
    assert page.launch_settings()["max_threads"] == blocks._queue.max_thread_count


def test_about_opens_with_the_accuracies_of_the_card(classifier):
    card = ModelCard.load(classifier.folder / CARD_FILE).data.eval_results
    right = {one.dataset_type: one.metric_value for one in card if one.metric_type == "accuracy"}
    told = about.accuracies(classifier.folder / CARD_FILE)
    assert list(told.values()) == [right[name] for name in about.CORPORA if name in right]
    lead = about.lead(classifier)
    assert about.in_words(sum(told.values()) / len(told)) in lead
    assert all(f"{share:.0%}" in lead for share in told.values())
    assert "12%" in lead  # of guessing among eight


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.66, "two times in three"), (0.74, "three times in four"), (0.58, "three times in five")],
)
def test_shares_are_told_as_plain_fractions(share, words):
    assert about.in_words(share) == words


def test_about_holds_the_figures_of_the_card(classifier):
    sections = about.sections(classifier)
    card = (classifier.folder / CARD_FILE).read_text()
    confusion = card[card.index("| acted") : card.index(FIGURES_END)].strip()
    assert confusion in sections["How good it is"]
    assert "deletes your data" in sections["What happens to your voice"]
    told = "\n".join(sections.values())
    assert "{" not in told
    assert "<!--" not in told


def test_about_compares_the_models_there_are(classifier, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(classifier.folder, tmp_path / name)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "bundle.json").write_text("{")
    card = tmp_path / "two" / CARD_FILE
    text = card.read_text()
    uar = next(
        result.metric_value
        for result in ModelCard.load(card).data.eval_results
        if (result.dataset_type, result.metric_name) == ("ravdess", "UAR")
    )
    card.write_text(text.replace(f"UAR, value: {uar:.4f}", "UAR, value: 0.9125"))
    told = about.models(Classifier(tmp_path / "one")).splitlines()
    rows = [line for line in told if line.startswith(("| one |", "| two |", "| broken |"))]
    assert [row[:7] for row in rows] == ["| two |", "| one |"]
    assert rows[0].endswith("| 0.912 |")
    assert rows[1].endswith(f"| {uar:.3f} |")
    shutil.rmtree(tmp_path / "two")
    assert about.models(Classifier(tmp_path / "one")) == ""


def test_nothing_of_a_voice_is_remembered():
    settings = page.launch_settings()
    assert settings["run_history"] is False
    assert settings["show_error"] is False
    assert settings["state_session_capacity"] <= 1000
