"""The OpenAPI document, and the page that shows it. The page is ours, small, and asks nothing of the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

FILES = Path(__file__).parent / "page_files"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_page(app: FastAPI, describe: Callable[[], dict[str, Any]]) -> None:
    """Serve `/openapi.json` and `/docs`. The document is written when first asked for."""
    document = cache(lambda: orjson.dumps(describe()))

    @app.get("/openapi.json")
    async def openapi() -> Response:
        """The OpenAPI document."""
        return Response(await asyncio.to_thread(document), media_type="application/json")

    @app.get("/")
    async def start() -> Response:
        """To the page."""
        return RedirectResponse("/docs")

    app.add_api_route("/docs", _serve("docs.html"), methods=["GET", "HEAD"])
    for name in ("docs.css", "docs.js", "flower.svg"):
        app.add_api_route(f"/docs/{name}", _serve(name), methods=["GET", "HEAD"])


def _serve(name: str) -> Callable[[], Any]:
    path = FILES / name
    content = path.read_bytes()

    async def page() -> Response:
        return Response(
            content,
            media_type=TYPES[path.suffix],
            headers={"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"},
        )

    return page
