"""Starting the page from a command: one sentence when it cannot, a page when it can."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file

from app.classifier import DEFAULT_MODEL
from app.folders import MODELS
from tests.conftest import EXAMPLES
from tests.serving import PATIENCE, app_running, first_page, free_port

ROOT = Path(__file__).resolve().parents[2]


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


def refusal(result: subprocess.CompletedProcess[str]) -> str:
    """The last thing said by a command that did not start."""
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]


def test_a_missing_model_is_one_sentence():
    sentence = refusal(serve("--port", str(free_port()), "--model", "no-such-model"))
    assert "no-such-model" in sentence


def test_a_start_says_nothing_about_the_processor(tmp_path):
    port = free_port()
    with (tmp_path / "said").open("wb") as said:
        app = subprocess.Popen(
            [sys.executable, "-m", "app", "--port", str(port)], cwd=ROOT, stdout=said, stderr=said
        )
    try:
        url = f"http://127.0.0.1:{port}"
        first_page(url, app)
        clip = handle_file(next(EXAMPLES.glob("*.ogg")))
        assert Client(url, verbose=False, httpx_kwargs={"timeout": PATIENCE}).predict(
            clip, api_name="/predict"
        )
    finally:
        app.terminate()
        app.wait(PATIENCE)
    lines = (tmp_path / "said").read_text().splitlines()
    assert any(url in line for line in lines)
    assert not [line for line in lines if "absl" in line or "cpu_" in line or "oneDNN" in line]


def exchange(folder: Path) -> None:
    """Put a file in the place of the model that is whole, but no model."""
    (folder / "model.keras").write_bytes(b"no model")
    description = json.loads((folder / "bundle.json").read_text())
    description["model_sha256"] = hashlib.sha256(b"no model").hexdigest()
    (folder / "bundle.json").write_text(json.dumps(description))


@pytest.mark.parametrize("broken", ["truncated", "without bundle.json", "no model"])
def test_a_broken_model_is_one_sentence(tmp_path, broken):
    folder = tmp_path / "model"
    shutil.copytree(MODELS / DEFAULT_MODEL, folder)
    if broken == "truncated":
        weights = (folder / "model.keras").read_bytes()
        (folder / "model.keras").write_bytes(weights[: len(weights) // 2])
    elif broken == "no model":
        exchange(folder)  # which is found after the page has been served
    else:
        (folder / "bundle.json").unlink()
    sentence = refusal(serve("--port", str(free_port()), "--model", str(folder)))
    assert str(folder) in sentence


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_uploads_do_not_outlast_the_server(ending, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with app_running() as (url, app):
        sent = {"files": ("voice.wav", bytes(1000), "audio/wav")}
        httpx.post(f"{url}/gradio_api/upload", files=sent, timeout=PATIENCE).raise_for_status()
        assert list(tmp_path.rglob("voice.wav"))
        app.send_signal(ending)
        app.wait(20)
    assert not list(tmp_path.rglob("voice.wav"))


def test_a_taken_port_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = refusal(serve("--port", str(port)))
    assert f"127.0.0.1:{port}" in sentence
    assert "--port" in sentence


@contextmanager
def space_running(root: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Space: its script by path, from the root, with the port in the environment."""
    port = free_port()
    space = subprocess.Popen(
        [sys.executable, "app/space.py"],
        cwd=root,
        env=os.environ | {"GRADIO_SERVER_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/", space
    finally:
        space.terminate()
        space.wait(PATIENCE)


def start_space(root: Path) -> str:
    """The first page of a Space."""
    with space_running(root) as (url, space):
        return first_page(url, space)


def test_a_space_starts_its_script(monkeypatch):
    monkeypatch.setenv("SPACE_HOST", "someone-undertone.hf.space")
    page = start_space(ROOT)
    assert "Undertone" in page
    assert "https://someone-undertone.hf.space/public/" in page
    assert "There is no model yet" not in page


def test_a_space_without_its_model_says_so_on_the_page(tmp_path):
    for folder in ("app", "assets", "models"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "models" / DEFAULT_MODEL / "model.keras").unlink()
    page = start_space(tmp_path)
    assert f"The model in models/{DEFAULT_MODEL} is incomplete: model.keras is missing." in page
    assert str(tmp_path) not in page


def test_a_space_whose_model_cannot_be_loaded_says_so_in_the_end(tmp_path):
    for folder in ("app", "assets", "models"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    exchange(tmp_path / "models" / DEFAULT_MODEL)
    said = f"The model in models/{DEFAULT_MODEL} cannot be loaded with Keras"
    with space_running(tmp_path) as (url, space):
        until = time.monotonic() + PATIENCE
        while said not in (page := first_page(url, space)) and time.monotonic() < until:
            time.sleep(0.5)
    assert said in page
    assert str(tmp_path) not in page
