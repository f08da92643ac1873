"""The commands of the training module: `python -m model_training --help`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from app.errors import UndertoneError

# TensorFlow reads this when it is imported: its notes on the CPU say nothing to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

commands = typer.Typer(
    help="Train and evaluate speech emotion models on RAVDESS, TESS and CREMA-D.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Data = Annotated[
    Path, typer.Option(help="The folder that holds the corpora, in their official layouts.")
]


@commands.command()
def download(
    corpora: Annotated[
        list[str], typer.Argument(help="ravdess, tess, crema-d; all of them.", metavar="NAME...")
    ],
    data: Data,
) -> None:
    """Bring the corpora from their official sources; run it again to go on with what was stopped.

    RAVDESS (speech and song) is 0.4 GB, TESS 0.3 GB, CREMA-D 0.6 GB. Their licences are theirs: the
    first two are for non-commercial use.
    """
    from model_training.download import Corpus, download

    unknown = set(corpora) - {*Corpus, "all"}
    if unknown:
        raise typer.BadParameter(
            f"there is no corpus {', '.join(sorted(unknown))}; choose from {', '.join(Corpus)}, all"
        )
    download(Corpus if "all" in corpora else map(Corpus, corpora), data)


@commands.command()
def prepare(
    data: Data,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The table of clips to write.")] = Path(
        "metadata.csv"
    ),
) -> None:
    """Count the clips of the corpora and their faults, and write one table of them."""
    from model_training.prepare import prepare

    prepare(data, out)


@commands.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="The folder of the bundle to write.")],
    recipe: Annotated[str, typer.Option(help="Its name; a file of model_training/recipes.")] = (
        "residual-mel"
    ),
    protocol: Annotated[
        str,
        typer.Option(
            help="ravdess-si, cremad-si, tess-si keep speakers apart. as-published splits clips "
            "at random, as the recipe's source did: it leaks, and its figures say little about "
            "other voices."
        ),
    ] = "ravdess-si",
    fold: Annotated[
        int,
        typer.Option(
            help="Who stays unheard: ravdess-si 1 to 6, cremad-si 1 to 5, tess-si 1 or 2; "
            "as-published 1 to 5."
        ),
    ] = 1,
    seed: Annotated[int, typer.Option(help="Fixes initial weights and augmentation.")] = 1,
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's own number.")] = None,
    precision: Annotated[
        str, typer.Option(help="mixed_bfloat16 is faster where the processor has AVX512-BF16.")
    ] = "float32",
    run: Annotated[
        Path | None,
        typer.Option(help="The folder of the run; runs/RECIPE-PROTOCOL-fold-FOLD-seed-SEED."),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option(help="Also write the history for TensorBoard, into the run's folder.")
    ] = False,
) -> None:
    """Train a recipe and write its bundle. Run it again to go on with a run that was stopped."""
    from model_training import batches, published, recipes, training
    from model_training.clips import decode
    from model_training.corpora import load_corpora
    from model_training.protocols import PROTOCOLS, ProtocolError

    chosen = recipes.load(recipe)
    table = load_corpora(data).table
    decoded = decode(table, chosen.sample_rate)
    clips: batches.Waveforms = decoded
    if protocol == published.PROTOCOL:
        typer.echo(published.WARNING, err=True)
        chosen, split, clips = published.prepared(chosen, table, fold, decoded)
    elif protocol in PROTOCOLS:
        split = PROTOCOLS[protocol](table, fold)
    else:
        known = ", ".join([*PROTOCOLS, published.PROTOCOL])
        raise ProtocolError(f"There is no protocol {protocol!r}; choose from {known}.")
    settings = training.Run(
        recipe=chosen.name,
        protocol=split.protocol,
        fold=fold,
        seed=seed,
        epochs=epochs or chosen.schedule.epochs,
        precision=precision,
    )
    folder = run or Path("runs", f"{chosen.name}-{protocol}-fold-{fold}-seed-{seed}")
    for side, voices in (("train", split.train), ("validate", split.validation)):
        typer.echo(f"{side}: {len(voices)} clips of {voices['speaker'].nunique()} speakers")
    around = training.surroundings(data, chosen.sample_rate)
    training.train(chosen, split, clips, around, settings, folder, out, tensorboard)
    if not split.leaks:
        typer.echo(f"The bundle is in {out}; next: python -m model_training evaluate {out}")
        return
    result = published.write_result(out, chosen, split, clips, training.seconds(folder))
    typer.echo(f"The bundle is in {out}; its figures, which leak, in {result}")


@commands.command()
def evaluate(
    bundle: Annotated[Path, typer.Argument(help="The folder of the bundle.")],
    data: Data,
    readme: Annotated[
        Path | None, typer.Option(help="A file to put the table of figures into, too.")
    ] = None,
) -> None:
    """Measure a bundle on the speakers it never heard; write its figures and its card."""
    from app.classifier import Classifier
    from model_training import evaluation, reports
    from model_training.clips import decode
    from model_training.corpora import load_corpora

    classifier = Classifier(bundle)
    if not classifier.info.unheard.speakers:
        raise UndertoneError(
            f"{bundle} heard every speaker ({classifier.info.protocol}), so there is nobody to "
            "measure it on; its leaking figures were written when it was trained."
        )
    table = load_corpora(data).table
    found = evaluation.evaluate(classifier, table, decode(table, classifier.sample_rate))
    typer.echo(f"Figures: {evaluation.write(found, bundle)}")
    typer.echo(f"Card: {reports.write_card(classifier.info, found, bundle)}")
    if readme:
        reports.write_figures(found, readme)
    typer.echo(reports.figures_table(found))


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
