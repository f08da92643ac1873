"""The commands of the training module: `python -m model_training --help`."""

import os
import shlex
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from app.classifier import DEFAULT_MODEL
from app.errors import UndertoneError
from app.folders import INSTALLED, how_to_install
from app.stderr import native_chatter_held

# TensorFlow reads these on import. Its notes on the CPU do not help a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# The default on processors with AVX512. On others it reduces a training step of the flagship to two
# thirds of the time. Serving does not set it: single windows would take a fifth longer.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

INTERRUPTED = 130  # the exit code with which Typer answers Ctrl-C

commands = typer.Typer(
    help="Train and evaluate speech emotion models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Data = Annotated[
    list[Path],
    typer.Option(
        help="A folder with corpora, a folder with EMOTION/SPEAKER folders, a table of clips (CSV, "
        "TSV, Parquet) or an audformat database. May be given several times."
    ),
]
SpeakerPattern = Annotated[
    str | None,
    typer.Option(
        help="In folders of emotions, a regular expression whose group is the speaker in a file's "
        "name, instead of folders of speakers."
    ),
]


@commands.command()
def download(
    corpora: Annotated[
        list[str],
        typer.Argument(
            help="ravdess, tess, crema-d, nemo, yamnet; all of them.", metavar="NAME..."
        ),
    ],
    data: Annotated[Path, typer.Option(help="The folder for the downloads.")],
) -> None:
    """Download corpora from their official sources; the same command resumes a stopped download.

    RAVDESS (speech and song) is 0.4 GB, TESS 0.3 GB, CREMA-D 0.6 GB, nEMO 0.5 GB. All
    except CREMA-D are licensed for non-commercial use only. YAMNet (4 MB, Apache-2.0) has the
    initial weights of yamnet-mel.
    """
    from model_training.corpora.download import Download, download

    unknown = set(corpora) - {*Download, "all"}
    if unknown:
        raise typer.BadParameter(
            f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(Download)}, all"
        )
    download(Download if "all" in corpora else map(Download, corpora), data)


@commands.command()
def prepare(
    data: Data,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The table of clips to write.")] = Path(
        "metadata.csv"
    ),
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Count the clips of the corpora and their faults, and write one table of them."""
    from model_training.corpora.prepare import prepare

    prepare(data, out, speaker_pattern)


Protocol = Annotated[
    str,
    typer.Option(
        help="ravdess-si, cremad-si, tess-si, nemo-si keep speakers apart; all-si is a fold of "
        "each at once; nemo-cross tests in Polish what was trained in English; speakers is for "
        "any other corpora; everyone is for a bundle to ship. as-published splits clips at "
        "random, as the recipe's source did: it leaks, and says little about other voices."
    ),
]
RecipeName = Annotated[
    str, typer.Option(help="Name of the recipe, a file in model_training/recipes.")
]
Seed = Annotated[int, typer.Option(help="Fixes initial weights and augmentation.")]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="Number of epochs; the default is that of the recipe.")
]


class Policy(StrEnum):
    """The precision of a network in training, a dtype policy of Keras."""

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"
    MIXED_FLOAT16 = "mixed_float16"


Precision = Annotated[
    Policy, typer.Option(help="mixed_bfloat16 is faster where the processor has AVX512-BF16.")
]
Results = Annotated[Path, typer.Option(file_okay=False, help="The folder of the result files.")]
RESULTS = Path("results") if INSTALLED else Path("model_training", "results")


@commands.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option(file_okay=False, help="The folder of the bundle to write.")],
    recipe: RecipeName = DEFAULT_MODEL,
    protocol: Protocol = "ravdess-si",
    fold: Annotated[
        int,
        typer.Option(
            help="Fold to test: ravdess-si, nemo-si and all-si 1 to 6, cremad-si 1 to 5, "
            "tess-si 1 or 2, everyone and nemo-cross 1, as-published and speakers 1 to 5."
        ),
    ] = 1,
    seed: Seed = 1,
    epochs: Epochs = None,
    precision: Precision = Policy.FLOAT32,
    run: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="The folder of the run; default runs/RECIPE-PROTOCOL-fold-FOLD-seed-SEED.",
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option(help="Also write the history for TensorBoard, into the run's folder.")
    ] = False,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Train a recipe and write its bundle; the same command resumes a stopped run."""
    if tensorboard:
        _needs_extra("tensorboard")
    _load_keras()
    from model_training.experiment import experiments

    found_folds = experiments(data, recipe, protocol, speaker_pattern)
    found_folds.announce(typer.echo)
    chosen = found_folds.of(fold)
    chosen.announce(typer.echo)
    settings = chosen.settings(seed, epochs, precision.value)
    chosen.train(settings, run or chosen.folder(seed), out, tensorboard)
    typer.echo(f"The bundle is in {out}; next: {_evaluation(out, data, speaker_pattern)}")


