"""A stream's metadata: what of the stream is still to be seen, and who may do what with it.

It is the last event of the stream `$$<name>`, as in EventStoreDB (docs, "Stream metadata and reserved names"). A
stream is deleted (softly) if its `$tb` is the largest number there is, and for ever if its last event is a
`$streamDeleted`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shared.errors import Invalid

DELETED = (1 << 63) - 1  # the $tb of a deleted stream; `EventNumber.DeletedStream` in the server
TOMBSTONE = "$streamDeleted"
METADATA = "$metadata"
LINK = "$>"
_TRUNCATING = ("$tb", "$maxCount", "$maxAge")


def metadata_stream(stream: str) -> str:
    """Where the metadata of `stream` is."""
    return f"$${stream}"


@dataclass(frozen=True, slots=True)
class StreamMetadata:
    """What a stream's metadata says. Ages are in seconds; `acl` maps `$r $w $d $mr $mw` to roles."""

    truncate_before: int | None = None
    max_count: int | None = None
    max_age: int | None = None
    acl: dict[str, tuple[str, ...]] | None = None

    @property
    def deleted(self) -> bool:
        """Whether the stream is softly deleted."""
        return self.truncate_before == DELETED

    def first_visible(self, last: int) -> int:
        """The first revision still to be seen of a stream that is at `last`, age apart."""
        first = self.truncate_before or 0
        return max(first, last - self.max_count + 1) if self.max_count is not None else first

    def oldest_visible(self, now_us: int) -> int:
        """Events recorded before this instant (microseconds since 1970) are not seen any more."""
        return 0 if self.max_age is None else now_us - self.max_age * 1_000_000


NO_METADATA = StreamMetadata()
_OF_METADATA = StreamMetadata(max_count=1)  # of a metadata stream, only the last event counts


def implied(stream: str) -> StreamMetadata | None:
    """The metadata that `stream` has by its name, whatever anybody writes."""
    return _OF_METADATA if stream.startswith("$$") else None


def parse(data: bytes) -> StreamMetadata:
    """What `data`, the last metadata event's, says. What makes no sense is as if it were not there."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return NO_METADATA
    if not isinstance(found, dict):
        return NO_METADATA
    return StreamMetadata(
        truncate_before=_number(found.get("$tb"), 0),
        max_count=_number(found.get("$maxCount"), 1),
        max_age=_number(found.get("$maxAge"), 1),
        acl=_acl(found.get("$acl")),
    )


def truncates(data: bytes) -> bool:
    """Whether metadata that says `data` hides any events."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and any(name in found for name in _TRUNCATING)


def with_truncation(data: bytes, first: int) -> bytes:
    """The metadata `data`, but with the stream beginning at `first`; the rest as it is."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = {}
    return json.dumps((found if isinstance(found, dict) else {}) | {"$tb": first}).encode()


def check_metadata(data: bytes) -> None:
    """Refuse metadata that the server would not parse: what is not a JSON object, or a number out of range."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid("Stream metadata is a JSON object.")
    for name, least in (("$tb", 0), ("$maxCount", 1), ("$maxAge", 1), ("$cacheControl", 1)):
        if name in found and _number(found[name], least) is None:
            raise Invalid(f"{name} in stream metadata is a whole number from {least}.")
    if "$acl" in found and _acl(found["$acl"]) is None:
        raise Invalid("$acl in stream metadata maps $r, $w, $d, $mr, $mw to a role or a list of roles.")


def _number(value: Any, least: int) -> int | None:
    return value if type(value) is int and least <= value <= DELETED else None


def _acl(value: Any) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, dict):
        return None
    acl = {}
    for right, roles in value.items():
        given = [roles] if isinstance(roles, str) else roles
        if right not in ("$r", "$w", "$d", "$mr", "$mw"):
            continue
        if not isinstance(given, list) or not all(isinstance(role, str) for role in given):
            return None
        acl[right] = tuple(given)
    return acl
