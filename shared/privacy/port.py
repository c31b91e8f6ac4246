"""The ports of privacy: where keys live, what wraps them, and what seals and opens values with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from shared.privacy.personal import Hidden, Place


class KeyName(NamedTuple):
    """What a data key is for: one subject, one retention class, one record that can be held or shredded alone."""

    subject: str
    keep: str
    record: str


class Vault(Protocol):
    """Seals and opens personal values. Safe to use from any thread."""

    def prepare(self, names: Iterable[KeyName]) -> None:
        """Make sure that keys exist, durably, before anything is sealed with them (one commit for all).

        Raises `Forgotten` for a subject that has been forgotten: its keys never come back.
        """
        ...

    def seal(self, value: Any, name: KeyName, place: Place) -> str:
        """Encrypt a JSON value; the answer is a token, text without personal data. The key must be prepared."""
        ...

    def open(self, token: str, place: Place) -> Any:
        """The JSON value, or `FORGOTTEN` if its key has been destroyed.

        Raises `Tampered` if the token was changed, or moved from another place.
        """
        ...

    def fingerprint(self, content: bytes, names: Iterable[KeyName]) -> str:
        """A keyed hash of `content` that nobody can guess at once one of the keys named is destroyed.

        Without names it is a plain SHA-256: content that is about nobody.
        """
        ...

    def generation(self) -> int:
        """Grows each time that a key is destroyed, in any process: what was opened under an older one is stale."""
        ...


def reveal(vault: Vault, value: Any, place: Place) -> Any:
    """Open `value` if it is sealed; anything else is returned as it is."""
    return vault.open(value.token, place) if isinstance(value, Hidden) and value.token is not None else value


class StoredKey(NamedTuple):
    """A data key as the store hands it to the vault. `material` is None once it has been destroyed."""

    id: bytes
    name: KeyName
    material: bytes | None


class KeyFacts(NamedTuple):
    """What may be told about a key: never its bytes. `destroyed` and `certificate` are None while it lives."""

    id: str
    name: KeyName
    created: str
    destroyed: str | None
    certificate: str | None


class Destroyed(NamedTuple):
    """One key that an erasure destroyed. The id is random and says nothing of whom it was about."""

    id: str
    name: KeyName


@dataclass(frozen=True, slots=True)
class Erasure:
    """One destruction of keys, as the ledger and the certificate record it.

    `subject` is set when a whole person was forgotten: no key is ever made for them again, and all that lived
    are destroyed but those `kept` (a legal hold, or a retention rule that is not due). The names `closed` never
    get a key again; an expiry by retention closes none, since the person may come back.
    """

    certificate: str
    at: str
    destroyed: tuple[Destroyed, ...]
    kept: tuple[KeyName, ...] = ()
    subject: str | None = None
    closed: tuple[KeyName, ...] = ()


class KeyStore(Protocol):
    """Where data keys live, wrapped, apart from the log. Shared by threads and processes."""

    def create(self, names: Iterable[KeyName]) -> None:
        """Make the keys that are not there yet; on disk when it returns. Raises `Forgotten`."""
        ...

    def by_name(self, name: KeyName) -> StoredKey:
        """The live key to seal with. Raises `Forgotten`, or `NotFound` before it was created."""
        ...

    def by_id(self, key_id: bytes) -> StoredKey:
        """The key to open with, without material if it has been destroyed. Raises `NotFound`."""
        ...

    def keys_of(self, subject: str) -> list[KeyFacts]:
        """Every key that a subject has or had, oldest first."""
        ...

    def subjects(self) -> list[str]:
        """Everybody who has a key that lives."""
        ...

    def is_forgotten(self, subject: str) -> bool:
        """Whether a whole person was forgotten; some of their keys may still be kept."""
        ...

    def erasure_of(self, certificate: str) -> Erasure | None:
        """What was destroyed under a certificate; None if nothing was."""
        ...

    def ledger_hash(self, certificate: str) -> str | None:
        """The hash of the erasure ledger's entry under a certificate; None if there is none, or no ledger."""
        ...

    def forget(
        self, subject: str, *, destroy: Iterable[KeyName], keep: Iterable[KeyName], certificate: str, at: datetime
    ) -> Erasure:
        """Destroy a subject's keys and never make another.

        Every live key of the subject must be in `destroy` or `keep`, so that what was approved is what happens:
        raises `Conflict` if a key was made since the dry run. A repeat under the same certificate answers the
        same.
        """
        ...

    def shred(self, names: Iterable[KeyName], *, certificate: str, at: datetime, closed: bool = True) -> Erasure:
        """Destroy these keys alone. With `closed=False` (retention) a name may get a new key later."""
        ...

    def generation(self) -> int:
        """Even: no destruction is under way, keys read now may be cached until it changes. Odd: cache nothing."""
        ...


class MasterKeys(Protocol):
    """What wraps data keys. A key service can stand behind it. Raises `Unavailable` without the master asked for."""

    def newest(self) -> str:
        """The id of the master key that rotation moves to."""
        ...

    def wrap(self, master: str, material: bytes, bound: bytes) -> bytes:
        """Encrypt key material; it unwraps only with the same `bound`."""
        ...

    def unwrap(self, master: str, wrapped: bytes, bound: bytes) -> bytes:
        """The key material. Raises `Tampered` if it, or what it is bound to, was changed."""
        ...
