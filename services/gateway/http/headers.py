"""What a request's headers say. Reading them raises `Invalid` or `Unauthenticated`, never with the value in the text.

Why something is asked (`X-Reason`) is personal data: it travels in a header, where queries have a place for it too and
no server keeps it, never in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes
from uuid import UUID, uuid4

from services.gateway.identities import Identities, origin_of
from shared.errors import Invalid, Unauthenticated
from shared.messages import NOT_STAMPED, Origin

RawHeaders = Mapping[bytes, bytes]

_REVISION = re.compile(rb'(?:W/)?"?(\d{1,18})"?')


def correlation_id(headers: RawHeaders) -> UUID:
    """`X-Correlation-ID`: a UUID, or a new one if it is left out."""
    return _uuid(headers, b"x-correlation-id", "X-Correlation-ID") or uuid4()


def command_id(headers: RawHeaders) -> UUID:
    """`Idempotency-Key`: the command's id, a UUID, or a new one if it is left out."""
    found = _uuid(headers, b"idempotency-key", "Idempotency-Key")
    if found == NOT_STAMPED:
        raise Invalid("Idempotency-Key is a UUID of the sender's own making, such as a random one.")
    return found or uuid4()


def traceparent(headers: RawHeaders) -> str | None:
    """`traceparent`: the trace that the request belongs to, as W3C writes it; one that is malformed begins anew."""
    return headers.get(b"traceparent", b"").decode("latin-1") or None


def expected_revision(headers: RawHeaders) -> int | None:
    """`If-Match`: the revision that the asker has seen, as the ETag of an earlier answer gave it."""
    if (raw := headers.get(b"if-match")) is None:
        return None
    if not (found := _REVISION.fullmatch(raw.strip())):
        raise Invalid('If-Match is the revision that you have seen, such as "3".')
    return int(found[1])


def bearer(headers: RawHeaders) -> str:
    """The token that was shown."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not token:
        raise Unauthenticated("Send a token: Authorization: Bearer <what `forgetmenot token` printed>.")
    try:
        return token.strip().decode("ascii")
    except UnicodeDecodeError:
        raise Unauthenticated("The token is damaged: it holds characters that no token has.") from None


def origin(headers: RawHeaders, identities: Identities, correlation: UUID) -> Origin:
    """Who asks, for whom and why."""
    on_behalf_of = headers.get(b"x-on-behalf-of")
    return origin_of(
        identities,
        bearer(headers),
        on_behalf_of=None if on_behalf_of is None else on_behalf_of.decode("latin-1"),
        reason=_reason(headers),
        correlation_id=correlation,
    )


def _reason(headers: RawHeaders) -> str | None:
    """Percent-encoded UTF-8, so that every client can send every language; bare UTF-8 is understood as well."""
    if (raw := headers.get(b"x-reason")) is None:
        return None
    try:
        return unquote_to_bytes(raw).decode().strip()
    except UnicodeDecodeError:
        raise Invalid("X-Reason is text in UTF-8, percent-encoded.") from None


def _uuid(headers: RawHeaders, name: bytes, shown: str) -> UUID | None:
    if (raw := headers.get(name)) is None:
        return None
    try:
        return UUID(raw.decode("ascii").strip('"'))
    except ValueError:
        raise Invalid(f"{shown} is a UUID.") from None
