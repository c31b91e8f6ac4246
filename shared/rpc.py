"""Commands and queries over nameko RPC: a context's service follows from its declarations, as its HTTP routes do.

    @serves(context)
    class CasesService:
        name = "cases"
        calls = Calls()

has a method for every command and query, named like it (`CloseCase`: `close_case`). All but who asks goes into the
call's arguments, never into its headers: an encrypting serializer then covers everything personal that a broker sees.

    receipt = rpc.cases.close_case({"case": ..., "outcome": "found"}, command_id=..., expected=3, reason=...)
    answered = rpc.cases.list_cases({"limit": 20}, wait_for=receipt["position"])

The caller's bearer token travels in nameko's own context data (`auth_token`), and so do `correlation_id` and
`on_behalf_of`; who asks is what the token says, and nothing else. Errors arrive as those of our tree, wherever this
module is imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID, uuid4

import orjson
from nameko.exceptions import registry as known_errors
from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc

from shared.bus import Bus, permit_kind
from shared.context import Context
from shared.errors import ForgetMeNotError, Invalid, Unauthenticated
from shared.logging import correlated
from shared.messages import Command, Origin, Query
from shared.wire import answer_adapter, read_command, read_query, receipt_fields

S = TypeVar("S", bound=type)

CONNECT = "FORGETMENOT_CONNECT"
"""The key in nameko's configuration that says `package.module:function`: gives a bus and who can tell who asks."""


class Identified(Protocol):
    """Gives the origin of a call from its token. Raises `Unauthenticated`."""

    def __call__(self, token: str, *, on_behalf_of: str | None, reason: str | None, correlation_id: UUID) -> Origin: ...


class Connected(NamedTuple):
    """What a service process works with."""

    bus: Bus
    identified: Identified


class Caller:
    """One call's way to the bus: the services behind it, and who asks."""

    def __init__(self, connected: Connected, data: Mapping[str, Any]) -> None:
        self._connected = connected
        self._data = data

    def send(
        self, kind: type[Command], fields: Any, command_id: str | None, expected: int | None, reason: str | None
    ) -> dict[str, Any]:
        """Have a command carried out; its receipt as JSON values. Raises what `Bus.send` raises, and `Invalid`."""
        origin = self._origin(kind, reason)
        with correlated(origin.correlation_id):
            command = read_command(kind, _object(fields))
            key = _uuid(command_id, "command_id") or uuid4()
            receipt = self._connected.bus.send(command, origin, command_id=key, expected=_count(expected, "expected"))
            return receipt_fields(receipt)

    def ask(self, kind: type[Query[Any]], fields: Any, wait_for: int, reason: str | None) -> dict[str, Any]:
        """Have a query answered; the answer as JSON values, and the position that it reflects."""
        origin = self._origin(kind, reason)
        with correlated(origin.correlation_id):
            query = read_query(kind, _object(fields))
            answered = self._connected.bus.ask(query, origin, wait_for=_count(wait_for, "wait_for") or 0)
            answer = answer_adapter(kind).dump_python(answered.answer, mode="json", by_alias=True)
            return {"answer": answer, "position": answered.position}

    def _origin(self, kind: type[Command] | type[Query[Any]], reason: str | None) -> Origin:
        token = self._data.get("auth_token")
        if not isinstance(token, str):
            raise Unauthenticated("Send a token with the call, as auth_token in its context data.")
        origin = self._connected.identified(
            token,
            on_behalf_of=self._data.get("on_behalf_of"),
            reason=reason,
            correlation_id=_uuid(self._data.get("correlation_id"), "correlation_id") or uuid4(),
        )
        permit_kind(kind, origin)
        return origin


class Calls(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Gives each call its `Caller`. What it is connected to is named in nameko's configuration, under `CONNECT`."""

    def setup(self) -> None:
        """Connect, once for the process."""
        module, _, function = self.container.config[CONNECT].partition(":")
        self.connected: Connected = getattr(import_module(module), function)()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        """The way to the bus for one call."""
        return Caller(self.connected, worker_ctx.data)


class DeclaredRpc(Rpc):  # type: ignore[misc]  # nameko has no types
    """nameko's `rpc`, whose errors cross the broker with their code, sentence and facts, and nothing besides."""

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


def _arrived(code: str, sentence: str, facts: str) -> ForgetMeNotError:
    kind = next((found for found in _tree(ForgetMeNotError) if found.code == code), ForgetMeNotError)
    error = kind.__new__(kind)
    ForgetMeNotError.__init__(error, sentence, **orjson.loads(facts))
    return error


def _tree(root: type[ForgetMeNotError]) -> list[type[ForgetMeNotError]]:
    return [root, *(leaf for kind in root.__subclasses__() for leaf in _tree(kind))]


known_errors[f"{Crossing.__module__}.{Crossing.__name__}"] = _arrived


def serves(context: Context) -> Callable[[S], S]:
    """Gives a service class a method for every command and query of the context. It holds its `Calls` as `calls`."""

    def add(service: S) -> S:
        for command in context.commands():
            _add(service, _command_method(command))
        for query in context.queries():
            _add(service, _query_method(query))
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
    def send(
        self: Any,
        fields: dict[str, Any],
        command_id: str | None = None,
        expected: int | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        return self.calls.send(kind, fields, command_id, expected, reason)  # type: ignore[no-any-return]

    return _entrypoint(send, kind)


def _query_method(kind: type[Query[Any]]) -> Callable[..., dict[str, Any]]:
    def ask(self: Any, fields: dict[str, Any], wait_for: int = 0, reason: str | None = None) -> dict[str, Any]:
        return self.calls.ask(kind, fields, wait_for, reason)  # type: ignore[no-any-return]

    return _entrypoint(ask, kind)


def _entrypoint(method: Any, kind: type[Command] | type[Query[Any]]) -> Callable[..., dict[str, Any]]:
    method.__name__ = method.__qualname__ = method_name(kind)
    method.__doc__ = kind.__doc__
    # Arguments may be personal: nameko's own traces leave them out. Refusals are expected: no traceback for them.
    declared = DeclaredRpc.decorator(expected_exceptions=ForgetMeNotError, sensitive_arguments=("fields", "reason"))
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


def _count(number: Any, name: str) -> int | None:
    if number is not None and (not isinstance(number, int) or number < 0):
        raise Invalid(f"{name} is a whole number, not below 0.")
    return number
