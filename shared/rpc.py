"""Commands and queries over nameko RPC: a context's service follows from its declarations, as its HTTP routes do.

    @serves(context)
    class CasesService:
        name = "cases"
        calls = Calls()

has a method for every command and query, named like it (`CloseCase`: `close_case`). Everything that may be personal, or
says who asks, goes into the call's arguments, never into its headers: `shared.transport` seals those on the broker.

    receipt = rpc.cases.close_case({"case": ..., "outcome": "found"}, command_id=..., reason=..., token=...)
    answered = rpc.cases.list_cases({"limit": 20}, wait_for=receipt["position"], token=...)

`token` is the caller's bearer token; who asks is what it says, and nothing else. It may come in nameko's own context
data instead (`auth_token`), which the broker sees in the clear; `correlation_id` and `on_behalf_of` are pseudonyms and
always come there, and so does `traceparent`. Errors arrive as those of our tree, wherever this module is imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple, NotRequired, Protocol, TypedDict, TypeVar
from uuid import UUID, uuid4

import orjson
from nameko.exceptions import registry as known_errors
from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc

from shared.bus import Bus, permit_kind
from shared.context import Context
from shared.errors import ForgetMeNotError, Invalid, Unauthenticated
from shared.handling import Then
from shared.logging import correlated
from shared.messages import Command, Origin, Query
from shared.tracing import Kind, Span, continued, is_tracing, span
from shared.wire import answer_adapter, read_command, read_query, receipt_fields, wire_name

S = TypeVar("S", bound=type)
R = TypeVar("R")

CONNECT = "FORGETMENOT_CONNECT"
"""The key in nameko's configuration that says `package.module:function`: gives what carries a service's calls out."""

HEALTH = "health"
"""The method of every service that answers as long as it can reach the log."""


class Identified(Protocol):
    """Gives the origin of a call from its token. Raises `Unauthenticated`."""

    def __call__(self, token: str, *, on_behalf_of: str | None, reason: str | None, correlation_id: UUID) -> Origin: ...


class Call(NamedTuple):
    """A call as it came: nothing in it is checked yet. All of it are JSON values."""

    message: str  # the wire type of a command or a query, or `HEALTH`
    fields: Any = None
    token: Any = None
    reason: Any = None
    on_behalf_of: Any = None
    correlation_id: Any = None
    command_id: Any = None
    expected: Any = None
    wait_for: Any = 0
    traceparent: Any = None


class Carries(Protocol):
    """Carries calls out, here or in another process."""

    def carry(self, call: Call) -> dict[str, Any]:
        """The receipt, or answer and position, as JSON values. Raises what `Bus` raises, and `Invalid`."""
        ...

    def close(self) -> None:
        """Carry no more out, once what is under way is done."""
        ...


class Connected:
    """Carries calls out in this process, on `bus`."""

    def __init__(
        self, bus: Bus, identified: Identified, contexts: tuple[Context, ...], *more: type[Query[Any]]
    ) -> None:
        commands = {kind.wire_type(): kind for context in contexts for kind in context.commands()}
        queries = {kind.wire_type(): kind for context in contexts for kind in context.queries()}
        self._bus = bus
        self._identified = identified
        self._commands: dict[str, type[Command]] = commands
        self._queries: dict[str, type[Query[Any]]] = queries | {kind.wire_type(): kind for kind in more}

    def carry(self, call: Call) -> dict[str, Any]:
        """See `Carries.carry`."""
        if command := self._commands.get(call.message):
            with _traced(command, call):
                return self._send(command, call)
        if query := self._queries.get(call.message):
            with _traced(query, call):
                return self._ask(query, call)
        raise Invalid("No service here takes this message: is one of the two processes of another version?")

    def begin(self, call: Call, then: Then) -> bool:
        """Carry out a command without waiting, if that can be, as `Bus.begin` does. What is wrong, `carry` says."""
        command = self._commands.get(call.message)
        if command is None or is_tracing():
            return False
        try:
            return self._sent(partial(self._bus.begin, then=then), command, call)
        except ForgetMeNotError:
            return False

    def close(self) -> None:
        """The bus belongs to whoever made it."""

    def _send(self, kind: type[Command], call: Call) -> dict[str, Any]:
        return receipt_fields(self._sent(self._bus.send, kind, call))

    def _sent(self, send: Callable[..., R], kind: type[Command], call: Call) -> R:
        origin = self._origin(kind, call)
        with correlated(origin.correlation_id):
            command = read_command(kind, _object(call.fields))
            key = _uuid(call.command_id, "command_id") or uuid4()
            return send(command, origin, command_id=key, expected=_count(call.expected, "expected"))

    def _ask(self, kind: type[Query[Any]], call: Call) -> dict[str, Any]:
        origin = self._origin(kind, call)
        with correlated(origin.correlation_id):
            query = read_query(kind, _object(call.fields))
            answered = self._bus.ask(query, origin, wait_for=_count(call.wait_for, "wait_for") or 0)
            answer = answer_adapter(kind).dump_python(answered.answer, mode="json", by_alias=True)
            return {"answer": answer, "position": answered.position}

    def _origin(self, kind: type[Command] | type[Query[Any]], call: Call) -> Origin:
        if not isinstance(call.token, str):
            raise Unauthenticated("Send a token with the call: token=..., or auth_token in its context data.")
        origin = self._identified(
            call.token,
            on_behalf_of=_text(call.on_behalf_of, "on_behalf_of"),
            reason=_text(call.reason, "reason"),
            correlation_id=_uuid(call.correlation_id, "correlation_id") or uuid4(),
        )
        permit_kind(kind, origin)
        return origin


@contextmanager
def _traced(kind: type[Command] | type[Query[Any]], call: Call) -> Iterator[None]:
    """A step of the trace that the call came with."""
    with continued(call.traceparent), call_span(kind.context, method_name(kind), Kind.SERVER):
        yield


def call_span(service: str, method: str, side: Kind) -> Span:
    """The step of a trace that a call is, on one side of it, as OpenTelemetry's conventions name it."""
    named = {"rpc.system": "nameko", "rpc.service": service, "rpc.method": method}
    return span(f"{service}/{method}", side, **named)


