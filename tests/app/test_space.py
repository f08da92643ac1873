"""`app/space.py` where the environment is that of a ZeroGPU Space, with Hugging Face's own package.

The service behind it, which hands out GPUs, is Hugging Face's alone: a server here answers for it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from tests.conftest import ROOT
from tests.serving import PATIENCE, first_page, free_port


@contextmanager
def device_service() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it is asked for."""
    asked: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_zero_gpu_space_reports_a_function_and_serves_the_page(tmp_path):
    port = free_port()
    with device_service() as (service, asked):
        space = {
            "SPACES_ZERO_GPU": "true",
            "SPACES_ZERO_DEVICE_API_URL": service,
            "GRADIO_SERVER_PORT": str(port),
            "HOME": str(tmp_path),
        }
        server = subprocess.Popen(
            [sys.executable, "app/space.py"],
            cwd=ROOT,
            env=os.environ | space,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert "Undertone" in first_page(f"http://127.0.0.1:{port}", server)
            # Without a function that asks for a GPU, the package would report nothing.
            assert asked == ["/startup-report"]
        finally:
            server.terminate()
            server.wait(PATIENCE)
