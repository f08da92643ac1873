"""Analysis of many recordings from files and archives; a broken one does not stop the others."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from .audio import Recording, Source
from .classifier import Classifier
from .collection import Item
from .recordings import RecordingAnalyzer, finished, refuse_more_channels
from .tables import Outcome

STOPPED = "Stopped here: the rest was not analyzed."


@dataclass(frozen=True)
class Progress:
    """The progress of the recording in analysis.

    Attributes:
        file: its name.
        seconds: of it, or of its channel, that are analyzed.
        channels: how many are analyzed one by one.
    """

    file: str
    seconds: float
    channels: int = 1


def hear_all(
    items: Iterable[Item],
    classifier: Classifier,
    picture: bool = False,
    embeddings: bool = False,
    split: bool = False,
    track: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Progress | Outcome]:
    """Analyze recordings one after the other; closing the iterator ends the work.

    Args:
        items: the recordings, as `collection` gives them.
        classifier: the model.
        picture, embeddings: whether each analysis gets them.
        split: whether each channel of a recording is analyzed separately.
        track: as `analyze` takes it.
        stopped: whether to stop now; what is analyzed of a recording until then is its outcome.

    Yields:
        Progress about once per second of sound, and an `Outcome` for each item, or for each of its
        channels if they are split.
    """
    for item in items:
        if stopped():
            return
        name, number, channels = item.name, 1, 1
        try:
            source = item.open()
            while number <= channels:
                analyzer = RecordingAnalyzer(classifier, picture=picture, embeddings=embeddings)
                recording = Recording(
                    source, analyzer.sample_rate, track, number if split else None
                )
                for block in recording:
                    if split:
                        refuse_more_channels(recording)
                        source, channels = recording.source, recording.channels
                    if channels > 1:
                        name = f"{item.name} (channel {number})"
                    analyzer.push(block)
                    yield Progress(item.name, analyzer.duration, channels)
                    if stopped():
                        analysis = analyzer.finish(STOPPED)
                        break
                else:
                    analysis = (
                        analyzer.finish(recording.note) if split else finished(analyzer, recording)
                    )
                yield Outcome(name, analysis, channel=number if channels > 1 else None)
                if stopped():
                    return
                number += 1
        except Exception as error:  # of any kind: one file must not end a batch
            yield Outcome.failed(name, error)


def outcomes(
    items: Iterable[Item],
    classifier: Classifier,
    jobs: int,
    split: bool = False,
    track: int | None = None,
) -> Iterator[Outcome]:
    """Analyze recordings in parallel; the results have the order of the items.

    Args:
        items, classifier, split, track: as `hear_all` takes them.
        jobs: number of recordings at the same time; decoding and networks release Python's lock.
    """

    def work(item: Item) -> list[Outcome]:
        steps = hear_all([item], classifier, split=split, track=track)
        return [step for step in steps if isinstance(step, Outcome)]

    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[list[Outcome]]] = deque()
        for item in items:
            waiting.append(pool.submit(work, _opened(item)))
            if len(waiting) > jobs:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _opened(item: Item) -> Item:
    """An item with its source loaded: only one thread at a time may read an archive."""
    try:
        source = item.open()
    except Exception as error:  # of any kind: one file must not end a batch
        return Item(item.name, partial(_fail, error))
    return Item(item.name, lambda: source)


def _fail(error: Exception) -> Source:
    raise error
