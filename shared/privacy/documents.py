"""Encrypted documents beside the log: consents, mandates, photographs, invoices.

A file is a header and chunks. The header is a mark (8 bytes), the key id (16) and a random salt (32); from the
salt and the data key comes a key for this file alone. Chunks of 64 KiB are AES-256-GCM, with the chunk's number
and whether it is the last as the nonce (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015,
as the age format uses it), so that a chunk dropped, moved, repeated or added shows. The header is bound to each.

A document's id is the SHA-256 of its ciphertext and names its file. It says nothing of the content, which the
random salt makes different each time.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Forgotten, NotFound, StoreFull, Tampered, TooLarge, Unavailable
from shared.privacy.durable import sync_folder
from shared.privacy.port import KeyName
from shared.privacy.vault import AesGcmVault, OpenKey

DocumentId = NewType("DocumentId", str)

MARK = b"FMNdoc\x00\x01"
CHUNK = 64 * 1024
TAG = 16
LIMIT = 512 * 1024 * 1024

_KEY_ID = slice(len(MARK), len(MARK) + 16)
_HEADER = len(MARK) + 16 + 32
_ID = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = ".unfinished"


class Documents:
    """The documents of an installation, in one folder."""

    def __init__(self, folder: Path, vault: AesGcmVault, limit: int = LIMIT) -> None:
        self._folder = folder
        self._vault = vault
        self._limit = limit
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, content: bytes | BinaryIO, name: KeyName) -> DocumentId:
        """Encrypt and keep a document, a chunk at a time; it is on disk when its id is answered.

        Raises `Forgotten`, `TooLarge`, `StoreFull`. What fails leaves nothing behind, and plain text never
        touches the disk.
        """
        self._vault.prepare([name])
        key = self._vault.key_for(name)
        header = MARK + key.id + os.urandom(32)
        cipher = _cipher(key, header)
        digest = hashlib.sha256()
        with self._unfinished() as (path, file):
            for block in _sealed(cipher, header, content, self._limit):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
            document = DocumentId(digest.hexdigest())
            final = self._path(document)
            final.parent.mkdir(exist_ok=True, mode=0o700)
            path.rename(final)
        sync_folder(final.parent)
        sync_folder(self._folder)
        return document

    def get(self, document: DocumentId) -> Iterator[bytes]:
        """The content, a chunk at a time. The whole file is checked against its id before the first one.

        Raises `NotFound`, `Forgotten` (between chunks too), `Tampered`.
        """
        try:
            file = self._path(document).open("rb")
        except FileNotFoundError:
            raise NotFound("There is no such document; it may have been forgotten.") from None
        except OSError as error:
            raise Unavailable(f"The document cannot be read ({error.strerror}).") from None
        try:
            if hashlib.file_digest(file, "sha256").hexdigest() != document:
                raise Tampered("A document was changed, cut or exchanged: restore it from its backup.")
            file.seek(0)
            header = file.read(_HEADER)
            if len(header) != _HEADER or not header.startswith(MARK):
                raise Tampered("A document's file is not one.")
            self._key(header)
        except BaseException:
            file.close()
            raise
        return self._opened(file, header)

    def sweep(self) -> int:
        """Delete what nobody can read any more: documents whose key is destroyed, and what a crash left half written.

        Answers how many files were deleted. A file whose key is unknown stays: the key store may be an older
        backup.
        """
        deleted = 0
        for path in self._folder.iterdir():
            if path.name.endswith(_UNFINISHED):
                deleted += _delete_abandoned(path)
            elif path.is_dir():
                gone = [file for file in path.iterdir() if self._is_forgotten(file)]
                for file in gone:
                    file.unlink()
                if gone:
                    sync_folder(path)
                deleted += len(gone)
        return deleted

    def _opened(self, file: BinaryIO, header: bytes) -> Iterator[bytes]:
        with file:
            number, block = 0, file.read(CHUNK + TAG)
            while True:
                following = file.read(CHUNK + TAG)
                # The key is asked for again, so that a document being sent stops when it is forgotten.
                cipher = _cipher(self._key(header), header)
                try:
                    yield cipher.decrypt(_nonce(number, last=not following), block, header)
                except (InvalidTag, ValueError):
                    raise Tampered("A document was changed, cut or its parts moved.") from None
                if not following:
                    return
                number, block = number + 1, following

    def _key(self, header: bytes) -> OpenKey:
        try:
            key = self._vault.key_of(header[_KEY_ID])
        except NotFound:
            raise Tampered("A document names a key that is not in the key store.") from None
        if key.cipher is None:
            raise Forgotten("The document has been forgotten.")
        return key

    def _is_forgotten(self, path: Path) -> bool:
        with path.open("rb") as file:
            header = file.read(_HEADER)
        try:
            return header.startswith(MARK) and self._vault.key_of(header[_KEY_ID]).cipher is None
        except NotFound:
            return False

    def _path(self, document: DocumentId) -> Path:
        if not _ID.fullmatch(document):
            raise NotFound("There is no such document: an id is 64 hexadecimal digits.")
        return self._folder / document[:2] / document

    @contextmanager
    def _unfinished(self) -> Iterator[tuple[Path, BinaryIO]]:
        path = self._folder / (os.urandom(16).hex() + _UNFINISHED)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # tells `sweep` that somebody still writes it
                yield path, file
        except OSError as error:
            kind = StoreFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else Unavailable
            raise kind(f"The document cannot be written ({error.strerror}).") from None
        finally:
            path.unlink(missing_ok=True)


def _delete_abandoned(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except (BlockingIOError, FileNotFoundError):  # still being written, or just finished
        return False
    return True


def _sealed(cipher: AESGCM, header: bytes, content: bytes | BinaryIO, limit: int) -> Iterator[bytes]:
    """The blocks of a file: the header, then each chunk. There is always one, if an empty one."""
    yield header
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    number, chunk = 0, _read_chunk(stream)
    while True:
        if number * CHUNK + len(chunk) > limit:
            raise TooLarge(f"A document may have {limit} bytes.", limit=limit)
        following = _read_chunk(stream)
        yield cipher.encrypt(_nonce(number, last=not following), chunk, header)
        if not following:
            return
        number, chunk = number + 1, following


def _read_chunk(stream: BinaryIO) -> bytes:
    """A whole chunk, or what is left: a stream such as a socket may answer with less than was asked for."""
    chunk = bytearray()
    while len(chunk) < CHUNK and (part := stream.read(CHUNK - len(chunk))):
        chunk += part
    return bytes(chunk)


def _cipher(key: OpenKey, header: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key.derive(b"document"), header, "sha256"))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
