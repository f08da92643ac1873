"""A Hugging Face Space, put together and started as it would be, in an environment of its own."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.steps import SECOND, record, upload
from tests.packaging import PIP
from tests.serving import PATIENCE, ROOT, first_page, free_port

LONG = {"timeout": PATIENCE * SECOND}


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """The address of a Space made by `make space`, with nothing but its own requirements."""
    folder = tmp_path_factory.mktemp("space")
    subprocess.run(["make", "--silent", "space", f"SPACE={folder}"], cwd=ROOT, check=True)
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment)
    python = environment / "bin" / "python"
    # The newer pip of the tests' environment installs into this one: a third of the time.
    install = [*PIP, "--python", python, "install", "--no-compile", "-r"]
    subprocess.run([*install, folder / "requirements.txt"], check=True, capture_output=True)
    port = free_port()
    server = subprocess.Popen(
        [python, "app/space.py"],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "GRADIO_SERVER_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        first_page(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}", folder
    finally:
        server.terminate()
        server.wait(PATIENCE)


def test_a_space_hears_the_microphone_and_a_file(open_page, recordings, space):
    url, _ = space
    page = open_page("speech", url)
    # Nothing in its environment is compiled: what it imports to load the model takes long.
    expect(page.locator("#live .emotion")).to_have_text("Ready", **LONG)
    record(page)
    expect(page.locator("#live .status-text")).to_have_text("Speaking", **LONG)
    upload(page, recordings["angry"])
    expect(page.locator("#summary .emotion")).to_have_text("angry", **LONG)


def test_a_space_is_small_and_has_no_tests(space):
    _, folder = space
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {
        "app", "assets", "models", "requirements.txt", "README.md", "LICENSE",
    }  # fmt: skip
    size = sum(path.stat().st_size for path in folder.rglob("*") if "__pycache__" not in path.parts)
    assert size < 20 * 2**20


def test_the_health_check_of_the_image_tells_a_server_from_none(space):
    """Docker is not everywhere: its line is run as Docker would run it."""
    url, _ = space
    line = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])\n", (ROOT / "Dockerfile").read_text(), re.DOTALL)
    command = [word.strip('" ') for word in re.findall(r'"(.*?)"', line[1])]
    command[0] = sys.executable
    alive = [word.replace("http://127.0.0.1:7860", url) for word in command]
    dead = [word.replace(":7860", f":{free_port()}") for word in command]
    assert subprocess.run(alive, capture_output=True).returncode == 0
    assert subprocess.run(dead, capture_output=True).returncode != 0


def test_the_image_takes_what_a_space_takes():
    copied = re.findall(r"^COPY (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_in = (ROOT / ".dockerignore").read_text().split()
    assert all(f"!{name}" in let_in for name in copied)
    assert all(Path(ROOT, name).exists() for name in copied)
