"""Augmented copies of clips, made before a split, as some published systems did."""

import numpy as np
import pandas as pd

from model_training.corpora.clips import Clips
from model_training.ingredients.waveform_augmentation import Chances, Surroundings, augmented_window
from model_training.recipes import Published


class Copies:
    """Clips, and after them their copies: row `n * len(clips) + row` is copy n of a clip.

    A copy is the same whenever it is asked for.

    Args:
        clips: the originals, copy 0.
        window, sample_rate: of a copy, in samples and Hz.
        chances: the augmentation of each copy; rooms and recorded noise in it do nothing.
        seed: of the copies.
    """

    def __init__(
        self,
        clips: Clips,
        window: int,
        sample_rate: int,
        chances: tuple[Chances, ...],
        seed: int,
    ) -> None:
        self.clips = clips
        self.window = window
        self.sample_rate = sample_rate
        self.chances = chances
        self.seed = seed

    def __getitem__(self, position: int) -> np.ndarray:
        """One clip, (samples,) or one copy, (window,), float32."""
        copy, row = divmod(position, len(self.clips))
        if copy == 0:
            return self.clips[row]
        rng = np.random.default_rng((self.seed, position))
        nowhere = Surroundings(noises=[], rooms=[])
        return augmented_window(
            self.clips[row], self.window, self.sample_rate, nowhere, self.chances[copy - 1], rng
        )


def with_copies(table: pd.DataFrame, chosen: pd.DataFrame, published: Published) -> pd.DataFrame:
    """Rows of `chosen` and of its copies, by their row in `Copies`, with the number of the `copy`.

    Args:
        table: all clips, whose index is 0 to its length.
        chosen: those of them that the source used.
        published: how often the source copied them.
    """
    copied = chosen
    if published.rare_only:
        sizes = chosen.groupby("emotion")["emotion"].transform("size")
        copied = chosen[sizes < sizes.max()]
    copies = [
        copied.set_axis(copied.index + copy * len(table)).assign(copy=copy)
        for copy in range(1, len(published.copies) + 1)
    ]
    return pd.concat([chosen.assign(copy=0), *copies])
