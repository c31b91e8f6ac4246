"""`Streams`: appends, one at a time or pipelined, and deletes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from google.protobuf import any_pb2
from google.protobuf import empty_pb2 as google_empty
from google.protobuf.message import Message
from kurrentdbclient.protos.google.rpc import code_pb2
from kurrentdbclient.protos.v1 import shared_pb2, status_pb2, streams_pb2

from shared.errors import ForgetMeNotError, StreamDeleted, WrongExpectedRevision
from shared.eventstore.appending import Item
from shared.eventstore.node import refusals
from shared.eventstore.node.access import Access
from shared.eventstore.node.appending import MAX_APPEND_BYTES, expected_of, proposed, size_of
from shared.eventstore.node.calls import Batch, Call, Refused
from shared.eventstore.node.identifiers import EMPTY, identifier_of, stream_name, uuid_of
from shared.eventstore.node.writing import Writing
from shared.eventstore.port import AppendResult, Expected, StreamState

_log = structlog.get_logger(__name__)

AppendResp = streams_pb2.AppendResp
BatchAppendResp = streams_pb2.BatchAppendResp
Write = Callable[[str, Sequence[Item], Expected], Coroutine[Any, Any, AppendResult]]

_PIPELINED = 100  # batches under way on one call; the next is read when one is answered
_LONGEST_WAIT = 2.0 * 3600  # seconds: a deadline beyond this is none


class Streams:
    """Answers `Append`, `BatchAppend`, `Delete` and `Tombstone`."""

    def __init__(self, writing: Writing, access: Access) -> None:
        self._writing = writing
        self._access = access
        self._callers = 0  # of `batch_append`, now

    async def append(self, requests: list[streams_pb2.AppendReq], call: Call) -> Message:
        """The first message names stream and expectation, the others are the events."""
        if not requests or requests[0].WhichOneof("content") != "options":
            raise refusals.invalid("An append begins with its options.")
        options = requests[0].options
        stream = stream_name(options.stream_identifier)
        expected = expected_of(options, "expected_stream_revision")
        await self._access.check(call.user, "write", stream)
        if any(request.WhichOneof("content") != "proposed_message" for request in requests[1:]):
            raise refusals.invalid("After its options, an append has nothing but events.")
        events = proposed([request.proposed_message for request in requests[1:]])
        if size_of(events) > MAX_APPEND_BYTES:
            raise refusals.append_too_large(MAX_APPEND_BYTES)
        try:
            result = await self._writing.append(stream, events, expected)
        except WrongExpectedRevision as error:
            return AppendResp(wrong_expected_version=_wrong_version(expected, error.facts["actual"]))
        except StreamDeleted:
            raise refusals.stream_deleted(stream) from None
        return AppendResp(success=_success(AppendResp.Success, AppendResp.Position, result))

    async def delete(self, request: streams_pb2.DeleteReq, call: Call) -> Message:
        """Delete a stream so that it can be continued later."""
        position = await self._delete(request.options, call, for_ever=False)
        return streams_pb2.DeleteResp(
            position=streams_pb2.DeleteResp.Position(commit_position=position, prepare_position=position)
        )

    async def tombstone(self, request: streams_pb2.TombstoneReq, call: Call) -> Message:
        """Delete a stream for ever."""
        position = await self._delete(request.options, call, for_ever=True)
        return streams_pb2.TombstoneResp(
            position=streams_pb2.TombstoneResp.Position(commit_position=position, prepare_position=position)
        )

    async def _delete(self, options: Any, call: Call, for_ever: bool) -> int:
        stream = stream_name(options.stream_identifier)
        expected = expected_of(options, "expected_stream_revision")
        await self._access.check(call.user, "delete", stream)
        try:
            return (await self._writing.delete(stream, expected, for_ever)).position
        except WrongExpectedRevision as error:
            actual = error.facts["actual"]
            if actual is None and expected in (StreamState.ANY, StreamState.NO_STREAM):
                raise refusals.no_stream(stream) from None
            raise refusals.wrong_expected_version("Delete", stream, expected, actual) from None
        except StreamDeleted:
            raise refusals.stream_deleted(stream) from None

    async def batch_append(
        self, requests: AsyncIterator[streams_pb2.BatchAppendReq], call: Call
    ) -> AsyncIterator[Batch]:
        """Appends one after the other on one call, each answered when it is done, by its correlation id."""
        answers: asyncio.Queue[Message | None] = asyncio.Queue()
        batches = _Batches(self._append, self._access, call, answers)
        receiving = asyncio.create_task(batches.receive(requests))
        self._callers += 1
        try:
            while (answer := await answers.get()) is not None:
                batch = [answer]
                ended = False
                while not answers.empty():
                    following = answers.get_nowait()
                    if following is None:
                        ended = True
                        break
                    batch.append(following)
                yield batch
                if ended:
                    break
            await receiving
        finally:
            self._callers -= 1
            receiving.cancel()
            batches.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await receiving

    async def _append(self, stream: str, events: Sequence[Item], expected: Expected) -> AppendResult:
        return await self._writing.append(stream, events, expected, others=self._callers > 1)


class _Pending:
    """A batch that has not come whole yet."""

    def __init__(self, stream: str, expected: Expected, deadline: float) -> None:
        self.stream = stream
        self.expected = expected
        self.deadline = deadline
        self.events: list[Item] = []
        self.size = 0


class _Batches:
    """The batches of one call: taken in as they come, appended when whole, answered when on disk."""

    def __init__(self, write: Write, access: Access, call: Call, answers: asyncio.Queue[Message | None]) -> None:
        self._write = write
        self._access = access
        self._call = call
        self._answers = answers
        self._pending: dict[UUID, _Pending] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_PIPELINED)

    async def receive(self, requests: AsyncIterator[streams_pb2.BatchAppendReq]) -> None:
        """Take in what the client sends, until it ends; then wait for what is under way."""
        try:
            async for request in requests:
                await self._take(request)
            if self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            self._answers.put_nowait(None)

    def cancel(self) -> None:
        """The client is gone. What is being written will be; nobody wants to know."""
        for task in self._under_way:
            task.cancel()

    async def _take(self, request: streams_pb2.BatchAppendReq) -> None:
        stream = ""
        try:
            correlation = uuid_of(request.correlation_id)
            if request.HasField("options"):
                stream = stream_name(request.options.stream_identifier)
                await self._access.check(self._call.user, "write", stream)
                expected = expected_of(request.options, "expected_stream_position")
                self._pending[correlation] = _Pending(stream, expected, _deadline(request.options))
            pending = self._pending.get(correlation)
            if pending is None:
                return  # the rest of one that has been refused; the server too passes over it
            stream = pending.stream
            events = proposed(request.proposed_messages)
            pending.size += size_of(events)
            pending.events += events
            if pending.size > MAX_APPEND_BYTES:
                del self._pending[correlation]
                self._answer(
                    request, stream, _failed(shared_pb2.MaximumAppendSizeExceeded(maxAppendSize=MAX_APPEND_BYTES))
                )
            elif request.is_final:
                del self._pending[correlation]
                await self._room.acquire()
                task = asyncio.create_task(self._append(request, pending))
                self._under_way.add(task)
                task.add_done_callback(self._done)
        except Refused as error:
            self._answer(request, stream, _refused(error))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._room.release()

    async def _append(self, request: streams_pb2.BatchAppendReq, pending: _Pending) -> None:
        stream, expected = pending.stream, pending.expected
        left = pending.deadline - time.monotonic()
        answer: dict[str, Any]
        if left <= 0:
            answer = _failed(shared_pb2.Timeout(), code_pb2.DEADLINE_EXCEEDED)
        else:
            try:
                append = self._write(stream, pending.events, expected)
                result = await (append if left > _LONGEST_WAIT else asyncio.wait_for(append, left))
                answer = {"success": _success(BatchAppendResp.Success, shared_pb2.AllStreamPosition, result)}
            except WrongExpectedRevision as error:
                answer = _failed(_wrong_version_details(expected, error.facts["actual"]))
            except StreamDeleted:
                answer = _failed(shared_pb2.StreamDeleted(stream_identifier=identifier_of(stream)))
            except TimeoutError:
                answer = _failed(shared_pb2.Timeout(), code_pb2.DEADLINE_EXCEEDED)
            except ForgetMeNotError as error:
                answer = _refused(refusals.of_store(error))
            except Refused as error:
                answer = _refused(error)
            except Exception:
                _log.exception("node.batch_failed")
                answer = _failed(shared_pb2.Unknown(), code_pb2.UNKNOWN, "Exception was thrown by handler.")
        self._answer(request, stream, answer)

    def _answer(self, request: streams_pb2.BatchAppendReq, stream: str, answer: dict[str, Any]) -> None:
        self._answers.put_nowait(
            BatchAppendResp(correlation_id=request.correlation_id, stream_identifier=identifier_of(stream), **answer)
        )


def _deadline(options: Any) -> float:
    """When the client stops waiting, on the monotonic clock."""
    which = options.WhichOneof("deadline_option")
    if which == "deadline":
        return time.monotonic() + float(options.deadline.seconds + options.deadline.nanos / 1e9)
    if which == "deadline_21_10_0":
        given = options.deadline_21_10_0
        return time.monotonic() + float(given.seconds + given.nanos / 1e9) - time.time()
    return time.monotonic() + 2 * _LONGEST_WAIT


def _success(success: Any, position: Any, result: AppendResult | None) -> Any:
    if result is None:  # nothing to append, to a stream that does not exist
        return success(no_stream=EMPTY, no_position=EMPTY)
    if result.position < 0:
        return success(current_revision=result.revision, no_position=EMPTY)
    at = position(commit_position=result.position, prepare_position=result.position)
    return success(current_revision=result.revision, position=at)


_EXPECTED_FIELDS = {
    StreamState.ANY: "expected_any",
    StreamState.EXISTS: "expected_stream_exists",
    StreamState.NO_STREAM: "expected_no_stream",
}


def _wrong_version(expected: Expected, actual: int | None) -> Any:
    wrong = AppendResp.WrongExpectedVersion()
    if actual is None:
        wrong.current_no_stream.CopyFrom(EMPTY)
        wrong.no_stream_20_6_0.CopyFrom(EMPTY)
    else:
        wrong.current_revision = wrong.current_revision_20_6_0 = actual
    if isinstance(expected, StreamState):
        getattr(wrong, _EXPECTED_FIELDS[expected]).CopyFrom(EMPTY)
    else:
        wrong.expected_revision = wrong.expected_revision_20_6_0 = expected
    return wrong


def _wrong_version_details(expected: Expected, actual: int | None) -> shared_pb2.WrongExpectedVersion:
    wrong = shared_pb2.WrongExpectedVersion()
    if actual is None:
        wrong.current_no_stream.CopyFrom(google_empty.Empty())
    else:
        wrong.current_stream_revision = actual
    if isinstance(expected, StreamState):
        getattr(wrong, _EXPECTED_FIELDS[expected]).CopyFrom(google_empty.Empty())
    else:
        wrong.expected_stream_position = expected
    return wrong


_REFUSALS: Sequence[tuple[str, type[Message]]] = (("access-denied", shared_pb2.AccessDenied),)


def _refused(error: Refused) -> dict[str, Any]:
    for exception, details in _REFUSALS:
        if error.trailers.get("exception") == exception:
            return _failed(details(), int(error.code), error.message)
    return _failed(shared_pb2.BadRequest(message=error.message), int(error.code), error.message)


def _failed(details: Message, code: int = code_pb2.UNKNOWN, message: str = "") -> dict[str, Any]:
    packed = any_pb2.Any()
    packed.Pack(details)
    return {"error": status_pb2.Status(code=code, message=message, details=packed)}  # type: ignore[arg-type]
