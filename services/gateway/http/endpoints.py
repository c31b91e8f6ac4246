"""A declared command or query, behind its route. All that a request must be follows from the declaration.

FastAPI's own machinery for parameters is left out on the way of a request: it costs more than the rest together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.http import headers
from services.gateway.http.carriers import Carrier
from services.gateway.http.replies import MethodNotAllowed, Reply
from services.gateway.http.routes import Found, Routes, parameters_of
from services.gateway.http.threads import Threads as Threads
from services.gateway.identities import Identities
from shared.bus import permit_kind
from shared.errors import Invalid
from shared.messages import Command, Origin, Query, Receipt, Route
from shared.privacy.personal import personal_fields
from shared.wire import (
    FieldError,
    invalid,
    list_fields,
    receipt_fields,
    shown,
)

T = TypeVar("T")
K = TypeVar("K", bound="type[Command] | type[Query[Any]]")

MOST_PARAMETERS = 200
JSON = "application/json"


@dataclass(slots=True)
class Call:
    """A request to a declared route."""

    headers: headers.RawHeaders
    query_string: bytes
    parameters: dict[str, str]
    correlation_id: UUID
    receive: Receive

    async def body(self) -> bytes:
        """All of the body. Its limit is kept by whoever hands it over."""
        message = await self.receive()
        if not message.get("more_body", False):
            return message.get("body", b"")  # type: ignore[no-any-return]
        parts = [message.get("body", b"")]
        while message.get("more_body", False):
            message = await self.receive()
            parts.append(message.get("body", b""))
        return b"".join(parts)


class Endpoint(Protocol):
    """Answers one method of one route."""

    async def __call__(self, call: Call) -> Reply: ...


class _Declared(Generic[K]):
    def __init__(self, kind: K, identities: Identities) -> None:
        self.kind = kind
        self._identities = identities
        assert kind.route is not None  # noqa: S101  (`declared_routes` takes only those with one)
        self.route = kind.route
        # JSON distinguishes 5 from "5", a path does not.
        self._numbers = {name for name in parameters_of(self.route.path) if kind.model_fields[name].annotation is int}

    def origin(self, call: Call) -> Origin:
        """Who asks, if they may. Asked before anything that they sent is looked at."""
        origin = headers.origin(call.headers, self._identities, call.correlation_id)
        permit_kind(self.kind, origin)
        return origin

    def from_path(self, call: Call, fields: dict[str, Any]) -> dict[str, Any]:
        """`fields` with the parameters of the path, which nothing else may name."""
        for name, text in call.parameters.items():
            if name in fields:
                raise invalid([FieldError(field=name, rule="in-path", message="This is in the path already")])
            fields[name] = int(text) if name in self._numbers and is_number(text) else text
        return fields


class CommandEndpoint(_Declared[type[Command]]):
    """Sends a command and answers with its receipt."""

    def __init__(self, kind: type[Command], identities: Identities, carrier: Carrier, place: str | None) -> None:
        super().__init__(kind, identities)
        self._carrier = carrier
        self._status = success_status(kind)
        self._place = place

    async def __call__(self, call: Call) -> Reply:
        origin = self.origin(call)
        command_id = headers.command_id(call.headers)
        expected = headers.expected_revision(call.headers)
        fields = self.from_path(call, read_object(await call.body()))
        receipt = await self._carrier.send(
            self.kind,
            fields,
            origin,
            command_id=command_id,
            expected=expected,
            token=headers.bearer(call.headers),
        )
        return Reply(self._status, orjson.dumps(receipt_fields(receipt)), self._headers(call, receipt))

    def _headers(self, call: Call, receipt: Receipt) -> tuple[tuple[bytes, bytes], ...]:
        found = (
            (b"etag", b'"%d"' % receipt.revision),
            (b"x-position", b"%d" % receipt.position),
            (b"idempotency-key", receipt.command_id.encode()),
        )
        if self._place is None:
            return found
        return (*found, (b"location", self._place.format_map({**call.parameters, **receipt.ids}).encode()))


class QueryEndpoint(_Declared[type[Query[Any]]]):
    """Asks a query and answers with what it answers."""

    def __init__(self, kind: type[Query[Any]], identities: Identities, carrier: Carrier) -> None:
        super().__init__(kind, identities)
        self._carrier = carrier
        self._lists = list_fields(kind)

    async def __call__(self, call: Call) -> Reply:
        origin = self.origin(call)
        fields = read_parameters(call.query_string, self._lists)
        wait_for = _wait_for(fields.pop("wait_for", "0"))
        if self.route.method == "POST":
            if fields:
                raise Invalid("What this asks for goes into the body, not into the URL.")
            fields = read_object(await call.body())
        body, position = await self._carrier.ask(
            self.kind, self.from_path(call, fields), origin, wait_for=wait_for, token=headers.bearer(call.headers)
        )
        media_type = (self.kind.media_type or JSON).encode()
        return Reply(200, body, ((b"x-position", b"%d" % position),), media_type)


class DeclaredRoutes:
    """An ASGI application that answers declared routes, and leaves everything else to another."""

    def __init__(self, app: ASGIApp, routes: Routes[Endpoint]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._routes.find(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["template"] = found.template
        reply = await self._answer(found, scope, receive)
        await reply.send(send, head=scope["method"] == "HEAD")

    async def _answer(self, found: Found[Endpoint], scope: Scope, receive: Receive) -> Reply:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if endpoint := found.targets.get(method):
            raw_headers = dict(scope["headers"])
            call = Call(raw_headers, scope["query_string"], found.parameters, scope["correlation_id"], receive)
            return await endpoint(call)
        allowed = (*found.targets, *(("HEAD",) if "GET" in found.targets else ()), "OPTIONS")
        if method == "OPTIONS":
            return Reply(204, headers=((b"allow", ", ".join(allowed).encode()),))
        raise MethodNotAllowed(allowed)


def declared_routes(
    commands: Iterable[type[Command]],
    queries: Iterable[type[Query[Any]]],
    identities: Identities,
    carrier: Carrier,
) -> Routes[Endpoint]:
    """Every command and query that declares a route. Raises ValueError for a declaration that cannot be served."""
    routes: Routes[Endpoint] = Routes()
    asked = [query for query in queries if query.route]
    places = {query.route.path for query in asked if query.route and query.route.method == "GET"}
    for query in asked:
        check_query(query)
        assert query.route is not None  # noqa: S101
        routes.add(query.route, QueryEndpoint(query, identities, carrier))
    for command in commands:
        if command.route:
            place = place_of_created(command, command.route, places)
            routes.add(command.route, CommandEndpoint(command, identities, carrier, place))
    return routes


def check_query(query: type[Query[Any]]) -> None:
    """Raises ValueError if the query would put personal data into a URL, or has a field of a name that is taken."""
    if "wait_for" in query.model_fields:
        raise ValueError(f"{query.wire_type()}: every query takes wait_for, none declares it")
    if query.route and query.route.method == "GET" and personal_fields(query):
        raise ValueError(
            f"{query.wire_type()} asks for personal values: give it a POST route, a URL is kept everywhere"
        )


def success_status(command: type[Command]) -> int:
    """201 for a command that makes something with an id of its own, else 200."""
    return 201 if command.new_ids() else 200


def place_of_created(command: type[Command], route: Route, places: Iterable[str]) -> str | None:
    """The path template under which what the command makes can be read, if there is one query for it."""
    return next(
        (f"{route.path}/{{{name}}}" for name in command.new_ids() if f"{route.path}/{{{name}}}" in places), None
    )


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; no body is an empty one. Raises `Invalid`."""
    if not body:
        return {}
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"The body is not JSON: it stops making sense at line {error.lineno}, column {error.colno}.",
            line=error.lineno,
            column=error.colno,
        ) from None
    if not isinstance(found, dict):
        raise Invalid('The body is a JSON object: {"field": value, ...}.')
    return found


def read_parameters(query_string: bytes, lists: frozenset[str]) -> dict[str, Any]:
    """The parameters after the `?`. One that holds a list may come several times. Raises `Invalid`."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise Invalid("What follows the ? in the URL is not percent-encoded UTF-8, or is too much.") from None
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in lists:
            found.setdefault(name, []).append(text)
        elif name in found:
            raise invalid([FieldError(field=shown(name), rule="once", message="This is asked for once")])
        else:
            found[name] = text
    return found


def _wait_for(text: str) -> int:
    if not is_number(text):
        raise invalid([FieldError(field="wait_for", rule="position", message="This is a position of the log")])
    return int(text)


def is_number(text: str) -> bool:
    """Whether this is a whole number that fits 64 bits for sure."""
    return text.isdecimal() and len(text) <= 18
