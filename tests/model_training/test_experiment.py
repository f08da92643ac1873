"""The commands from clips on disk to a comparison, on a small corpus; and what a kill leaves."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from app.audio import load
from app.bundle import read_info
from app.errors import UndertoneError
from model_training import recipes
from model_training.__main__ import _evaluation, _needs_extra, commands, main
from model_training.corpora.file_names import RAVDESS_EMOTIONS
from model_training.evaluation import results
from model_training.evaluation.evaluate import Evaluation
from model_training.protocols import ProtocolError
from model_training.reports.comparison import CHART_FILE, TABLE_FILE
from tests.conftest import EXAMPLES, ROOT
from tests.sounds import clip_file

RATE = 16_000
RESUMES = "Stopped; the same command resumes after the last complete epoch.\n"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Real speech under the names of RAVDESS' actors and emotions, each in a noise of its own."""
    folder = tmp_path_factory.mktemp("data") / "RAVDESS"
    folder.mkdir()
    rng = np.random.default_rng(0)
    spoken = sorted(path for path in EXAMPLES.glob("*.ogg") if not path.stem.startswith("joined"))
    voices = [load(path, RATE) for path in spoken]
    for actor in range(1, 25):
        for number, code in enumerate(RAVDESS_EMOTIONS):
            voice = voices[(actor + number) % len(voices)]
            clip = voice + 0.002 * rng.standard_normal(len(voice))
            soundfile.write(folder / f"03-01-{code}-01-01-01-{actor:02d}.wav", clip, RATE)
    return folder.parent


