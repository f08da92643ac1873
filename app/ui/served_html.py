"""The HTML before any script of Gradio runs.

Gradio serves the same HTML for every app, with its own share card and nothing visible until its
scripts have built the page. A middleware inserts our card, a first picture of the page and the font
of the emoji.
"""

import re
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..folders import ASSETS
from . import PUBLIC, asset, gradio_patches, link_preview

FILES = StaticFiles(directory=ASSETS)
SHARE_TAGS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')


def app_settings() -> dict[str, Any]:
    """The settings of the application under Gradio: public files and the middleware.

    The files under `PUBLIC` are from the repository. They are public also with `--auth`, so that a
    shared link has a picture.
    """
    return {
        "routes": [Route(f"/{PUBLIC}/{{path:path}}", public_file)],
        "middleware": [Middleware(ServedHtml)],
    }


async def public_file(request: Request) -> Response:
    """One of the files under `PUBLIC`.

    A mount would look for the wrong path behind a proxy, whose path is the root and is not part of
    the request.
    """
    return await FILES.get_response(request.path_params["path"], request.scope)


class ServedHtml:
    """ASGI middleware that completes the HTML of the page and leaves other responses unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # In another program, the path begins with the mount path of the page.
        mounted = scope.get("root_path", "")
        if scope["type"] != "http" or scope["path"].removeprefix(mounted) not in ("", "/"):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = dict(start["headers"])
            if headers.get(b"content-type", b"").startswith(b"text/html"):
                body = completed(body, gradio_patches.root_url(Request(scope)))
                headers[b"content-length"] = str(len(body)).encode()
            await send({**start, "headers": list(headers.items())})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, collect)


def completed(html: bytes, root: str) -> bytes:
    """Gradio's HTML with our own head and first picture.

    Args:
        html: as Gradio serves it.
        root: the address of the page, without a slash at its end.
    """
    head = (
        f'{link_preview.tags(root)}<link rel="preload" as="font" type="font/woff2" crossorigin '
        f'href="{PUBLIC}/emoji/noto-color-emoji-8.woff2">'
        f"<style>{asset('opening.css')}</style><script>{asset('opening.js')}</script>"
        f"<script>{asset('heartbeat.js')}</script>"
    )
    html = SHARE_TAGS.sub(b"", html).replace(b"</head>", head.encode() + b"</head>", 1)
    opening = asset("opening.html").replace("<!-- header -->", asset("header.html"))
    return html.replace(b"<gradio-app", opening.encode() + b"<gradio-app", 1)
