"""The commands. `python -m app` without a command serves the page."""

import io
import logging
import os
import socket
import sys
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from .classifier import DEFAULT_MODEL, Classifier
from .errors import UndertoneError
from .folders import MODELS, command, how_to_install
from .stderr import native_chatter_held

if TYPE_CHECKING:
    from .collection import Item

# TensorFlow reads this on import. Its notes on the CPU do not help a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

NAME = "undertone"
LABEL_FORMATS = (
    "srt",
    "vtt",
    "audacity",
    "textgrid",
)  # those of `formats`, which is slow to import

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Host = Annotated[
    str, typer.Option(envvar="GRADIO_SERVER_NAME", help="Address to listen on; 0.0.0.0 for all.")
]
Port = Annotated[int, typer.Option(envvar="GRADIO_SERVER_PORT", min=1, max=65535)]
Model = Annotated[str, typer.Option(help="The name of a bundle in models/, or its path.")]


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 7860,
    model: Model = DEFAULT_MODEL,
    desktop: Annotated[
        bool, typer.Option("--desktop", help="Open the page in a window of its own.")
    ] = False,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Serve the endpoints as tools for agents, too.")
    ] = False,
    auth: Annotated[
        str | None,
        typer.Option(
            envvar="UNDERTONE_AUTH",
            metavar="NAME:PASSWORD",
            help="NAME:PASSWORD that visitors must give; better set in the environment than typed.",
        ),
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(
            envvar="GRADIO_ROOT_PATH",
            help="Where a proxy shows the page: a path such as /voice, or its whole address.",
        ),
    ] = None,
) -> None:
    """Recognize the emotion in a voice. Without a command, open the page."""
    if context.invoked_subcommand is not None:
        return
    refuse_taken_port(host, port)
    if mcp and find_spec("mcp") is None:
        stop(f"Tools for agents need one more package: {how_to_install('mcp')}")
    name, _, password = (auth or "").partition(":")
    if auth and not (name and password):
        stop("--auth takes a name and a password with a colon between them.")
    if root_path and not root_path.startswith(("/", "http://", "https://")):
        stop("--root-path takes a path that begins with a slash, or an address with https://.")
    classifier = checked_model(model)

    from .ui.page import launch

    profile = Path(typer.get_app_dir(NAME)) if desktop else None
    launch(
        classifier,
        host,
        port,
        profile,
        mcp,
        auth=(name, password) if auth else None,
        root_path=root_path.rstrip("/") if root_path else None,
    )


@app.command()
def listen(
    recording: Annotated[
        Path | None,
        typer.Option("--input", help='Instead of the microphone; "-" for standard input.'),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Analyze the recording as fast as possible.")
    ] = False,
    device: Annotated[
        str | None, typer.Option(help="The microphone's number or a part of its name.")
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="Show the sound devices and stop.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write every reading to this file.")
    ] = None,
    smoothing: Annotated[
        float | None,
        typer.Option(min=0.0, max=0.95, help="Weight of the previous reading in a new one."),
    ] = None,
    model: Model = DEFAULT_MODEL,
) -> None:
    """Show live readings of this computer's microphone, or of a recording, in the terminal."""
    from .commands import listen as terminal
    from .commands import microphone

    try:
        if list_devices:
            typer.echo(microphone.devices())
            return
        number = int(device) if device and device.isdigit() else device
        chunks = terminal.play(recording, not fast) if recording else microphone.record(number)
        from .live import DEFAULT_SMOOTHING, LiveSession

        chosen = DEFAULT_SMOOTHING if smoothing is None else smoothing
        terminal.listen(LiveSession(load_model(model), chosen), chunks, csv)
    except (UndertoneError, OSError) as error:
        stop(str(error))


