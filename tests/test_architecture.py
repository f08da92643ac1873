"""Arrows go one way, files stay short, and what must not be in the repository is not."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

MAX_LINES = 400
MAX_BYTES = 10_000_000


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    assert files, f"git tracks nothing like {patterns}"
    return files


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def parsed(*patterns):
    """The syntax tree of each tracked file, by its path from the root."""
    return {name_of(path): ast.parse(path.read_bytes()) for path in tracked(*patterns)}


def imported(tree):
    """The top-level modules that a file imports by their absolute names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def importers(module, *patterns):
    """Tracked files that import a module, by their paths from the root."""
    return {name for name, tree in parsed(*patterns).items() if module in imported(tree)}


def loaded_after(statement):
    """The top-level modules that a fresh interpreter holds after a statement."""
    script = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout.split()
    )


@pytest.fixture(scope="module")
def engine():
    return loaded_after("from app import Classifier, LiveSession; Classifier().load()")


@pytest.mark.parametrize("module", ["gradio", "sounddevice", "model_training"])
def test_the_engine_stands_alone(engine, module):
    assert "tensorflow" in engine
    assert module not in engine


@pytest.fixture(scope="module")
def page():
    script = "from app.ui.page import build; from app.classifier import Classifier"
    return loaded_after(f"{script}; build(Classifier())")


@pytest.mark.parametrize("module", ["tensorflow", "keras", "librosa", "sklearn"])
def test_the_page_does_not_wait_for_what_takes_seconds_to_import(page, module):
    assert "gradio" in page
    assert module not in page


def test_the_app_never_imports_the_training():
    assert importers("model_training", "app/*.py") == set()


def test_only_the_page_imports_gradio():
    found = importers("gradio", "app/*.py")
    assert found
    assert all(path.startswith("app/ui/") for path in found)


def test_private_names_of_gradio_are_used_in_one_file():
    users = {
        name
        for name, tree in parsed("app/*.py").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gradio"
    }
    assert users == {"app/ui/gradio_patches.py"}


def test_the_page_imports_no_command():
    """Commands turn the process' standard error aside, which a page that serves must not."""
    found = {
        name
        for name, tree in parsed("app/ui/*.py").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and "commands" in (node.module or "")
    }
    assert found == set()


def test_only_the_microphone_imports_sounddevice():
    assert importers("sounddevice", "*.py") == {"app/commands/microphone.py"}


def test_the_app_can_be_installed_under_another_name():
    """Its own imports are relative; a Space starts one file as a script, which cannot do so."""
    assert importers("app", "app/*.py") == {"app/space.py"}


def test_serving_never_calls_predict():
    """Keras' `predict` on one window takes many times as long as the compiled graph."""
    callers = {
        name
        for name, tree in parsed("app/*.py").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("predict", "predict_on_batch")
    }
    assert callers == set()


def test_files_stay_short():
    long = {
        name_of(path): lines
        for path in tracked("*.py", "*.js", "*.css")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_nothing_big_is_in_the_repository():
    assert [path for path in tracked(".") if path.stat().st_size > MAX_BYTES] == []
