"""`PersistentSubscriptions`: creating, changing and reading groups of consumers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from google.protobuf.message import Message
from kurrentdbclient.protos.v1 import persistent_pb2

from shared.errors import ForgetMeNotError
from shared.eventstore.node import refusals
from shared.eventstore.node.access import Access
from shared.eventstore.node.calls import Batch, Call, Code, Refused
from shared.eventstore.node.following import Following
from shared.eventstore.node.identifiers import EMPTY, stream_name, uuid_of, wants_structured
from shared.eventstore.node.persistent import settings as settings_of
from shared.eventstore.node.persistent.consumer import Consumer
from shared.eventstore.node.persistent.description import info
from shared.eventstore.node.persistent.group import Action, Group
from shared.eventstore.node.persistent.measuring import Times
from shared.eventstore.node.persistent.parking import Parking
from shared.eventstore.node.persistent.register import Register
from shared.eventstore.node.persistent.settings import Settings
from shared.eventstore.node.reading import Reading
from shared.eventstore.node.recorded import read_event
from shared.eventstore.node.working import Workers
from shared.eventstore.node.writing import Writing

_log = structlog.get_logger(__name__)

ALL = "$all"
_Nack = persistent_pb2.ReadReq.Nack
_ACTIONS: dict[int, Action] = {
    _Nack.Unknown: "retry",
    _Nack.Park: "park",
    _Nack.Retry: "retry",
    _Nack.Skip: "skip",
    _Nack.Stop: "retry",  # and the consumer is dropped: another one shall try
}


class PersistentSubscriptions:
    """Answers `PersistentSubscriptions`, for the log in `folder`."""

    def __init__(
        self, folder: Path, reading: Reading, writing: Writing, following: Following, workers: Workers, access: Access
    ) -> None:
        self._folder = folder
        self._reading = reading
        self._writing = writing
        self._following = following
        self._workers = workers
        self._access = access
        self._register: Register | None = None
        self._groups: dict[tuple[str, str], Group] = {}
        self._parkings: dict[tuple[str, str], Parking] = {}
        self._opening = asyncio.Lock()

    async def open(self) -> Register:
        """Take the register, unless another node has it; then each call tries again."""
        async with self._opening:
            if self._register is None:
                self._register = await self._workers.run(Register, self._folder)
                for entry in await self._workers.run(self._register.entries):
                    self._add(entry.source, entry.name, entry.settings, entry.checkpoint)
            return self._register

    async def close(self) -> None:
        """Drop all consumers and save all places."""
        await self._stop_all()
        if self._register:
            self._register.close()

    # Creating, changing, deleting

    async def create(self, request: persistent_pb2.CreateReq, call: Call) -> Message:
        """A new group."""
        register = await self._operate(call)
        source, name = _named(request.options)
        if (source, name) in self._groups:
            raise _refusal(Code.ALREADY_EXISTS, "exists", source, name)
        settings = settings_of.of_create(request.options)
        await self._workers.run(register.put, source, name, settings)
        self._add(source, name, settings, await self._first_checkpoint(register, source, name, settings))
        return persistent_pb2.CreateResp()

    async def update(self, request: persistent_pb2.UpdateReq, call: Call) -> Message:
        """Other settings: consumers are dropped and come again, the place stays."""
        register = await self._operate(call)
        group = self._find(request.options)
        settings = settings_of.of_update(request.options, group.settings)
        await self._workers.run(register.put, group.source, group.name, settings)
        await group.stop()
        self._add(group.source, group.name, settings, group.checkpoint)
        return persistent_pb2.UpdateResp()

    async def delete(self, request: persistent_pb2.DeleteReq, call: Call) -> Message:
        """No such group any more, and nothing parked."""
        register = await self._operate(call)
        group = self._find(request.options)
        key = (group.source, group.name)
        del self._groups[key]
        await group.stop()
        await self._workers.run(register.remove, *key)
        await self._parkings.pop(key).clear()
        return persistent_pb2.DeleteResp()

    # Reading

    async def read(self, requests: AsyncIterator[persistent_pb2.ReadReq], call: Call) -> AsyncIterator[Batch]:
        """Events to this consumer; acks and nacks from it."""
        await self.open()
        first = await anext(aiter(requests), None)
        if first is None or first.WhichOneof("content") != "options":
            raise refusals.invalid("Reading begins with its options.")
        options = first.options
        group = self._find(options)
        await self._access.check(call.user, "read", group.source)
        if options.buffer_size <= 0:
            raise refusals.invalid("The buffer's size must be greater than 0.")
        name = call.metadata.get("connection-name", "")
        times = Times() if group.settings.extra_statistics else None
        consumer = Consumer(options.buffer_size, call.user.name or "anonymous", call.peer, name, times)
        group.connect(consumer)
        listening = asyncio.create_task(self._listen(requests, group, consumer))
        structured = wants_structured(options.uuid_option)
        try:
            confirmation = persistent_pb2.ReadResp.SubscriptionConfirmation(
                subscription_id=f"{group.source}::{group.name}"
            )
            yield [persistent_pb2.ReadResp(subscription_confirmation=confirmation)]
            while True:
                yield [
                    read_event(persistent_pb2, delivery.event, structured, delivery.retries)
                    for delivery in await consumer.take()
                ]
        finally:
            group.disconnect(consumer)
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen(self, requests: AsyncIterator[persistent_pb2.ReadReq], group: Group, consumer: Consumer) -> None:
        try:
            async for request in requests:
                match request.WhichOneof("content"):
                    case "ack":
                        group.ack(consumer, map(uuid_of, request.ack.ids))
                    case "nack":
                        nack = request.nack
                        group.nack(consumer, map(uuid_of, nack.ids), _ACTIONS.get(nack.action, "skip"), nack.reason)
                        if nack.action == _Nack.Stop:
                            group.disconnect(consumer)
                            consumer.drop(_refusal(Code.CANCELLED, "dropped", group.source, group.name))
                            return
                    case _:
                        raise refusals.invalid("While reading, only acks and nacks are understood.")
            consumer.drop(Refused(Code.OK, ""))
        except Refused as error:
            consumer.drop(error)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the connection is gone
            _log.debug("node.subscription.consumer_lost", error=type(error).__name__)
            consumer.drop(Refused(Code.CANCELLED, "The connection is lost."))

    # Looking at

    async def get_info(self, request: persistent_pb2.GetInfoReq, call: Call) -> Message:
        """One group, its settings and figures."""
        await self._operate(call)
        return persistent_pb2.GetInfoResp(subscription_info=await self._info(self._find(request.options)))

    async def list(self, request: persistent_pb2.ListReq, call: Call) -> Message:
        """All groups, or those of one stream or of `$all`."""
        await self._operate(call)
        groups = list(self._groups.values())
        if request.options.WhichOneof("list_option") == "list_for_stream":
            option = request.options.list_for_stream
            source = ALL if option.WhichOneof("stream_option") == "all" else stream_name(option.stream)
            groups = [group for group in groups if group.source == source]
            if not groups:
                raise Refused(
                    Code.NOT_FOUND,
                    "There are no subscriptions to this stream.",
                    {
                        "exception": "persistent-subscription-does-not-exist",
                        "stream-name": refusals.trailer_text(source),
                        "group-name": "",
                    },
                )
        return persistent_pb2.ListResp(subscriptions=[await self._info(group) for group in groups])

    async def replay_parked(self, request: persistent_pb2.ReplayParkedReq, call: Call) -> Message:
        """Deliver what is parked once more, all of it or up to event number `stop_at` of the parked stream."""
        await self._operate(call)
        options = request.options
        group = self._find(options)
        stop_at = options.stop_at if options.WhichOneof("stop_at_option") == "stop_at" else None
        if stop_at is not None and stop_at < 0:
            raise refusals.invalid("stop_at is not negative.")
        group.start()
        group.replay(await self._parkings[group.source, group.name].take(stop_at))
        return persistent_pb2.ReplayParkedResp()

    async def restart(self, request: Message, call: Call) -> Message:
        """Drop all consumers and begin again from what is on disk."""
        register = await self._operate(call)
        await self._stop_all()
        self._groups.clear()
        for entry in await self._workers.run(register.entries):
            self._add(entry.source, entry.name, entry.settings, entry.checkpoint)
        return EMPTY

    async def _info(self, group: Group) -> persistent_pb2.SubscriptionInfo:
        last: int | None
        if group.stream is None:
            last = await self._workers.run(self._reading.head)
        else:
            last = await self._workers.run(self._reading.revision, group.stream)
        return info(group, last, await self._parkings[group.source, group.name].count())

    # What they have in common

    async def _operate(self, call: Call) -> Register:
        self._access.check_operator(call.user)
        return await self.open()

    def _find(self, options: Any) -> Group:
        source, name = _named(options)
        group = self._groups.get((source, name))
        if group is None:
            raise _refusal(Code.NOT_FOUND, "does not exist", source, name)
        return group

    def _add(self, source: str, name: str, settings: Settings, checkpoint: int | None) -> None:
        key = (source, name)
        parking = self._parkings.get(key)
        if parking is None:
            parking = self._parkings[key] = Parking(source, name, self._reading, self._writing, self._workers)

        async def save(at: int) -> None:
            assert self._register is not None  # noqa: S101
            await self._workers.run(self._register.save, source, name, at)

        stream = None if source == ALL else source
        self._groups[key] = Group(stream, name, settings, checkpoint, self._following, parking.park, save)

    async def _first_checkpoint(self, register: Register, source: str, name: str, settings: Settings) -> int | None:
        """Whoever begins at the end begins at the end of now, not of the first consumer's coming."""
        if settings.start != -1:
            return None
        if source == ALL:
            checkpoint = await self._workers.run(self._reading.head)
        else:
            last = await self._workers.run(self._reading.revision, source)
            checkpoint = -1 if last is None else last
        await self._workers.run(register.save, source, name, checkpoint)
        return checkpoint

    async def _stop_all(self) -> None:
        for group in self._groups.values():
            try:
                await group.stop()
            except ForgetMeNotError as error:
                _log.error("node.subscription.stop_failed", group=group.name, error=str(error))


def _named(options: Any) -> tuple[str, str]:
    """The stream, or $all, and the group in some request's options."""
    which = options.WhichOneof("stream_option")
    if which == "all":
        source = ALL
    elif which == "stream":
        source = stream_name(options.stream.stream_identifier)
    else:
        source = stream_name(options.stream_identifier)
    if not options.group_name:
        raise refusals.invalid("The group's name is missing.")
    return source, options.group_name


def _refusal(code: Code, what: str, source: str, name: str) -> Refused:
    exception = {"exists": "exists", "does not exist": "does-not-exist", "dropped": "dropped"}[what]
    verb = "was dropped" if what == "dropped" else what
    return Refused(
        code,
        f"Subscription group {name} on stream {source} {verb}.",
        {
            "exception": f"persistent-subscription-{exception}",
            "stream-name": refusals.trailer_text(source),
            "group-name": refusals.trailer_text(name),
        },
    )
