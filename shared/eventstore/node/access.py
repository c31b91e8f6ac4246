"""Who may do what: the access lists in streams' metadata, and what holds where a stream has none.

As in the server (docs, "Access control lists"): whoever is in `$admins` may do everything; a list names logins or
groups, `$all` meaning everybody with a login; streams whose name starts with `$`, and `$all` itself, are for
administrators unless the stream `$settings` says otherwise. Nobody without a login may do anything with a stream.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final, Literal, Protocol

from shared.errors import Unauthenticated
from shared.eventstore import retention
from shared.eventstore.node import refusals
from shared.eventstore.node.calls import Code, Refused, User
from shared.eventstore.node.reading import Reading
from shared.eventstore.node.users import Users
from shared.eventstore.node.working import Workers

ADMINS: Final = "$admins"
OPERATORS: Final = "$ops"
EVERYBODY: Final = "$all"
SETTINGS = "$settings"

Right = Literal["read", "write", "delete"]
_LISTS: dict[Right, str] = {"read": "$r", "write": "$w", "delete": "$d"}


class Access(Protocol):
    """What handlers ask."""

    async def authenticate(self, authorization: str | None) -> User:
        """Who sends this `authorization` header. Refuses one that is wrong."""
        ...

    async def check(self, user: User, right: Right, stream: str) -> None:
        """Refuse what the user may not do with the stream (`$all` is the log)."""
        ...

    def check_operator(self, user: User) -> None:
        """Refuse whoever may not operate the node."""
        ...

    def check_admin(self, user: User) -> None:
        """Refuse whoever is not an administrator."""
        ...


class OpenAccess:
    """Everybody may do everything: what `--insecure` means."""

    async def authenticate(self, authorization: str | None) -> User:
        """See `Access`. Credentials are not looked at."""
        return User(None, frozenset({ADMINS}))

    async def check(self, user: User, right: Right, stream: str) -> None:
        """See `Access`."""

    def check_operator(self, user: User) -> None:
        """See `Access`."""

    def check_admin(self, user: User) -> None:
        """See `Access`."""


class GuardedAccess:
    """Users with passwords, and access lists."""

    def __init__(self, users: Users, reading: Reading, workers: Workers) -> None:
        self._users = users
        self._reading = reading
        self._workers = workers

    async def authenticate(self, authorization: str | None) -> User:
        """See `Access`. No header at all is an anonymous caller."""
        if authorization is None:
            return User(None)
        scheme, _, encoded = authorization.partition(" ")
        try:
            if scheme.lower() != "basic":
                raise Unauthenticated("Basic authentication is what this node knows.")
            login, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
            found = self._users.recently_verified(login, password)
            if found is None:
                found = await self._workers.run(self._users.verify, login, password)
        except (Unauthenticated, binascii.Error, UnicodeDecodeError):
            raise Refused(Code.UNAUTHENTICATED, "Authentication failed.") from None
        return User(login, frozenset(found.groups))

    async def check(self, user: User, right: Right, stream: str) -> None:
        """See `Access`."""
        if user.name is None:
            raise refusals.access_denied()
        if ADMINS in user.groups:
            return
        roles = await self._workers.run(self._roles, right, stream)
        if EVERYBODY not in roles and user.name not in roles and user.groups.isdisjoint(roles):
            raise refusals.access_denied()

    def check_operator(self, user: User) -> None:
        """See `Access`."""
        if user.groups.isdisjoint((ADMINS, OPERATORS)):
            raise refusals.access_denied()

    def check_admin(self, user: User) -> None:
        """See `Access`."""
        if ADMINS not in user.groups:
            raise refusals.access_denied()

    def _roles(self, right: Right, stream: str) -> tuple[str, ...]:
        """Who has the right, by login or group."""
        key = _LISTS[right]
        of = stream
        if stream.startswith("$$"):
            of = stream[2:]
            key = "$mr" if right == "read" else "$mw"
        acl = self._reading.metadata(of).acl if of != EVERYBODY else None
        if acl and key in acl:
            return acl[key]
        system = of.startswith("$")
        defaults = self._default("$systemStreamAcl" if system else "$userStreamAcl")
        return defaults.get(key, (ADMINS,) if system else (EVERYBODY,))

    def _default(self, name: str) -> dict[str, tuple[str, ...]]:
        last = self._reading.last(SETTINGS)
        if last is None:
            return {}
        try:
            settings = json.loads(last.data)
            acl = retention.parse(json.dumps({"$acl": settings[name]}).encode()).acl
        except (ValueError, KeyError, TypeError):
            return {}
        return acl or {}