def command(folder: Path, *arguments: str) -> str:
    """What a command prints that is run in a folder, once it has ended well."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(commands, arguments)
    finally:
        os.chdir(before)
    assert result.exit_code == 0, result.output or result.exception
    return result.output


@pytest.fixture(scope="module")
def place(corpus, tmp_path_factory) -> Path:
    """A folder in which two folds, a random split, the baseline and a comparison were run."""
    folder = tmp_path_factory.mktemp("work")
    data = ("--data", str(corpus))
    quick = ("--recipe", "mfcc-cnn", "--epochs", "1", *data)
    command(folder, "cross-validate", *quick, "--fold", "1", "--fold", "3")
    command(folder, "cross-validate", *quick, "--protocol", "as-published", "--fold", "1")
    command(folder, "baseline", *data, "--fold", "1")
    command(folder, "compare")
    return folder


def test_each_fold_has_a_result_and_a_bundle(place):
    found = results.read(place / "model_training/results")
    assert [(one.recipe, one.protocol, one.fold) for one in found] == [
        ("egemaps-svm", "ravdess-si", 1),
        ("mfcc-cnn", "as-published", 1),
        ("mfcc-cnn", "ravdess-si", 1),
        ("mfcc-cnn", "ravdess-si", 3),
    ]
    for one in found:
        assert one.headline.clips == one.sides["test"].clips > 0
        assert one.leaks == (one.protocol == "as-published")
        heard = set(one.sides["train"].speakers) & set(one.sides["test"].speakers)
        assert bool(heard) == one.leaks
    third = found[3]
    assert set(third.sides["test"].speakers) == {f"RAVDESS-{n:02d}" for n in (8, 9, 19, 23)}
    assert set(third.speakers) == set(third.sides["test"].speakers)
    assert len(third.seconds) == 1


def test_a_result_belongs_to_one_bundle(place):
    bundle = place / "runs/mfcc-cnn-ravdess-si-fold-1-seed-1/bundle"
    evaluation = results.of_bundle(place / "model_training/results", read_info(bundle))
    assert evaluation.headline.clips > 0
    assert "epoch" in json.loads((bundle / "history.jsonl").read_text().splitlines()[0])


def test_the_report_is_one_page_that_needs_nothing_else(place):
    folder = place / "runs/mfcc-cnn-ravdess-si-fold-1-seed-1/bundle/report"
    page = (folder / "index.html").read_text()
    pictures = {path.stem for path in folder.glob("*.svg")}
    assert pictures == {"confusion", "curves", "features", "recall", "reliability", "speakers"}
    assert page.count("<svg") == len(pictures)
    assert "src=" not in page.replace("data:image", "")
    assert "RAVDESS-21" in page
    assert "These figures leak" not in page


def test_what_leaks_says_so_in_its_report_and_card(place):
    bundle = place / "runs/mfcc-cnn-as-published-fold-1-seed-1/bundle"
    assert "These figures leak" in (bundle / "report/index.html").read_text()
    card = (bundle / "README.md").read_text()
    assert "These figures leak" in card
    assert "unseen speakers |" not in card
    assert "UAR, value" not in card, "Hugging Face would show a leaking figure without its warning"


def test_the_table_is_made_of_the_results_alone(place, tmp_path):
    shutil.copytree(place / "model_training/results", tmp_path / "results")
    for name in (TABLE_FILE, CHART_FILE):
        (tmp_path / "results" / name).unlink()
    printed = command(tmp_path, "compare", "--results", "results")
    table = (tmp_path / "results" / TABLE_FILE).read_text()
    assert table == (place / "model_training/results" / TABLE_FILE).read_text()
    row, published = (line for line in table.splitlines() if line.startswith("| mfcc-cnn"))
    assert row in printed
    folds = [one for one in results.read(tmp_path / "results") if one.recipe == "mfcc-cnn"][1:]
    counts = np.sum([fold.test["RAVDESS female"].confusion for fold in folds], axis=0)
    women = np.mean(counts.diagonal() / counts.sum(axis=1))
    _, _, _, protocol, run, _, _, error, female, _, _ = (cell.strip() for cell in row.split("|"))
    assert (protocol, run, female) == ("ravdess-si", "2 of 6", f"{women:.3f}")
    assert 0 < float(error) < 1
    assert published.split("|")[5].strip() == "1", "epochs as published"
    chart = (tmp_path / "results" / CHART_FILE).read_text()
    assert "egemaps-svm" in chart
    assert "as-published" in chart


def test_a_fold_that_was_run_is_not_run_again(place, corpus):
    log = place / "runs/mfcc-cnn-ravdess-si-fold-1-seed-1/log.txt"
    before = log.read_text()
    arguments = ("--recipe", "mfcc-cnn", "--epochs", "1", "--data", str(corpus), "--fold", "1")
    assert "is there already" in command(place, "cross-validate", *arguments)
    assert log.read_text() == before


def test_a_result_of_another_run_is_not_taken_for_this_one(place, corpus, tmp_path):
    result = place / "model_training/results/mfcc-cnn/ravdess-si-fold-1-seed-1.json"
    before = result.read_text()
    fewer = tmp_path / "data"
    shutil.copytree(corpus, fewer)
    next(fewer.rglob("*-11.wav")).unlink()  # of a test actor
    once = ("--epochs", "1")
    for data, epochs, sentence in (
        (fewer, once, "the result of other clips or speakers for test than --data has"),
        (corpus, ("--epochs", "2"), "the result of 1 epochs, not 2"),
    ):
        arguments = ["cross-validate", "--recipe", "mfcc-cnn", *epochs, "--data", str(data)]
        arguments += ["--fold", "1", "--results", str(place / "model_training/results")]
        stopped = CliRunner().invoke(commands, arguments)
        assert isinstance(stopped.exception, UndertoneError)
        assert sentence in str(stopped.exception)
    assert result.read_text() == before


@pytest.mark.parametrize(
    ("results_folder", "sentence"),
    [
        ("model_training/results", "the result of another version of the recipe mfcc-cnn"),
        ("new", "a run with other settings"),
    ],
)
def test_an_edited_recipe_is_trained_anew(place, corpus, monkeypatch, results_folder, sentence):
    recipe = recipes.load("mfcc-cnn")
    folder = place / "model_training/results"
    result = Evaluation.model_validate_json(
        (folder / "mfcc-cnn/ravdess-si-fold-1-seed-1.json").read_text()
    )
    assert result.recipe_digest == recipe.digest != ""
    monkeypatch.setattr(recipes, "load", lambda name: replace(recipe, digest="edited"))
    monkeypatch.chdir(place)
    arguments = ["cross-validate", "--recipe", "mfcc-cnn", "--epochs", "1", "--fold", "1"]
    arguments += ["--data", str(corpus), "--results", results_folder]
    stopped = CliRunner().invoke(commands, arguments)
    assert isinstance(stopped.exception, UndertoneError)
    assert sentence in str(stopped.exception)
    assert not Path(place, "new").exists()


def test_a_result_of_an_earlier_version_is_valid(place, corpus, tmp_path):
    """It has no digest of its recipe."""
    result = Path("mfcc-cnn/ravdess-si-fold-1-seed-1.json")
    content = json.loads((place / "model_training/results" / result).read_text())
    del content["recipe_digest"]
    (tmp_path / result).parent.mkdir()
    (tmp_path / result).write_text(json.dumps(content))
    arguments = ("--recipe", "mfcc-cnn", "--epochs", "1", "--data", str(corpus), "--fold", "1")
    printed = command(place, "cross-validate", *arguments, "--results", str(tmp_path))
    assert "is there already" in printed


def test_a_trained_bundle_of_another_run_is_not_evaluated_as_this_one(place, corpus):
    arguments = ["cross-validate", "--recipe", "mfcc-cnn", "--epochs", "2", "--data", str(corpus)]
    before = Path.cwd()
    os.chdir(place)
    try:
        stopped = CliRunner().invoke(commands, [*arguments, "--fold", "1", "--results", "new"])
    finally:
        os.chdir(before)
    assert isinstance(stopped.exception, UndertoneError)
    assert "a run with other settings" in str(stopped.exception)
    assert not Path(place, "new").exists()


def test_a_bundle_is_not_measured_on_other_clips(place, corpus, tmp_path):
    fewer = tmp_path / "data"
    shutil.copytree(corpus, fewer)
    next(fewer.rglob("*-11.wav")).unlink()
    bundle = place / "runs/mfcc-cnn-ravdess-si-fold-1-seed-1/bundle"
    arguments = ["evaluate", str(bundle), "--data", str(fewer), "--results", str(tmp_path)]
    result = CliRunner().invoke(commands, arguments)
    assert isinstance(result.exception, UndertoneError)
    assert "trained on other clips" in str(result.exception)


def test_compare_without_results_is_a_sentence(tmp_path):
    result = CliRunner().invoke(commands, ["compare", "--results", str(tmp_path)])
    assert isinstance(result.exception, UndertoneError)
    assert "There is no result" in str(result.exception)


def test_killed_while_evaluating_goes_on_without_training_again(corpus, tmp_path):
    arguments = [sys.executable, "-m", "model_training", "cross-validate", "--recipe", "mfcc-cnn"]
    arguments += ["--epochs", "1", "--fold", "2", "--data", str(corpus)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    bundle = tmp_path / "runs/mfcc-cnn-ravdess-si-fold-2-seed-1/bundle"
    process = subprocess.Popen(
        arguments,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (bundle / "history.jsonl").exists():
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    result = tmp_path / "model_training/results/mfcc-cnn/ravdess-si-fold-2-seed-1.json"
    assert not result.exists()
    model = (bundle / "model.keras").read_bytes()
    command(tmp_path, *arguments[3:])
    assert Evaluation.model_validate_json(result.read_text()).fold == 2
    assert (bundle / "model.keras").read_bytes() == model


def test_a_package_that_is_missing_is_named():
    with pytest.raises(UndertoneError, match="needs no_such_package: pip install"):
        _needs_extra("json", "no_such_package")


def test_training_says_how_many_clips_are_left_out(corpus, tmp_path):
    shutil.copytree(corpus, tmp_path / "data")
    (tmp_path / "data/RAVDESS/03-01-01-01-01-02-01.wav").touch()
    clip_file(tmp_path / "data/mine/sad/anna/1.wav", 1)
    arguments = ["train", "--recipe", "mfcc-cnn", "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(commands, [*arguments, "--out", str(tmp_path), "--fold", "7"])
    assert isinstance(result.exception, ProtocolError)
    assert "1 clips are left out because of their faults; `prepare` lists them." in result.output
    assert "1 audio files, such as " in result.output


@pytest.mark.parametrize("option", ["--out", "--run", "--results"])
def test_a_file_where_a_folder_is_to_be_is_refused_before_the_training(
    corpus, tmp_path, monkeypatch, option
):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("a file")
    command = ["cross-validate", "--fold", "1"] if option == "--results" else ["train"]
    command += ["--out", "bundle"] if option == "--run" else []
    arguments = ["--recipe", "mfcc-cnn", "--epochs", "1", "--data", str(corpus), option, "file"]
    result = CliRunner().invoke(commands, [*command, *arguments])
    assert result.exit_code == 2
    assert "is a file." in " ".join(result.output.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert Path("file").read_text() == "a file"


@pytest.mark.parametrize("epochs", ["0", "-1"])
@pytest.mark.parametrize("command", ["train", "cross-validate"])
def test_fewer_epochs_than_one_are_refused_at_once(tmp_path, command, epochs):
    out = ["--out", str(tmp_path / "out")] if command == "train" else []
    arguments = [command, "--data", str(tmp_path / "nowhere"), "--epochs", epochs, *out]
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 2
    assert "--epochs" in result.output


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "out"), "No space left on device: out"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("cannot write\nthe file"), "cannot write the file"),
    ],
)
def test_a_full_disk_is_one_sentence(monkeypatch, capsys, tmp_path, error, sentence):
    def full(*arguments):
        raise error

    monkeypatch.setattr("model_training.corpora.prepare.prepare", full)
    monkeypatch.setattr(sys, "argv", ["model_training", "prepare", "--data", str(tmp_path)])
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 1
    assert capsys.readouterr().err == f"{sentence}\n"


@pytest.mark.parametrize("command", ["train", "cross-validate"])
def test_a_precision_that_is_none_is_refused_at_once(tmp_path, command):
    out = ["--out", str(tmp_path / "out")] if command == "train" else []
    wrong = ["--precision", "bfloat16_mixed", *out]
    result = CliRunner().invoke(commands, [command, "--data", str(tmp_path), *wrong])
    assert result.exit_code == 2
    assert "mixed_bfloat16" in result.output


def test_the_baseline_refuses_an_emotion_that_it_cannot_learn(tmp_path):
    for seed, name in enumerate(("calm/anna/1", "sad/anna/1", "calm/bob/1", "bored/cleo/1")):
        clip_file(tmp_path / f"mine/{name}.wav", seed)
    arguments = ["baseline", "--data", str(tmp_path / "mine"), "--protocol", "speakers"]
    result = CliRunner().invoke(commands, arguments)
    assert isinstance(result.exception, ProtocolError)
    assert "1 emotion to train on" in str(result.exception)


@pytest.mark.parametrize(
    ("command", "place", "sentence"),
    [
        ("train", "experiment.experiments", RESUMES),
        ("cross-validate", "experiment.experiments", RESUMES),
        ("prepare", "corpora.prepare.prepare", "Stopped.\n"),
    ],
)
def test_a_command_that_is_stopped_says_so(monkeypatch, capsys, tmp_path, command, place, sentence):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"model_training.{place}", stopped)
    out = ["--out", str(tmp_path / "out")] if command == "train" else []
    monkeypatch.setattr(sys, "argv", ["model_training", command, "--data", str(tmp_path), *out])
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 130
    assert capsys.readouterr().err == sentence


def test_the_next_command_after_training_is_complete():
    folders = [Path("my data"), Path("mine.csv")]
    assert _evaluation(Path("models/mine"), folders, r"_(\w+)\.") == (
        "python -m model_training evaluate models/mine --data 'my data' --data mine.csv "
        r"--speaker-pattern '_(\w+)\.'"
    )
    assert _evaluation(Path("out"), folders[1:], None) == (
        "python -m model_training evaluate out --data mine.csv"
    )


def test_only_evaluation_needs_matplotlib():
    """`train`, `fit-naming` and `robustness` work without the packages for reports."""
    code = (
        "import sys; sys.modules |= {'matplotlib': None, 'tabulate': None}\n"
        "import model_training.experiment, model_training.training.loop\n"
        "assert 'model_training.reports.plots' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_broken_bundle_is_one_sentence_without_notes_on_the_processor(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "model_training", "robustness", tmp_path, "--data", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path) in done.stderr
