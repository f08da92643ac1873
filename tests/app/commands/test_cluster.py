"""A large archive on real worker processes: one dies, a run is stopped, nothing is there twice."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from itertools import islice

import pandas as pd
import pytest
from distributed import Client
from typer.testing import CliRunner

from app import tables
from app.__main__ import app as commands
from app.bundle import BundleError
from app.commands.cluster import ClusterError, Model, analyze_all, analyze_one, connected
from app.commands.parquet import ParquetError, ParquetResults, listed
from app.emotions import LABELS
from app.folders import MODELS
from app.recordings import analyze
from tests.serving import PATIENCE, ROOT, free_port

SHORT, LONG = 20, 6  # recordings of two seconds and of half a minute


@contextmanager
def process(*words):
    """A module of Python in a process of its own."""
    started = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def wait_until(what):
    """Whatever it answers, as soon as that is something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


@pytest.fixture(scope="module")
def local():
    """A client of a worker process of its own."""
    with connected(None, jobs=1) as client:
        yield client


@pytest.fixture
def recordings(tmp_path, examples):
    """Names of recordings in a folder, all of them sound."""
    folder = tmp_path / "recordings"
    (folder / "below").mkdir(parents=True)
    for number in range(LONG):
        shutil.copy(examples[0].with_name("joined-woman-1037.ogg"), folder / f"long-{number}.ogg")
    for number in range(SHORT):
        shutil.copy(examples[number % len(examples)], folder / "below" / f"short-{number}.ogg")
    return [item.name for item in listed([str(folder)]).items]


def rows(out, table):
    return pd.read_parquet(out / table)


def assert_whole(out, recordings):
    """Every recording has one row of its own and its segments once."""
    assert sorted(rows(out, "files")["file"]) == sorted(recordings)
    assert tuple(rows(out, "files").columns) == (*tables.FILE_COLUMNS, *LABELS)
    segments = rows(out, "segments")
    assert tuple(segments.columns) == (*tables.SEGMENT_COLUMNS, *LABELS)
    assert not segments.duplicated(["file", "start"]).any()
    heard = rows(out, "files").query("error.isna()")["file"]
    assert set(segments["file"]) == set(heard)


def test_a_worker_that_is_killed_has_its_recordings_heard_by_another(recordings, tmp_path):
    broken = tmp_path / "recordings" / "broken.wav"
    broken.write_text("no sound")
    address, out = f"tcp://127.0.0.1:{free_port()}", tmp_path / "out"
    with ExitStack() as stack:
        stack.enter_context(
            process("dask", "scheduler", "--port", address.rpartition(":")[2], "--no-dashboard")
        )
        workers = {
            name: stack.enter_context(
                process("dask", "worker", address, "--name", name, "--nthreads", 1, "--no-nanny")
            )
            for name in ("one", "other")
        }
        client = stack.enter_context(Client(address, timeout=PATIENCE))
        client.wait_for_workers(2, PATIENCE)
        command = stack.enter_context(
            process("app", "predict", tmp_path / "recordings", "--scheduler", address, "--out", out)
        )
        (doomed,) = (
            worker
            for worker, about in client.scheduler_info()["workers"].items()
            if about["name"] == "one"
        )
        lost = wait_until(lambda: client.processing().get(doomed))
        workers["one"].kill()
        said, _ = command.communicate(timeout=PATIENCE)
        assert list(client.scheduler_info()["workers"]) != [doomed]
    assert lost
    assert command.returncode == 1, said
    assert said.decode().splitlines()[-1].startswith(f"{broken}: broken.wav is not audio")
    assert_whole(out, [*recordings, str(broken)])
    segments = rows(out, "segments").query("file == @recordings[-1]")
    here = analyze(recordings[-1]).segments
    # An unclear segment has neither: Parquet returns NaN for both.
    assert segments["emotion"].fillna("").tolist() == here["emotion"].fillna("").tolist()
    expected = here["confidence"].astype(float).tolist()
    assert segments["confidence"].tolist() == pytest.approx(expected, abs=2e-3, nan_ok=True)


