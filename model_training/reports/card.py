"""The model card of a bundle, made from result files alone."""

from collections.abc import Iterable, Iterator, Sequence
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
from model_training.evaluation import results, robustness
from model_training.evaluation.evaluate import Evaluation, over_folds
from model_training.evaluation.live import LiveFigures
from model_training.evaluation.metrics import Figures
from model_training.evaluation.robustness import Condition
from model_training.ingredients.waveform_augmentation import UNSEEN_NOISES, UNSEEN_ROOMS
from model_training.protocols import AS_PUBLISHED, BY_CORPUS, ENGLISH, EVERYONE, HEADLINES

CORPORA = ("RAVDESS", "CREMA-D", "TESS", "nEMO")  # in the order of the card
LEAKING = HEADLINES[AS_PUBLISHED]

LIMITS = """\
The model was trained on **acted** emotion in **short English clips**, spoken by adults close to a
microphone. It was not trained on spontaneous speech, other languages, children, illness, irony or
sarcasm, and it is often wrong on them. The confidence is the probability of the label that an actor
was asked to play. It does not say what a person feels.
"""

OTHER_LIMITS = """\
The model was trained on the clips that are named below and on nothing else. It is often wrong on
other kinds of speech, languages and recordings. The confidence is the probability of a label of
these clips. It does not say what a person feels.
"""

EASIER = """\
The CREMA-D test speakers are the speakers of the example clips. They were picked because listeners
agree on their emotions, so they are easier than most speakers."""

CLOSER = """
The figures of the validation speakers are closer to what a new voice gets, although the temperature
was fitted on them."""

BY_FOLDS = """\
This bundle was trained on all speakers that there were, except the validation speakers and the
speakers of the example clips. **The rows of folds are not about this bundle.** They are about other
models of the same recipe, one per fold, which were trained on fewer speakers. Each of them was
tested on speakers that were not used for its weights or its temperature. When the settings of the
recipe were chosen, these speakers may have been training or validation speakers of another fold.
The other rows are about this bundle. """

RESPONSIBLE_USE = """\
Do not use it to judge people: not at work, not at school, not in hiring, policing, insurance or
health care. The European Union's AI Act (Regulation (EU) 2024/1689, Article 5(1)(f)) prohibits
systems that infer emotions in the workplace and in education, except for medical or safety reasons.
Elsewhere people must be informed that such a system is in use (Article 50(3)).
"""

LICENCES = {"RAVDESS": "CC BY-NC-SA 4.0", "TESS": "CC BY-NC-ND 4.0", "CREMA-D": "ODbL 1.0"}
PUBLISHED = {"RAVDESS": 24, "TESS": 2, "CREMA-D": 91}  # speakers of the whole corpora

OTHER_LICENCES = """\
The licence of the code is MIT. The licence of the weights depends on the licences of the clips that
they were trained on. State it here before you publish the model.
"""


@dataclass(frozen=True)
class BundleResults:
    """The results that a card is made from.

    Attributes:
        info: of the bundle.
        evaluation: of the bundle.
        folds: evaluations of its recipe by fold, for a bundle of the protocol `everyone`; else
            empty.
        worse: robustness of the bundle, or of the models of these folds; empty if not measured.
        live: how the bundle does in live sessions; None if not measured.
    """

    info: BundleInfo
    evaluation: Evaluation
    folds: list[Evaluation]
    worse: list[Condition]
    live: LiveFigures | None = None


def read(folder: Path, results_folder: Path) -> BundleResults:
    """The results of the bundle in `folder`.

    Raises:
        ResultError: the bundle has not been evaluated.
    """
    info = read_info(folder)
    return collect(info, results.of_bundle(results_folder, info), results_folder)


def collect(info: BundleInfo, evaluation: Evaluation, results_folder: Path) -> BundleResults:
    """The evaluation of a bundle with the other results that its card reports."""
    live = results.live_of_bundle(results_folder, info)
    if info.protocol == EVERYONE:
        folds = results.of_recipe(results_folder, info.recipe, info.seed)
        tested = [one for one in folds if one.protocol in BY_CORPUS]
        models = results.robustness_of_folds(results_folder, info.recipe, tested)
        return BundleResults(info, evaluation, folds, robustness.together(models), live)
    measured = results.robustness_of_bundle(results_folder, info)
    return BundleResults(info, evaluation, [], measured.conditions if measured else [], live)


def _groups(known: BundleResults) -> Iterator[tuple[str, str, Figures]]:
    """Every group of clips, its side and its figures; the groups of folds first."""
    for protocol in BY_CORPUS:
        folds = [one for one in known.folds if one.protocol == protocol]
        # A fold may lack test speakers of an age or a race.
        for group in dict.fromkeys(group for fold in folds for group in fold.test):
            if group.startswith(HEADLINES[protocol]):
                yield group, f"{len(folds)} folds", over_folds(folds, group)
    for side in ("test", "validation"):
        for group, figures in getattr(known.evaluation, side).items():
            yield group, side, figures


