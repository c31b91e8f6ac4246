"""Carries what is asked over HTTP to the services, over the broker: unchecked, for a service checks everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from shared.calling import Calling
from shared.errors import Invalid
from shared.messages import Command, Origin, Query, Receipt
from shared.rpc import method_name
from shared.settings import Settings
from shared.transport import open_sealing
from shared.wire import answer_adapter, body_of


def calling_of(settings: Settings) -> Calling:
    """The way to the services. Raises `Invalid` without a broker."""
    if settings.amqp_url is None:
        raise Invalid("Services are reached over a broker: set AMQP_URL, such as amqp://user:password@localhost//.")
    return Calling(
        settings.amqp_url.get_secret_value(),
        open_sealing(settings),
        in_flight=settings.in_flight,
        seconds=settings.call_seconds,
    )


class OverBroker:
    """See `services.gateway.http.carriers.Carrier`."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling

    async def send(
        self,
        kind: type[Command],
        fields: Mapping[str, Any],
        origin: Origin,
        *,
        command_id: UUID,
        expected: int | None,
        token: str,
    ) -> Receipt:
        """See `Carrier.send`. Raises `Unavailable` as well, with no room, no service, or no answer in time."""
        arguments: dict[str, Any] = {
            "fields": fields,
            "token": token,
            "command_id": str(command_id),
            "reason": origin.reason,
        }
        if expected is not None:
            arguments["expected"] = expected
        answer = await self._calling.call(kind.context, method_name(kind), arguments, _headers(origin))
        return Receipt(**{**answer, "events": tuple(answer["events"])})

    async def ask(
        self, kind: type[Query[Any]], fields: Mapping[str, Any], origin: Origin, *, wait_for: int, token: str
    ) -> tuple[bytes, int]:
        """See `Carrier.ask`. Raises `Unavailable` as `send` does."""
        arguments = {"fields": fields, "token": token, "wait_for": wait_for, "reason": origin.reason}
        answer = await self._calling.call(kind.context, method_name(kind), arguments, _headers(origin))
        found = answer["answer"]
        if kind.media_type is None:
            return orjson.dumps(found), answer["position"]
        return body_of(kind, answer_adapter(kind).validate_python(found)), answer["position"]

    async def start(self) -> None:
        """See `Carrier.start`."""
        self._calling.start()

    async def close(self) -> None:
        """See `Carrier.close`."""
        await self._calling.close()


def _headers(origin: Origin) -> dict[str, str]:
    """What nameko carries as context data: pseudonyms only, for the broker sees it."""
    headers = {"correlation_id": str(origin.correlation_id)}
    if origin.on_behalf_of:
        headers["on_behalf_of"] = origin.on_behalf_of
    return headers
