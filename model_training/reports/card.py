"""What is told of a bundle: its card, and the figures in the README, from result files alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.bundle import (
    CARD_FILE,
    FIGURES_BEGIN,
    FIGURES_END,
    BundleInfo,
    read_info,
)
from app.emotions import in_order
from app.files import write_text
from model_training.evaluation import metrics, results, robustness
from model_training.evaluation.metrics import Evaluation, Figures, together
from model_training.evaluation.robustness import Condition
from model_training.ingredients.waveform_augmentation import UNSEEN_NOISES, UNSEEN_ROOMS
from model_training.protocols import ALL, AS_PUBLISHED, BY_CORPUS, EVERYONE, HEADLINES

CORPORA = ("RAVDESS", "CREMA-D", "TESS", "nEMO")  # in the order in which they are told
LEAKING = HEADLINES[AS_PUBLISHED]

LIMITS = """\
It hears **acted** emotion in **short English clips**, spoken by adults close to a microphone. It
has met neither spontaneous speech, other languages, children, illness, irony nor sarcasm, and is
often wrong on all of them. A confidence is about the label an actor was given, never about what a
person feels: it reads no one's mind.
"""

SPEAKERS = """\
CREMA-D's test speakers are those of the example clips, picked because listeners agree on them, so
they are easier than most. Its validation speakers, who had a say in the temperature and in what
ships, are nearer to what to expect of a new voice.
"""

TOLD_BY_FOLDS = """\
It learned from everybody whom the corpora hold but those who validate and the speakers of the
example clips. **The rows of folds are not of this bundle**: they are of models of the same recipe,
one a fold, each tested on the speakers whom it alone had not heard, who chose neither its weights
nor its temperature; the settings of a recipe may have been compared on speakers who train in most
folds and are tested in one. The models were trained for themselves, on fewer voices. The other rows
are of this bundle. """

RESPONSIBLE_USE = """\
Do not use it to judge people: not at work, not at school, not in hiring, policing, insurance or
health care. The European Union's AI Act (Regulation (EU) 2024/1689, Article 5(1)(f)) prohibits
systems that infer emotions in the workplace and in education, but for medical or safety reasons;
elsewhere people must be told that such a system is at work (Article 50(3)).
"""

LICENCES = """\
The code is MIT. The weights are learned from RAVDESS (CC BY-NC-SA 4.0), TESS (CC BY-NC-ND 4.0) and
CREMA-D (ODbL 1.0), so they are for non-commercial research and learning only: CC BY-NC-SA 4.0.
"""


@dataclass(frozen=True)
class Sources:
    """What is known of a bundle, from files alone.

    Attributes:
        folds: results of its recipe, where a bundle is told by them; else none.
        worse: how it, or the models of those folds, bear worse conditions; else none.
    """

    info: BundleInfo
    evaluation: Evaluation
    folds: list[Evaluation]
    worse: list[Condition]


def sources(folder: Path, results_folder: Path) -> Sources:
    """What is known of the bundle in a folder.

    Args:
        folder: the bundle, evaluated.
        results_folder: the result files, for a bundle that is told by the folds of its recipe.
    """
    info = read_info(folder)
    found = metrics.read(folder / metrics.EVALUATION_FILE)
    if info.protocol == EVERYONE:
        folds = results.of_recipe(results_folder, info.recipe)
        models = results.robustness_of_recipe(results_folder, info.recipe)
        tested = [one for one in models if one.protocol in (*BY_CORPUS, ALL)]
        return Sources(info, found, folds, robustness.together(tested))
    measured = robustness.read(folder)
    # What was measured of an earlier model is not told.
    own = measured is not None and measured.model_sha256 == info.model_sha256
    return Sources(info, found, [], measured.conditions if measured and own else [])


def _groups(known: Sources) -> Iterator[tuple[str, str, Figures]]:
    """Every group of clips, the side they were on and its figures; those of folds first."""
    for protocol in BY_CORPUS:
        folds = [one for one in known.folds if one.protocol == protocol]
        # Not every fold tests somebody of every age and race.
        for group in dict.fromkeys(group for fold in folds for group in fold.test):
            if group.startswith(HEADLINES[protocol]):
                yield group, f"{len(folds)} folds", together(folds, group)
    for side in ("test", "validation"):
        for group, found in getattr(known.evaluation, side).items():
            yield group, side, found


def figures_table(known: Sources, detailed: bool = False) -> str:
    """A Markdown table: one row a corpus and side.

    Where it is detailed, women and men, ages and races apart, and answers unlimited too.
    """
    tested = "a random split, leaking" if known.evaluation.leaks else "voices never heard"
    rows = [
        f"| {tested} | speakers | clips | UAR | WA | weighted F1 | ECE | no speech |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {group}, {side} | {len(found.speakers)} | {found.clips} | {found.uar:.3f} "
        f"| {found.accuracy:.3f} | {found.weighted_f1:.3f} "
        f"| {_calibration(found)} | {found.abstained} |"
        for group, side, found in _groups(known)
        if detailed or group in (*CORPORA, LEAKING)
    ]
    return "\n".join(rows)


def _calibration(found: Figures) -> str:
    error = found.expected_calibration_error
    return "" if error is None else f"{error:.3f}"


def write(known: Sources, folder: Path) -> Path:
    """Write the model card of a bundle beside it, and return the file."""
    path = folder / CARD_FILE
    write_text(path, text(known))
    return path


def write_figures(known: Sources, readme: Path) -> None:
    """Put the table of figures into a README.

    Raises:
        ValueError: the file has no markers.
    """
    put_between(readme, FIGURES_BEGIN, FIGURES_END, figures_table(known))


def put_between(readme: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two markers of a README, which stay.

    Raises:
        ValueError: the file has no such markers.
    """
    before, found, rest = readme.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{readme} has no place for figures: {begin} and {end} are missing.")
    write_text(readme, f"{before}{begin}\n{text}\n{end}{after}")


