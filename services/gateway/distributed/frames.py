"""What a service process and its backend say to each other: numbered frames of JSON over a socket between the two."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import orjson

from shared.errors import ForgetMeNotError
from shared.rpc import Crossing, arrived

_header = struct.Struct("<IQ")

READ_BYTES = 1 << 18


def frame(number: int, content: Any) -> bytes:
    """One frame, ready to send."""
    body = orjson.dumps(content)
    return _header.pack(len(body), number) + body


def outcome(carried: dict[str, Any] | BaseException) -> dict[str, Any]:
    """What answers a call: what it gave, or the error as it may cross."""
    if isinstance(carried, BaseException):
        return {"error": Crossing.of(carried).args}
    return {"result": carried}


def opened(answer: dict[str, Any]) -> dict[str, Any]:
    """What the call gave. Raises the error that crossed."""
    if failed := answer.get("error"):
        error: ForgetMeNotError = arrived(*failed)
        raise error
    result: dict[str, Any] = answer["result"]
    return result


class Frames:
    """Takes bytes as they arrive, gives whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, Any]]:
        """Number and content of each frame that `data` completes."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _header.size:
            length, number = _header.unpack_from(buffer, start)
            end = start + _header.size + length
            if end > len(buffer):
                break
            yield number, orjson.loads(bytes(buffer[start + _header.size : end]))
            start = end
        del buffer[:start]
