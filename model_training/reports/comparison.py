"""A comparison of recipes, made from result files alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure

from app.files import write_text
from model_training import recipes
from model_training.evaluation import results
from model_training.evaluation.evaluate import Evaluation, over_folds
from model_training.protocols import (
    ALL,
    AS_PUBLISHED,
    EVERYONE,
    FOLDS,
    HEADLINES,
    PROTOCOLS,
    SPEAKERS,
)
from model_training.reports import plots

TABLE_FILE = "README.md"
CHART_FILE = "comparison.svg"
BY_SPEAKER = "ravdess-si"  # the protocol that ranks the recipes
COMPARED = [protocol for protocol in PROTOCOLS if protocol not in (ALL, EVERYONE)]
LEAKING_COLOUR = "#c9c9c9"
NONE = "-"  # a cell without a figure
PUBLISHED_NOTE = """\
`as-published` splits the clips at random, as the source of the recipe did, so the test contains
voices of the training clips; `ravdess-si` trains the same recipe and tests it on unseen speakers.
The split is not all that differs: the `as-published` test also holds TESS, where nearly every
answer is right, and the augmented copies of the source (for `mel-vgg` also CREMA-D); it scores one
window a clip, without the speech detector; and the epochs differ.
"""
NOTE = """\
UAR is the unweighted average recall on the test: mean and standard deviation over the folds. WA is
the accuracy. CREMA-D is scored among its six emotions. Epochs are the epochs that were run. ECE is
the expected calibration error (15 bins). ECE, female UAR and male UAR are computed over the clips
of all folds. `python -m model_training compare` writes this file from the result files in this
folder, which also hold the clips and speakers of each side, the seed and all other figures.
"""


def compare(folder: Path) -> str:
    """Write the tables and the chart of the results in a folder, and return the tables.

    Raises:
        ResultError: the folder has no result.
    """
    evaluations = results.read(folder)
    parts = [table(evaluations)]
    published = published_table(evaluations)
    if published:
        parts += ["## The classic recipes", PUBLISHED_NOTE.strip(), published]
    text = "\n\n".join(parts)
    picture = f"![UAR by recipe and protocol]({CHART_FILE})"
    write_text(folder / TABLE_FILE, f"# Results of the recipes\n\n{picture}\n\n{text}\n\n{NOTE}")
    write_text(folder / CHART_FILE, plots.svg(chart(evaluations)))
    return text


def table(evaluations: Sequence[Evaluation]) -> str:
    """Markdown: one row per recipe, protocol that keeps speakers apart, and seed."""
    rows = []
    for recipe, runs in _by_recipe(evaluations).items():
        for protocol, seed, folds in _by_seed(runs):
            group = HEADLINES[protocol]
            calibration = over_folds(folds, group).expected_calibration_error
            of = "" if protocol == SPEAKERS else f" of {FOLDS[protocol]}"
            row = {
                "recipe": recipe,
                "parameters": f"{folds[0].parameters:,}",
                "protocol": f"{protocol}{seed}",
                "folds": f"{len({one.fold for one in folds})}{of}",
                "epochs": _epochs(folds),
                "UAR": _spread(folds),
                "ECE": NONE if calibration is None else f"{calibration:.3f}",
            }
            for sex in ("female", "male"):
                own = any(f"{group} {sex}" in fold.test for fold in folds)
                row[f"{sex} UAR"] = (
                    f"{over_folds(folds, f'{group} {sex}').uar:.3f}" if own else NONE
                )
            rows.append(row)
    return _markdown(rows)


def published_table(evaluations: Sequence[Evaluation]) -> str:
    """Markdown: one row per recipe that was run as published, with both splits side by side."""
    rows = []
    for recipe, runs in _by_recipe(results.one_per_fold(evaluations)).items():
        published, by_speaker = runs.get(AS_PUBLISHED, []), runs.get(BY_SPEAKER, [])
        if published:
            rows.append(
                {
                    "recipe": recipe,
                    "WA of its source": _reported(recipe),
                    "as-published WA": _spread(published, "accuracy"),
                    "as-published UAR": _spread(published),
                    "epochs": _epochs(published),
                    f"{BY_SPEAKER} UAR": _spread(by_speaker),
                    f"{BY_SPEAKER} epochs": _epochs(by_speaker),
                }
            )
    return _markdown(rows)


def chart(evaluations: Sequence[Evaluation]) -> Figure:
    """Bars of the UAR: one group per recipe, one bar per protocol, as-published first."""
    grouped = _by_recipe(results.one_per_fold(evaluations))
    run = {one.protocol for one in evaluations}
    shown = [protocol for protocol in (AS_PUBLISHED, *COMPARED) if protocol in run]
    colours = dict(zip(shown, (LEAKING_COLOUR, *colormaps["Set2"](range(8))), strict=False))
    figure = Figure(figsize=(8.4, 1.4 + 0.62 * len(grouped)), layout="constrained")
    axes = figure.subplots()
    for row, runs in enumerate(grouped.values()):
        present = [protocol for protocol in shown if runs.get(protocol)]
        for number, protocol in enumerate(present):
            uar = float(np.mean([one.headline.uar for one in runs[protocol]]))
            place = row + (number - (len(present) - 1) / 2) * 0.2
            axes.barh(place, uar, 0.18, color=colours[protocol])
            axes.text(uar + 0.005, place, f"{uar:.3f}", va="center", fontsize=8)
    for protocol in shown:
        axes.barh(0, 0, color=colours[protocol], label=protocol)
    axes.set_yticks(range(len(grouped)), list(grouped))
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.06), xlabel="UAR")
    axes.grid(axis="x", alpha=0.25)
    axes.legend(frameon=False, ncols=len(shown), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def _by_recipe(evaluations: Sequence[Evaluation]) -> dict[str, dict[str, list[Evaluation]]]:
    """By recipe and protocol, the recipe with the best mean UAR on RAVDESS first."""
    grouped: dict[str, dict[str, list[Evaluation]]] = defaultdict(lambda: defaultdict(list))
    for one in evaluations:
        grouped[one.recipe][one.protocol].append(one)

    def rank(recipe: str) -> float:
        folds = results.one_per_fold(grouped[recipe][BY_SPEAKER])
        return -float(np.mean([one.headline.uar for one in folds] or [0]))

    return {
        recipe: grouped[recipe] for recipe in sorted(grouped, key=lambda name: (rank(name), name))
    }


def _by_seed(
    runs: Mapping[str, Sequence[Evaluation]],
) -> Iterator[tuple[str, str, list[Evaluation]]]:
    """Each protocol, its seed in words, and the folds; no words if the protocol has one seed."""
    for protocol in COMPARED:
        seeds = sorted({one.seed for one in runs.get(protocol, [])})
        for seed in seeds:
            folds = results.one_per_fold(one for one in runs[protocol] if one.seed == seed)
            yield protocol, f", seed {seed}" if len(seeds) > 1 else "", folds


def _markdown(rows: list[dict[str, str]]) -> str:
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True) if rows else ""


def _reported(recipe: str) -> str:
    source = recipes.load(recipe).published if recipe in recipes.names() else None
    return f"{source.accuracy:.3f}" if source and source.accuracy else NONE


def _epochs(runs: Iterable[Evaluation]) -> str:
    """The fewest and the most epochs of some runs; a baseline has none."""
    counts = sorted({len(one.seconds) for one in runs} - {0})
    return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1])))) if counts else NONE


def _spread(runs: Sequence[Evaluation], what: Literal["uar", "accuracy"] = "uar") -> str:
    values = [getattr(one.headline, what) for one in runs]
    if not values:
        return NONE
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"
