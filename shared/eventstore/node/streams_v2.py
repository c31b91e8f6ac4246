"""`StreamsService`, the protocol's second version: appends to several streams, all or none.

Properties become the event's metadata: a JSON object, its values as they were given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from google.protobuf import any_pb2, json_format
from google.protobuf.message import Message
from google.rpc import status_pb2
from kurrentdbclient.protos.v2.streams import errors_pb2, streams_pb2

from shared.errors import StreamDeleted, WrongExpectedRevision
from shared.eventstore.appending import MAX_EVENT_BYTES
from shared.eventstore.node import refusals
from shared.eventstore.node.access import Access
from shared.eventstore.node.appending import check_type
from shared.eventstore.node.calls import Call, Code, Refused
from shared.eventstore.node.writing import Writing
from shared.eventstore.port import Expected, NewEvent, StreamState

MAX_SESSION_BYTES = 16 << 20
_STATES = {-1: StreamState.NO_STREAM, -2: StreamState.ANY, -4: StreamState.EXISTS}


class StreamsV2:
    """Answers `AppendSession` and `AppendRecords`."""

    def __init__(self, writing: Writing, access: Access) -> None:
        self._writing = writing
        self._access = access

    async def append_session(self, requests: list[streams_pb2.AppendRequest], call: Call) -> Message:
        """One message a stream; a stream comes once."""
        if not requests:
            raise _refused(Code.INVALID_ARGUMENT, "An append session needs at least one request.")
        writes: list[tuple[str, NewEvent]] = []
        expects: dict[str, Expected] = {}
        for request in requests:
            stream = _named(request.stream)
            if stream in expects:
                details = errors_pb2.StreamAlreadyInAppendSessionErrorDetails(stream=stream)
                raise _refused(Code.ABORTED, f"Stream '{stream}' is already part of this session.", details)
            if not request.records:
                raise _refused(Code.INVALID_ARGUMENT, f"There are no records for stream '{stream}'.")
            expected = request.expected_revision if request.HasField("expected_revision") else -2
            expects[stream] = _expected(expected)
            writes += [(stream, event) for event in _events(stream, request.records)]
        results = await self._append(writes, expects, call)
        output = [
            streams_pb2.AppendResponse(stream=result.stream, stream_revision=result.revision, position=result.position)
            for result in results
        ]
        return streams_pb2.AppendSessionResponse(output=output, position=max(result.position for result in results))

    async def append_records(self, request: streams_pb2.AppendRecordsRequest, call: Call) -> Message:
        """Records that name their streams, in this order; and checks, also of streams that are not appended to."""
        if not request.records:
            raise _refused(Code.INVALID_ARGUMENT, "An append needs at least one record.")
        writes = [
            (_named(record.stream), event) for record in request.records for event in _events(record.stream, [record])
        ]
        checks: dict[str, int] = {}
        expects: dict[str, Expected] = {stream: StreamState.ANY for stream, _ in writes}
        for index, check in enumerate(request.checks):
            stream = _named(check.stream_state.stream)
            if stream in checks:
                raise _refused(Code.INVALID_ARGUMENT, f"Stream '{stream}' is checked twice.")
            checks[stream] = index
            expects[stream] = _expected(check.stream_state.expected_state)
        results = await self._append(writes, expects, call, checks)
        revisions = [streams_pb2.StreamRevision(stream=result.stream, revision=result.revision) for result in results]
        position = max(result.position for result in results)
        return streams_pb2.AppendRecordsResponse(revisions=revisions, position=position)

    async def _append(
        self,
        writes: list[tuple[str, NewEvent]],
        expects: dict[str, Expected],
        call: Call,
        checks: dict[str, int] | None = None,
    ) -> Any:
        for stream in dict(writes):
            await self._access.check(call.user, "write", stream)
        for stream in expects.keys() - dict(writes).keys():
            await self._access.check(call.user, "read", stream)
        size = sum(len(event.type) + len(event.data) + len(event.metadata) for _, event in writes)
        if size > MAX_SESSION_BYTES:
            details = errors_pb2.AppendTransactionSizeExceededErrorDetails(size=size, max_size=MAX_SESSION_BYTES)
            raise _refused(Code.ABORTED, f"The append has {size} bytes, {MAX_SESSION_BYTES} are allowed.", details)
        try:
            return await self._writing.append_jointly(writes, expects)
        except StreamDeleted as error:
            stream = error.facts["stream"]
            details = errors_pb2.StreamTombstonedErrorDetails(stream=stream)
            raise _refused(Code.FAILED_PRECONDITION, f"Stream '{stream}' has been tombstoned.", details) from None
        except WrongExpectedRevision as error:
            raise (_conflict(error) if checks is None else _violations(error, checks)) from None


def _named(stream: str) -> str:
    if not stream:
        raise _refused(Code.INVALID_ARGUMENT, "The stream's name is missing.")
    return stream


def _expected(number: int) -> Expected:
    if number >= 0:
        return number
    if number in _STATES:
        return _STATES[number]
    raise _refused(Code.INVALID_ARGUMENT, f"{number} is no expected revision.")


def _number(named: int | str) -> int:
    return named if isinstance(named, int) else refusals.EXPECTED_NUMBERS[StreamState(named)]


def _events(stream: str, records: Iterable[Any]) -> Iterable[NewEvent]:
    for record in records:
        try:
            id = UUID(record.record_id) if record.HasField("record_id") else uuid4()
        except ValueError:
            raise _refused(Code.INVALID_ARGUMENT, "A record's id is not a UUID.") from None
        if not record.schema.name:
            raise _refused(Code.INVALID_ARGUMENT, "A record's schema has no name.")
        metadata = b""
        if record.properties:
            values = {key: json_format.MessageToDict(value) for key, value in record.properties.items()}
            metadata = json.dumps(values).encode()
        is_json = record.schema.format == streams_pb2.SCHEMA_FORMAT_JSON
        check_type(record.schema.name)
        size = len(record.schema.name) + len(record.data) + len(metadata)
        if size > MAX_EVENT_BYTES:
            raise _refused(
                Code.INVALID_ARGUMENT,
                f"A record of {size} bytes for stream '{stream}', {MAX_EVENT_BYTES} are allowed.",
                errors_pb2.AppendRecordSizeExceededErrorDetails(
                    stream=stream, record_id=str(id), size=size, max_size=MAX_EVENT_BYTES
                ),
            )
        yield NewEvent(id, record.schema.name, record.data, metadata, is_json)


def _conflict(error: WrongExpectedRevision) -> Refused:
    facts = error.facts
    expected, actual = _number(facts["expected"]), -1 if facts["actual"] is None else facts["actual"]
    details = errors_pb2.StreamRevisionConflictErrorDetails(
        stream=facts["stream"], expected_revision=expected, actual_revision=actual
    )
    message = f"Append failed due to a revision conflict on stream '{facts['stream']}'. "
    return _refused(
        Code.FAILED_PRECONDITION, f"{message}Expected revision: {expected}. Actual revision: {actual}.", details
    )


def _violations(error: WrongExpectedRevision, checks: dict[str, int]) -> Refused:
    violations = []
    for stream, expected, actual in error.facts["failures"]:
        state = errors_pb2.ConsistencyViolation.StreamStateViolation(
            stream=stream, expected_state=_number(expected), actual_state=-1 if actual is None else actual
        )
        violations.append(errors_pb2.ConsistencyViolation(check_index=checks.get(stream, 0), stream_state=state))
    details = errors_pb2.AppendConsistencyViolationErrorDetails(violations=violations)
    return _refused(Code.FAILED_PRECONDITION, f"{len(violations)} consistency checks failed.", details)


def _refused(code: Code, message: str, details: Message | None = None) -> Refused:
    """A refusal with its details, as the second version has them: a `google.rpc.Status` in a trailer."""
    status = status_pb2.Status(code=int(code), message=message)
    if details is not None:
        packed = any_pb2.Any()
        packed.Pack(details)
        status.details.append(packed)
    return Refused(code, message, {"grpc-status-details-bin": status.SerializeToString()})
