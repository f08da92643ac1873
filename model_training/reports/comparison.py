"""Recipes beside each other, from result files alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure

from app.files import write_text
from model_training import recipes
from model_training.evaluation import results
from model_training.evaluation.metrics import Evaluation, together
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
COMPARED = [protocol for protocol in PROTOCOLS if protocol not in (ALL, EVERYONE)]
LEAKING_COLOUR = "#c9c9c9"
NOTE = """\
UAR is the unweighted average recall on the test, its mean and standard deviation over the folds
that were run (of those there are). `as-published` splits clips at random, as the sources did, so it
leaks: the voices of its test were trained on. The other protocols keep speakers apart. Epochs are
those that were run; where they are fewer by speaker, that may be a part of the difference. CREMA-D
is scored among its six emotions. ECE is the expected calibration error (15 bins) of the answers of
all folds together; the UAR of women and of men is of the clips of all folds together. Written by
`python -m model_training compare` from the files below this folder, which hold the clips and
speakers on each side, the seed and all other figures.
"""


def compare(folder: Path) -> str:
    """Write the table and the chart of the results in a folder, and return the table.

    Raises:
        ResultError: there is none.
    """
    found = results.read(folder)
    text = f"{table(found)}\n\n{details(found)}"
    picture = f"![UAR by recipe and protocol]({CHART_FILE})"
    write_text(folder / TABLE_FILE, f"# What the recipes reach\n\n{picture}\n\n{text}\n\n{NOTE}")
    write_text(folder / CHART_FILE, plots.svg(chart(found)))
    return text


def table(found: Sequence[Evaluation]) -> str:
    """Markdown: a row a recipe, best on voices never heard first."""
    run = {one.protocol for one in found}
    shown = [protocol for protocol in COMPARED if protocol in run]
    rows = []
    for recipe, runs in _by_recipe(found).items():
        published = runs.get(AS_PUBLISHED, [])
        row = {
            "recipe": recipe,
            "parameters": f"{next(iter(runs.values()))[0].parameters:,}",
            "its source reports": _reported(recipe),
            "as-published WA": _mean(one.headline.accuracy for one in published),
            "weighted F1": _mean(one.headline.weighted_f1 for one in published),
            "UAR": _mean(one.headline.uar for one in published),
            "as-published epochs": _epochs(published),
            "epochs by speaker": _epochs(
                one for protocol in COMPARED for one in runs.get(protocol, [])
            ),
        }
        for protocol in shown:
            row[f"{protocol} UAR"] = _spread(runs.get(protocol, []), protocol)
        rows.append(row)
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def details(found: Sequence[Evaluation]) -> str:
    """Markdown: a row a recipe and protocol, with its calibration, and women and men apart."""
    rows = []
    for recipe, runs in _by_recipe(found).items():
        for protocol in COMPARED:
            folds = runs.get(protocol, [])
            if not folds:
                continue
            group = HEADLINES[protocol]
            calibration = together(folds, group).expected_calibration_error
            apart = {
                f"{sex} UAR": f"{together(folds, f'{group} {sex}').uar:.4f}"
                for sex in ("female", "male")
                if any(f"{group} {sex}" in fold.test for fold in folds)
            }
            error = "" if calibration is None else f"{calibration:.3f}"
            rows.append({"recipe": recipe, "protocol": protocol, "ECE": error, **apart})
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True) if rows else ""


def chart(found: Sequence[Evaluation]) -> Figure:
    """Bars of the UAR, a group a recipe: as its source measured, and on voices never heard."""
    grouped = _by_recipe(found)
    run = {one.protocol for one in found}
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


def _by_recipe(found: Sequence[Evaluation]) -> dict[str, dict[str, list[Evaluation]]]:
    """By recipe and protocol; the recipes by their mean UAR on RAVDESS' voices never heard."""
    grouped: dict[str, dict[str, list[Evaluation]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        grouped[one.recipe][one.protocol].append(one)

    def rank(recipe: str) -> float:
        return -float(np.mean([one.headline.uar for one in grouped[recipe]["ravdess-si"]] or [0]))

    return {
        recipe: grouped[recipe] for recipe in sorted(grouped, key=lambda name: (rank(name), name))
    }


def _reported(recipe: str) -> str:
    source = recipes.load(recipe).published if recipe in recipes.names() else None
    return f"{source.accuracy:.4f}" if source and source.accuracy else ""


def _mean(values: Iterable[float]) -> str:
    found = list(values)
    return f"{np.mean(found):.4f}" if found else ""


def _epochs(runs: Iterable[Evaluation]) -> str:
    """That were run, the fewest and the most; nothing of a baseline, which has none."""
    counts = sorted({len(one.seconds) for one in runs} - {0})
    return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1])))) if counts else ""


def _spread(runs: Sequence[Evaluation], protocol: str) -> str:
    if not runs:
        return ""
    uars = [one.headline.uar for one in runs]
    folds = len({one.fold for one in runs})
    spread = f" ± {np.std(uars, ddof=1):.3f}" if len(uars) > 1 else ""
    of = "" if protocol == SPEAKERS else f" of {FOLDS[protocol]}"
    return f"{np.mean(uars):.3f}{spread} ({folds}{of})"
