"""A server started by a test: a port for it, and its first page."""

import socket
import subprocess
import time
import urllib.request

PATIENCE = 90  # seconds; a cold TensorFlow on a busy machine takes its time


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
