"""The charts of a report, drawn by Matplotlib from the figures of a result file."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from app.emotions import in_order
from model_training.evaluation.evaluate import Evaluation
from model_training.evaluation.metrics import ABSTAINED, Figures

INK, LINE, FIELD = "#333333", "#3a6ea5", "Blues"


def confusion(figures: Figures) -> Figure:
    """One row per acted emotion, one column per answer; coloured by share, labelled with clips."""
    answers = [*figures.labels, ABSTAINED] if figures.abstained else figures.labels
    counts = np.array(figures.confusion)[:, : len(answers)]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap=FIELD, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(answers)), answers, rotation=35, ha="right")
    axes.set_yticks(range(len(figures.labels)), figures.labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("acted")
    return figure


def curves(history: Sequence[dict[str, Any]]) -> Figure:
    """Loss and accuracy of training and validation by epoch."""
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    epochs = [line["epoch"] for line in history]
    for axes, key in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(epochs, [line[key] for line in history], color=INK, label="training")
        axes.plot(epochs, [line[f"val_{key}"] for line in history], color=LINE, label="validation")
        axes.set_xlabel("epoch")
        axes.set_ylabel(key)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    return figure


def reliability(figures: Figures) -> Figure:
    """Accuracy by confidence; a calibrated model lies on the diagonal."""
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="--")
    confidence = [bin.confidence for bin in figures.reliability]
    accuracy = [bin.accuracy for bin in figures.reliability]
    sizes = [20 + 400 * bin.clips / figures.clips for bin in figures.reliability]
    axes.plot(confidence, accuracy, color=LINE, alpha=0.6)
    axes.scatter(confidence, accuracy, sizes, color=LINE)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    axes.grid(alpha=0.25)
    return figure


def recall(groups: dict[str, Figures]) -> Figure:
    """Recall of every emotion, one bar per group."""
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    axes = figure.subplots()
    labels = in_order(label for one in groups.values() for label in one.recall)
    width = 0.8 / len(groups)
    shades = np.linspace(0.85, 0.35, len(groups))
    for number, (name, figures) in enumerate(groups.items()):
        places = np.arange(len(labels)) + (number - (len(groups) - 1) / 2) * width
        values = [figures.recall.get(label, np.nan) for label in labels]
        axes.bar(places, values, width, color=LINE, alpha=shades[number], label=name)
    axes.set_xticks(range(len(labels)), labels)
    axes.set(ylim=(0, 1), ylabel="recall")
    axes.grid(axis="y", alpha=0.25)
    if len(groups) > 1:
        axes.legend(frameon=False, ncols=len(groups))
    return figure


def speakers(evaluation: Evaluation) -> Figure:
    """The UAR of every test speaker, the lowest first."""
    order = sorted(evaluation.speakers.items(), key=lambda speaker: speaker[1][0])
    figure = Figure(figsize=(8.4, 1.2 + 0.2 * len(order)), layout="constrained")
    axes = figure.subplots()
    axes.barh([name for name, _ in order], [uar for _, (uar, _) in order], color=LINE, alpha=0.7)
    axes.set(xlim=(0, 1), ylim=(-0.6, len(order) - 0.4), xlabel="UAR")
    axes.grid(axis="x", alpha=0.25)
    return figure


def features(examples: dict[str, np.ndarray]) -> Figure:
    """The features of one clip per emotion.

    Args:
        examples: by emotion: (frames, rows), (rows, frames, channels) or (numbers,).
    """
    figure = Figure(figsize=(8.4, 4.4), layout="constrained")
    columns = -(-len(examples) // 2)
    cells = figure.subplots(2, columns, squeeze=False).ravel()
    for axes, (emotion, values) in zip(cells, examples.items(), strict=False):
        axes.set_title(emotion, fontsize=9)
        if values.ndim == 1:
            axes.plot(values, linewidth=0.4, color=LINE)
        else:
            picture = (
                values.T if values.ndim == 2 else np.concatenate([*np.moveaxis(values, -1, 0)])
            )
            axes.imshow(picture, origin="lower", aspect="auto", cmap="magma")
        axes.set_xticks([])
        axes.set_yticks([])
    for axes in cells[len(examples) :]:
        axes.set_visible(False)
    return figure


def svg(figure: Figure) -> str:
    """The chart as an SVG element; equal figures give equal text."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "undertone"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    _, begin, rest = text.getvalue().partition("<svg")
    return begin + rest
