"""Every private name of Gradio that the page uses or replaces; public names are used elsewhere.

`patch` checks each name before anything is served. requirements.txt pins the minor version of
Gradio that has these names. assets/page/gradio_patches.js, gradio_stream.js, gradio_uploads.js,
gradio_calls.js and heartbeat.js do the same in the browser.
"""

import asyncio
import inspect
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

import gradio as gr
from gradio import processing_utils, route_utils, routes, utils
from gradio.blocks import Block
from gradio.data_classes import FileData
from gradio.queueing import Event, Queue
from gradio.state_holder import StateHolder
from starlette.requests import Request

from ..errors import UndertoneError
from . import EXAMPLES, PUBLIC, api_examples

# Functions with the parameters that Gradio passes by position, and constructors.
FUNCTIONS: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    (processing_utils, "async_ssrf_protected_download", ("url", "cache_dir")),
    (Queue, "wait_for_event_or_timeout", ("event", "timeout")),
    (gr.File, "_process_single_file", ("self", "f")),
    (processing_utils, "save_file_to_cache", ("file_path", "cache_dir")),
    (StateHolder, "delete_state", ("self", "session_id", "expired_only")),
    (utils, "is_in_or_equal", ("path_1", "path_2")),
    (
        routes,
        "generate_code_snippets",
        ("api_name", "endpoint_info", "root", "space_id", "api_prefix"),
    ),
    (routes, "generate_cli_snippet", ("original_info",)),
    (route_utils, "get_root_url", ("request", "route_path", "root_path")),
    (utils, "_parse_file_size", ("size",)),
    (utils, "diff", ("old", "new")),
    (
        routes.App,
        "create_app",
        (
            "blocks",
            "app",
            "app_kwargs",
            "auth_dependency",
            "strict_cors",
            "mcp_server",
            "debug",
            "parent_app",
        ),
    ),
    (gr.Blocks, "_set_html_css_theme_variables", ("self",)),
)
ATTRIBUTES: tuple[tuple[Callable[[], Any], tuple[str, ...]], ...] = (
    (StateHolder, ("lock", "session_data", "time_last_used")),
    (lambda: Block(render=False), ("keep_in_cache",)),
    (lambda: gr.Blocks()._queue, ("max_thread_count",)),
    (gr.Blocks, ("temp_file_sets",)),
)
# Parts of request addresses that gradio_stream.js and heartbeat.js look for or ask for.
ROUTES = (
    "/config",
    "/gradio_api/app_id",
    "/gradio_api/heartbeat/{session_hash}",
    "/gradio_api/queue/data",
    "/gradio_api/queue/join",
    "/gradio_api/run/{api_name}",
    "/gradio_api/stream/{event_id}",
    "/gradio_api/stream/{event_id}/close",
    "/gradio_api/upload",
)
# The places in the HTML where served_html.py inserts and removes content.
HTML = Path(gr.__file__).parent / "templates" / "frontend" / "index.html"
ANCHORS = ('<meta property="og:', '<meta name="twitter:', "</head>", "<gradio-app")
TOOL = "_mcp_type"  # the attribute that Gradio's decorators for agents set on a function

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class PatchError(UndertoneError):
    """The installed Gradio lacks a private name that the page needs; the message says which."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Gradio {gr.__version__} has no {name}, which this page uses: install the version "
            "that requirements.txt names."
        )


def patch() -> None:
    """Change Gradio for every page of this process.

    It then fetches no addresses, leaves no timers and empty files behind, loses no results that
    come quickly, and prints examples that run.

    Raises:
        PatchError: a name is gone, or a function takes other parameters.
    """
    check()
    processing_utils.async_ssrf_protected_download = _own_file
    Queue.wait_for_event_or_timeout = staticmethod(_next_chunk)
    # On the class, because Gradio makes a new component when a visitor chooses an example.
    gr.File._process_single_file = _path
    utils.diff = _whole
    routes.generate_code_snippets = api_examples.code_snippets
    routes.generate_cli_snippet = api_examples.cli_snippets
    routes.App.create_app = staticmethod(_created)


def check() -> None:
    """Check every private name.

    Raises:
        PatchError: a name is gone, or a function takes other parameters.
    """
    for owner, name, parameters in FUNCTIONS:
        function = getattr(owner, name, None)
        if function in OURS:  # patched already
            continue
        if function is None or tuple(inspect.signature(function).parameters) != parameters:
            raise PatchError(f"{owner.__name__}.{name}({', '.join(parameters)})")
    html = HTML.read_text("utf-8")
    for anchor in ANCHORS:
        if anchor not in html:
            raise PatchError(f"{anchor} in its HTML")
    for make, names in ATTRIBUTES:
        made = make()
        for name in names:
            if not hasattr(made, name):
                raise PatchError(f"{type(made).__name__}.{name}")


def check_served(page: gr.Blocks, mcp: bool) -> None:
    """Check the names that exist only while a page is served.

    Args:
        page: launched.
        mcp: whether it serves tools for agents.

    Raises:
        PatchError: a name is gone.
    """
    paths = page.app.openapi()["paths"]
    for route in ROUTES:
        if route not in paths:
            raise PatchError(f"route {route}")
    if mcp and not hasattr(gr.mcp.tool()(lambda: None), TOOL):
        raise PatchError(f"function.{TOOL}")


def keep_settings(page: gr.Blocks, settings: dict[str, Any]) -> None:
    """Keep the settings of a page that another program mounts.

    `gradio.mount_gradio_app` replaces settings that the program leaves out by Gradio's defaults:
    no style, no scripts, runs kept in the browser, and paths of the server in errors.

    Args:
        page: not served yet.
        settings: as `gr.Blocks.launch` takes them. CSS and head of the program come after these.
    """
    vars(page)["kept_settings"] = settings


def no_tool(endpoint: Endpoint) -> Endpoint:
    """Exclude an endpoint from the tools for agents; Gradio includes every public one."""
    vars(endpoint)[TOOL] = "none"
    return endpoint


def forget_on_unload(page: gr.Blocks) -> None:
    """Delete the state of a closed page at once; Gradio keeps it for an hour or longer."""

    def forget(request: gr.Request) -> None:
        holder, person = page.state_holder, str(request.session_hash)
        holder.delete_state(person)
        with holder.lock:
            holder.session_data.pop(person, None)
            holder.time_last_used.pop(person, None)

    page.unload(forget)


def delete_uploads(page: gr.Blocks) -> None:
    """Delete every file that visitors have sent; Gradio leaves them if a page is still open."""
    for files in page.temp_file_sets:
        for file in list(files):
            Path(file).unlink(missing_ok=True)


def root_url(request: Request) -> str:
    """The public address of the page of a request, without a slash at the end."""
    if space := os.environ.get("SPACE_HOST"):
        return f"https://{space}"
    app = request.scope["app"]
    return route_utils.get_root_url(
        request, "/", app.root_path or request.scope.get("root_path") or None
    )


_create_app = routes.App.create_app


def _created(blocks: gr.Blocks, *given: Any, **settings: Any) -> routes.App:
    """Gradio calls it last when mounting, after all settings of the program are on the page."""
    kept = vars(blocks).get("kept_settings")
    if kept:
        own = kept | {
            "head": kept["head"] + (blocks.head or ""),
            "head_paths": [],
            "max_file_size": utils._parse_file_size(kept["max_file_size"]),
        }
        app_settings = own.pop("app_kwargs")
        for name, value in own.items():
            setattr(blocks, name, value)
        blocks._queue.max_thread_count = blocks.max_threads
        blocks._set_html_css_theme_variables()
        program = settings.get("app_kwargs") or {}
        settings["app_kwargs"] = program | {
            name: [*value, *program.get(name, ())] for name, value in app_settings.items()
        }
    return _create_app(blocks, *given, **settings)


async def _own_file(url: str, cache_dir: str) -> str:
    """Refuse addresses in place of files; Gradio would download them.

    Only addresses of this server are allowed: of an upload, which Gradio's tool for agents (`gradio
    upload-mcp`) sends, or of an example, which the API page prints.
    """
    uploaded = unquote(url.partition("/gradio_api/file=")[2])
    if utils.is_in_or_equal(uploaded, cache_dir) and Path(uploaded).is_file():
        return uploaded
    example = EXAMPLES / url.partition(f"/{PUBLIC}/examples/")[2]
    if example in EXAMPLES.glob("*.ogg"):
        return processing_utils.save_file_to_cache(example, cache_dir)
    raise gr.Error("Addresses are not fetched: send the recording itself.", print_exception=False)


def _path(_: gr.File, file: FileData) -> str:
    """The path of an upload; Gradio would leave an empty file behind for each."""
    return file.path


async def _next_chunk(event: Event, timeout: float) -> Literal["signal", "timeout"]:
    """Wait for the next chunk of a stream; Gradio would leave a timer behind for each."""
    try:
        await asyncio.wait_for(event.signal.wait(), timeout)
    except TimeoutError:
        return "timeout"
    finally:
        event.signal.clear()
    return "signal"


def _whole(old: Any, new: Any) -> list[list[Any]]:
    """What turns one result of a generator into the next: nothing, or all of it.

    Gradio would send single edits, and its page makes them in the result before, which it may not
    have shown yet: what came first is then never seen.
    """
    return [] if old == new else [["replace", [], new]]


class Kept:
    """Uploads in the queue or in analysis, which Gradio would otherwise delete by their age.

    Args:
        component: receives them; Gradio asks it for the files to keep.
    """

    def __init__(self, component: gr.File | gr.Audio) -> None:
        self._paths: dict[str, list[str]] = {}
        vars(component)["keep_in_cache"] = self

    def __iter__(self) -> Iterator[str]:
        return iter([path for paths in list(self._paths.values()) for path in paths])

    def hold(self, paths: list[str] | None, request: gr.Request) -> None:
        """Keep these uploads of the current user instead of earlier ones."""
        self._paths[str(request.session_hash)] = paths or []

    def release(self, request: gr.Request) -> None:
        """Stop keeping them."""
        self._paths.pop(str(request.session_hash), None)

    @contextmanager
    def during(self, paths: list[str]) -> Iterator[None]:
        """Keep them during their analysis."""
        name = secrets.token_hex(8)
        self._paths[name] = paths
        try:
            yield
        finally:
            del self._paths[name]


OURS = (
    _own_file,
    _next_chunk,
    _path,
    _created,
    _whole,
    api_examples.code_snippets,
    api_examples.cli_snippets,
)
