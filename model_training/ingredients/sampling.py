"""Which clips an epoch is made of; each batch is a function of the seed and its step alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

Draw = Callable[[int, np.random.Generator], np.ndarray]


class Sampling(Protocol):
    """What the loop asks of a way of sampling."""

    def steps(self, table: pd.DataFrame, batch_size: int) -> int:
        """Steps in an epoch."""

    def draws(self, table: pd.DataFrame, batch_size: int, seed: int) -> Draw:
        """What makes, from a step and its random generator, (batch_size,) rows of the table."""

    def weights(self, table: pd.DataFrame) -> np.ndarray:
        """(clips,) float32 weights of their losses, 1 on average."""


@dataclass(frozen=True)
class Shares:
    """Draw from "CORPUS kind" by its share, within it every emotion equally often.

    A corpus without a share has that of its clips: as many draws for each as the others' have on
    average.
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
    """Every clip once an epoch in a new order, rare emotions weighing more in the loss."""

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
    """(clips,) chances of being drawn: corpora by their shares, emotions in each alike."""
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
