"""Every code block of README.md and app/README.md is run as it is printed."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import soundfile

from app import audio
from tests.conftest import EXAMPLES, ROOT
from tests.serving import app_running

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = ("README.md", "app/README.md")
BLOCKS = [block for name in DOCUMENTS for block in FENCED.findall((ROOT / name).read_text("utf-8"))]
PYTHON = [code for language, code in BLOCKS if language == "python"]
SERVED = "http://localhost:7860"
TIMEOUT = 300  # seconds, on a busy machine

# Beginnings of commands that no test can run as they are printed, each with its reason.
NOT_RUN = {
    "make ": "installs from the network, serves until it is stopped, or runs this very test",
    "pip install ": "downloads from the network; tests/test_wheel.py installs the wheel",
    ".venv/bin/python -m pip install ": "downloads from the network",
    "python -m app --": "serves until it is stopped; tests/app/test_serve.py starts it",
    ".venv/bin/python -m app --model mine": "serves a model that has to be trained before",
    "python -m app listen": "needs a microphone",
    "python -m dask ": "serves until it is stopped; tests/app/commands/test_cluster.py starts it",
    "python -m app predict s3:": "needs a bucket in the network",
    ".venv/bin/python -m model_training ": "needs corpora from the network, and twenty minutes",
}
# Commands that begin like one of those and are run all the same.
RUN = ("python -m app listen --input ",)


def commands():
    """The command lines of the blocks that name no language, without comments."""
    for language, code in BLOCKS:
        if language in ("", "bash", "sh"):
            for line in code.replace("\\\n", " ").splitlines():
                command = re.sub(r"(^|\s+)#.*", "", line).strip()
                if command:
                    yield command


def reason(command):
    """Why a command is not run; None where it is."""
    if command.startswith(RUN):
        return None
    return next((NOT_RUN[start] for start in NOT_RUN if command.startswith(start)), None)


@pytest.fixture
def folder(tmp_path, examples):
    """Where a reader stands: an environment, a clip, an interview and a folder of recordings."""
    (tmp_path / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    angry = audio.load(EXAMPLES / "angry-woman-1037.ogg")
    soundfile.write(tmp_path / "clip.wav", angry, audio.SAMPLE_RATE, "PCM_16")
    joined = audio.load(EXAMPLES / "joined-woman-1037.ogg")
    soundfile.write(tmp_path / "interview.mp3", joined, audio.SAMPLE_RATE)
    (tmp_path / "recordings").mkdir()
    for clip in examples[:2]:
        shutil.copy(clip, tmp_path / "recordings")
    return tmp_path


@pytest.fixture
def run(folder, installed):
    def run(*command):
        environment = os.environ | {
            "PYTHONPATH": f"{installed}{os.pathsep}{ROOT}",
            "PATH": os.pathsep.join(
                [str(installed / "bin"), f"{sys.prefix}/bin", os.environ["PATH"]]
            ),
        }
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("code", [code for code in PYTHON if SERVED not in code])
def test_python_runs(run, code):
    run(sys.executable, "-c", code)


@pytest.mark.parametrize("code", [code for code in PYTHON if SERVED in code])
def test_python_runs_beside_the_page(run, code):
    with app_running() as (url, _):
        run(sys.executable, "-c", code.replace(SERVED, url))


@pytest.mark.parametrize("command", [line for line in commands() if reason(line) is None])
def test_a_command_runs(run, folder, command):
    before = set(folder.iterdir())
    said = run("bash", "-ec", command)
    assert said or set(folder.iterdir()) - before or shlex.split(command)[0] == "source"


def test_nothing_is_left_out_that_is_not_printed():
    printed = list(commands())
    stale = [start for start in NOT_RUN if not any(line.startswith(start) for line in printed)]
    assert stale == []
    assert any(reason(line) is None for line in printed)
    assert PYTHON
