"""The report of a bundle: charts, and one HTML page that contains them and opens offline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from app import saved_model
from app.classifier import Classifier
from app.emotions import in_order
from app.files import write_text
from model_training.evaluation.evaluate import Evaluation
from model_training.ingredients.waveform_augmentation import centred
from model_training.protocols import Split
from model_training.reports import card, plots
from model_training.training.batches import Waveforms, features_of

FOLDER = "report"
PAGE_FILE = "index.html"
TEMPLATE = Path(__file__).with_name("report.html")


def examples(classifier: Classifier, split: Split, clips: Waveforms) -> dict[str, np.ndarray]:
    """The features of the first test clip of every emotion."""
    first = split.test.reset_index().groupby("emotion")["index"].first()
    emotions = in_order(first.index)
    window = round(classifier.info.window_seconds * classifier.sample_rate)
    model, _ = saved_model.read(classifier.folder)
    frontend, _ = saved_model.split_last(model)
    windows = np.stack([centred(clips[first[emotion]], window) for emotion in emotions])
    return dict(zip(emotions, features_of(frontend, windows), strict=True))


def write(
    evaluation: Evaluation,
    history: Sequence[dict[str, Any]],
    features: dict[str, np.ndarray],
    out: Path,
) -> Path:
    """Write the report into the folder of a bundle.

    Args:
        evaluation: the figures.
        history: of the training, one entry per epoch; may be empty.
        features: of some clips, by emotion; may be empty.
        out: the bundle's folder.

    Returns:
        The page. Its folder also holds each chart as SVG.
    """
    main = evaluation.headline
    whole = {name: evaluation.test[name] for name in card.whole(evaluation.test)}
    drawn = {"confusion": plots.confusion(main), "recall": plots.recall(whole)}
    if main.reliability:
        drawn["reliability"] = plots.reliability(main)
    if history:
        drawn["curves"] = plots.curves(history)
    drawn["speakers"] = plots.speakers(evaluation)
    if features:
        drawn["features"] = plots.features(features)

    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: plots.svg(picture) for name, picture in drawn.items()}
    for name, text in texts.items():
        write_text(folder / f"{name}.svg", text)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    html = template.render(evaluation=evaluation, main=main, pictures=texts)
    write_text(folder / PAGE_FILE, html)
    return folder / PAGE_FILE
