"""Puts the HTTP API together: declared routes, health, the OpenAPI document and its page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from services.analytics.report import ReportActivity
from services.gateway.http.carriers import Carrier, InThreads
from services.gateway.http.documents import LARGEST, ROUTE, add_documents, describe_documents
from services.gateway.http.edge import Edge
from services.gateway.http.endpoints import DeclaredRoutes, Threads, declared_routes
from services.gateway.http.metrics import CONTENT_TYPE, Metrics
from services.gateway.http.openapi import describe
from services.gateway.http.page import add_page
from services.gateway.http.replies import MethodNotAllowed
from services.gateway.http.reports import add_reports, describe_reports
from services.gateway.identities import Identities
from services.protection.document_desk import DocumentDesk
from shared.bus import Bus
from shared.context import Context
from shared.errors import Invalid, NotFound
from shared.messages import Query
from shared.settings import Settings

Readiness = Callable[[], Mapping[str, str]]
"""What is not ready yet, by part, each with a sentence. Empty: ready."""


def create_app(
    bus: Bus,
    contexts: Iterable[Context],
    identities: Identities,
    *,
    readiness: Readiness,
    settings: Settings,
    extra_queries: Iterable[type[Query[Any]]] = (),
    documents: DocumentDesk | None = None,
    carrier: Carrier | None = None,
    metrics: Metrics | None = None,
) -> FastAPI:
    """The HTTP API of these contexts, and of `documents` if there are any. Raises ValueError if two routes clash.

    `carrier` takes declared commands and queries elsewhere; left out, `bus` carries them out in threads here.

    Run it with one server process: `uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, ...))`.
    """
    served = tuple(contexts)
    extra = tuple(extra_queries)
    for_commands = Threads(settings.threads, "command")
    for_queries = Threads(settings.threads, "query")
    queries = [*(query for context in served for query in context.queries()), *extra]
    routes = declared_routes(
        [command for context in served for command in context.commands()],
        queries,
        identities,
        carrying := carrier or InThreads(bus, for_commands, for_queries),
    )
    if documents:
        add_documents(routes, documents, identities, for_commands)
    add_reports(routes, queries, identities, bus, for_queries)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await carrying.start()
        yield
        await carrying.close()
        for_commands.close()
        for_queries.close()

    app = FastAPI(
        title="Forget-me-not",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},  # it would tell paths
        exception_handlers={HTTPException: _not_served, RequestValidationError: _malformed},
    )
    pages = describe_reports() if ReportActivity in queries else {}
    _add_health(app, readiness)
    if metrics:
        _add_metrics(app, metrics)
    add_page(app, lambda: describe(served, extra, {**(describe_documents() if documents else {}), **pages}))
    app.add_middleware(DeclaredRoutes, routes=routes)
    app.add_middleware(
        Edge,
        max_body=settings.max_body,
        larger={ROUTE: LARGEST} if documents else {},
        observe=metrics.observe if metrics else None,
    )
    return app


def _add_health(app: FastAPI, readiness: Readiness) -> None:
    @app.get("/health/live")
    async def live() -> Response:
        """The process answers."""
        return JSONResponse({"status": "live"})

    @app.get("/health/ready")
    async def ready() -> Response:
        """Everything behind the API is there; 503 with what is missing until then."""
        waiting = await asyncio.to_thread(readiness)
        if waiting:
            return JSONResponse({"status": "not ready", "waiting_for": dict(waiting)}, 503)
        return JSONResponse({"status": "ready"})


def _add_metrics(app: FastAPI, metrics: Metrics) -> None:
    @app.get("/metrics")
    async def page() -> Response:
        """What Prometheus reads. Counts and names of ours; nothing of persons."""
        return Response(await asyncio.to_thread(metrics.page), headers={"content-type": CONTENT_TYPE})


async def _not_served(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, as errors of our tree: the edge makes the answer."""
    assert isinstance(error, HTTPException)  # noqa: S101
    match error.status_code:
        case 404:
            raise NotFound("There is nothing at this address: /docs lists what there is.")
        case 405:
            raise MethodNotAllowed(tuple((error.headers or {}).get("Allow", "").split(", ")))
        case _:
            raise Invalid("The request is not valid.")


async def _malformed(request: Request, error: Exception) -> Response:
    raise Invalid("The request is not valid.")
