"""The vault: seals personal values with AES-256-GCM, each with the key of its subject, class and record.

A token is base64url of: version (1 byte) | key id (16) | nonce (12) | ciphertext and tag. The place where it
stands and the version are bound as associated data. Values are padded with blanks to a multiple of 30 bytes, so
that the length of a short one does not tell "yes" from "no".

Nonces are random, 96 bits: NIST SP 800-38D (8.3) allows 2^32 messages under one key, and a key seals only what
one record holds on one person.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Forgotten, Invalid, NotFound, Tampered
from shared.privacy.keys import SqliteKeyStore
from shared.privacy.ledger import Ledger
from shared.privacy.master import LocalMasterKeys, master_keys_from_file, new_master_key
from shared.privacy.personal import FORGOTTEN, Place
from shared.privacy.port import KeyName, KeyStore, MasterKeys, StoredKey

VERSION = b"\x01"
PADDING = 30
CACHED_KEYS = 16_384
MASTER_KEY = "master.key"

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# Only the one spelling that `seal` writes may open, so what is foreign to it becomes what no decoder takes. A token
# is a multiple of three bytes long (see PADDING), so it has no padding and no spare bits that could be changed.
_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_SHORTEST = 1 + 16 + 12 + 16


class OpenKey:
    """A data key in use. What it is used for are keys of their own, derived from it."""

    __slots__ = ("_material", "cipher", "head", "id", "subject")

    def __init__(self, stored: StoredKey) -> None:
        self.id = stored.id
        self.subject = stored.name.subject
        self.head = VERSION + stored.id
        self._material = stored.material
        self.cipher = None if stored.material is None else AESGCM(self.derive(b"seal"))

    def derive(self, purpose: bytes) -> bytes:
        """A key for one purpose. Raises `Forgotten` once the key has been destroyed."""
        if self._material is None:
            raise Forgotten("What this key sealed has been forgotten.")
        return hmac.digest(self._material, b"forgetmenot 1 " + purpose, "sha256")


class _KeysInUse:
    """The keys read under one generation. A change of generation throws all of it away.

    While a destruction is under way (an odd generation) nothing is kept at all.
    """

    def __init__(self, store: KeyStore, generation: int, size: int) -> None:
        self.generation = generation
        size = 0 if generation & 1 else size
        self.by_name: Callable[[KeyName], OpenKey] = lru_cache(size)(lambda name: OpenKey(store.by_name(name)))
        self.by_id: Callable[[bytes], OpenKey] = lru_cache(size)(lambda key_id: OpenKey(store.by_id(key_id)))


class AesGcmVault:
    """The vault of `shared.privacy.port`, over any key store. Safe to use from any thread."""

    def __init__(self, keys: KeyStore, cached_keys: int = CACHED_KEYS) -> None:
        self.keys = keys
        self._size = cached_keys
        self._in_use = _KeysInUse(keys, keys.generation(), cached_keys)

    def prepare(self, names: Iterable[KeyName]) -> None:
        """Make the keys that are missing, in one commit. Raises `Forgotten`."""
        in_use = self._current()
        missing = []
        for name in set(names):
            try:
                in_use.by_name(name)
            except NotFound:
                missing.append(name)
        if missing:
            self.keys.create(missing)

    def seal(self, value: Any, name: KeyName, place: Place) -> str:
        """Encrypt a JSON value for its place. Raises `NotFound` if the key was not prepared, `Forgotten`, `Invalid`."""
        if name.subject != place.subject:
            raise Invalid("A value is sealed with the key of the person whom it is about.")
        key = self._current().by_name(name)
        if key.cipher is None:
            raise Forgotten("This key has been destroyed.")
        try:
            plain = orjson.dumps(value)
        except TypeError:
            raise Invalid("Only a JSON value can be sealed.") from None
        nonce = os.urandom(12)
        plain = plain.ljust(-(-len(plain) // PADDING) * PADDING)
        raw = key.head + nonce + key.cipher.encrypt(nonce, plain, _bound(place))
        return b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()

    def open(self, token: str, place: Place) -> Any:
        """The value, or `FORGOTTEN`. Raises `Tampered` for any token that was not sealed for just this place."""
        raw = _decode(token)
        try:
            key = self._current().by_id(raw[1:17])
        except NotFound:
            raise Tampered(
                "A sealed value names a key that is not in the key store: it was changed, or the store is too old."
            ) from None
        if key.subject != place.subject:
            raise Tampered("A sealed value was moved to another person.")
        if key.cipher is None:
            return FORGOTTEN
        try:
            return orjson.loads(key.cipher.decrypt(raw[17:29], raw[29:], _bound(place)))
        except InvalidTag:
            raise Tampered("A sealed value was changed, or moved from its place.") from None

    def fingerprint(self, content: bytes, names: Iterable[KeyName]) -> str:
        """HMAC-SHA256 under all the keys named together; without names a plain SHA-256. Raises `Forgotten`."""
        wanted = sorted(set(names))
        if not wanted:
            return hashlib.sha256(content).hexdigest()
        in_use = self._current()
        # Each part is 32 bytes, so the order of the names alone decides what the key is.
        together = b"".join(in_use.by_name(name).derive(b"fingerprint") for name in wanted)
        return hmac.digest(hashlib.sha256(together).digest(), content, "sha256").hex()

    def generation(self) -> int:
        """Grows with each destruction in any process. Asking drops the keys read before it."""
        return self._current().generation

    def key_for(self, name: KeyName) -> OpenKey:
        """The live key of that name, for documents. Raises `NotFound` if it was not prepared, `Forgotten`."""
        return self._current().by_name(name)

    def key_of(self, key_id: bytes) -> OpenKey:
        """The key with that id, which may have been destroyed. Raises `NotFound`."""
        return self._current().by_id(key_id)

    @classmethod
    def in_memory(cls) -> AesGcmVault:
        """A vault that lives as long as the process, for tests: the same code over a key store in memory."""
        text = new_master_key()
        return cls(SqliteKeyStore(None, LocalMasterKeys(lambda: text)))

    def _current(self) -> _KeysInUse:
        generation = self.keys.generation()
        in_use = self._in_use
        if in_use.generation != generation:
            in_use = self._in_use = _KeysInUse(self.keys, generation, self._size)
        return in_use


def open_vault(
    folder: Path,
    *,
    masters: MasterKeys | None = None,
    master_key_file: Path | None = None,
    ledger: Path | None = None,
    cached_keys: int = CACHED_KEYS,
) -> AesGcmVault:
    """The vault of an installation over its embedded key store (see `open_keys`)."""
    keys = open_keys(folder, masters=masters, master_key_file=master_key_file, ledger=ledger)
    return AesGcmVault(keys, cached_keys)


def open_keys(
    folder: Path,
    *,
    masters: MasterKeys | None = None,
    master_key_file: Path | None = None,
    ledger: Path | None = None,
) -> SqliteKeyStore:
    """The key store of an installation, with all that the ledger records done before it answers.

    The keys are in `folder/keys/`. The master key is `masters`, or else in `master_key_file`
    (`folder/master.key`, made at the first start). The ledger is `ledger` (`folder/erasures.ledger`): set it
    to a place that no backup of the folder covers.
    """
    path = folder / "keys" / "keys.db"
    if masters is None:
        masters = master_keys_from_file(master_key_file or folder / MASTER_KEY, create=not path.exists())
    return SqliteKeyStore(path, masters, Ledger(ledger or folder / "erasures.ledger"))


def _bound(place: Place) -> bytes:
    """The associated data: version, and each part after its length. A storage format: never change it."""
    stream, event_id, kind, field, subject = place
    text = (
        f"forgetmenot 1 {len(stream)}:{stream}{len(event_id)}:{event_id}"
        f"{len(kind)}:{kind}{len(field)}:{field}{len(subject)}:{subject}"
    )
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Invalid("A place holds a character that is none.") from None


def _decode(token: str) -> bytes:
    try:
        raw = a2b_base64(token.encode("ascii").translate(_STANDARD), strict_mode=True)
    except (UnicodeEncodeError, Base64Error):
        raw = b""
    if len(raw) < _SHORTEST or raw[:1] != VERSION:
        raise Tampered("A sealed value is not one.")
    return raw
