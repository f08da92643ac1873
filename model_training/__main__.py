"""The commands of the training module: `python -m model_training --help`."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from app.classifier import DEFAULT_MODEL
from app.commands.stderr import native_chatter_held
from app.errors import UndertoneError
from app.folders import INSTALLED, how_to_install

# TensorFlow reads these when it is imported. Its notes on the CPU say nothing to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Its default where the processor has AVX512; without that, a step of the flagship takes two thirds
# of the time with it. Serving leaves it alone: single windows would take longer by a fifth.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

commands = typer.Typer(
    help="Train and evaluate speech emotion models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Data = Annotated[
    list[Path],
    typer.Option(
        help="A folder that holds corpora; one of EMOTION/SPEAKER folders; a table of clips (CSV, "
        "TSV, Parquet); an audformat database. May be given several times."
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
    data: Annotated[Path, typer.Option(help="The folder to bring them into.")],
) -> None:
    """Bring the corpora from their official sources; run it again to go on with what was stopped.

    RAVDESS (speech and song) is 0.4 GB, TESS 0.3 GB, CREMA-D 0.6 GB, nEMO 0.5 GB. Their
    licences are theirs: all but CREMA-D's are for non-commercial use. YAMNet (4 MB, Apache-2.0)
    is the network that the training of yamnet-mel begins with.
    """
    from model_training.corpora.download import Corpus, download

    unknown = set(corpora) - {*Corpus, "all"}
    if unknown:
        raise typer.BadParameter(
            f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(Corpus)}, all"
        )
    download(Corpus if "all" in corpora else map(Corpus, corpora), data)


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
RecipeName = Annotated[str, typer.Option(help="Its name; a file of model_training/recipes.")]
Seed = Annotated[int, typer.Option(help="Fixes initial weights and augmentation.")]
Epochs = Annotated[int | None, typer.Option(help="Instead of the recipe's own number.")]
Precision = Annotated[
    str, typer.Option(help="mixed_bfloat16 is faster where the processor has AVX512-BF16.")
]
Results = Annotated[Path, typer.Option(help="The folder of the result files that compare reads.")]
RESULTS = Path("results") if INSTALLED else Path("model_training", "results")


@commands.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="The folder of the bundle to write.")],
    recipe: RecipeName = DEFAULT_MODEL,
    protocol: Protocol = "ravdess-si",
    fold: Annotated[
        int,
        typer.Option(
            help="Who stays unheard: ravdess-si, nemo-si and all-si 1 to 6, cremad-si 1 to 5, "
            "tess-si 1 or 2, everyone and nemo-cross 1, as-published and speakers 1 to 5."
        ),
    ] = 1,
    seed: Seed = 1,
    epochs: Epochs = None,
    precision: Precision = "float32",
    run: Annotated[
        Path | None,
        typer.Option(help="The folder of the run; runs/RECIPE-PROTOCOL-fold-FOLD-seed-SEED."),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option(help="Also write the history for TensorBoard, into the run's folder.")
    ] = False,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Train a recipe and write its bundle. Run it again to go on with a run that was stopped."""
    if tensorboard:
        _needs_extra("tensorboard")
    _load_keras()
    from model_training.experiment import experiments

    chosen = experiments(data, recipe, protocol, speaker_pattern).of(fold)
    chosen.announce(typer.echo)
    settings = chosen.settings(seed, epochs, precision)
    chosen.train(settings, run or chosen.folder(seed), out, tensorboard)
    typer.echo(f"The bundle is in {out}; next: python -m model_training evaluate {out}")


