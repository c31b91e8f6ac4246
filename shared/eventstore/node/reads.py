"""`Streams.Read`: reads of a stream and of `$all`, and catch-up subscriptions to them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from kurrentdbclient.protos.v1 import streams_pb2

from shared.eventstore.node import filters, refusals
from shared.eventstore.node.access import Access
from shared.eventstore.node.calls import Batch, Call
from shared.eventstore.node.following import Delivery, FellBehind, Following
from shared.eventstore.node.identifiers import clamped, identifier_of, now, stream_name, wants_structured
from shared.eventstore.node.reading import FIRST_PAGE, NoStream, Page, Reading
from shared.eventstore.node.recorded import Resolved, read_event
from shared.eventstore.node.working import Workers
from shared.eventstore.port import CaughtUp, Checkpoint

ReadResp = streams_pb2.ReadResp


class Reads:
    """Answers `Read`."""

    def __init__(self, reading: Reading, following: Following, workers: Workers, access: Access) -> None:
        self._reading = reading
        self._following = following
        self._workers = workers
        self._access = access

    async def read(self, request: streams_pb2.ReadReq, call: Call) -> AsyncGenerator[Batch, None]:
        """See the protocol's `ReadReq`: what is asked for is in its options."""
        options = request.options
        subject = options.WhichOneof("stream_option")
        if subject is None:
            raise refusals.invalid("Neither a stream nor $all is named.")
        backwards = options.read_direction == options.Backwards
        filter_ = options.filter if options.WhichOneof("filter_option") == "filter" else None
        subscribes = options.WhichOneof("count_option") == "subscription"
        if (filter_ is not None and subject == "stream") or (subscribes and backwards):
            raise refusals.invalid("The combination of stream, direction, filter and count is invalid.")
        stream = stream_name(options.stream.stream_identifier) if subject == "stream" else None
        await self._access.check(call.user, "read", stream or "$all")
        if stream is None:
            answers = self._all(options, filter_, subscribes, backwards)
        elif subscribes:
            answers = self._follow_stream(options, stream)
        else:
            answers = self._stream(options, stream, backwards)
        async with aclosing(answers):
            async for batch in answers:
                yield batch

    async def _stream(self, options: Any, stream: str, backwards: bool) -> AsyncGenerator[Batch, None]:
        start = clamped(options.stream.revision) if options.stream.WhichOneof("revision_option") == "revision" else None
        if start is None and options.stream.WhichOneof("revision_option") == ("end" if not backwards else "start"):
            start = clamped((1 << 64) - 1) if not backwards else 0
        left, page = options.count, None
        encode = partial(read_event, streams_pb2, structured=wants_structured(options.uuid_option))
        while page is None or (page.next is not None and left > 0):
            at = page.next if page else start
            try:
                page = await self._workers.run(
                    self._reading.stream_page,
                    stream,
                    at,
                    backwards,
                    min(left, page.size if page else FIRST_PAGE),
                    options.resolve_links,
                )
            except NoStream:
                missing = ReadResp.StreamNotFound(stream_identifier=identifier_of(stream))
                yield [ReadResp(stream_not_found=missing)]
                return
            left -= len(page.events)
            if page.events:
                yield [encode(event) for event in page.events]
        if options.control_option.compatibility >= 1:
            yield [ReadResp(last_stream_position=page.last)]

    def _all(self, options: Any, filter_: Any, subscribes: bool, backwards: bool) -> AsyncGenerator[Batch, None]:
        wanted = filters.wanted(filter_) if filter_ is not None else None
        which = options.all.WhichOneof("all_option")
        position = clamped(options.all.position.commit_position)
        if subscribes:
            after = position if which == "position" else None if which == "end" else 0
            follow = self._following.all(after, options.resolve_links, wanted)
            return self._deliveries(follow, of_stream=False, structured=wants_structured(options.uuid_option))
        start = position if which == "position" else None
        if which == ("start" if backwards else "end"):
            return _nothing()
        return self._read_all(options, start, backwards, wanted)

    async def _read_all(
        self, options: Any, start: int | None, backwards: bool, wanted: filters.Wanted | None
    ) -> AsyncGenerator[Batch, None]:
        left, page = options.count, Page([], start, 0)
        encode = partial(read_event, streams_pb2, structured=wants_structured(options.uuid_option))
        matches = wanted.matches if wanted else None
        first = True
        while left > 0 and (first or page.next is not None):
            first = False
            look = page.size if matches else min(left, page.size)  # whoever filters wants few of many
            page = await self._workers.run(
                self._reading.all_page, page.next, backwards, look, options.resolve_links, matches
            )
            events = page.events[:left]
            left -= len(events)
            if events:
                yield [encode(event) for event in events]

    def _follow_stream(self, options: Any, stream: str) -> AsyncGenerator[Batch, None]:
        which = options.stream.WhichOneof("revision_option")
        after = clamped(options.stream.revision) if which == "revision" else None if which == "end" else -1
        follow = self._following.stream(stream, after, options.resolve_links)
        return self._deliveries(follow, of_stream=True, structured=wants_structured(options.uuid_option))

    async def _deliveries(
        self, follow: AsyncGenerator[list[Delivery], None], of_stream: bool, structured: bool
    ) -> AsyncGenerator[Batch, None]:
        confirmation = ReadResp.SubscriptionConfirmation(subscription_id=str(uuid4()))
        yield [ReadResp(confirmation=confirmation)]
        async with aclosing(follow):
            async for batch in follow:
                yield [_delivery(item, of_stream, structured) for item in batch]


async def _nothing() -> AsyncGenerator[Batch, None]:
    return
    yield  # an iterator, though an empty one


def _delivery(item: Delivery, of_stream: bool, structured: bool) -> ReadResp:
    if isinstance(item, Resolved):
        message: ReadResp = read_event(streams_pb2, item, structured)
        return message
    stamp = now()
    if isinstance(item, Checkpoint):
        at = item.position
        return ReadResp(checkpoint=ReadResp.Checkpoint(commit_position=at, prepare_position=at, timestamp=stamp))
    place = _place(item.position, of_stream, stamp)
    if isinstance(item, CaughtUp):
        return ReadResp(caught_up=ReadResp.CaughtUp(**place))
    assert isinstance(item, FellBehind)  # noqa: S101
    return ReadResp(fell_behind=ReadResp.FellBehind(**place))


def _place(at: int, of_stream: bool, stamp: Timestamp) -> dict[str, Any]:
    if of_stream:
        return {"timestamp": stamp, "stream_revision": at}
    return {"timestamp": stamp, "position": ReadResp.Position(commit_position=at, prepare_position=at)}
