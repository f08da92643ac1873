"""Many recordings, from files and archives; one that is broken does not stop the others."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from .audio import Recording
from .classifier import Classifier
from .collection import Item
from .recordings import RecordingAnalyzer, analyze
from .tables import Outcome


@dataclass(frozen=True)
class Progress:
    """How far the recording that is being heard has come."""

    file: str
    seconds: float


def hear_all(
    items: Iterable[Item], classifier: Classifier, picture: bool = False
) -> Iterator[Progress | Outcome]:
    """Hear recordings one after the other; closing the iterator ends the work.

    Args:
        items: what to hear, as `collection` gives them.
        classifier: what listens.
        picture: whether each analysis shall hold one.

    Yields:
        Progress about once a second of sound; an `Outcome` when an item is done.
    """
    for item in items:
        analyzer = RecordingAnalyzer(classifier, picture=picture)
        try:
            recording = Recording(item.open(), analyzer.sample_rate)
            for block in recording:
                analyzer.push(block)
                yield Progress(item.name, analyzer.duration)
        except Exception as error:  # of any kind: one file must not end a batch
            yield Outcome.failed(item.name, error)
        else:
            yield Outcome(item.name, analysis=analyzer.finish(recording.note))


def outcomes(items: Iterable[Item], classifier: Classifier, jobs: int) -> Iterator[Outcome]:
    """Hear recordings, some at the same time; the results come in the order of the items.

    Args:
        items: what to hear, as `collection` gives them.
        classifier: what listens.
        jobs: how many are heard at once; decoding and the networks run outside Python's lock.
    """
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[Outcome]] = deque()
        for item in items:
            try:
                source = item.open()  # here: an archive is read by one thread at a time
            except Exception as error:  # of any kind: one file must not end a batch
                waiting.append(Future())
                waiting[-1].set_result(Outcome.failed(item.name, error))
            else:
                work = partial(analyze, source, classifier)
                waiting.append(pool.submit(Outcome.of, item.name, work))
            if len(waiting) > jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
