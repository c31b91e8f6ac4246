"""The language between a log's owner and the processes attached to it.

A frame is a header (length of the body, kind, number) and a body. The number ties an answer to its
question. All integers are little-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum

from shared import errors
from shared.eventstore.appending import MAX_APPEND_BYTES, Append, Item, JointResult, Outcome
from shared.eventstore.joint import Joint
from shared.eventstore.port import AppendResult, Expected, StreamState

VERSION = 2
_LONGEST = 2 * MAX_APPEND_BYTES + (1 << 20)


class Kind(IntEnum):
    """What a frame is. To the owner: HELLO, APPEND, WATCH, SUSPECT; from it: WELCOME, ANSWER, FAILED, HEAD, DAMAGED."""

    HELLO = 1  # number: the version of this language
    APPEND = 2
    WATCH = 3  # tell me from now on when the log moves
    SUSPECT = 4  # a read found damage: number is the position, or the body says stream and number the revision
    WELCOME = 17  # number: the owner's version; the connection closes if they differ
    JOINT = 5  # an append to several streams, or a delete; answered by JOINT_ANSWER or FAILED
    ANSWER = 18
    FAILED = 19
    HEAD = 20  # number: the position that the log has reached
    DAMAGED = 21  # the file's structure is; the body says how
    JOINT_ANSWER = 22


_header = struct.Struct("<IBQ")
_append = struct.Struct("<qHI")
_event = struct.Struct("<16s?HII")
_answer = struct.Struct("<QQ?")

# EventStoreDB's own numbers for what an append may expect.
_TO_NUMBER = {StreamState.NO_STREAM: -1, StreamState.ANY: -2, StreamState.EXISTS: -4}
_FROM_NUMBER = {number: state for state, number in _TO_NUMBER.items()}

_ERRORS = {
    kind.code: kind
    for kind in (
        *(errors.Invalid, errors.EventTooLarge, errors.Unavailable, errors.StoreFull, errors.StoreCorrupt),
        *(errors.StreamDeleted, errors.DomainError),
    )
}


class BadFrame(Exception):
    """The other side does not speak this language."""


def frame(kind: Kind, number: int = 0, body: bytes = b"") -> bytes:
    """One frame, ready to send."""
    return _header.pack(len(body), kind, number) + body


class Frames:
    """Takes bytes as they arrive, gives whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Kind, number and body of each frame that `data` completes. Raises `BadFrame`."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= _header.size:
                length, kind, number = _header.unpack_from(buffer, start)
                if length > _LONGEST:
                    raise BadFrame(f"a frame of {length} bytes")
                end = start + _header.size + length
                if end > len(buffer):
                    break
                yield kind, number, bytes(buffer[start + _header.size : end])
                start = end
        finally:
            del buffer[:start]


def append_frame(number: int, stream: str, items: Sequence[Item], expected: Expected) -> bytes:
    """The frame of an append that has been checked."""
    name = stream.encode()
    expects = _TO_NUMBER[expected] if isinstance(expected, StreamState) else expected
    parts = [_append.pack(expects, len(name), len(items)), name]
    for id_bytes, type, data, metadata, is_json in items:
        kind = type.encode()
        parts += (_event.pack(id_bytes, is_json, len(kind), len(data), len(metadata)), kind, data, metadata)
    return frame(Kind.APPEND, number, b"".join(parts))


def read_append(body: bytes) -> tuple[str, list[Item], Expected]:
    """The append in a frame's body. Raises `BadFrame`."""
    try:
        number, name_length, count = _append.unpack_from(body)
        at = _append.size + name_length
        stream = body[_append.size : at].decode()
        items: list[Item] = []
        for _ in range(count):
            id_bytes, is_json, kind_length, data_length, metadata_length = _event.unpack_from(body, at)
            kind_at = at + _event.size
            data_at = kind_at + kind_length
            metadata_at = data_at + data_length
            at = metadata_at + metadata_length
            kind, data, metadata = body[kind_at:data_at].decode(), body[data_at:metadata_at], body[metadata_at:at]
            items.append((id_bytes, kind, data, metadata, int(is_json)))
    except (struct.error, UnicodeDecodeError) as error:
        raise BadFrame(str(error)) from error
    if at != len(body):
        raise BadFrame("an append that is longer or shorter than it says")
    return stream, items, _FROM_NUMBER.get(number, number)


def frame_of(number: int, append: Append) -> bytes:
    """The frame that asks for `append`."""
    if not isinstance(append, Joint):
        return append_frame(number, append.stream, append.items, append.expected)
    # One write each, so that their order over all streams stays; a stream of which only something is expected has none.
    only_expected: list[tuple[str, Sequence[Item]]] = [
        (stream, []) for stream in append.expects if stream not in {name for name, _ in append.writes}
    ]
    writes = [(stream, [item]) for stream, item in append.writes]
    parts = [append_frame(0, stream, items, append.expects[stream]) for stream, items in [*writes, *only_expected]]
    order = json.dumps({"mode": append.mode, "streams": list(append.expects)}).encode()
    return frame(Kind.JOINT, number, b"".join([frame(Kind.JOINT, 0, order), *parts]))


def read_joint(body: bytes, answer: Callable[[Outcome], None]) -> Joint:
    """The joint append in a frame's body. Raises `BadFrame`."""
    inner = Frames().feed(body)
    try:
        order = json.loads(next(inner)[2])
        expected: dict[str, Expected] = {}
        writes = []
        for _, _, part in inner:
            stream, items, expected[stream] = read_append(part)
            writes += [(stream, item) for item in items]
        return Joint(order["mode"], writes, {stream: expected[stream] for stream in order["streams"]}, answer)
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise BadFrame(str(error)) from error


def answer_frame(number: int, outcome: Outcome) -> bytes:
    """The frame that answers an append."""
    if isinstance(outcome, JointResult):
        return frame(Kind.JOINT_ANSWER, number, json.dumps(outcome.results).encode())
    if isinstance(outcome, AppendResult):
        return frame(Kind.ANSWER, number, _answer.pack(outcome.revision, outcome.position, outcome.written))
    return error_frame(Kind.FAILED, outcome, number)


def error_frame(kind: Kind, error: errors.ForgetMeNotError, number: int = 0) -> bytes:
    """A frame that carries an error."""
    return frame(kind, number, json.dumps({"code": error.code, "message": str(error), "facts": error.facts}).encode())


def read_answer(kind: int, body: bytes, stream: str) -> Outcome:
    """The answer in a frame's body, to an append to `stream`."""
    if kind == Kind.ANSWER:
        return AppendResult(stream, *_answer.unpack(body))
    if kind == Kind.JOINT_ANSWER:
        return JointResult(tuple(AppendResult(*result) for result in json.loads(body)))
    return read_error(body)


def read_error(body: bytes) -> errors.ForgetMeNotError:
    """The error in a frame's body."""
    failure = json.loads(body)
    facts = failure["facts"]
    if failure["code"] == errors.WrongExpectedRevision.code:
        error = errors.WrongExpectedRevision(facts["stream"], facts["expected"], facts["actual"])
        error.facts.update(facts)
        return error
    return _ERRORS.get(failure["code"], errors.Unavailable)(failure["message"], **facts)