def figures_table(known: BundleResults, detailed: bool = False) -> str:
    """A Markdown table with one row per corpus and side.

    A detailed table also has rows for sex, age and race, and for answers among all emotions.
    """
    corpora = whole(group for group, _, _ in _groups(known))
    tested = "random split, leaking" if known.evaluation.leaks else "unseen speakers"
    rows = [
        f"| {tested} | speakers | clips | UAR | WA | weighted F1 | ECE | no speech |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {group}, {side} | {len(figures.speakers)} | {figures.clips} | {figures.uar:.3f} "
        f"| {figures.accuracy:.3f} | {figures.weighted_f1:.3f} "
        f"| {_calibration(figures)} | {figures.abstained} |"
        for group, side, figures in _groups(known)
        if detailed or group in corpora
    ]
    return "\n".join(rows)


def whole(groups: Iterable[str]) -> list[str]:
    """The groups that are not a part of another group: corpora, the known ones first."""
    names = list(dict.fromkeys(groups))
    corpora = [
        name
        for name in names
        if not any(name.startswith((f"{other} ", f"{other}, ")) for other in names)
    ]
    return [
        *(corpus for corpus in CORPORA if corpus in corpora),
        *(name for name in corpora if name not in CORPORA),
    ]


def _calibration(figures: Figures) -> str:
    error = figures.expected_calibration_error
    return "" if error is None else f"{error:.3f}"


def write(known: BundleResults, folder: Path) -> Path:
    """Write the model card into the folder of the bundle, and return the file."""
    path = folder / CARD_FILE
    write_text(path, text(known))
    return path