@commands.command()
def fit_naming(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle.")],
    data: Data,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Choose from which probability on a bundle names an emotion, as `train` does at its end."""
    _load_keras()
    from model_training.experiment import of_bundle

    info = of_bundle(bundle, data, speaker_pattern).fit_naming(bundle)
    typer.echo(f"{bundle} names an emotion from a probability of {info.named_from:.2f} on.")


@commands.command()
def evaluate(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle.")],
    data: Data,
    readme: Annotated[
        Path | None, typer.Option(help="A file to put the table of figures into, too.")
    ] = None,
    results: Results = RESULTS,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Measure a bundle on the speakers it never heard; write its figures, its card and a report."""
    _needs_extra()
    _load_keras()
    from model_training.experiment import of_bundle
    from model_training.reports import card

    of_bundle(bundle, data, speaker_pattern).evaluate(bundle, results)
    known = card.read(bundle, results)
    if readme:
        card.write_figures(known, readme)
    typer.echo(card.figures_table(known))
    typer.echo(f"Figures, card and report (report/index.html) are in {bundle}.")


@commands.command()
def robustness(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle, already evaluated.")],
    data: Data,
    results: Results = RESULTS,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Measure a bundle in noise, in a room, louder, shifted, cut, by telephone and as MP3."""
    _load_keras()
    from model_training.experiment import of_bundle

    for found in of_bundle(bundle, data, speaker_pattern).robustness(bundle, results).conditions:
        typer.echo(
            f"{found.corpus}, {found.condition}: UAR {found.uar:.3f}, falls by {found.fall:+.3f}, "
            f"{found.same:.0%} the same answers"
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
    precision: Precision = "float32",
    results: Results = RESULTS,
    speaker_pattern: SpeakerPattern = None,
) -> None:
    """Train and evaluate a recipe fold by fold; run it again to go on where it was stopped.

    The bundle of each fold is in its run's folder, runs/RECIPE-PROTOCOL-fold-FOLD-seed-SEED/bundle.
    """
    _needs_extra()
    _load_keras()
    from model_training.evaluation.results import file_name
    from model_training.experiment import experiments
    from model_training.training.checkpoints import HISTORY_FILE

    found_folds = experiments(data, recipe, protocol, speaker_pattern)
    for number in fold or range(1, found_folds.folds + 1):
        result = results / recipe / file_name(protocol, number, seed)
        if result.exists():
            typer.echo(f"fold {number}: {result} is there already")
            continue
        chosen = found_folds.of(number)
        chosen.announce(typer.echo)
        folder = chosen.folder(seed)
        if not (folder / "bundle" / HISTORY_FILE).exists():  # the last file to be written
            settings = chosen.settings(seed, epochs, precision)
            chosen.train(settings, folder, folder / "bundle")
        found = chosen.evaluate(folder / "bundle", results)
        typer.echo(f"fold {number}: UAR {found.headline.uar:.3f}, WA {found.headline.accuracy:.3f}")


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
    """Measure what a network has to beat: openSMILE's eGeMAPS and a support vector machine."""
    _needs_extra("opensmile")
    from model_training.corpora.clips import decode
    from model_training.corpora.table import load_corpora
    from model_training.evaluation import baseline
    from model_training.evaluation.results import write
    from model_training.protocols import folds_of, speaker_independent

    split = speaker_independent(protocol)
    table = load_corpora(data, speaker_pattern=speaker_pattern).table
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
    """Put recipes beside each other, from their result files; write the table and a chart."""
    _needs_extra()
    from model_training.reports import comparison

    typer.echo(comparison.compare(results))
    typer.echo(f"The table and the chart are in {results}.")


def _load_keras() -> None:
    """Import Keras and let its backend compute something, without its notes on the processor."""
    with native_chatter_held():
        import keras

        keras.ops.zeros(())


def _needs_extra(*packages: str) -> None:
    """Reports are drawn by packages that neither the app nor training itself needs.

    Raises:
        UndertoneError: one of them is not installed.
    """
    missing = [name for name in packages or ("matplotlib", "tabulate") if not find_spec(name)]
    if missing:
        raise UndertoneError(f"This needs {' and '.join(missing)}: {how_to_install('training')}")


def main() -> None:
    """Run a command; what a person can mend is one sentence and exit code 1."""
    try:
        commands()
    except UndertoneError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped; the same command goes on after the last whole epoch.", err=True)
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
