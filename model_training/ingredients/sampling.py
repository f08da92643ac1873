"""Sampling of the clips of an epoch. A batch depends only on the seed and the step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

Draw = Callable[[int, np.random.Generator], np.ndarray]


class Sampling(Protocol):
    """The interface between the loop and a way of sampling."""

    def steps(self, table: pd.DataFrame, batch_size: int) -> int:
        """Number of steps in an epoch."""

    def draws(self, table: pd.DataFrame, batch_size: int, seed: int) -> Draw:
        """A function from a step and its random generator to (batch_size,) rows of the table."""

    def weights(self, table: pd.DataFrame) -> np.ndarray:
        """(clips,) float32 weights in the loss, 1 on average."""


@dataclass(frozen=True)
class Shares:
    """Draw each "CORPUS kind" with its share, and within it every emotion equally often.

    A clip of a corpus without a share is drawn as often as a clip of the others on average.
    """

    corpus_shares: dict[str, float]
    clips_per_epoch: int

    def steps(self, table: pd.DataFrame, batch_size: int) -> int:
        return self.clips_per_epoch // batch_size

    def draws(self, table: pd.DataFrame, batch_size: int, seed: int) -> Draw:
        chances = balance(table, self.corpus_shares)
        return lambda step, rng: rng.choice(len(table), batch_size, p=chances)

    def weights(self, table: pd.DataFrame) -> np.ndarray:
        return np.ones(len(table), np.float32)


@dataclass(frozen=True)
class EveryClip:
    """Draw every clip once per epoch, in a new order; rare emotions weigh more in the loss.

    The last batch is filled with the first clips of the epoch, which are drawn twice.
    """

    def steps(self, table: pd.DataFrame, batch_size: int) -> int:
        return -(-len(table) // batch_size)

    def draws(self, table: pd.DataFrame, batch_size: int, seed: int) -> Draw:
        steps = self.steps(table, batch_size)

        def draw(step: int, rng: np.random.Generator) -> np.ndarray:
            epoch, place = divmod(step, steps)
            order = np.random.default_rng((seed, epoch)).permutation(len(table))
            places = np.arange(place * batch_size, (place + 1) * batch_size)
            return np.take(order, places, mode="wrap")

        return draw

    def weights(self, table: pd.DataFrame) -> np.ndarray:
        alike = table.groupby("emotion")["emotion"].transform("size")
        return (len(table) / table["emotion"].nunique() / alike).to_numpy(np.float32)


def balance(table: pd.DataFrame, corpus_shares: dict[str, float]) -> np.ndarray:
    """(clips,) probabilities of a draw: corpora by their shares, emotions of a corpus equally."""
    group = table["corpus"] + " " + table["kind"]
    emotions = table.groupby(group)["emotion"].transform("nunique")
    alike = table.groupby([group, "emotion"])["emotion"].transform("size")
    sizes = group.value_counts()
    named = [name for name in sizes.index if name in corpus_shares]
    share = sum(corpus_shares[name] for name in named)
    of_a_clip = share / sizes[named].sum() if named else 1.0
    shares = {name: corpus_shares.get(name, size * of_a_clip) for name, size in sizes.items()}
    chances = (group.map(shares) / emotions / alike).to_numpy(float)
    return chances / chances.sum()
