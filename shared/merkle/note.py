"""Signed notes and their keys: text signed with Ed25519, in the format of c2sp.org/signed-note.

    the text, every line ended by a newline
    (an empty line)
    — key-name base64(key hash, 4 bytes || signature, 64 bytes)

Parsing is strict: what is not exactly this is refused, base64 with stray bits too. Signature lines of
other keys (a witness's) are allowed beside ours and ignored, as the format asks.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.merkle.errors import InvalidProof

_ED25519 = b"\x01"  # the format's algorithm byte
_MAX_NOTE = 1_000_000  # characters; sixteen post-quantum co-signatures fit
_PRIVATE = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a log's key: what an auditor must get from us by a way that they trust."""

    name: str
    public: bytes  # 32 bytes

    @property
    def hash(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as one line, `name+hash+base64`."""
        return f"{self.name}+{self.hash.hex()}+{encoded(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read the line that `str` writes. Raises `InvalidProof`."""
        name, key = _parsed_key(text, "verifier key")
        verifier = cls(name, key)
        if str(verifier) != text:
            raise InvalidProof("The verifier key's hash does not belong to its name and key: it was mistyped.")
        return verifier


class SigningKey:
    """The private half. Whoever holds it can sign another history: keep it from who can write the log."""

    def __init__(self, name: str, seed: bytes) -> None:
        """`name` is the log's origin; `seed` are the 32 bytes of an Ed25519 private key."""
        require_name(name)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note over `text`, which ends in a newline. The same text always gives the same note."""
        signature = encoded(self.verifier.hash + self._private.sign(text.encode()))
        return f"{text}\n— {self.verifier.name} {signature}\n"


def signing_key(path: Path, name: str) -> SigningKey:
    """The key kept at `path`, for the log called `name`; made on first use, for its owner alone to read (0600).

    Raises `InvalidProof` if the file is not a key, is another log's, or is open to other users.
    """
    if not path.exists():
        _create(path, name)
    if path.stat().st_mode & 0o077:
        raise InvalidProof(f"{path.name} is open to other users: chmod 600 it, and consider the key known to them.")
    text = path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
    if not text.startswith(_PRIVATE):
        raise InvalidProof(f"{path.name} does not hold a signing key.")
    stored_name, seed = _parsed_key(text.removeprefix(_PRIVATE), "signing key")
    key = SigningKey(stored_name, seed)
    if _private_line(key, seed) != text:
        raise InvalidProof(f"{path.name} is damaged: the key's hash does not belong to it.")
    if stored_name != name:
        raise InvalidProof(f"{path.name} is the key of another log, {stored_name!r}, not of {name!r}.")
    return key


def open_note(note: str, key: VerifierKey) -> str:
    """The text of `note`, once the signature of `key` is found good. Raises `InvalidProof`."""
    if len(note) > _MAX_NOTE:
        raise InvalidProof("The note is too long.")
    if any(character < " " and character != "\n" for character in note):
        raise InvalidProof("The note holds control characters.")
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise InvalidProof("The note is not a text, an empty line and signatures.")
    text += "\n"
    verified = False
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—":
            raise InvalidProof("The note has a malformed signature line.")
        require_name(parts[1])
        signature = decoded(parts[2])
        if parts[1] == key.name and signature[:4] == key.hash:
            _require_signature(key, signature[4:], text)
            verified = True
    if not verified:
        raise InvalidProof(f"The note is not signed by {key.name!r} with the key that is trusted.")
    return text


def require_name(name: str) -> None:
    """Raises `InvalidProof` unless `name` may name a key: not empty, no space, no plus, no control character."""
    # A lone surrogate is what Python makes of bytes that are not UTF-8.
    if not name or any(each.isspace() or each == "+" or each < " " or "\ud800" <= each <= "\udfff" for each in name):
        raise InvalidProof("A key name is not empty and has no space, plus or control character in it.")


def encoded(raw: bytes) -> str:
    """Base64, the standard alphabet."""
    return base64.b64encode(raw).decode()


def decoded(text: str) -> bytes:
    """The bytes of canonical base64. Raises `InvalidProof`; no two texts give the same bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidProof("Not base64.") from error
    if encoded(raw) != text:
        raise InvalidProof("Base64 with stray bits at its end.")
    return raw


def _require_signature(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError) as error:
        raise InvalidProof(f"The signature of {key.name!r} does not fit the text: one of them was altered.") from error


def _parsed_key(text: str, what: str) -> tuple[str, bytes]:
    name, *rest = text.split("+", 2)
    if len(rest) != 2:
        raise InvalidProof(f"A {what} looks like name+hash+base64.")
    require_name(name)
    key = decoded(rest[1])
    if key[:1] != _ED25519 or len(key) != 33:
        raise InvalidProof(f"The {what} is not an Ed25519 key.")
    return name, key[1:]


def _private_line(key: SigningKey, seed: bytes) -> str:
    return f"{_PRIVATE}{key.verifier.name}+{key.verifier.hash.hex()}+{encoded(_ED25519 + seed)}"


def _create(path: Path, name: str) -> None:
    seed = secrets.token_bytes(32)
    line = _private_line(SigningKey(name, seed), seed) + "\n"
    # Written whole under another name and then linked, so that of two first users one wins and both read its key.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
