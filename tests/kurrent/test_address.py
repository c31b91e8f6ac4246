"""Addresses: what is taken, what is refused and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import Invalid
from shared.eventstore.kurrent.address import is_address, parse


@pytest.mark.parametrize(
    "uri",
    [
        "esdb://127.0.0.1:2113?tls=false",
        "kurrentdb://127.0.0.1:2113?tls=false",
        "kdb://a:2113,b:2113,c:2113?tls=false",
        "esdb://admin:changeit@db.example:2113",
        "kurrentdb+discover://admin:changeit@db.example",
    ],
)
def test_addresses_as_the_server_documents_them_are_taken(uri: str) -> None:
    assert is_address(uri)
    assert parse(uri).uri.startswith(uri.partition("?")[0])


@pytest.mark.parametrize("text", ["var/log", "/srv/forget-me-not/log", "log", "./esdb"])
def test_a_folder_is_no_address(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("http://admin:s3cret@host:2113", "esdb://"),
        ("esdb://admin:s3cret@host:2113?tls=false", "only sent encrypted"),
        ("esdb://host:2113", "needs a login"),
        ("esdb://admin:s3cret@host?tlsCaFile=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ("esdb://admin:s3cret@host?tlsVerifyCert=false", "tlsCaFile"),
        ("esdb://admin:s3cret@host?nodePreference=follower", "leader"),
        ("esdb://admin:s3cret@host?thisIsNoOption=1", "THISISNOOPTION"),
        ("esdb://admin:s3cret@host?gossipTimeout=soon", "soon"),
        ("esdb://admin:s3cret@", "host"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_in_words_without_the_password(uri: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(uri)
    assert says in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_an_address_is_shown_without_its_login(tmp_path: Path) -> None:
    address = parse("esdb://admin:s3cret@a:2113,b:2113")
    assert str(address) == "esdb://a:2113,b:2113"
    assert "s3cret" not in repr(address)


def test_several_hosts_and_discover_are_followed_to_the_leader_and_one_host_is_not() -> None:
    assert parse("esdb://a:1,b:1?tls=false").follows_leader
    assert parse("esdb+discover://cluster?tls=false").follows_leader
    assert parse("esdb+discover://a:1,b:1?tls=false").follows_leader
    assert not parse("esdb://a:1?tls=false").follows_leader


def test_what_the_address_says_of_keep_alive_counts() -> None:
    assert "keepAliveInterval=500" in parse("esdb://a?tls=false&keepAliveInterval=500").uri
    assert "keepAliveInterval=10000" in parse("esdb://a?tls=false").uri
