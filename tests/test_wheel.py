"""The wheel, built from the tracked files and installed beside the environment's own packages."""

import csv
import io
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from app.folders import ASSETS, MODELS
from tests.conftest import ROOT
from tests.serving import PATIENCE, first_page, free_port
from tests.test_architecture import name_of, tracked

TIMEOUT = 240  # seconds, with TensorFlow's cold start


@pytest.fixture
def run(installed, tmp_path):
    """Run a command in another folder, where only the installed package can be imported."""
    environment = os.environ | {
        "PYTHONPATH": str(installed),
        "PATH": f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    shutil.copy(ASSETS / "examples" / "angry-woman-1037.ogg", tmp_path / "clip.ogg")

    def run(*command, **options):
        return subprocess.run(
            list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True,
            timeout=TIMEOUT, check=False, **options,
        )  # fmt: skip

    run.folder, run.environment = tmp_path, environment
    return run


def test_the_wheel_takes_one_name(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {
        "undertone",
        f"undertone-{wheel.name.split('-')[1]}.dist-info",
    }


def test_the_wheel_holds_what_the_checkout_holds(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, package in (
        ("app", "undertone"),
        ("assets", "undertone/assets"),
        ("models", "undertone/models"),
        ("model_training", "undertone/training"),
    ):
        expected = {
            package + name_of(path).removeprefix(folder)
            for path in tracked(folder, ":!app/space.py", ":!model_training/results")
            if folder != "model_training" or path.suffix in (".py", ".html")
        }
        assert expected <= names


def test_the_installed_command_predicts(run):
    done = run("undertone", "predict", "clip.ogg", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (row["file"], row["emotion"]) == ("clip.ogg", "angry")


def test_the_installed_commands_have_help(run):
    done = run("undertone", "--help")
    assert done.returncode == 0
    assert "Usage: undertone " in done.stdout
    assert {"listen", "predict"} <= set(done.stdout.split())


def test_the_installed_command_listens(run):
    done = run("undertone", "listen", "--input", "clip.ogg", "--fast", "--csv", "readings.csv")
    assert done.returncode == 0, done.stderr
    assert "angry" in (run.folder / "readings.csv").read_text()


def test_the_installed_page_is_served_with_its_assets(run):
    port = free_port()
    server = subprocess.Popen(
        ["undertone", "--port", str(port)], cwd=run.folder, env=run.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        page = first_page(f"http://127.0.0.1:{port}/", server)
    finally:
        server.terminate()
        server.wait(PATIENCE)
    assert "Hears how something is said" in page
    assert "window.RecordingSession" in page


def test_training_is_a_part_of_the_installed_package(run):
    done = run(sys.executable, "-m", "undertone.training", "--help")
    assert done.returncode == 0, done.stderr
    code = (
        "import pkgutil, undertone.training as training, importlib, sys\n"
        "for module in pkgutil.walk_packages(training.__path__, 'undertone.training.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "print({'app', 'model_training'} & set(sys.modules))"
    )
    done = run(sys.executable, "-c", code)
    assert (done.returncode, done.stdout.strip()) == (0, "set()"), done.stderr


def test_keras_loads_a_bundle_after_one_import(run):
    """Outside the project, as README.md says."""
    path = MODELS / "residual-mel" / "model.keras"
    code = f"import keras, undertone.frontend; print(keras.models.load_model({str(path)!r}).name)"
    done = run(sys.executable, "-c", code)
    assert (done.returncode, done.stdout.strip()) == (0, "residual_mel"), done.stderr


def test_a_checkout_is_what_it_was():
    assert ASSETS == ROOT / "assets"
    assert MODELS == ROOT / "models"
