"""Master keys: what data keys are wrapped with, from a file or the environment.

The text is one base64 key of 256 bits a line (or separated by spaces); the last one is the newest. Older ones
stay until nothing is wrapped with them. A master's id is derived from it, so a wrong key cannot pass for another.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Invalid, Tampered, Unavailable
from shared.privacy.durable import sync_folder

KEY_BYTES = 32
NONCE_BYTES = 12


class LocalMasterKeys:
    """Master keys held in this process. `read` returns their text, and is asked again for an unknown id.

    That second look is how running processes learn of a master that was added after they started.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._load()

    def newest(self) -> str:
        """The id of the last key of the text, as it stands now."""
        self._load()
        return next(reversed(self._ciphers))

    def wrap(self, master: str, material: bytes, bound: bytes) -> bytes:
        """AES-256-GCM under a random nonce, with `bound` as associated data."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(master).encrypt(nonce, material, bound)

    def unwrap(self, master: str, wrapped: bytes, bound: bytes) -> bytes:
        """The material. Raises `Tampered` if anything was changed, `Unavailable` without that master."""
        try:
            return self._cipher(master).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            raise Tampered("A wrapped key was changed: restore the key store from its backup.") from None

    def _load(self) -> None:
        self._ciphers = {_id(key): AESGCM(key) for key in _parse(self._read())}

    def _cipher(self, master: str) -> AESGCM:
        if master not in self._ciphers:
            self._load()
        try:
            return self._ciphers[master]
        except KeyError:
            raise Unavailable(
                f"Master key {master} is not here: add it to the key file or the environment.", master=master
            ) from None


def master_keys_from_file(path: Path, *, create: bool = False) -> LocalMasterKeys:
    """The master keys in `path`, which only its owner may read.

    `create` makes a first one if there is no file. Don't ask for it where keys are already wrapped: a new
    master would open none of them, and hide that the right one is lost.
    """
    if create and not path.exists():
        try:
            _create(path)
        except OSError as error:
            raise Unavailable(f"The master key file cannot be made ({error.strerror}).") from None
    return LocalMasterKeys(lambda: _read_file(path))


def new_master_key() -> str:
    """A fresh master key as text."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def add_master_key(path: Path) -> None:
    """The first step of a rotation: a new master at the end of the file. The next is the key store's `rewrap`."""
    with _locked_folder(path):
        _replace(path, [*_lines(path), new_master_key()])


def retire_master_keys(path: Path, in_use: Collection[str]) -> list[str]:
    """The last step of a rotation: take every master out of the file that wraps nothing and is not the newest.

    Answers the ids taken out. A backup of the key store from before the rotation cannot be used without them:
    that is what makes old backups harmless, so keep a copy only for as long as one may still be restored.
    """
    with _locked_folder(path):
        *older, newest = _lines(path)
        keep = [line for line in older if _id(_decode(line)) in in_use]
        _replace(path, [*keep, newest])
        return [_id(_decode(line)) for line in older if line not in keep]


def _id(key: bytes) -> str:
    return hashlib.sha256(b"forgetmenot master key id" + key).hexdigest()[:16]


def _decode(word: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Invalid("A master key is 32 random bytes in base64; this text holds something else.")
    return key


def _parse(text: str) -> list[bytes]:
    keys = [_decode(word) for word in text.split()]
    if not keys:
        raise Invalid("There is no master key in the key file or the environment variable.")
    return keys


def _lines(path: Path) -> list[str]:
    return [base64.b64encode(key).decode() for key in _parse(_read_file(path))]


def _read_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if facts.st_uid == os.getuid() and facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise Invalid("Others may read the master key file: take their rights away (chmod 600).")
            return file.read().decode()
    except UnicodeDecodeError:
        raise Invalid("The master key file does not hold text.") from None
    except OSError as error:
        raise Unavailable(f"The master key file cannot be read ({error.strerror}): restore it.") from None


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = _write_beside(path, [new_master_key()])
    # A link, unlike a rename, does not replace the key of another process that was a moment faster.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
    sync_folder(path.parent)


def _replace(path: Path, lines: list[str]) -> None:
    try:
        _write_beside(path, lines).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(
            f"The master key file cannot be written ({error.strerror}): change it where it is kept."
        ) from None


def _write_beside(path: Path, lines: list[str]) -> Path:
    fresh = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("".join(line + "\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    return fresh


@contextlib.contextmanager
def _locked_folder(path: Path) -> Iterator[None]:
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
