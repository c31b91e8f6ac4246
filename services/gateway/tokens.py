"""Bearer tokens: signed (Ed25519), short of life, naming an actor and roles.

The key is made on first use, in `token-key.pem` of the data folder, readable by its owner alone: who can read it can
be anybody. Remove the file, and every token out there is void.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from services.gateway.identities import Identity, pseudonym
from shared.errors import Invalid, Unauthenticated, Unavailable
from shared.messages import Role
from shared.privacy.durable import sync_folder

ALGORITHM = "EdDSA"
ISSUER = "forgetmenot"
AUDIENCE = "forgetmenot-api"
KEY_FILE = "token-key.pem"
DEFAULT_LIFE = timedelta(hours=8)
LONGEST_LIFE = timedelta(days=366)
REMEMBERED = 4096

REFUSED = "The token is forged, damaged or from another installation: ask for a new one (forgetmenot token)."
EXPIRED = "The token has expired: ask for a new one (forgetmenot token)."


class Tokens:
    """Issues tokens and verifies them. An `Identities`.

    A verified token is remembered until it expires, for a signature costs more to check than the rest of a request.
    """

    def __init__(self, key: Ed25519PrivateKey, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._private = key
        self._public = key.public_key()
        self._clock = clock
        self._verified: OrderedDict[str, Identity] = OrderedDict()
        self._lock = threading.Lock()

    def issue(self, actor: str, roles: Iterable[Role], life: timedelta = DEFAULT_LIFE) -> str:
        """A token for `actor`. Raises `Invalid` for an actor that is no id, no role, or a life out of bounds.

        The role `policy` is the system's own, and no token carries it.
        """
        carried = frozenset(roles)
        if not carried or Role.POLICY in carried:
            raise Invalid("A token carries at least one role, and never the role policy, which is the system's own.")
        if not timedelta(0) < life <= LONGEST_LIFE:
            raise Invalid(f"A token lives between one second and {LONGEST_LIFE.days} days.")
        now = self._clock()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": pseudonym(actor, "The actor"),
            "roles": sorted(carried),
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
        }
        return jwt.encode(claims, self._private, algorithm=ALGORITHM)

    def identify(self, token: str) -> Identity:
        """See `Identities.identify`."""
        identity = self._verified.get(token) or self._verify(token)
        if identity.expires <= self._clock():
            self._verified.pop(token, None)
            raise Unauthenticated(EXPIRED)
        return identity

    def _verify(self, token: str) -> Identity:
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Expiry is held against our own clock, by `identify`, each time that the token comes.
                options={"require": ["exp", "iat", "sub", "aud", "iss"], "verify_exp": False, "verify_iat": False},
            )
            roles = frozenset(map(Role, claims["roles"]))
            expires = datetime.fromtimestamp(claims["exp"], UTC)
            actor = pseudonym(claims["sub"], "The actor")
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, Invalid):
            raise Unauthenticated(REFUSED) from None
        if Role.POLICY in roles:
            raise Unauthenticated(REFUSED)
        identity = Identity(actor, roles, expires)
        with self._lock:
            self._verified[token] = identity
            while len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
        return identity


def open_tokens(folder: Path) -> Tokens:
    """The tokens of the installation whose data is in `folder`; its key is made if it has none.

    Raises `Unavailable` if the key cannot be read or made, `Invalid` if others may read it or it is no such key.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        return Tokens(_read_key(path))
    except OSError as error:
        raise Unavailable(f"The token key in the data folder cannot be used ({error.strerror}).") from None


def _read_key(path: Path) -> Ed25519PrivateKey:
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        if facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Invalid(
                f"Others may read {KEY_FILE}: take their rights away (chmod 600), or remove it for a new one."
            )
        text = file.read()
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid(f"{KEY_FILE} does not hold an Ed25519 key: restore it, or remove it for a new one.")
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    fresh.touch(mode=0o600, exist_ok=False)
    with fresh.open("wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    # A link, unlike a rename, does not replace the key of another process that was a moment faster.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
    sync_folder(path.parent)
