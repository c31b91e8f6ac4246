"""Who may be believed to be who they say."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway.tokens import AUDIENCE, ISSUER, KEY_FILE, Tokens, open_tokens
from shared.errors import Invalid, Unauthenticated, Unavailable
from shared.messages import Role

NOW = datetime(2026, 5, 25, 8, 0, tzinfo=UTC)


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def tokens(key: Ed25519PrivateKey, clock: Clock) -> Tokens:
    return Tokens(key, clock=clock)


def claims(**changed: Any) -> dict[str, Any]:
    stamp = int(NOW.timestamp())
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "w-1",
        "roles": ["caseworker"],
        "iat": stamp,
        "exp": stamp + 60,
        **changed,
    }
    return {name: value for name, value in whole.items() if value is not None}


def test_a_token_says_who_and_in_which_roles(tokens: Tokens) -> None:
    identity = tokens.identify(tokens.issue("w-1", [Role.CASEWORKER, Role.SUPERVISOR]))
    assert identity.actor == "w-1"
    assert identity.roles == {Role.CASEWORKER, Role.SUPERVISOR}


def test_a_token_signed_with_our_key_and_whole_claims_is_believed(tokens: Tokens, key: Ed25519PrivateKey) -> None:
    assert tokens.identify(jwt.encode(claims(), key, algorithm="EdDSA")).actor == "w-1"


def test_a_token_expires_even_after_it_was_believed(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue("w-1", [Role.CASEWORKER], timedelta(minutes=1))
    tokens.identify(token)
    clock.now += timedelta(minutes=1)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.identify(token)


def test_a_token_of_another_installation_is_not_believed(tokens: Tokens) -> None:
    other = Tokens(Ed25519PrivateKey.generate(), clock=Clock())
    with pytest.raises(Unauthenticated):
        tokens.identify(other.issue("w-1", [Role.CASEWORKER]))


def test_an_unsigned_token_is_not_believed(tokens: Tokens) -> None:
    with pytest.raises(Unauthenticated):
        tokens.identify(jwt.encode(claims(), None, algorithm="none"))


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_not_believed(
    tokens: Tokens, key: Ed25519PrivateKey
) -> None:
    secret = key.public_key().public_bytes_raw().hex()
    with pytest.raises(Unauthenticated):
        tokens.identify(jwt.encode(claims(), secret, algorithm="HS256"))


def test_a_token_with_one_character_changed_is_not_believed(tokens: Tokens) -> None:
    head, body, signature = tokens.issue("w-1", [Role.CASEWORKER]).split(".")
    tampered = body[:-4] + ("A" if body[-4] != "A" else "B") + body[-3:]
    with pytest.raises(Unauthenticated):
        tokens.identify(f"{head}.{tampered}.{signature}")


@pytest.mark.parametrize("missing", ["exp", "iat", "sub", "aud", "iss", "roles"])
def test_a_token_that_leaves_something_out_is_not_believed(
    tokens: Tokens, key: Ed25519PrivateKey, missing: str
) -> None:
    with pytest.raises(Unauthenticated):
        tokens.identify(jwt.encode(claims(**{missing: None}), key, algorithm="EdDSA"))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another-program"},
        {"iss": "another-issuer"},
        {"sub": "Jonas Jonaitis"},
        {"roles": ["king"]},
        {"roles": "caseworker"},
        {"roles": 5},
        {"roles": ["policy"]},
        {"exp": "soon"},
        {"exp": 10**30},
    ],
    ids=str,
)
def test_a_token_that_says_what_we_never_say_is_not_believed(
    tokens: Tokens, key: Ed25519PrivateKey, changed: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        tokens.identify(jwt.encode(claims(**changed), key, algorithm="EdDSA"))


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "é", "." * 5000])
def test_what_is_no_token_is_not_believed(tokens: Tokens, text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.identify(text)


@pytest.mark.parametrize("roles", [[], [Role.POLICY], [Role.CASEWORKER, Role.POLICY]], ids=str)
def test_no_token_is_issued_for_no_role_or_the_systems_own(tokens: Tokens, roles: list[Role]) -> None:
    with pytest.raises(Invalid):
        tokens.issue("w-1", roles)


@pytest.mark.parametrize("actor", ["", "Jonas Jonaitis", "jonas@example.org", "x" * 65, "a\nb"])
def test_an_actor_is_a_pseudonym(tokens: Tokens, actor: str) -> None:
    with pytest.raises(Invalid):
        tokens.issue(actor, [Role.CASEWORKER])


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-1), timedelta(days=400)], ids=str)
def test_a_token_lives_for_a_time_within_bounds(tokens: Tokens, life: timedelta) -> None:
    with pytest.raises(Invalid):
        tokens.issue("w-1", [Role.CASEWORKER], life)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    token = open_tokens(tmp_path / "data").issue("w-1", [Role.CASEWORKER])
    path = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == [KEY_FILE]
    assert open_tokens(tmp_path / "data").identify(token).actor == "w-1"


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    open_tokens(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        open_tokens(tmp_path)


def test_a_file_that_holds_no_key_is_said_to_hold_none(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch(mode=0o600)
    with pytest.raises(Invalid, match="Ed25519"):
        open_tokens(tmp_path)


def test_a_folder_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(Unavailable):
        open_tokens(tmp_path / "data")
