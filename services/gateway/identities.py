"""Who is asking: the port behind which signed tokens stand now, and accounts or OpenID Connect can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.errors import Invalid
from shared.messages import Role

_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


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


def pseudonym(text: str, what: str) -> str:
    """`text`, if it can be the id of an actor. Raises `Invalid`: a name or an address of a person is none.

    Ids of actors are stored in the clear with every event, and never go away.
    """
    if not _PSEUDONYM.fullmatch(text):
        raise Invalid(f"{what} is an id such as w-17: letters, digits and . _ : - only, at most 64 of them.")
    return text