def text(known: BundleResults) -> str:
    """The model card, with the metadata that Hugging Face reads."""
    info, tested = known.info, _tested(known)
    first = next(iter(tested))
    sections = [
        _front_matter(known, tested),
        f"# {info.name}\n\nThis model classifies the emotion in {info.window_seconds:g} seconds of "
        f"speech: {', '.join(info.labels[:-1])} or {info.labels[-1]}. {info.description} It has "
        f"{info.parameters:,} parameters. Its input is mono audio at {info.sample_rate:,} Hz; the "
        "frontend is part of the model.",
        "## Limits\n\n" + (LIMITS if _on_english(info) else OTHER_LIMITS),
        "## Responsible use\n\n" + RESPONSIBLE_USE,
        FIGURES_BEGIN,
        "## How good it is\n\n" + _measured(known),
        figures_table(known, detailed=True),
        "UAR: unweighted average recall. WA: accuracy. ECE: expected calibration error, 15 bins. "
        "CREMA-D is scored among its six labels; the row `all eight answers` has all labels.",
        "### Recall by emotion\n\n" + _recall_table(tested),
        f"### Confusion on {first}\n\n" + _confusion_table(tested[first]),
        *([f"### Worse sound\n\n{_worse(known.worse, bool(known.folds))}"] if known.worse else []),
        *([f"### Live sessions\n\n{_live(known.live)}"] if known.live else []),
        FIGURES_END,
        "## Data and licences\n\n" + (_licences(info) if _on_english(info) else OTHER_LICENCES),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _tested(known: BundleResults) -> dict[str, Figures]:
    """The test figures of each corpus: over all folds if there are any, else of the bundle."""
    groups = [one for one in _groups(known) if one[1] != "validation"]
    tested: dict[str, Figures] = {}
    for corpus in whole(group for group, _, _ in groups):
        own = next((figures for group, _, figures in groups if group == corpus), None)
        if own:
            tested[corpus] = own
    return tested


def _measured(known: BundleResults) -> str:
    info, evaluation = known.info, known.evaluation
    trained = (
        f"Protocol {info.protocol}, fold {info.fold}, seed {info.seed}. The model was trained for "
        f"{len(evaluation.seconds)} epochs on {_clips(evaluation)} of "
        f"{len(info.trained_on.speakers)} speakers{_missing(info, evaluation)}. The temperature "
        f"({info.temperature:.3f}) was fitted on {info.validated_on.clips} clips of "
        f"{len(info.validated_on.speakers)} other speakers. "
    )
    if evaluation.leaks:
        return trained + (
            "**These figures leak.** The clips were split at random, as the source of the recipe "
            "did, so the training clips contain voices of the test. The figures say little about "
            "other voices."
        )
    scored = "A clip without detected speech counts as wrong."
    if known.folds:
        return f"{trained}{BY_FOLDS}{scored}\n\n{EASIER}{CLOSER}"
    own = (
        "The training clips contain no voice of the test, spoken or sung, and no choice was made "
        f"by the test. The figures are about this bundle. {scored}"
    )
    if info.protocol != "ravdess-si" or "CREMA-D" not in evaluation.test:
        return f"{trained}{own}"
    return f"{trained}{own}\n\n{EASIER}{CLOSER if 'CREMA-D' in evaluation.validation else ''}"


def _clips(evaluation: Evaluation) -> str:
    """The training clips in words."""
    side = evaluation.sides["train"]
    if not side.copies:
        return f"{side.clips} clips"
    return f"{side.clips - side.copies} clips and {side.copies} augmented copies of them"


def _missing(info: BundleInfo, evaluation: Evaluation) -> str:
    """The corpora of which some speakers were not there, in words."""
    known = {speaker for side in evaluation.sides.values() for speaker in side.speakers}
    counts = {
        corpus: (len(_of(corpus, known)), count)
        for corpus, count in PUBLISHED.items()
        if _of(corpus, info.trained_on.speakers)
    }
    parts = [
        f"{there} of the {count} speakers of {corpus}"
        for corpus, (there, count) in counts.items()
        if there < count
    ]
    return f" (there were only {in_words(parts)})" if parts else ""


def in_words(parts: Sequence[str]) -> str:
    """ "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _of(corpus: str, speakers: Iterable[str]) -> list[str]:
    return [speaker for speaker in speakers if speaker.startswith(f"{corpus}-")]


def _licences(info: BundleInfo) -> str:
    used = [
        f"{corpus} ({licence})"
        for corpus, licence in LICENCES.items()
        if _of(corpus, info.trained_on.speakers)
    ]
    return (
        f"The licence of the code is MIT. The weights were trained on {in_words(used)}. They are "
        "for non-commercial research and learning only: CC BY-NC-SA 4.0."
    )


def _front_matter(known: BundleResults, tested: dict[str, Figures]) -> str:
    models = ", models of the folds" if known.folds else ""
    entries = "".join(
        f"""      - task: {{type: audio-classification, name: Speech emotion recognition}}
        dataset: {{type: {corpus.lower()}, name: "{corpus}, unseen speakers{models}"}}
        metrics:
          - {{type: recall, name: UAR, value: {figures.uar:.4f}}}
          - {{type: accuracy, value: {figures.accuracy:.4f}}}
"""
        for corpus, figures in tested.items()
        if corpus != LEAKING  # Hugging Face would show a leaking figure without its warning
    )
    return f"""---
license: {"cc-by-nc-sa-4.0" if _on_english(known.info) else "other"}
language: {"en" if _on_english(known.info) else "und"}
library_name: keras
pipeline_tag: audio-classification
tags: [speech-emotion-recognition, audio, keras]
model-index:
  - name: {known.info.name}
    results:
{entries}---"""


def _on_english(info: BundleInfo) -> bool:
    """Whether all voices that a bundle was trained on are of the three English corpora."""
    known = tuple(f"{corpus}-" for corpus in ENGLISH)
    return all(speaker.startswith(known) for speaker in info.trained_on.speakers)


def _worse(conditions: list[Condition], by_folds: bool) -> str:
    rows = [
        "| corpus | condition | UAR | falls by | same answers | no speech |",
        "|---|---|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {one.corpus} | {one.condition} | {one.uar:.3f} | {one.fall:+.3f} "
        f"| {one.same:.0%} | {one.abstained} |"
        for one in conditions
    ]
    whose = "Mean over the models of the folds, on" if by_folds else "On"
    note = (
        f"{whose} at most {robustness.LARGEST} test clips per corpus and model. The noises and the "
        "room are of kinds that are never used in training "
        f"({', '.join((*UNSEEN_NOISES, *UNSEEN_ROOMS))})."
    )
    return "\n".join([*rows, "", note])


def _live(figures: LiveFigures) -> str:
    return (
        f"{figures.streams} streams of joined clips, in which {figures.speakers} unseen speakers "
        "change their emotion. Where a window lies within one emotion, "
        f"{figures.named_within:.0%} of the readings name an emotion, and "
        f"{figures.right_within:.0%} of these are right; the others are unclear. Where it lies "
        f"across a change, {figures.named_across:.0%} name one, and {figures.right_across:.0%} of "
        "these name the new one. "
        f"For each change of emotion, the label changes {figures.changes_per_true_change:.1f} "
        f"times from one emotion to another, or {figures.shown_changes_per_true_change:.1f} times "
        f'with changes from and to "unclear". It reaches {1 - figures.share_never_reached:.0%} of '
        f"the new emotions, after a median of {figures.median_lag:.1f} s."
    )


def _recall_table(groups: dict[str, Figures]) -> str:
    rows = [
        "| emotion | " + " | ".join(groups) + " |",
        "|---|" + "---:|" * len(groups),
    ]
    for label in in_order(label for figures in groups.values() for label in figures.recall):
        cells = (
            f"{figures.recall[label]:.2f}" if label in figures.recall else ""
            for figures in groups.values()
        )
        rows.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _confusion_table(figures: Figures) -> str:
    rows = [
        "| acted \\ predicted | " + " | ".join([*figures.labels, "no speech"]) + " |",
        "|---|" + "---:|" * (len(figures.labels) + 1),
    ]
    rows += [
        f"| {label} | " + " | ".join(map(str, counts)) + " |"
        for label, counts in zip(figures.labels, figures.confusion, strict=True)
    ]
    return "\n".join(rows)
