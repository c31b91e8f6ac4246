"""The node's users: a file with logins, groups and salted password hashes."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock

from shared.errors import Invalid, Unauthenticated, Unavailable

_SCRYPT = {"n": 1 << 14, "r": 8, "p": 1}  # about 50 ms
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Account:
    """One user as the file has them. `updated` counts ticks of 100 ns since 1970."""

    login: str
    full_name: str
    groups: tuple[str, ...]
    salt: str
    hash: str
    disabled: bool
    updated: int


class Unknown(Exception):
    """There is no such user."""


class Taken(Exception):
    """There is such a user already."""


class Users:
    """The users in `path`. Every change is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, Account] = OrderedDict()
        self._accounts = _load(path)

    def verify(self, login: str, password: str) -> Account:
        """The account, if the password is theirs. Slow on purpose; raises `Unauthenticated`."""
        account = self._accounts.get(login)
        # An unknown login takes as long as a known one, so that the clock does not tell which exist.
        expected = account.hash if account else "0" * 64
        given = _hash(password, account.salt if account else "00" * 16)
        if not hmac.compare_digest(given, expected) or account is None or account.disabled:
            raise Unauthenticated("Login and password do not match.")
        with self._lock:
            if self._accounts.get(login) is account:
                self._verified[self._fingerprint(login, password)] = account
                while len(self._verified) > _REMEMBERED:
                    self._verified.popitem(last=False)
        return account

    def recently_verified(self, login: str, password: str) -> Account | None:
        """The account, if `verify` has found so before and nothing has changed since. Fast."""
        return self._verified.get(self._fingerprint(login, password))

    def find(self, login: str) -> Account:
        """One account. Raises `Unknown`."""
        try:
            return self._accounts[login]
        except KeyError:
            raise Unknown(login) from None

    def all(self) -> list[Account]:
        """All accounts, by login."""
        return [self._accounts[login] for login in sorted(self._accounts)]

    def create(self, login: str, password: str, full_name: str, groups: tuple[str, ...]) -> None:
        """A new user. Raises `Taken`, and `Invalid` for one that could not log in."""
        if not login or ":" in login or login.startswith("$") or not password:
            raise Invalid("A user needs a password, and a login without a colon that does not start with $.")
        with self._lock:
            if login in self._accounts:
                raise Taken(login)
            self._put(_with_password(Account(login, full_name, groups, "", "", False, 0), password))

    def change(
        self,
        login: str,
        *,
        password: str | None = None,
        full_name: str | None = None,
        groups: tuple[str, ...] | None = None,
        disabled: bool | None = None,
    ) -> None:
        """Change what is given. Raises `Unknown`."""
        with self._lock:
            account = self.find(login)
            if password is not None:
                if not password:
                    raise Invalid("A password is not empty.")
                account = _with_password(account, password)
            self._put(
                replace(
                    account,
                    full_name=account.full_name if full_name is None else full_name,
                    groups=account.groups if groups is None else groups,
                    disabled=account.disabled if disabled is None else disabled,
                )
            )

    def delete(self, login: str) -> None:
        """Remove a user. Raises `Unknown`."""
        with self._lock:
            self.find(login)
            self._save({name: account for name, account in self._accounts.items() if name != login})

    def _put(self, account: Account) -> None:
        self._save(self._accounts | {account.login: replace(account, updated=time.time_ns() // 100)})

    def _save(self, accounts: dict[str, Account]) -> None:
        _write(self._path, accounts)
        self._accounts = accounts
        self._verified.clear()

    def _fingerprint(self, login: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{login}:{password}".encode(), "sha256")


def create_users(path: Path) -> str | None:
    """Make the file with one administrator, `admin`, and return their password; None if there is a file already."""
    if path.exists():
        return None
    _write(path, {})
    password = secrets.token_urlsafe(15)
    Users(path).create("admin", password, "Administrator", ("$admins",))
    return password


def _hash(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()[:64]


def _with_password(account: Account, password: str) -> Account:
    salt = secrets.token_hex(16)
    return replace(account, salt=salt, hash=_hash(password, salt))


def _load(path: Path) -> dict[str, Account]:
    try:
        stored = json.loads(path.read_bytes())
        accounts = [Account(**{**entry, "groups": tuple(entry["groups"])}) for entry in stored["users"]]
    except OSError as error:
        raise Unavailable(f"The users' file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"The users' file {path} is not one.") from error
    return {account.login: account for account in accounts}


def _write(path: Path, accounts: dict[str, Account]) -> None:
    """Replace the file in one step, readable by its owner only."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps({"users": [asdict(accounts[login]) for login in sorted(accounts)]}, indent=2).encode())
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
