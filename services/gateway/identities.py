"""Who is asking: the port behind which signed tokens stand now, and accounts or OpenID Connect can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.errors import Invalid
from shared.messages import PSEUDONYM, Origin, Role

LONGEST_REASON = 1000
_PSEUDONYM = re.compile(PSEUDONYM)


@dataclass(frozen=True, slots=True)
class Identity:
    """An actor, known by a pseudonym, with the roles that they have until `expires`."""

    actor: str
    roles: frozenset[Role]
    expires: datetime


class Identities(Protocol):
    """Tells who stands behind a bearer token. Safe to use from any thread."""

    def identify(self, token: str) -> Identity:
        """Raises `Unauthenticated` for a token that is forged, expired or not for this program."""
        ...


def origin_of(
    identities: Identities, token: str, *, on_behalf_of: str | None, reason: str | None, correlation_id: UUID
) -> Origin:
    """Who asks, for whom and why. Raises `Unauthenticated`, and `Invalid` for what no actor or reason can be."""
    identity = identities.identify(token)
    if reason is not None and not 0 < len(reason) <= LONGEST_REASON:
        raise Invalid(f"A reason (X-Reason) has between 1 and {LONGEST_REASON} characters.")
    return Origin(
        actor=identity.actor,
        roles=identity.roles,
        on_behalf_of=None if on_behalf_of is None else pseudonym(on_behalf_of, "The colleague (X-On-Behalf-Of)"),
        reason=reason,
        correlation_id=correlation_id,
    )


def pseudonym(text: str, what: str) -> str:
    """`text`, if it can be the id of an actor. Raises `Invalid`: a name or an address of a person is none.

    Ids of actors are stored in the clear with every event, and never go away.
    """
    if not _PSEUDONYM.fullmatch(text):
        raise Invalid(f"{what} is an id such as w-17: letters, digits and . _ : - only, at most 64 of them.")
    return text
