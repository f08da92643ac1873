"""The commands. `python -m app` alone serves the page."""

import os
import socket
from pathlib import Path
from typing import Annotated, NoReturn

import typer

# TensorFlow reads this when it is imported: its notes on the CPU say nothing to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Host = Annotated[
    str, typer.Option(envvar="GRADIO_SERVER_NAME", help="Address to listen on; 0.0.0.0 for all.")
]
Port = Annotated[int, typer.Option(envvar="GRADIO_SERVER_PORT", min=1, max=65535)]
Model = Annotated[str, typer.Option(help="A bundle in models/, or the path of one.")]


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 7860,
    model: Model = "residual-mel",
) -> None:
    """Hear how something is said: without a command, open the page."""
    if context.invoked_subcommand is not None:
        return
    refuse_taken_port(host, port)

    from app.bundle import BundleError
    from app.classifier import MODELS, Classifier
    from app.ui.page import launch

    try:
        classifier = Classifier(Path(model) if Path(model).is_dir() else MODELS / model)
    except BundleError as error:
        stop(str(error))
    launch(classifier, host, port)


def refuse_taken_port(host: str, port: int) -> None:
    """Loading a model takes seconds: say before it that the page could not be served."""
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


if __name__ == "__main__":
    app(prog_name="python -m app")
