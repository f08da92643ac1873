"""A trained bundle at work: windows to calibrated probabilities."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import tensorflow as tf

from app import bundle

MODELS = Path(__file__).resolve().parents[1] / "models"
DEFAULT_MODEL = "residual-mel"


class Classifier:
    """A bundle, loaded, compiled and warm.

    Args:
        folder: of the bundle.

    Raises:
        BundleError: a file is missing, truncated or of another schema.
    """

    def __init__(self, folder: str | Path = MODELS / DEFAULT_MODEL) -> None:
        self.folder = Path(folder)
        model, self.info = bundle.read(self.folder)
        self.name = self.info.name
        self.labels = tuple(self.info.labels)
        self.sample_rate = self.info.sample_rate
        self.window = round(self.info.window_seconds * self.sample_rate)
        temperature = self.info.temperature

        # model(x) costs several times as much as the same graph traced once.
        @tf.function(input_signature=[tf.TensorSpec((None, self.window), tf.float32)])
        def probabilities(windows: tf.Tensor) -> tf.Tensor:
            return tf.nn.softmax(model(windows, training=False) / temperature)

        self._probabilities = probabilities
        self.probabilities(np.zeros((1, self.window), np.float32))

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of windows of audio.

        Args:
            windows: (n, window) float32 in [-1, 1], mono at `sample_rate`.

        Returns:
            (n, 8) float32 in the order of `LABELS`; each row sums to 1.
        """
        return self._probabilities(tf.constant(windows, tf.float32)).numpy()


@lru_cache(maxsize=8)
def shared(folder: Path) -> Classifier:
    """The classifier of a bundle, loaded at the first call and shared by all who ask for it."""
    return Classifier(folder)


def bundles(folder: Path) -> list[str]:
    """The names of the bundles in a folder such as `MODELS`."""
    return sorted(path.parent.name for path in folder.glob(f"*/{bundle.INFO_FILE}"))
