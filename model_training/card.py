"""What is told of a bundle: its card, and the figures in the README, from result files alone."""

from pathlib import Path

from app.bundle import BundleInfo, read_info, write_text
from app.emotions import LABELS
from model_training.evaluation import EVALUATION_FILE, Evaluation, Figures, read
from model_training.protocols import AS_PUBLISHED, HEADLINES
from model_training.robustness import ROBUSTNESS_FILE, Robustness
from model_training.robustness import read as read_robustness

CARD_FILE = "README.md"
CORPORA = ("RAVDESS", "CREMA-D", "TESS")  # in the order in which they are told
LEAKING = HEADLINES[AS_PUBLISHED]
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"

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


def figures_table(evaluation: Evaluation, detailed: bool = False) -> str:
    """A Markdown table: one row a corpus and side.

    Where it is detailed, women and men, ages and races apart, and answers unlimited too.
    """
    tested = "a random split, leaking" if evaluation.leaks else "voices never heard"
    rows = [
        f"| {tested} | speakers | clips | UAR | WA | weighted F1 | ECE | no speech |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    sides = (("test", evaluation.test), ("validation", evaluation.validation))
    rows += [
        f"| {group}, {side} | {len(found.speakers)} | {found.clips} | {found.uar:.3f} "
        f"| {found.accuracy:.3f} | {found.weighted_f1:.3f} "
        f"| {_calibration(found)} | {found.abstained} |"
        for side, groups in sides
        for group, found in groups.items()
        if detailed or group in (*CORPORA, LEAKING)
    ]
    return "\n".join(rows)


def _calibration(found: Figures) -> str:
    error = found.expected_calibration_error
    return "" if error is None else f"{error:.3f}"


def write(folder: Path) -> Path:
    """Write the model card of a bundle from the files beside it, and return the file."""
    path, info = folder / CARD_FILE, read_info(folder)
    found, worse = read(folder / EVALUATION_FILE), read_robustness(folder)
    if worse and worse.model_sha256 != info.model_sha256:
        worse = None  # it tells of an earlier model
    write_text(path, text(info, found, worse))
    return path


def write_figures(evaluation: Evaluation, readme: Path) -> None:
    """Put the table of figures into a README.

    Raises:
        ValueError: the file has no markers.
    """
    put_between(readme, BEGIN, END, figures_table(evaluation))


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


def text(info: BundleInfo, evaluation: Evaluation, worse: Robustness | None) -> str:
    """The model card, with the metadata that Hugging Face reads."""
    tested = [group for group in (*CORPORA, LEAKING) if group in evaluation.test]
    sections = [
        _front_matter(info, evaluation),
        f"# {info.name}\n\nThe emotion in {info.window_seconds:g} seconds of speech, one of "
        f"{', '.join(info.labels[:-1])} or {info.labels[-1]}. {info.description} "
        f"{info.parameters:,} parameters; it takes {info.sample_rate:,} Hz mono audio and holds "
        "its own frontend.",
        "## What it can't do\n\n" + LIMITS,
        "## Responsible use\n\n" + RESPONSIBLE_USE,
        "## How good it is\n\n" + _measured(info, evaluation),
        figures_table(evaluation, detailed=True),
        f"UAR: unweighted average recall. WA: accuracy. ECE: expected calibration error, 15 bins. "
        f"All of it, with the speakers, is in `{EVALUATION_FILE}`.",
        "### Recall by emotion\n\n" + _recall_table(evaluation, tested),
        f"### Confusion on {tested[0]}\n\n" + _confusion_table(evaluation.test[tested[0]]),
        *([f"### When the sound is worse\n\n{_robustness(worse)}"] if worse else []),
        "## Data and licences\n\n" + LICENCES,
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _measured(info: BundleInfo, evaluation: Evaluation) -> str:
    start = f"from the weights of model {info.started_from[:12]} " if info.started_from else ""
    trained = (
        f"Protocol {info.protocol}, fold {info.fold}, seed {info.seed}, "
        f"trained {start}for {len(evaluation.seconds)} epochs on {info.trained_on.clips} clips of "
        f"{len(info.trained_on.speakers)} speakers; the temperature ({info.temperature:.3f}) is "
        f"fitted on {info.validated_on.clips} clips of {len(info.validated_on.speakers)} others. "
    )
    if evaluation.leaks:
        return trained + (
            "**These figures leak**: clips were split at random, as the source of the recipe did, "
            "so the voices of the test were trained on. They say little about voices never heard."
        )
    told = (
        "No weight was learned from a clip of the speakers below, spoken or sung, and nothing "
        "was chosen by the test. The figures are of this very bundle. CREMA-D is scored among "
        "its six labels and, in the row beside, among all eight; a clip in which no speech was "
        "found counts as wrong."
    )
    picked = info.protocol == "ravdess-si" and "CREMA-D" in evaluation.validation
    return f"{trained}{told}\n\n{SPEAKERS if picked else ''}"


def _front_matter(info: BundleInfo, evaluation: Evaluation) -> str:
    results = "".join(
        f"""      - task: {{type: audio-classification, name: Speech emotion recognition}}
        dataset: {{type: {corpus.lower()}, name: "{corpus}, speakers never heard"}}
        metrics:
          - {{type: recall, name: UAR, value: {found.uar:.4f}}}
          - {{type: accuracy, value: {found.accuracy:.4f}}}
"""
        for corpus, found in evaluation.test.items()
        if corpus in CORPORA  # a figure that leaks is none to advertise
    )
    return f"""---
license: cc-by-nc-sa-4.0
language: en
library_name: keras
pipeline_tag: audio-classification
tags: [speech-emotion-recognition, audio, keras]
model-index:
  - name: {info.name}
    results:
{results}---"""


def _robustness(worse: Robustness) -> str:
    rows = [
        "| corpus | condition | UAR | falls by | same answers | no speech |",
        "|---|---|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {found.corpus} | {found.condition} | {found.uar:.3f} | {found.fall:+.3f} "
        f"| {found.same:.0%} | {found.abstained} |"
        for found in worse.conditions
    ]
    told = (
        "The same test clips under other conditions; noises and room are of kinds that training "
        f"never met ({', '.join((*worse.unseen_noises, *worse.unseen_rooms))}). "
        f"It is in `{ROBUSTNESS_FILE}` too."
    )
    return "\n".join([*rows, "", told])


def _recall_table(evaluation: Evaluation, corpora: list[str]) -> str:
    groups = {key: evaluation.test[key] for key in corpora}
    rows = [
        "| emotion | " + " | ".join(groups) + " |",
        "|---|" + "---:|" * len(groups),
    ]
    present = {label for found in groups.values() for label in found.recall}
    for label in [label for label in LABELS if label in present]:
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
