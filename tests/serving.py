"""A server started by a test or a benchmark: a port for it, its first page, its memory."""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PATIENCE = 180  # seconds; a cold TensorFlow on a busy machine takes its time


def free_port() -> int:
    """A port of the loopback address that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def first_page(url: str, server: subprocess.Popen[bytes]) -> str:
    """The page of a server, as soon as there is one.

    Raises:
        RuntimeError: the server ended, or did not answer within `PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} did not answer")


@contextmanager
def app_running(
    *options: str, port: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The app in a process of its own, as soon as its page is there, and its address.

    Args:
        options: of the command.
        port: to listen on; None for a free one.

    Raises:
        RuntimeError: there is no page; with what the app said.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        app = subprocess.Popen(
            [sys.executable, "-m", "app", "--port", str(port), *options],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            first_page(url, app)
        except RuntimeError as error:
            log.seek(0)
            raise RuntimeError(f"{error}:\n{log.read().decode()}") from error
        else:
            yield url, app
        finally:
            app.terminate()
            app.wait(PATIENCE)


def resident_megabytes(process: int) -> float:
    """Memory of a running process, on Linux."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line) / 1024
