"""What every request passes, whoever answers it: correlation, the body's limit, errors, headers, the access log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from types import MappingProxyType
from uuid import UUID, uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.http import headers
from services.gateway.http.replies import Failed, problem
from shared.errors import ForgetMeNotError, Invalid, TooLarge
from shared.logging import correlated
from shared.tracing import Kind, Span, continued, is_tracing, span

log = structlog.get_logger()

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LOOKED_AT = frozenset({"/health/live", "/health/ready", "/metrics"})
DRAINED = 32 * 2**20
DRAIN_SECONDS = 5


Observe = Callable[[str, str, int | None, float], None]
"""Told of every request: method, route, status (None: it broke off), seconds."""


class ClientGone(Exception):
    """The client went away before it had said everything."""


class Edge:
    """An ASGI application around another. The correlation id is in `scope["correlation_id"]` for what is inside.

    `larger` are the paths whose bodies have a limit of their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body: int,
        larger: Mapping[str, int] = MappingProxyType({}),
        observe: Observe | None = None,
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._larger = larger
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        raw_headers = dict(scope["headers"])
        try:
            correlation, malformed = headers.correlation_id(raw_headers), None
        except Invalid as error:
            correlation, malformed = uuid4(), error
        scope["correlation_id"] = correlation
        exchange = _Exchange(receive, send, correlation, self._larger.get(scope["path"], self._max_body))
        with correlated(correlation), _traced(scope, raw_headers) as trace:
            try:
                if malformed:
                    raise malformed
                exchange.check_length(raw_headers.get(b"content-length"))
                await self._app(scope, exchange.receive, exchange.send)
            except ClientGone:
                pass
            except TooLarge as error:
                await exchange.refuse_body(error, drain=b"expect" not in raw_headers)
            except ForgetMeNotError as error:
                await exchange.fail(error)
            except Exception:
                log.exception("a request failed", route=_template(scope))
                await exchange.fail(Failed("The program failed here; what it was doing is in its log."))
            finally:
                took, route = perf_counter() - began, _template(scope)
                method = scope["method"] if scope["method"] in METHODS else "other"
                log.info("request", method=method, route=route, status=exchange.status, ms=round(took * 1000, 2))
                _note(trace, method, route, exchange.status)
                if self._observe:
                    self._observe(method, route, exchange.status, took)


@contextlib.contextmanager
def _traced(scope: Scope, raw_headers: headers.RawHeaders) -> Iterator[Span | None]:
    """The trace of a request: one that it came with, or a new one. Those who look after us every few seconds have none.

    It is called by its route once that is known, and never by its path.
    """
    if not is_tracing() or scope["path"] in LOOKED_AT:
        yield None
        return
    with continued(headers.traceparent(raw_headers)), span("request", Kind.SERVER) as trace:
        yield trace


def _note(trace: Span | None, method: str, route: str, status: int | None) -> None:
    if trace is None:
        return
    trace.call_it(f"{method} {route}")
    trace.note(**{"http.request.method": method, "http.route": route})
    if status is not None:
        trace.note(**{"http.response.status_code": status})
    if status is None or status >= 500:
        trace.failed(str(status or "broken-off"), ours=status is not None)


def _template(scope: Scope) -> str:
    """The route, never the path: the log need not know which record was asked for."""
    route = scope.get("route")
    return scope.get("template") or getattr(route, "path", None) or "none"


class _Exchange:
    """One request and its answer: counts what comes in, and puts on what goes out what every answer carries."""

    def __init__(self, receive: Receive, send: Send, correlation: UUID, max_body: int) -> None:
        self.status: int | None = None
        self._receive = receive
        self._send = send
        self._correlation = correlation
        self._left = max_body
        self._max_body = max_body

    def check_length(self, declared: bytes | None) -> None:
        """Refuse a body whose length is said to be over the limit, before any of it is read."""
        if declared and declared.isdigit() and int(declared) > self._max_body:
            raise self._too_large()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-content-type-options", b"nosniff"),
                (b"referrer-policy", b"no-referrer"),
                (b"x-correlation-id", str(self._correlation).encode()),
            ]
        await self._send(message)

    async def fail(self, error: ForgetMeNotError) -> None:
        """Answer with the error, unless an answer is under way: that one breaks off, which the client sees."""
        if self.status is None:
            await problem(error, self._correlation).send(self.send)

    async def refuse_body(self, error: TooLarge, *, drain: bool) -> None:
        """Answer at once, then read on for a while and throw away.

        A client that is still sending when the connection closes may never see the answer. One that waits for
        `100 Continue` has sent nothing yet.
        """
        if self.status is not None:
            return
        reply = problem(error, self._correlation)
        await reply._replace(headers=(*reply.headers, (b"connection", b"close"))).send(self.send, more=True)
        if drain:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drain(), DRAIN_SECONDS)
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        left = DRAINED
        while left > 0:
            message = await self._receive()
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return
            left -= len(message.get("body", b""))

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is over the limit of {self._max_body} bytes.", limit=self._max_body)