def test_a_run_that_was_stopped_goes_on_where_it_was(
    recordings, classifier, local, tmp_path, monkeypatch
):
    monkeypatch.setattr("app.commands.cluster.FILES_PER_PART", 4)
    digest, out = classifier.info.model_sha256, tmp_path / "out"
    model = Model(classifier.name, digest)
    items = listed(recordings).items
    stopped = analyze_all(items, ParquetResults(str(out), digest, LABELS), model, local)
    assert len(list(islice(stopped, 10))) == 10
    stopped.close()
    first = rows(out, "files")["file"].tolist()
    assert len(first) >= 10  # what was heard is written
    # A run that dies between the two tables leaves windows without their files.
    last = max(path.name for path in (out / "files").iterdir())
    (out / "files" / last).unlink()
    kept = rows(out, "files")["file"].tolist()
    assert 0 < len(kept) < len(first)

    archive = ParquetResults(str(out), digest, LABELS)
    assert set(archive.done) == set(kept)
    assert not (out / "segments" / last).exists()
    rest = [item for item in items if item.name not in archive.done]
    heard = [outcome.file for outcome in analyze_all(rest, archive, model, local)]
    assert sorted(heard) == sorted(item.name for item in rest)
    assert_whole(out, recordings)


def test_a_worker_with_another_model_is_refused(classifier, local, tmp_path):
    hearing = analyze_all(
        [], ParquetResults(str(tmp_path), "other", LABELS), Model(classifier.name, "other"), local
    )
    with pytest.raises(BundleError, match=f"has another model {classifier.name}"):
        next(hearing)


def test_an_archive_holds_results_of_one_model(tmp_path):
    ParquetResults(str(tmp_path), "first", LABELS).append(
        [tables.Outcome("a.wav", error="It is empty.")]
    )
    assert ParquetResults(str(tmp_path), "first", LABELS).done == {"a.wav": "It is empty."}
    with pytest.raises(ParquetError, match="another model"):
        ParquetResults(str(tmp_path), "second", LABELS)


def test_recordings_are_found_wherever_fsspec_can_look(tmp_path, examples):
    shutil.make_archive(tmp_path / "packed", "zip", examples[0].parent)
    here = str(tmp_path / "packed.zip")
    inside = [item.name for item in listed([here, here]).items]
    assert f"{here}/{examples[0].name}" in inside
    assert len(inside) == len(set(inside))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParquetError, match="There is no recording in"):
        listed([str(tmp_path / "empty")])
    with pytest.raises(ParquetError, match="There is no recording in"):
        listed([f"{tmp_path}/*.wav"])
    for name in ("a1.wav", ".hidden.wav"):
        (tmp_path / name).touch()
    for pattern in ("*.wav", "a?.wav", "a[0-9].wav"):
        assert [i.name for i in listed([f"{tmp_path}/{pattern}"]).items] == [f"{tmp_path}/a1.wav"]
    with pytest.raises(ParquetError, match="cannot be reached: Protocol not known"):
        listed(["nowhere://bucket/folder"])


def test_a_recording_that_is_gone_is_an_outcome_with_its_reason(classifier, tmp_path):
    (item,) = listed([str(tmp_path / "gone.wav")]).items
    gone = analyze_one(item, str(MODELS / classifier.name))
    assert gone.error == "The recording cannot be read: No such file or directory."


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch):
    monkeypatch.setattr("app.commands.cluster.PATIENCE", 1)
    with (
        pytest.raises(ClusterError, match="No Dask scheduler answers at tcp://127"),
        connected(f"tcp://127.0.0.1:{free_port()}", 1),
    ):
        pass


def test_without_the_extra_packages_the_command_says_which(tmp_path):
    (tmp_path / "distributed.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, "-m", "app", "predict", "a.wav", "--format", "parquet", "--out", "b"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("pip install -r requirements-cluster.txt")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["--format", "parquet"], ["--scheduler", "tcp://a", "--format", "csv", "--out", "b"]]
)
def test_a_cluster_writes_nothing_but_parquet(words):
    done = CliRunner().invoke(commands, ["predict", "a.wav", *words])
    assert done.exit_code == 2
    assert "a cluster writes Parquet" in done.output
