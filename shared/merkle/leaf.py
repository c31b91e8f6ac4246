"""The leaf of an event: the bytes that its place in the tree vouches for.

A leaf entry is, integers big-endian:

    1 byte     format, 0x01
    16 bytes   event id (the UUID's bytes)
    8 bytes    revision
    4 bytes    length of stream name      (a)
    4 bytes    length of event type       (b)
    4 bytes    length of data             (c)
    4 bytes    length of metadata         (d)
    a bytes    stream name, UTF-8
    b bytes    event type, UTF-8
    c bytes    data, as stored
    d bytes    metadata, as stored

All lengths stand before all contents, so no two events have the same entry. Data and metadata are what
the log holds, personal fields encrypted: the tree still verifies when their keys are gone. Position and
the store's clock are left out, so that the tree survives moving to another store; so is the store's
`is_json` mark, which says nothing that the data does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

from shared.eventstore.port import RecordedEvent

_FORMAT = 1
_pack_head = Struct(">B16sQIIII").pack
_pack_prefixed_head = Struct(">xB16sQIIII").pack  # the pad byte is RFC 6962's leaf prefix, 0x00


def leaf_entry(event: RecordedEvent) -> bytes:
    """The bytes of `event` that the tree covers."""
    stream, kind = event.stream.encode(), event.type.encode()
    lengths = len(stream), len(kind), len(event.data), len(event.metadata)
    return _pack_head(_FORMAT, event.id_bytes, event.revision, *lengths) + stream + kind + event.data + event.metadata


def event_leaf_hash(event: RecordedEvent) -> bytes:
    """The leaf hash of `event`: SHA-256 of RFC 6962's leaf prefix and its entry."""
    return event_leaf_hashes((event,))[0]


def event_leaf_hashes(events: Iterable[RecordedEvent]) -> list[bytes]:
    """The leaf hashes of `events`. One loop, without calls or copies of our own: logs of millions pass through it."""
    pack, join, hashed = _pack_prefixed_head, b"".join, sha256
    hashes = []
    for _, stream_name, revision, id_bytes, type_name, data, metadata, _, _ in events:
        stream, kind = stream_name.encode(), type_name.encode()
        head = pack(_FORMAT, id_bytes, revision, len(stream), len(kind), len(data), len(metadata))
        hashes.append(hashed(join((head, stream, kind, data, metadata))).digest())
    return hashes
