"""Classification of windows by a trained bundle, with calibrated probabilities."""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from . import bundle
from .errors import UndertoneError
from .folders import MODELS

DEFAULT_MODEL = "residual-mel"


class Classifier:
    """A bundle. It is checked at once; its model is loaded by `load` or with the first windows.

    Args:
        folder: of the bundle.

    Raises:
        BundleError: a file is missing, truncated or of another schema.
    """

    def __init__(self, folder: str | Path = MODELS / DEFAULT_MODEL) -> None:
        self.folder = Path(folder)
        self.info = bundle.checked(self.folder)
        self.name = self.info.name
        self.labels = self.info.labels
        self.sample_rate = self.info.sample_rate
        self.window = round(self.info.window_seconds * self.sample_rate)
        self._loading = Lock()
        self._classify: Callable[[np.ndarray], np.ndarray] | None = None
        self._embed: Callable[[np.ndarray], np.ndarray] | None = None
        self._model: Any = None

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._classify is not None

    def load(self) -> Callable[[np.ndarray], np.ndarray]:
        """Load the model, or wait for another thread that loads it; takes seconds the first time.

        Returns:
            The function that `probabilities` calls.

        Raises:
            BundleError: the file is complete, but not the model that the bundle describes.
        """
        refuse_fork()
        if self._classify is None:
            with self._loading:
                if self._classify is None:
                    self._classify = self._traced()
        return self._classify

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of windows of audio.

        Args:
            windows: (n, window) float32 in [-1, 1], mono at `sample_rate`.

        Returns:
            (n, labels) float32 in the order of `labels`; each row sums to 1.

        Raises:
            BundleError: as for `load`, at the first call.
        """
        return self.load()(windows)

    def embeddings(self, windows: np.ndarray) -> np.ndarray:
        """What the model knows of windows before it decides, for a classifier of one's own.

        Args:
            windows: as `probabilities` takes them.

        Returns:
            (n, size) float32, the input of the last layer; its size is the bundle's.

        Raises:
            BundleError: as `load`, at the first call.
        """
        self.load()
        with self._loading:
            if self._embed is None:
                from .saved_model import without_head

                self._embed = self._graph(without_head(self._model))
        return self._embed(windows)

    def _traced(self) -> Callable[[np.ndarray], np.ndarray]:
        """The calibrated model as one compiled graph; model(x) takes several times as long."""
        _PROCESSES.add(os.getpid())
        # The import takes seconds, so the page or an error about the bundle comes first.
        import tensorflow as tf

        from .saved_model import read

        self._model, info = read(self.folder)

        def probabilities(windows: tf.Tensor, training: bool) -> tf.Tensor:
            return tf.nn.softmax(self._model(windows, training=training) / info.temperature)

        classify = self._graph(probabilities)
        classify(np.zeros((1, self.window), np.float32))
        return classify

    def _graph(self, layers: Callable[..., Any]) -> Callable[[np.ndarray], np.ndarray]:
        """Layers over windows as one compiled graph."""
        import tensorflow as tf

        # AutoGraph is not needed here, and would leave a file in the temporary folder.
        @tf.function(
            input_signature=[tf.TensorSpec((None, self.window), tf.float32)], autograph=False
        )
        def graph(windows: tf.Tensor) -> tf.Tensor:
            return layers(windows, training=False)

        def run(windows: np.ndarray) -> np.ndarray:
            return graph(tf.constant(windows, tf.float32)).numpy()

        return run


_PROCESSES: set[int] = set()  # that have loaded TensorFlow


def refuse_fork() -> None:
    """Raise an `UndertoneError` in a process that was forked after a model had been loaded.

    TensorFlow's threads do not exist in the fork, so a prediction would never return.
    """
    if _PROCESSES and os.getpid() not in _PROCESSES:
        raise UndertoneError(
            "This process was forked from one that had loaded a model, and TensorFlow cannot work "
            'in it: start processes with multiprocessing.get_context("spawn").'
        )


@lru_cache(maxsize=8)
def shared(folder: Path) -> Classifier:
    """The classifier of a bundle; all callers share it."""
    return Classifier(folder)


def bundles(folder: Path) -> list[str]:
    """The names of the bundles in a folder such as `MODELS`."""
    return sorted(path.parent.name for path in folder.glob(f"*/{bundle.INFO_FILE}"))
