"""Hearing a large archive on a Dask cluster, each worker with the model in its memory."""

import os
import signal
import sys
import time
from asyncio import CancelledError
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError as FutureCancelledError
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, LocalCluster, Worker, WorkerPlugin
from distributed import as_completed as completed

from ..bundle import BundleError, read_info
from ..classifier import shared
from ..collection import Collection, Item
from ..errors import UndertoneError
from ..folders import MODELS
from ..progress import progress
from ..recordings import Analysis, analyze
from ..tables import Outcome
from .parquet import Archive
from .stderr import native_chatter_held

FILES_PER_PART = 200
SECONDS_PER_PART = 30  # what a run that is killed loses at most
QUEUED = 3  # recordings a thread of the cluster: one that it hears and two that wait
PATIENCE = 30  # seconds for the scheduler to answer, and for a first worker to join it


class ClusterError(UndertoneError):
    """A cluster that cannot be used; the message is one sentence that says why."""


class Model(WorkerPlugin):
    """Loads the model when a worker joins, and refuses a worker that has another.

    Args:
        model: its name in the worker's own `models/`, or a path that the worker can read.
        digest: of the model that is meant.
    """

    name = "undertone-model"

    def __init__(self, model: str, digest: str) -> None:
        self.model, self.digest = model, digest

    def setup(self, worker: Worker) -> None:
        """Runs on the worker."""
        if shared(MODELS / self.model).info.model_sha256 != self.digest:
            raise BundleError(f"The worker {worker.address} has another model {self.model}.")


@contextmanager
def connected(scheduler: str | None, jobs: int) -> Iterator[Client]:
    """A client of a cluster with at least one worker.

    Args:
        scheduler: its address, such as `tcp://10.0.0.1:8786`; None for a cluster on this machine,
            which ends with the context.
        jobs: worker processes of that cluster.

    Raises:
        ClusterError: nothing answers there, or no worker joins within `PATIENCE`.
    """
    with ExitStack() as stack:
        address: str | LocalCluster | None = scheduler
        if address is None:
            # Workers inherit both: what they fail at comes back as an error, and where someone
            # interrupts the command, it writes what is done before it ends them.
            threads = max(1, (os.cpu_count() or 1) // jobs)  # so that they don't fight for cores
            with native_chatter_held(), interrupts_waiting():
                address = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    dashboard_address=None,
                    env={"TF_NUM_INTRAOP_THREADS": str(threads)},
                )
            stack.enter_context(address)
        try:
            client = stack.enter_context(Client(address, timeout=PATIENCE))
        except (OSError, ValueError) as error:
            raise ClusterError(f"No Dask scheduler answers at {scheduler}.") from error
        try:
            client.wait_for_workers(1, PATIENCE)
        except TimeoutError as error:
            raise ClusterError(f"The scheduler at {scheduler} has no worker.") from error
        yield client


@contextmanager
def interrupts_waiting() -> Iterator[None]:
    """Let an interrupt wait for the end; processes that begin inside never see one."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear_archive(
    items: Iterable[Item], archive: Archive, model: Model, client: Client
) -> Generator[Outcome]:
    """Hear recordings and write what is heard, some hundred at a time.

    What a worker was hearing when it died is heard again by another. Closing the iterator writes
    what is done and ends the work.

    Args:
        items: the recordings, which every worker must be able to open.
        archive: where the results go.
        model: what listens.
        client: of the cluster.

    Yields:
        An outcome for each recording, as they are done.

    Raises:
        ArchiveError: results cannot be written.
        BundleError: a worker cannot load the model, or has another.
        ClusterError: the scheduler went away.
    """
    client.register_plugin(model)
    waiting = iter(items)
    running = completed()
    heard: dict[Any, str] = {}  # the recording of each task
    pending: list[Outcome] = []
    began = time.monotonic()

    def submit(count: int) -> None:
        for item in islice(waiting, count):
            task = client.submit(hear_one, item, model.model, pure=False)
            heard[task.key] = item.name
            running.add(task)

    try:
        submit(QUEUED * sum(client.nthreads().values()))
        for task in running:
            submit(1)
            pending.append(outcome(task, heard.pop(task.key)))
            yield pending[-1]
            if len(pending) >= FILES_PER_PART or time.monotonic() > began + SECONDS_PER_PART:
                archive.append(pending)
                pending, began = [], time.monotonic()
    finally:
        if pending:
            archive.append(pending)


def hear_one(item: Item, model: str) -> Outcome:
    """Runs on a worker: one recording, by the model that it has loaded."""

    def work() -> Analysis:
        with ExitStack() as stack:
            source: Any = item.open()
            if hasattr(source, "close"):
                stack.callback(source.close)
            return analyze(source, shared(MODELS / model))

    return Outcome.of(item.name, work)


def outcome(task: Future, name: str) -> Outcome:
    """What became of a task; whatever went wrong with it, the archive goes on.

    Raises:
        ClusterError: the scheduler went away.
    """
    try:
        result: Outcome = task.result()
    except KilledWorker:
        return Outcome(name, error="The recording ended every worker that tried to hear it.")
    except (CancelledError, FutureCancelledError) as error:
        raise ClusterError(
            "The scheduler went away: give the command again to go on where it was."
        ) from error
    except Exception as error:  # of any kind: it comes from another machine
        return Outcome(name, error=f"The recording cannot be heard ({type(error).__name__}).")
    return result


def score(
    chosen: Collection, out: str, bundle: Path, scheduler: str | None, jobs: int
) -> dict[str, str]:
    """Hear an archive from the command line, with progress where someone looks.

    Args:
        chosen: the recordings.
        out: the folder of the results, as well.
        bundle: the model's folder.
        scheduler, jobs: as `connected` takes them.

    Returns:
        What could not be heard, now or in an earlier run, each with its reason.

    Raises:
        UndertoneError: a place, the model or the cluster cannot be used.
    """
    info = read_info(bundle)
    digest = info.model_sha256
    # Workers elsewhere look for a shipped model in their own folder of models.
    model = bundle.name if bundle.parent == MODELS else str(bundle.resolve())
    archive = Archive(out, digest, info.labels)
    waiting = [item for item in chosen.items if item.name not in archive.done]
    if waiting:
        with (
            connected(scheduler, jobs) as client,
            closing(hear_archive(waiting, archive, Model(model, digest), client)) as outcomes,
        ):
            total = len(chosen.items)
            done = total - len(waiting)
            for _ in progress(outcomes, initial=done, total=total, unit="file"):
                pass
    names = [item.name for item in chosen.items]
    return {name: error for name in names if (error := archive.done[name])}
