"""Analysis of very many recordings on a Dask cluster; each worker keeps the model in memory."""

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
from ..stderr import native_chatter_held
from ..tables import Outcome
from .parquet import ParquetResults

FILES_PER_PART = 200
SECONDS_PER_PART = 30  # a killed run loses at most this much
QUEUED = 3  # recordings per thread of the cluster: one in analysis and two that wait
PATIENCE = 30  # seconds for the scheduler to answer, and for a first worker to join it


class ClusterError(UndertoneError):
    """A cluster cannot be used; the message is one sentence that says why."""


class Model(WorkerPlugin):
    """Loads the model when a worker joins, and refuses a worker with another model.

    Args:
        model: its name in the `models/` of the worker, or a path that the worker can read.
        digest: of the model.
    """

    name = "undertone-model"

    def __init__(self, model: str, digest: str) -> None:
        self.model, self.digest = model, digest

    def setup(self, worker: Worker) -> None:
        """Runs on the worker."""
        classifier = shared(MODELS / self.model)
        if classifier.info.model_sha256 != self.digest:
            raise BundleError(f"The worker {worker.address} has another model {self.model}.")
        classifier.load()


@contextmanager
def connected(scheduler: str | None, jobs: int) -> Iterator[Client]:
    """A client of a cluster with at least one worker.

    Args:
        scheduler: its address, such as `tcp://10.0.0.1:8786`; None starts a cluster on this machine
            that ends with the context.
        jobs: worker processes of that cluster.

    Raises:
        ClusterError: there is no answer, or no worker joins within `PATIENCE`.
    """
    with ExitStack() as stack:
        address: str | LocalCluster | None = scheduler
        if address is None:
            # Workers inherit both: their failures come back as errors, and an interrupted command
            # writes its results before it ends the workers.
            threads = max(1, (os.cpu_count() or 1) // jobs)  # without more threads than cores
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
    """Block interrupts inside the context; processes started inside never get one."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def analyze_all(
    items: Iterable[Item], results: ParquetResults, model: Model, client: Client
) -> Generator[Outcome]:
    """Analyze recordings and write their results, some hundred at a time.

    If a worker dies, another one analyzes its recordings again. Closing the iterator writes the
    results so far and ends the work.

    Args:
        items: the recordings; every worker must be able to open them.
        results: the folder for the results.
        model: the model of the workers.
        client: of the cluster.

    Yields:
        An outcome for each recording, in the order in which they finish.

    Raises:
        ParquetError: results cannot be written.
        BundleError: a worker cannot load the model, or has another one.
        ClusterError: the scheduler went away.
    """
    client.register_plugin(model)
    waiting = iter(items)
    running = completed()
    names: dict[Any, str] = {}  # the recording of each task
    pending: list[Outcome] = []
    began = time.monotonic()

    def submit(count: int) -> None:
        for item in islice(waiting, count):
            task = client.submit(analyze_one, item, model.model, pure=False)
            names[task.key] = item.name
            running.add(task)

    try:
        submit(QUEUED * sum(client.nthreads().values()))
        for task in running:
            submit(1)
            pending.append(outcome(task, names.pop(task.key)))
            yield pending[-1]
            if len(pending) >= FILES_PER_PART or time.monotonic() > began + SECONDS_PER_PART:
                results.append(pending)
                pending, began = [], time.monotonic()
    finally:
        if pending:
            results.append(pending)


def analyze_one(item: Item, model: str) -> Outcome:
    """Runs on a worker: analyze one recording with the loaded model."""

    def work() -> Analysis:
        with ExitStack() as stack:
            source: Any = item.open()
            if hasattr(source, "close"):
                stack.callback(source.close)
            return analyze(source, shared(MODELS / model))

    return Outcome.of(item.name, work)


def outcome(task: Future, name: str) -> Outcome:
    """The outcome of a task. An error in one recording does not stop the others.

    Raises:
        ClusterError: the scheduler went away.
    """
    try:
        result: Outcome = task.result()
    except KilledWorker:
        return Outcome(name, error="The recording ended every worker that tried to analyze it.")
    except (CancelledError, FutureCancelledError) as error:
        raise ClusterError(
            "The scheduler went away: run the same command again to resume."
        ) from error
    except Exception as error:  # of any type, from another machine
        return Outcome(name, error=f"The recording cannot be analyzed ({type(error).__name__}).")
    return result


def score(
    chosen: Collection, out: str, bundle: Path, scheduler: str | None, jobs: int
) -> dict[str, str]:
    """Analyze recordings from the command line, with a progress bar on a terminal.

    Args:
        chosen: the recordings.
        out: the folder for the results; its own results are kept.
        bundle: the folder of the model.
        scheduler, jobs: as `connected` takes them.

    Returns:
        The recordings that could not be analyzed, now or in an earlier run, each with its reason.

    Raises:
        UndertoneError: a place, the model or the cluster cannot be used.
    """
    info = read_info(bundle)
    digest = info.model_sha256
    # Workers on other machines look for a shipped model in their own `models/`.
    model = bundle.name if bundle.parent == MODELS else str(bundle.resolve())
    results = ParquetResults(out, digest, info.labels)
    waiting = [item for item in chosen.items if item.name not in results.done]
    if waiting:
        with (
            connected(scheduler, jobs) as client,
            closing(analyze_all(waiting, results, Model(model, digest), client)) as outcomes,
        ):
            total = len(chosen.items)
            done = total - len(waiting)
            for _ in progress(outcomes, initial=done, total=total, unit="file"):
                pass
    names = [item.name for item in chosen.items]
    return {name: error for name in names if (error := results.done[name])}
