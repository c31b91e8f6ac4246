"""HTTP/2's frames, as far as a gRPC server needs them (RFC 9113, sections 4, 6 and 7)."""

from __future__ import annotations

import struct
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DEFAULT_WINDOW_BYTES = 65_535
DEFAULT_FRAME_BYTES = 16_384
LARGEST_WINDOW = (1 << 31) - 1

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, HAS_PRIORITY, ACK = 0x1, 0x4, 0x8, 0x20, 0x1
MAX_STREAMS, INITIAL_WINDOW, MAX_FRAME, MAX_HEADERS = 3, 4, 5, 6  # settings

setting = struct.Struct(">HI")
u32 = struct.Struct(">I")


class Code(IntEnum):
    """Why a stream or a connection ends."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    FLOW_CONTROL_ERROR = 3
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return u32.pack(len(payload) << 8 | kind) + bytes((flags,)) + u32.pack(stream) + payload


def settings(values: dict[int, int]) -> bytes:
    """The frame that says what this side is like."""
    return frame(SETTINGS, 0, 0, b"".join([setting.pack(*item) for item in values.items()]))


def without_padding(payload: bytes) -> bytes:
    """The payload of a frame that is padded. Raises `IndexError` for one that is empty."""
    return payload[1 : len(payload) - payload[0]]