@app.command()
def predict(
    recordings: Annotated[
        list[str],
        typer.Argument(help='Files, zip archives, folders, patterns; "-" for standard input.'),
    ],
    timeline: Annotated[
        bool, typer.Option("--timeline", help="One row per segment instead of one per recording.")
    ] = False,
    form: Annotated[
        Literal["table", "csv", "json", "jsonl", "srt", "vtt", "audacity", "textgrid", "parquet"]
        | None,
        typer.Option(
            "--format",
            help="How to print. srt, vtt, audacity and textgrid write the segments of each "
            "recording; parquet, for large archives, needs --out.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="A file to write instead; a folder for the subtitles or labels of several "
            "recordings; of Parquet, a folder or address."
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, help="Number of recordings to analyze at the same time.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask cluster that does the work, such as tcp://10.0.0.1:8786."
        ),
    ] = None,
    channels: Annotated[
        Literal["mix", "split"],
        typer.Option(
            help="Mix the channels, or analyze each one separately, for example of a call."
        ),
    ] = "mix",
    track: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of the sound track of a film; the default track if not given."
        ),
    ] = None,
    embeddings: Annotated[
        bool,
        typer.Option(
            "--embeddings",
            help="Write CSV with one row per window of speech: the input of the last layer, for a "
            "classifier of your own.",
        ),
    ] = False,
    model: Model = DEFAULT_MODEL,
) -> None:
    """Analyze recordings and print the emotion of each.

    The exit code is 0 if all recordings were analyzed, 1 if some could not be, and 2 for wrong
    usage. Parquet is written part by part, by worker processes of this machine or of a Dask
    cluster; the same command resumes a stopped run.
    """
    if embeddings and (timeline or scheduler or form not in (None, "csv") or jobs > 1):
        raise typer.BadParameter("--embeddings writes CSV, one recording after the other.")
    if embeddings and (channels == "split" or track):
        raise typer.BadParameter("--embeddings needs mixed channels and the default track.")
    if scheduler or form == "parquet":
        if not out or form not in (None, "parquet"):
            raise typer.BadParameter("a cluster writes Parquet: give --out and no other --format.")
        if channels == "split" or track:
            raise typer.BadParameter("Parquet needs mixed channels and the default track.")
        raise typer.Exit(0 if score(recordings, out, scheduler, jobs, model) else 1)
    from .collection import collect
    from .commands.predict import Choice, Format, opened_whole, write_each
    from .commands.predict import predict as run

    try:
        collection = collect(recordings)
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error)) from None
    items, choice = collection.items, Choice(channels == "split", track)
    if form in LABEL_FORMATS and (len(items) > 1 or choice.split) and not out:
        raise typer.BadParameter(f"{form} makes one file per recording: give a folder with --out.")
    if collection.note:
        typer.echo(collection.note, err=True)
    if embeddings:
        raise typer.Exit(0 if embed(items, model, out) else 1)
    classifier = load_model(model)
    try:
        if form in LABEL_FORMATS:
            well = write_each(items, classifier, jobs, form, Path(out) if out else None, choice)
            raise typer.Exit(0 if well else 1)
        with opened_whole(Path(out)) if out else nullcontext(sys.stdout) as file:
            well = run(items, classifier, jobs, Format(form or "table"), timeline, file, choice)
    except BrokenPipeError:  # the reading program has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        stop(f"The results cannot be written: {error.strerror or error}.")
    raise typer.Exit(0 if well else 1)


def embed(items: "list[Item]", model: str, out: str | None) -> bool:
    """Write the embeddings of recordings, and return whether all succeeded."""
    from .commands.embeddings import write_embeddings
    from .commands.predict import opened_whole

    classifier = load_model(model)
    try:
        with opened_whole(Path(out)) if out else nullcontext(sys.stdout) as file:
            return write_embeddings(items, classifier, file)
    except OSError as error:
        stop(f"The results cannot be written: {error.strerror or error}.")


def score(names: list[str], out: str, scheduler: str | None, jobs: int, model: str) -> bool:
    """Analyze recordings with worker processes, and return whether all of them succeeded."""
    try:
        with native_chatter_held():
            from .commands import cluster, parquet
    except ImportError:
        stop(f"Parquet and clusters need more packages: {how_to_install('cluster')}")
    logging.disable()  # Dask's stack traces of lost workers and stopped runs
    try:
        collection = parquet.listed(names)
        if collection.note:
            typer.echo(collection.note, err=True)
        broken = cluster.score(collection, out, bundle_folder(model), scheduler, jobs)
    except UndertoneError as error:
        stop(str(error))
    for name, reason in broken.items():
        typer.echo(f"{name}: {reason}", err=True)
    return not broken


def checked_model(name: str) -> Classifier:
    """The bundle of that name or path, without loading its model; a broken one ends the program."""
    return Classifier(bundle_folder(name))


def load_model(name: str) -> Classifier:
    """The bundle of that name or path with its model loaded; a broken one ends the program."""
    classifier = checked_model(name)
    with native_chatter_held():
        classifier.load()
    return classifier


def bundle_folder(name: str) -> Path:
    try:
        return Path(name) if Path(name).is_dir() else MODELS / name
    except OSError as error:
        stop(f"The model {name} cannot be read: {error.strerror or error}.")


def refuse_taken_port(host: str, port: int) -> None:
    """Report a taken port before the model is loaded, which takes seconds."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        stop(f"Cannot serve on {host}:{port} ({reason}): choose another with --port or --host.")


def stop(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def main() -> None:
    """Run a command. An error that the user can fix is one sentence and exit code 1."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The encoding of a terminal or a pipe may lack characters of file names.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app(prog_name=command())
    except UndertoneError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