def text(known: Sources) -> str:
    """The model card, with the metadata that Hugging Face reads."""
    info, tested = known.info, _tested(known)
    first = next(iter(tested))
    sections = [
        _front_matter(known, tested),
        f"# {info.name}\n\nThe emotion in {info.window_seconds:g} seconds of speech, one of "
        f"{', '.join(info.labels[:-1])} or {info.labels[-1]}. {info.description} "
        f"{info.parameters:,} parameters; it takes {info.sample_rate:,} Hz mono audio and holds "
        "its own frontend.",
        "## What it can't do\n\n" + LIMITS,
        "## Responsible use\n\n" + RESPONSIBLE_USE,
        FIGURES_BEGIN,
        "## How good it is\n\n" + _measured(known),
        figures_table(known, detailed=True),
        f"UAR: unweighted average recall. WA: accuracy. ECE: expected calibration error, 15 bins. "
        f"All of it, with the speakers, is in `{metrics.EVALUATION_FILE}`"
        f"{' and in the result files of the folds' if known.folds else ''}.",
        "### Recall by emotion\n\n" + _recall_table(tested),
        f"### Confusion on {first}\n\n" + _confusion_table(tested[first]),
        *(
            [f"### When the sound is worse\n\n{_worse(known.worse, bool(known.folds))}"]
            if known.worse
            else []
        ),
        FIGURES_END,
        "## Data and licences\n\n" + LICENCES,
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _tested(known: Sources) -> dict[str, Figures]:
    """The test of each corpus: over all folds where it is told by them, else the bundle's own."""
    groups = [one for one in _groups(known) if one[1] != "validation"]
    tested: dict[str, Figures] = {}
    for corpus in (*CORPORA, LEAKING):
        found = next((figures for group, _, figures in groups if group == corpus), None)
        if found:
            tested[corpus] = found
    return tested


def _measured(known: Sources) -> str:
    info, found = known.info, known.evaluation
    trained = (
        f"Protocol {info.protocol}, fold {info.fold}, seed {info.seed}, "
        f"trained for {len(found.seconds)} epochs on {info.trained_on.clips} clips of "
        f"{len(info.trained_on.speakers)} speakers; the temperature ({info.temperature:.3f}) is "
        f"fitted on {info.validated_on.clips} clips of {len(info.validated_on.speakers)} others. "
    )
    if found.leaks:
        return trained + (
            "**These figures leak**: clips were split at random, as the source of the recipe did, "
            "so the voices of the test were trained on. They say little about voices never heard."
        )
    scored = (
        "CREMA-D is scored among its six labels and, in the row beside, among all eight; a clip "
        "in which no speech was found counts as wrong."
    )
    if known.folds:
        return f"{trained}{TOLD_BY_FOLDS}{scored}\n\n{SPEAKERS}"
    own = (
        "No weight was learned from a clip of the speakers below, spoken or sung, and nothing "
        f"was chosen by the test. The figures are of this very bundle. {scored}"
    )
    picked = info.protocol == "ravdess-si" and "CREMA-D" in found.validation
    return f"{trained}{own}\n\n{SPEAKERS if picked else ''}"


def _front_matter(known: Sources, tested: dict[str, Figures]) -> str:
    models = ", by the models of folds where there are any" if known.folds else ""
    results = "".join(
        f"""      - task: {{type: audio-classification, name: Speech emotion recognition}}
        dataset: {{type: {corpus.lower()}, name: "{corpus}, speakers never heard{models}"}}
        metrics:
          - {{type: recall, name: UAR, value: {found.uar:.4f}}}
          - {{type: accuracy, value: {found.accuracy:.4f}}}
"""
        for corpus, found in tested.items()
        if corpus in CORPORA  # a figure that leaks is none to advertise
    )
    return f"""---
license: cc-by-nc-sa-4.0
language: en
library_name: keras
pipeline_tag: audio-classification
tags: [speech-emotion-recognition, audio, keras]
model-index:
  - name: {known.info.name}
    results:
{results}---"""


def _worse(conditions: list[Condition], by_folds: bool) -> str:
    rows = [
        "| corpus | condition | UAR | falls by | same answers | no speech |",
        "|---|---|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {found.corpus} | {found.condition} | {found.uar:.3f} | {found.fall:+.3f} "
        f"| {found.same:.0%} | {found.abstained} |"
        for found in conditions
    ]
    models = "models of the folds, the mean over them" if by_folds else "model"
    told = (
        f"Test clips of the {models}, at most {robustness.LARGEST} of a corpus each, under other "
        "conditions; noises and room are of kinds that training never met"
        f" ({', '.join((*UNSEEN_NOISES, *UNSEEN_ROOMS))})."
    )
    return "\n".join([*rows, "", told])


def _recall_table(groups: dict[str, Figures]) -> str:
    rows = [
        "| emotion | " + " | ".join(groups) + " |",
        "|---|" + "---:|" * len(groups),
    ]
    for label in in_order(label for found in groups.values() for label in found.recall):
        cells = (
            f"{found.recall[label]:.2f}" if label in found.recall else ""
            for found in groups.values()
        )
        rows.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _confusion_table(found: Figures) -> str:
    rows = [
        "| acted \\ heard | " + " | ".join([*found.labels, "no speech"]) + " |",
        "|---|" + "---:|" * (len(found.labels) + 1),
    ]
    rows += [
        f"| {label} | " + " | ".join(map(str, counts)) + " |"
        for label, counts in zip(found.labels, found.confusion, strict=True)
    ]
    return "\n".join(rows)