class Caller:
    """One call's way to what carries it out, with what nameko's context data says."""

    def __init__(self, carrier: Carries, data: Mapping[str, Any]) -> None:
        self._carrier = carrier
        self._data = data

    def make(self, message: str, fields: Any, token: str | None, **more: Any) -> dict[str, Any]:
        """Have the call carried out."""
        data = self._data
        call = Call(
            message,
            fields,
            token=data.get("auth_token") if token is None else token,
            on_behalf_of=data.get("on_behalf_of"),
            correlation_id=data.get("correlation_id"),
            traceparent=data.get("traceparent"),
            **more,
        )
        return self._carrier.carry(call)


class Calls(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Gives each call its `Caller`. What it is connected to is named in nameko's configuration, under `CONNECT`."""

    def setup(self) -> None:
        """Connect, once for the process."""
        module, _, function = self.container.config[CONNECT].partition(":")
        self.carrier: Carries = getattr(import_module(module), function)(self.container.service_name)

    def stop(self) -> None:
        """Let go, after the last call of the process."""
        self.carrier.close()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        """The way out for one call."""
        return Caller(self.carrier, worker_ctx.data)


class DeclaredRpc(Rpc):  # type: ignore[misc]  # nameko has no types
    """nameko's `rpc`, whose errors cross the broker with their code, sentence and facts, and nothing besides."""

    def handle_message(self, body: Any, message: Any) -> None:
        """Take a call. One without an id of its own gets the broker's, so that its redelivery is known as a repeat."""
        kwargs = body.get("kwargs") if isinstance(body, dict) else None
        if isinstance(kwargs, dict) and self.takes_command_id and len(body.get("args", ())) < 2:
            kwargs.setdefault("command_id", message.properties.get("correlation_id"))
        super().handle_message(body, message)

    @property
    def takes_command_id(self) -> bool:
        """Whether the method is a command's."""
        return bool(getattr(getattr(self.container.service_cls, self.method_name), "takes_command_id", False))

    def handle_result(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        """Send the result, or the error as it may be seen outside."""
        if exc_info is not None:
            crossing = Crossing.of(exc_info[1])
            exc_info = (Crossing, crossing, exc_info[2])
        return super().handle_result(message, worker_ctx, result, exc_info)


class Crossing(Exception):
    """An error on its way through the broker. nameko sends its arguments as text: code, sentence, facts as JSON."""

    @classmethod
    def of(cls, error: BaseException) -> Crossing:
        """Of our own errors all that they say; of any other only that there was one: its text may be personal."""
        if not isinstance(error, ForgetMeNotError):
            return cls("error", "The service failed; what it was doing is in its log.", "{}")
        return cls(error.code, str(error), orjson.dumps(error.facts, default=str).decode())


def arrived(code: str, sentence: str, facts: str) -> ForgetMeNotError:
    """The error that crossed."""
    kind = next((found for found in _tree(ForgetMeNotError) if found.code == code), ForgetMeNotError)
    error = kind.__new__(kind)
    ForgetMeNotError.__init__(error, sentence, **orjson.loads(facts))
    return error


def _tree(root: type[ForgetMeNotError]) -> list[type[ForgetMeNotError]]:
    return [root, *(leaf for kind in root.__subclasses__() for leaf in _tree(kind))]


known_errors[f"{Crossing.__module__}.{Crossing.__name__}"] = arrived


def serves(context: Context, *more: type[Query[Any]]) -> Callable[[S], S]:
    """Gives a service class a method for every command and query of the context, for those of `more`, and `health`.

    It holds its `Calls` as `calls`.
    """

    def add(service: S) -> S:
        for command in context.commands():
            _add(service, _command_method(command))
        for query in (*context.queries(), *more):
            _add(service, _query_method(query))
        _add(service, _health_method())
        return service

    return add


def method_name(kind: type[Command] | type[Query[Any]]) -> str:
    """`CloseCase`: `close_case`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def _add(service: type, method: Callable[..., dict[str, Any]]) -> None:
    if hasattr(service, method.__name__):
        raise ValueError(f"{service.__name__} has two methods {method.__name__}")
    setattr(service, method.__name__, method)


def _command_method(kind: type[Command]) -> Callable[..., dict[str, Any]]:
    message = kind.wire_type()

    def send(
        self: Any,
        fields: dict[str, Any],
        command_id: str | None = None,
        expected: int | None = None,
        reason: str | None = None,
        token: str | None = None,
    ) -> dict[str, Any]:
        return self.calls.make(  # type: ignore[no-any-return]
            message, fields, token, reason=reason, command_id=command_id, expected=expected
        )

    send.takes_command_id = True  # type: ignore[attr-defined]
    send.__annotations__["fields"] = fields_type(kind)
    return _entrypoint(send, method_name(kind), kind.__doc__)


def _query_method(kind: type[Query[Any]]) -> Callable[..., dict[str, Any]]:
    message = kind.wire_type()

    def ask(
        self: Any, fields: dict[str, Any], wait_for: int = 0, reason: str | None = None, token: str | None = None
    ) -> dict[str, Any]:
        return self.calls.make(message, fields, token, reason=reason, wait_for=wait_for)  # type: ignore[no-any-return]

    ask.__annotations__["fields"] = fields_type(kind)
    return _entrypoint(ask, method_name(kind), kind.__doc__)


def fields_type(kind: type[Command] | type[Query[Any]]) -> Any:
    """What a method takes as `fields`, for whoever looks at its signature: the message's own, but for the stamps."""
    stamps: frozenset[str] = getattr(kind, "STAMPS", frozenset())
    named = {
        wire_name(name, field): field.annotation if field.is_required() else NotRequired[field.annotation]
        for name, field in kind.model_fields.items()
        if name not in stamps
    }
    return TypedDict(kind.__name__, named)  # type: ignore[operator]


def _health_method() -> Callable[..., dict[str, Any]]:
    def health(self: Any) -> dict[str, Any]:
        return self.calls.make(HEALTH, None, None)  # type: ignore[no-any-return]

    return _entrypoint(health, HEALTH, "The position of the log that this service reaches.")


def _entrypoint(method: Any, name: str, explained: str | None) -> Callable[..., dict[str, Any]]:
    method.__name__ = method.__qualname__ = name
    method.__doc__ = explained
    # Arguments may be personal: nameko's own traces leave them out. Refusals are expected: no traceback for them.
    declared = DeclaredRpc.decorator(
        expected_exceptions=ForgetMeNotError, sensitive_arguments=("fields", "reason", "token")
    )
    return declared(method)  # type: ignore[no-any-return]


def _object(fields: Any) -> Mapping[str, Any]:
    if not isinstance(fields, Mapping):
        raise Invalid("The first argument is an object of fields.")
    return fields


def _uuid(text: Any, name: str) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError):
        raise Invalid(f"{name} is a UUID.") from None


def _text(text: Any, name: str) -> str | None:
    if text is not None and not isinstance(text, str):
        raise Invalid(f"{name} is a text.")
    return text


def _count(number: Any, name: str) -> int | None:
    if number is not None and (not isinstance(number, int) or number < 0):
        raise Invalid(f"{name} is a whole number, not below 0.")
    return number
