"""The baseline: eGeMAPS functionals by openSMILE and a support vector machine.

The `opensmile` package is an optional extra with a licence of its own: free for research, not for
products.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Memory
from scipy.special import softmax
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from app.bundle import SCHEMA, BundleInfo
from app.emotions import emotions_named
from app.labelling import NAMED_FROM
from model_training.corpora.clips import Clips, digest_of
from model_training.corpora.decoding import CACHE
from model_training.evaluation.egemaps import SAMPLE_RATE, egemaps
from model_training.evaluation.evaluate import Evaluation, summarize
from model_training.protocols import Split
from model_training.training import loop

NAME = "egemaps-svm"
C = 10.0


def features(table: pd.DataFrame, clips: Clips, cache: Path = CACHE) -> np.ndarray:
    """(clips, 88) functionals; the cache on disk keeps them for the next call with these clips."""

    def computed(digest: str) -> np.ndarray:
        return egemaps((clips[row] for row in range(len(table))), len(table))

    cached = Memory(cache / "egemaps", verbose=0).cache(computed)
    return cached(digest_of(table, SAMPLE_RATE))


def evaluate(split: Split, features: np.ndarray) -> Evaluation:
    """Fit the support vector machine to the training side of a split and evaluate it on the test.

    Args:
        split: the sides.
        features: (clips, 88), by the index of the split's tables.
    """
    machine = make_pipeline(StandardScaler(), SVC(C=C, class_weight="balanced"))
    machine.fit(features[split.train.index], split.train["emotion"])

    def answers(table: pd.DataFrame) -> pd.DataFrame:
        scores = machine.decision_function(features[table.index])
        if scores.ndim == 1:  # for two emotions it returns one margin
            scores = np.stack([-scores, scores], axis=1)
        return pd.DataFrame(softmax(scores, axis=1), table.index, machine.classes_)

    sides = loop.split_voices(split)
    info = BundleInfo(
        schema_version=SCHEMA,
        name=NAME,
        recipe=NAME,
        description="Support vector machine over 88 eGeMAPS functionals.",
        emotions=list(emotions_named(split.labels)),
        sample_rate=SAMPLE_RATE,
        window_seconds=3.0,
        temperature=1.0,
        named_from=NAMED_FROM,
        parameters=int(machine[-1].support_vectors_.size),
        protocol=split.protocol,
        fold=split.fold,
        seed=0,
        epochs=0,
        trained_on=sides.trained,
        validated_on=sides.validated,
        unheard=sides.unheard,
        versions=loop.versions("opensmile", "scikit-learn"),
        model_sha256="",
    )
    spoken = split.validation[split.validation["kind"] == "speech"]
    answered = {
        side: (table, answers(table))
        for side, table in (("test", split.test), ("validation", spoken))
    }
    return summarize(info, split, answered, seconds=[], certain=True)
