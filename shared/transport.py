"""What the gateway and the services say to each other, sealed on the broker.

A broker writes messages to its disk, so their bodies are encrypted (AES-256-GCM) under a key that only the processes of
the installation and its clients hold. As nameko's serializer, in its configuration:

    serializer: sealed
    ACCEPT: [sealed]
    SERIALIZERS:
      sealed:
        encoder: shared.transport.encode
        decoder: shared.transport.decode
        content_type: application/x-forgetmenot-sealed
        content_encoding: binary

The key file holds one key a line, in base64; the first seals, all of them open. To change keys, put a new one on top
everywhere, and drop the old one once every process has started again. A key is good for 2^32 messages (NIST SP
800-38D, 8.3).
"""

from __future__ import annotations

import base64
import os
import stat
from binascii import Error as Base64Error
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Invalid, Tampered, Unavailable
from shared.privacy.durable import sync_folder
from shared.settings import Settings, load_settings

CONTENT_TYPE = "application/x-forgetmenot-sealed"
CONTENT_ENCODING = "binary"
KEY_FILE = "transport.key"

_VERSION = b"\x01"
_BOUND = b"forgetmenot rpc 1"
_HEAD = 1 + 4


class Sealing:
    """Seals and opens messages. Safe to use from any thread."""

    def __init__(self, keys: list[bytes]) -> None:
        """The first of `keys` seals; any of them opens. Raises `Invalid` for none, or one that is not 32 bytes."""
        if not keys or any(len(key) != 32 for key in keys):
            raise Invalid("A transport key is 32 bytes in base64, one a line.")
        self._ciphers = {sha256(key).digest()[:4]: AESGCM(key) for key in keys}
        self._first = next(iter(self._ciphers))

    def seal(self, value: Any) -> bytes:
        """The message that holds a JSON value."""
        nonce = os.urandom(12)
        return _VERSION + self._first + nonce + self._ciphers[self._first].encrypt(nonce, orjson.dumps(value), _BOUND)

    def open(self, message: bytes) -> Any:
        """The value. Raises `Tampered` for what was not sealed with one of the keys."""
        raw = bytes(message)
        cipher = self._ciphers.get(raw[1:_HEAD])
        try:
            if raw[:1] != _VERSION or cipher is None:
                raise InvalidTag
            return orjson.loads(cipher.decrypt(raw[_HEAD : _HEAD + 12], raw[_HEAD + 12 :], _BOUND))
        except (InvalidTag, ValueError):
            raise Tampered("A message on the broker was not sealed with the transport key of this process.") from None


def open_sealing(settings: Settings) -> Sealing:
    """The sealing of an installation. Its key is made at the first start, unless `TRANSPORT_KEY_FILE` names one.

    Raises `Unavailable` if there is no such file, `Invalid` if others may read it or it holds no key.
    """
    path = settings.transport_key_file
    if path is None:
        path = settings.data_dir / KEY_FILE
        if not path.exists():
            _make(path)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IRWXO:
                raise Invalid("Others may read the transport key: take their rights away (chmod 600).")
            lines = file.read().split()
        return Sealing([base64.b64decode(line, validate=True) for line in lines])
    except OSError as error:
        raise Unavailable(f"The transport key cannot be read ({error.strerror}): set TRANSPORT_KEY_FILE.") from None
    except Base64Error:
        raise Invalid("A transport key is 32 bytes in base64, one a line.") from None


def encode(value: Any) -> bytes:
    """nameko's encoder: with the sealing of this process's environment."""
    return of_environment().seal(value)


def decode(message: bytes) -> Any:
    """nameko's decoder."""
    return of_environment().open(message)


@cache
def of_environment() -> Sealing:
    """The sealing that this process's environment names."""
    return open_sealing(load_settings())


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    fresh.touch(mode=0o600, exist_ok=False)
    fresh.write_bytes(base64.b64encode(os.urandom(32)) + b"\n")
    try:
        path.hardlink_to(fresh)  # unlike a rename it does not replace the key of a process that was faster
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    sync_folder(path.parent)
