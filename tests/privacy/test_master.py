"""The master key: where it comes from, and that what it wraps is what the published vectors say."""

from __future__ import annotations

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import ForgetMeNotError, Invalid, Tampered, Unavailable
from shared.privacy.master import (
    LocalMasterKeys,
    add_master_key,
    master_keys_from_file,
    new_master_key,
    retire_master_keys,
)

STANDARDS = Path(os.environ.get("STANDARDS_DIR", Path(__file__).parents[2].parent / "shared" / "standards"))
VECTORS = STANDARDS / "wycheproof-crypto-vectors" / "aes_gcm_test.json"


def published() -> list[Any]:
    """Wycheproof's AES-GCM vectors of the one shape that is used here: a key of 256 bits, a nonce of 96."""
    if not VECTORS.exists():
        return [pytest.param(None, marks=pytest.mark.skip("wycheproof-crypto-vectors is not in STANDARDS_DIR"))]
    groups = json.loads(VECTORS.read_bytes())["testGroups"]
    return [
        pytest.param(vector, id=f"wycheproof-{vector['tcId']}")
        for group in groups
        if (group["keySize"], group["ivSize"], group["tagSize"]) == (256, 96, 128)
        for vector in group["tests"]
    ]


@pytest.mark.parametrize("vector", published())
def test_unwrapping_agrees_with_the_published_vectors(vector: dict[str, str]) -> None:
    key, nonce, bound, message, ciphertext, tag = (
        bytes.fromhex(vector[part]) for part in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    masters = LocalMasterKeys(lambda: base64.b64encode(key).decode())
    if vector["result"] == "valid":
        assert masters.unwrap(masters.newest(), nonce + ciphertext + tag, bound) == message
    else:
        with pytest.raises(Tampered):
            masters.unwrap(masters.newest(), nonce + ciphertext + tag, bound)


def test_the_first_start_makes_a_key_that_only_its_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "apart" / "master.key"
    master_keys_from_file(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with ThreadPoolExecutor(8) as pool:
        newest = list(pool.map(lambda _: master_keys_from_file(path, create=True).newest(), range(16)))
    assert len(set(newest)) == 1


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    master_keys_from_file(path, create=True)
    path.chmod(0o640)
    with pytest.raises(Invalid, match="chmod 600"):
        master_keys_from_file(path)


def test_of_several_keys_the_last_is_the_newest_and_all_unwrap() -> None:
    older, newer = new_master_key(), new_master_key()
    wrapped = LocalMasterKeys(lambda: older).wrap(LocalMasterKeys(lambda: older).newest(), b"key", b"name")
    both = LocalMasterKeys(lambda: f"{older} {newer}")
    assert both.newest() == LocalMasterKeys(lambda: newer).newest()
    assert both.unwrap(LocalMasterKeys(lambda: older).newest(), wrapped, b"name") == b"key"


def test_a_key_file_that_cannot_be_made_is_said_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be made"):
        master_keys_from_file(tmp_path / "file" / "master.key", create=True)


def test_a_rotation_puts_the_new_master_last_and_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    masters = master_keys_from_file(path, create=True)
    first = masters.newest()
    wrapped = masters.wrap(first, b"key", b"name")
    add_master_key(path)
    assert masters.newest() != first
    assert masters.unwrap(first, wrapped, b"name") == b"key"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_master_in_use_and_the_newest_are_not_retired(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    masters = master_keys_from_file(path, create=True)
    ids = [masters.newest()]
    for _ in range(2):
        add_master_key(path)
        ids.append(masters.newest())
    assert retire_master_keys(path, in_use={ids[0]}) == [ids[1]]
    assert retire_master_keys(path, in_use=set()) == [ids[0]]
    assert master_keys_from_file(path).newest() == ids[2]


def test_a_master_that_is_not_here_is_named(masters: LocalMasterKeys) -> None:
    with pytest.raises(Unavailable, match="0123456789abcdef"):
        masters.unwrap("0123456789abcdef", bytes(60), b"")


@given(wrapped=st.binary(max_size=80), bound=st.binary(max_size=10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_that_were_never_wrapped_do_not_unwrap(masters: LocalMasterKeys, wrapped: bytes, bound: bytes) -> None:
    with pytest.raises(Tampered):
        masters.unwrap(masters.newest(), wrapped, bound)


@given(content=st.binary() | st.text("ABC= \n/+", max_size=100).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_key_file_of_anything_else_is_refused_in_our_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(ForgetMeNotError):
        master_keys_from_file(path)
