"""The page behind a proxy that serves it under a path of its own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from gradio_client import Client, handle_file

from tests.conftest import EXAMPLES
from tests.serving import PATIENCE, app_running

PREFIX = "/voices"


def proxy_of(target: str) -> ThreadingHTTPServer:
    """A server that hands everything under `PREFIX` on, without the prefix."""

    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            if not self.path.startswith(PREFIX):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            address = target + self.path.removeprefix(PREFIX)
            sent = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            with httpx.stream(
                self.command, address, content=body, headers=sent, timeout=60
            ) as answer:
                self.send_response(answer.status_code)
                for name in ("content-type", "content-encoding", "location", "set-cookie"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.end_headers()
                for part in answer.iter_raw():
                    self.wfile.write(part)
                    self.wfile.flush()

        do_GET = do_POST = do_HEAD = forward  # noqa: N815 (the names are http.server's)

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def url(monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("GRADIO_ROOT_PATH", PREFIX)
    with app_running() as (direct, _), proxy_of(direct) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}{PREFIX}/"
        proxy.shutdown()


def test_the_page_and_its_endpoints_work_under_a_path(url):
    page = httpx.get(url, timeout=PATIENCE)
    assert page.status_code == 200
    assert PREFIX in httpx.get(f"{url}config", timeout=PATIENCE).json()["root"]
    client = Client(url, verbose=False, httpx_kwargs={"timeout": PATIENCE})
    clip = EXAMPLES / "angry-woman-1037.ogg"
    assert client.predict(handle_file(clip), api_name="/predict")["emotion"] == "angry"
