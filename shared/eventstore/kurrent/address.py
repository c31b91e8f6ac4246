"""Addresses of clusters: `esdb://user:password@host:2113?tlsCaFile=ca.pem`, as the server's own documents have them.

`kurrentdb://`, `kdb://` and `esdb://` mean the same. Several hosts, or `+discover` before `://` with one DNS name, are
seeds: the leader is asked for and followed. Options are those of `kurrentdbclient`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import grpc
from grpc.experimental import ChannelOptions
from kurrentdbclient import KurrentDBClient
from kurrentdbclient.common import GrpcOptions
from kurrentdbclient.connection_spec import ConnectionSpec

from shared.errors import Invalid

_SCHEME = re.compile(r"(esdb|kurrentdb|kdb)(\+discover)?://")

# What the client would leave out, or take too long about. An address may say otherwise.
_DEFAULTS = {
    "connectionName": "forget-me-not",
    "keepAliveInterval": "10000",  # milliseconds: a peer that is silent is asked whether it lives
    "keepAliveTimeout": "10000",
    "maxDiscoverAttempts": "3",
}

_CHANNEL: GrpcOptions = (("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1))
_ONE_THREAD: GrpcOptions = ((ChannelOptions.SingleThreadedUnaryStream, 1),)
_TRIAL_SECONDS = 5.0


def is_address(text: str) -> bool:
    """Whether `text` is the address of a cluster, rather than the path of a folder."""
    return _SCHEME.match(text) is not None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a cluster is. As text it has no password, so that it may be shown."""

    uri: str = field(repr=False)
    shown: str
    follows_leader: bool

    def __str__(self) -> str:
        return self.shown


def parse(uri: str) -> Address:
    """The address that `uri` is. Raises `Invalid`, in a sentence without the password."""
    parts = urlsplit(uri)
    hosts = parts.netloc.rpartition("@")[2]
    shown = f"{parts.scheme}://{hosts}"
    if not is_address(uri):
        raise Invalid("An event store's address begins with esdb:// or kurrentdb:// (or with +discover before ://).")
    if not hosts:
        raise Invalid(f"The event store's address {shown} names no host.")
    scheme = parts.scheme
    if "," in hosts:  # the client takes several hosts for seeds by themselves, and +discover for one DNS name
        scheme = scheme.removesuffix("+discover")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = {name.lower(): value for name, value in options.items()}
    options |= {name: value for name, value in _DEFAULTS.items() if name.lower() not in given}
    complete = f"{scheme}://{parts.netloc}?{urlencode(options)}"
    _check(shown, has_login="@" in parts.netloc, given=given)
    try:
        ConnectionSpec(complete)
    except ValueError as error:
        reason = str(error).replace(complete, shown)
        raise Invalid(f"The event store's address {shown} is not usable: {reason}.") from None
    return Address(complete, shown, "," in hosts or scheme.endswith("+discover"))


def _check(shown: str, has_login: bool, given: dict[str, str]) -> None:
    """Refuse what the client would accept and then not do."""
    encrypted = given.get("tls", "true").lower() != "false"
    if has_login and not encrypted:
        raise Invalid(
            f"The event store's address {shown} has a login and tls=false: a login is only sent encrypted. "
            "Leave out tls=false, or the login."
        )
    if encrypted and not has_login:
        raise Invalid(
            f"The event store's address {shown} needs a login, user:password@ before the host; "
            "or tls=false, for a trial on one machine."
        )
    if given.get("tlsverifycert", "true").lower() == "false":
        raise Invalid("tlsVerifyCert=false is not supported: name the authority that signed with tlsCaFile.")
    if given.get("nodepreference", "leader").lower() != "leader":
        raise Invalid("nodePreference must be leader: another node may not have yet what was just written.")
    for option in ("tlscafile", "usercertfile", "userkeyfile"):
        if option in given and not Path(given[option]).is_file():
            raise Invalid(f"The file {given[option]} that the event store's address names is not there.")


class Client(KurrentDBClient):
    """The client, with what it does not do by itself.

    Percent-encoded logins are decoded: a password may have an @ in it. A channel has connections of its own, so that
    one made anew does not begin with the one that is broken, and no hidden retries: grpcio 1.85 may leave a call that
    it tries again waiting for nothing until its deadline. And what a connection is tried with has a deadline.

    Who reads in `one_thread` fetches each event itself, instead of being handed it by a thread that runs ahead: less
    than half of the processor time for an event, but between what the server sends at once there is a wait.
    """

    def __init__(self, uri: str, *, one_thread: bool = False) -> None:
        self._channel_options = _CHANNEL + (_ONE_THREAD if one_thread else ())
        super().__init__(uri)

    def construct_call_credentials(self, username: str | None, password: str | None) -> grpc.CallCredentials | None:
        """What is sent along with each call."""
        return super().construct_call_credentials(
            unquote(username) if username else username, unquote(password) if password else password
        )

    def _construct_grpc_channel(self, grpc_target: str, grpc_options: GrpcOptions = ()) -> grpc.Channel:
        return super()._construct_grpc_channel(grpc_target, (*grpc_options, *self._channel_options))

    def _get_commit_position(self, *, timeout: float | None = None, **asked: Any) -> int:
        return super()._get_commit_position(timeout=timeout or _TRIAL_SECONDS, **asked)