@commands.command()
def fit_naming(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle.")],
    data: Data,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Fit the probability from which a bundle names an emotion; `train` does this at its end."""
    _load_keras()
    from model_training.experiment import of_bundle

    info = of_bundle(bundle, data, speaker_pattern).fit_naming(bundle)
    typer.echo(f"{bundle} names an emotion from a probability of {info.named_from:.2f} on.")


@commands.command()
def evaluate(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle.")],
    data: Data,
    readme: Annotated[
        Path | None, typer.Option(help="A README with markers, to write the figures into.")
    ] = None,
    results: Results = RESULTS,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Evaluate a bundle on its test speakers; write its result file, card and report."""
    _needs_extra()
    _load_keras()
    from model_training.experiment import of_bundle
    from model_training.reports import card
    from model_training.reports.readme import write_figures

    of_bundle(bundle, data, speaker_pattern).evaluate(bundle, results)
    known = card.read(bundle, results)
    if readme:
        write_figures(known, readme)
    typer.echo(card.figures_table(known))
    typer.echo(
        f"The card and the report (report/index.html) are in {bundle}, the figures in {results}."
    )


@commands.command()
def robustness(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle, already evaluated.")],
    data: Data,
    results: Results = RESULTS,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Evaluate a bundle with noise, in a room, louder, shifted, cut, by telephone and as MP3."""
    _load_keras()
    from model_training.experiment import of_bundle

    for one in of_bundle(bundle, data, speaker_pattern).robustness(bundle, results).conditions:
        typer.echo(
            f"{one.corpus}, {one.condition}: UAR {one.uar:.3f}, falls by {one.fall:+.3f}, "
            f"{one.same:.0%} the same answers"
        )


@commands.command()
def cross_validate(
    data: Data,
    recipe: RecipeName = DEFAULT_MODEL,
    protocol: Protocol = "ravdess-si",
    fold: Annotated[
        list[int] | None, typer.Option(help="Only this one; may be repeated. All by default.")
    ] = None,
    seed: Seed = 1,
    epochs: Epochs = None,
    precision: Precision = Policy.FLOAT32,
    results: Results = RESULTS,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Train and evaluate a recipe fold by fold; the same command resumes a stopped run.

    The bundles are in the folders of the runs, runs/RECIPE-PROTOCOL-fold-FOLD-seed-SEED/bundle.
    """
    _needs_extra()
    _load_keras()
    from model_training.experiment import experiments
    from model_training.training import loop
    from model_training.training.checkpoints import HISTORY_FILE

    found_folds = experiments(data, recipe, protocol, speaker_pattern)
    found_folds.announce(typer.echo)
    for number in fold or range(1, found_folds.folds + 1):
        chosen = found_folds.of(number)
        settings = chosen.settings(seed, epochs, precision.value)
        if chosen.finished(settings, results):
            typer.echo(f"fold {number}: the result in {results} is there already")
            continue
        chosen.announce(typer.echo)
        folder = chosen.folder(seed)
        loop.claim(folder, settings, chosen.split)  # a trained bundle, too, has to be of this run
        if not (folder / "bundle" / HISTORY_FILE).exists():  # the last file to be written
            chosen.train(settings, folder, folder / "bundle")
        figures = chosen.evaluate(folder / "bundle", results).headline
        typer.echo(f"fold {number}: UAR {figures.uar:.3f}, WA {figures.accuracy:.3f}")


@commands.command()
def baseline(
    data: Data,
    protocol: Protocol = "ravdess-si",
    fold: Annotated[
        list[int] | None, typer.Option(help="Only this one; may be repeated. All by default.")
    ] = None,
    results: Results = RESULTS,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Evaluate the baseline: openSMILE's eGeMAPS features and a support vector machine."""
    _needs_extra("opensmile")
    from model_training.corpora.clips import decode
    from model_training.corpora.table import load_corpora
    from model_training.evaluation import baseline
    from model_training.evaluation.results import write
    from model_training.protocols import check_folds, folds_of, speaker_independent

    split = speaker_independent(protocol)
    corpus = load_corpora(data, speaker_pattern=speaker_pattern)
    for note in corpus.notes:
        typer.echo(note)
    table = corpus.table
    check_folds(protocol, table)
    features = baseline.features(table, decode(table, baseline.SAMPLE_RATE))
    for number in fold or range(1, folds_of(protocol, table) + 1):
        evaluation = baseline.evaluate(split(table, number), features)
        write(evaluation, results)
        figures = evaluation.headline
        typer.echo(f"fold {number}: UAR {figures.uar:.3f}, WA {figures.accuracy:.3f}")


@commands.command()
def export(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle.")],
    to: Annotated[str, typer.Option(help="tflite, onnx or savedmodel.")],
    out: Annotated[Path, typer.Option(help="The file to write; a folder for savedmodel.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Of tflite, weights of 8 bits: a quarter of the size.")
    ] = False,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Corpora, to measure what --int8 costs on the bundle's test."),
    ] = None,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Write a bundle for another runtime: waveform in, calibrated probabilities out."""
    _needs_extra("onnx", "tf2onnx", "ai_edge_litert", "ai_edge_quantizer")
    _load_keras()
    from app.classifier import Classifier
    from model_training import export as exports
    from model_training.experiment import of_bundle

    if to not in list(exports.Format):
        raise typer.BadParameter(
            f"there is no format {to}; choose from {', '.join(exports.Format)}"
        )
    exports.export(bundle, exports.Format(to), out, int8)
    typer.echo(f"{bundle} is in {out}")
    if int8 and data:
        chosen = of_bundle(bundle, data, speaker_pattern)
        before, after = (
            exports.uar(classifier, chosen.split, chosen.clips)
            for classifier in (Classifier(bundle), exports.OnDevice(bundle, out))
        )
        typer.echo(f"UAR on the test, a window a clip: {before:.4f}, with 8 bits {after:.4f}")


@commands.command()
def compare(results: Results = RESULTS) -> None:
    """Compare recipes by their result files; write the tables and a chart."""
    _needs_extra()
    from model_training.reports import comparison

    typer.echo(comparison.compare(results))
    typer.echo(f"The tables and the chart are in {results}.")


def _evaluation(bundle: Path, data: list[Path], speaker_pattern: str | None) -> str:
    """The command that evaluates a bundle, as a shell reads it."""
    options = [str(bundle), *(word for one in data for word in ("--data", str(one)))]
    if speaker_pattern:
        options += ["--speaker-pattern", speaker_pattern]
    return f"python -m model_training evaluate {shlex.join(options)}"


def _load_keras() -> None:
    """Import Keras and initialize its backend, without its notes on the processor."""
    with native_chatter_held():
        import keras

        keras.ops.zeros(())


def _needs_extra(*packages: str) -> None:
    """Check for packages that only reports or single commands need.

    Raises:
        UndertoneError: one of them is not installed.
    """
    missing = [name for name in packages or ("matplotlib", "tabulate") if not find_spec(name)]
    if missing:
        raise UndertoneError(f"This needs {' and '.join(missing)}: {how_to_install('training')}")


def main() -> None:
    """Run a command. An error that the user can fix is one sentence and exit code 1."""
    try:
        commands()
    except UndertoneError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None
    except OSError as error:  # as a full disk or a folder that may not be written to
        why = " ".join((error.strerror or str(error)).split())
        typer.echo(f"{why}: {error.filename}" if error.filename else why, err=True)
        raise SystemExit(1) from None
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            resumes = sys.argv[1] in ("train", "cross-validate")
            where = "; the same command resumes after the last complete epoch" if resumes else ""
            typer.echo(f"Stopped{where}.", err=True)
        raise


if __name__ == "__main__":
    main()
