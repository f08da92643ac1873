"""The page under a path: inside another program, and behind a proxy."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from playwright.sync_api import expect

import app
from tests.browser.steps import SECOND, record, stop, upload, wait_for_readings
from tests.serving import PATIENCE, app_running, free_port

PATH = "/tools/voice"
FAILED = """
performance.getEntriesByType("resource")
    .filter((got) => got.responseStatus >= 400).map((got) => got.name)
"""


@contextmanager
def serving(program: FastAPI) -> Iterator[str]:
    """A program in a thread of this process, as soon as it answers."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(program, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(20)


@pytest.fixture
def mounted(classifier):
    """Inside another program, which has a page of its own, as README.md shows."""
    program = FastAPI()

    @program.get("/")
    def own() -> str:
        return "The program's own page."

    page = app.page(classifier)
    gr.mount_gradio_app(program, page, path=PATH)
    with serving(program) as address:
        yield page, address


@pytest.fixture
def proxied():
    """Behind a proxy that takes the path away, as nginx does with `location` and `proxy_pass`."""
    with app_running("--root-path", PATH) as (url, _):
        client = httpx.AsyncClient(base_url=url, timeout=None)
        proxy = FastAPI()

        @proxy.api_route(PATH + "/{rest:path}", methods=["GET", "POST", "HEAD"])
        async def forward(rest: str, request: Request) -> StreamingResponse:
            sent = client.build_request(
                request.method,
                httpx.URL(path=f"/{rest}", query=request.url.query.encode()),
                headers=request.headers.raw,
                content=request.stream(),
            )
            answer = await client.send(sent, stream=True)
            return StreamingResponse(answer.aiter_raw(), answer.status_code, answer.headers)

        with serving(proxy) as address:
            yield address


def use_everything(open_page, recordings, address):
    """Microphone, plot, upload, an example with its sound; every request is answered well."""
    page = open_page("speech", f"{address}{PATH}/")
    page.set_default_timeout(PATIENCE * SECOND)
    assert page.evaluate("getComputedStyle(document.querySelector('.masthead')).display") == "flex"
    record(page)
    expect(page.locator("#live .emotion")).to_have_text("angry", timeout=PATIENCE * SECOND)
    wait_for_readings(page, 2)
    stop(page)

    upload(page, recordings["sad"])
    expect(page.locator("#summary .source")).to_contain_text("sad.wav", timeout=PATIENCE * SECOND)
    page.wait_for_selector("#sound .main-svg")
    page.locator("#recordings button[aria-label=Clear]").click()
    page.locator("#examples button").first.click()
    expect(page.locator("#summary .source")).to_contain_text("angry-man", timeout=PATIENCE * SECOND)
    page.wait_for_function(
        "document.querySelector('#player audio').duration > 1", timeout=PATIENCE * SECOND
    )
    failed = page.evaluate(FAILED)
    assert [url for url in failed if not url.endswith("/favicon.ico")] == []
    return page


def test_the_page_works_inside_another_program(open_page, recordings, mounted):
    blocks, address = mounted
    assert httpx.get(address).text == '"The program\'s own page."'
    page = use_everything(open_page, recordings, address)
    config = httpx.get(f"{address}{PATH}/config").json()
    assert (config["run_history"], config["show_error"]) == (False, False)
    assert config["max_file_size"] == app.limits.LIMITS.upload_mb * 2**20
    page.close()
    deadline = time.monotonic() + 20
    while blocks.state_holder.session_data and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not blocks.state_holder.session_data, "who leaves is forgotten"


def test_the_page_works_behind_a_proxy(open_page, recordings, proxied):
    use_everything(open_page, recordings, proxied)
