"""Logins, roles, access lists and TLS, through the real client.

Sources: the server's docs, "Security", "Access control lists" and "Protocol security"; `RpcExceptions.cs` (what is
refused how), `Users.*.cs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.exceptions import AccessDeniedError, ServiceUnavailableError, UnauthenticatedError

from shared.errors import Invalid, Unauthenticated, Unavailable
from shared.eventstore.node import protocol
from shared.eventstore.node.users import Taken, Unknown, Users, create_users
from tests.node.conftest import an_event, some
from tests.node.running import RunningNode, running

ANY = StreamState.ANY
PEM = serialization.Encoding.PEM


class Certificate(NamedTuple):
    """A certificate for this machine, its key, and the authority that signed it; PEM files."""

    chain: Path
    key: Path
    authority: Path


def a_certificate(folder: Path) -> Certificate:
    """A certificate by an authority of its own, in `folder`."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _signed("Trial authority", authority_key, "Trial authority", authority_key, authority=True)
    certificate = _signed("localhost", key, "Trial authority", authority_key, authority=False)
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = Certificate(folder / "node.pem", folder / "node.key", folder / "authority.pem")
    for path, content in zip(files, (certificate.public_bytes(PEM), private, authority.public_bytes(PEM)), strict=True):
        path.write_bytes(content)
    return files


def _signed(subject: str, key: Any, issuer: str, issuer_key: Any, authority: bool) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


class Guarded:
    """A node with TLS and users: admin, ops, ann and ben."""

    def __init__(self, node: RunningNode, authority: Path, password: str) -> None:
        self.node = node
        self.authority = authority.read_bytes()
        self.passwords = {"admin": password, "ops": "of-ops", "ann": "of-ann", "ben": "of-ben"}

    @contextmanager
    def client(self, login: str, password: str | None = None) -> Iterator[KurrentDBClient]:
        """A client that logs in."""
        address = f"kdb://{login}:{password or self.passwords[login]}@127.0.0.1:{self.node.port}"
        with KurrentDBClient(address, root_certificates=self.authority.decode()) as client:
            yield client

    def channel(self) -> grpc.Channel:
        """A bare channel, for who has no login and for what the client does not call."""
        return grpc.secure_channel(f"127.0.0.1:{self.node.port}", grpc.ssl_channel_credentials(self.authority))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    certificate = a_certificate(folder)
    path = folder / "users.json"
    password = create_users(path)
    assert password
    users = Users(path)
    users.create("ops", "of-ops", "Operator", ("$ops",))
    users.create("ann", "of-ann", "Ann", ("clerks",))
    users.create("ben", "of-ben", "Ben", ())
    with running(folder / "log", certificate=certificate.chain, key=certificate.key, users=path) as node:
        yield Guarded(node, certificate.authority, password)


def test_whoever_logs_in_may_use_streams(guarded: Guarded, stream: str) -> None:
    with guarded.client("ann") as client:
        client.append_to_stream(stream, current_version=ANY, events=some(1))
        assert len(client.get_stream(stream)) == 1


def test_a_wrong_password_is_refused(guarded: Guarded, stream: str) -> None:
    with guarded.client("ann", "guessed") as client, pytest.raises(UnauthenticatedError):
        client.append_to_stream(stream, current_version=ANY, events=some(1))
    with guarded.client("nobody", "guessed") as client, pytest.raises(UnauthenticatedError):
        client.get_stream(stream)


@pytest.mark.parametrize("header", ["Basic !!!", "Bearer abc", "Basic", "", "Basic //8="])
def test_a_header_that_is_no_login_is_refused(guarded: Guarded, header: str) -> None:
    with guarded.channel() as channel:
        read = channel.unary_stream("/event_store.client.streams.Streams/Read")
        with pytest.raises(grpc.RpcError) as refusal:
            list(read(b"", metadata=(("authorization", header),)))
    assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_without_a_login_nothing_is_to_be_had_but_who_the_node_is(guarded: Guarded) -> None:
    with guarded.channel() as channel:
        gossip = channel.unary_unary("/event_store.client.gossip.Gossip/Read")
        features = channel.unary_unary("/event_store.client.server_features.ServerFeatures/GetSupportedMethods")
        assert gossip(b"")
        assert features(b"")
        for path in (
            "streams.Streams/Delete",
            "persistent_subscriptions.PersistentSubscriptions/List",
            "operations.Operations/StartScavenge",
            "users.Users/Create",
        ):
            with pytest.raises(grpc.RpcError) as refusal:
                channel.unary_unary(f"/event_store.client.{path}")(_deleting("a") if "Streams" in path else b"")
            assert refusal.value.code() == grpc.StatusCode.PERMISSION_DENIED, path


def _deleting(stream: str) -> bytes:
    from kurrentdbclient.protos.v1 import shared_pb2, streams_pb2

    identifier = shared_pb2.StreamIdentifier(stream_name=stream.encode())
    options = streams_pb2.DeleteReq.Options(stream_identifier=identifier, any=shared_pb2.Empty())
    data: bytes = streams_pb2.DeleteReq(options=options).SerializeToString()
    return data


def test_plain_text_is_not_answered_by_a_node_with_tls(guarded: Guarded) -> None:
    with (
        KurrentDBClient(f"kdb://127.0.0.1:{guarded.node.port}?Tls=false") as client,
        pytest.raises(ServiceUnavailableError),
    ):
        client.get_stream("a", timeout=2)


def test_a_certificate_that_is_not_trusted_ends_the_connection(guarded: Guarded, tmp_path: Path) -> None:
    other = a_certificate(tmp_path).authority.read_bytes()
    address = f"kdb://ann:of-ann@127.0.0.1:{guarded.node.port}"
    with KurrentDBClient(address, root_certificates=other.decode()) as client, pytest.raises(ServiceUnavailableError):
        client.get_stream("a", timeout=2)


def test_system_streams_and_the_log_are_for_administrators(guarded: Guarded, stream: str) -> None:
    with guarded.client("ann") as ann:
        for name in (f"${stream}", "$settings"):
            with pytest.raises(AccessDeniedError):
                ann.append_to_stream(name, current_version=ANY, events=some(1))
            with pytest.raises(AccessDeniedError):
                ann.get_stream(name)
        with pytest.raises(AccessDeniedError):
            list(ann.read_all())
        with pytest.raises(AccessDeniedError), ann.subscribe_to_all() as subscription:
            next(subscription)
    with guarded.client("admin") as admin:
        admin.append_to_stream(f"${stream}", current_version=ANY, events=some(1))
        assert len(admin.get_stream(f"${stream}")) == 1
        assert list(admin.read_all(limit=1))


@pytest.mark.parametrize(("right", "list_"), [("read", "$r"), ("write", "$w"), ("delete", "$d")])
@pytest.mark.parametrize("named", ["ann", "clerks"])
def test_an_access_list_names_who_may(guarded: Guarded, stream: str, right: str, list_: str, named: str) -> None:
    with guarded.client("admin") as admin:
        admin.append_to_stream(stream, current_version=ANY, events=some(1))
        admin.set_stream_metadata(stream, metadata={"$acl": {list_: [named]}})

    def use(client: KurrentDBClient) -> None:
        match right:
            case "read":
                client.get_stream(stream)
            case "write":
                client.append_event(stream, current_version=ANY, event=an_event())
            case "delete":
                client.delete_stream(stream, current_version=ANY)

    with guarded.client("ben") as ben, pytest.raises(AccessDeniedError):
        use(ben)
    with guarded.client("ann") as ann:
        use(ann)


def test_metadata_has_rights_of_its_own(guarded: Guarded, stream: str) -> None:
    with guarded.client("admin") as admin:
        admin.set_stream_metadata(stream, metadata={"$acl": {"$mr": "ann", "$mw": "$admins"}})
    with guarded.client("ben") as ben, pytest.raises(AccessDeniedError):
        ben.get_stream_metadata(stream)
    with guarded.client("ann") as ann:
        assert ann.get_stream_metadata(stream)[1] == 0
        with pytest.raises(AccessDeniedError):
            ann.set_stream_metadata(stream, metadata={})


def test_a_batch_to_a_stream_that_is_not_theirs_is_refused_as_such(guarded: Guarded, stream: str) -> None:
    with guarded.client("admin") as admin:
        admin.set_stream_metadata(stream, metadata={"$acl": {"$w": "$admins"}})
    with guarded.client("ann") as ann, pytest.raises(AccessDeniedError):
        ann.append_to_stream(stream, current_version=ANY, events=some(2))


def test_the_defaults_are_in_the_stream_of_settings(tmp_path: Path, stream: str) -> None:
    certificate, users = a_certificate(tmp_path), tmp_path / "users.json"
    password = create_users(users)
    Users(users).create("ann", "of-ann", "Ann", ())
    settings = b'{"$userStreamAcl": {"$r": ["$admins"]}, "$systemStreamAcl": {"$r": ["ann"]}}'
    with running(tmp_path / "log", certificate=certificate.chain, key=certificate.key, users=users) as node:
        guarded = Guarded(node, certificate.authority, password or "")
        with guarded.client("admin") as admin:
            admin.append_to_stream(stream, current_version=ANY, events=some(1))
            admin.append_to_stream(f"${stream}", current_version=ANY, events=some(1))
            admin.append_to_stream("$settings", current_version=ANY, events=[NewEvent("$settings", settings)])
        with guarded.client("ann") as ann:
            with pytest.raises(AccessDeniedError):
                ann.get_stream(stream)
            assert len(ann.get_stream(f"${stream}")) == 1


def test_operating_is_for_operators(guarded: Guarded, stream: str) -> None:
    with guarded.client("ann") as ann:
        with pytest.raises(AccessDeniedError):
            ann.create_subscription_to_stream("group", stream)
        with pytest.raises(AccessDeniedError):
            ann.list_subscriptions()
    with guarded.client("ops") as ops:
        ops.create_subscription_to_stream("group", stream)
    with guarded.client("ann") as ann:  # whoever may read the stream may take part
        ann.append_to_stream(stream, current_version=ANY, events=some(1))
        with ann.read_subscription_to_stream("group", stream) as consumer:
            assert next(consumer).stream_position == 0


# Users, through their service


class UsersClient:
    """Calls the `Users` service, as whoever logs in."""

    def __init__(self, guarded: Guarded, login: str, password: str | None = None) -> None:
        import base64

        token = base64.b64encode(f"{login}:{password or guarded.passwords[login]}".encode()).decode()
        self._metadata = (("authorization", f"Basic {token}"),)
        self._guarded = guarded

    def __call__(self, method: str, request: Any, **options: Any) -> list[Any]:
        path = f"/event_store.client.users.Users/{method}"
        with self._guarded.channel() as channel:
            data = request(options=options).SerializeToString()
            if method == "Details":
                answers = channel.unary_stream(path)(data, metadata=self._metadata)
                return [protocol.DetailsResp.FromString(answer).user_details for answer in answers]
            channel.unary_unary(path)(data, metadata=self._metadata)
            return []

    def refused(self, method: str, request: Any, **options: Any) -> tuple[grpc.StatusCode, str]:
        """The status and the exception with which a call is refused."""
        with pytest.raises(grpc.RpcError) as refusal:
            self(method, request, **options)
        trailers = dict(refusal.value.trailing_metadata())
        return refusal.value.code(), trailers.get("exception", "")


def test_an_administrator_makes_changes_and_removes_users(guarded: Guarded) -> None:
    admin = UsersClient(guarded, "admin")
    admin("Create", protocol.UserReq, login_name="eva", password="first", full_name="Eva", groups=["clerks"])
    (eva,) = admin("Details", protocol.LoginReq, login_name="eva")
    assert (eva.login_name, eva.full_name, list(eva.groups), eva.disabled) == ("eva", "Eva", ["clerks"], False)
    assert eva.last_updated.ticks_since_epoch > 0
    admin("Update", protocol.UserReq, login_name="eva", full_name="Eva M.", groups=[])
    admin("Disable", protocol.LoginReq, login_name="eva")
    with guarded.client("eva", "first") as client, pytest.raises(UnauthenticatedError):
        client.get_stream("a")
    admin("Enable", protocol.LoginReq, login_name="eva")
    admin("ResetPassword", protocol.ResetPasswordReq, login_name="eva", new_password="second")
    eva_herself = UsersClient(guarded, "eva", "second")
    assert [found.full_name for found in eva_herself("Details", protocol.LoginReq, login_name="eva")] == ["Eva M."]
    eva_herself(
        "ChangePassword", protocol.ChangePasswordReq, login_name="eva", current_password="second", new_password="3"
    )
    assert UsersClient(guarded, "eva", "second").refused("Details", protocol.LoginReq, login_name="eva")[0] == (
        grpc.StatusCode.UNAUTHENTICATED
    )
    assert {found.login_name for found in admin("Details", protocol.LoginReq)} >= {"admin", "ann", "eva"}
    admin("Delete", protocol.LoginReq, login_name="eva")
    missing = (grpc.StatusCode.NOT_FOUND, "user-not-found")
    assert admin.refused("Details", protocol.LoginReq, login_name="eva") == missing
    assert admin.refused("Delete", protocol.LoginReq, login_name="eva") == missing


def test_what_is_wrong_with_a_user_is_refused(guarded: Guarded) -> None:
    admin, ann = UsersClient(guarded, "admin"), UsersClient(guarded, "ann")
    taken = admin.refused("Create", protocol.UserReq, login_name="ann", password="x")
    assert taken == (grpc.StatusCode.FAILED_PRECONDITION, "user-conflict")
    for login in ("", "a:b", "$admins"):
        refused = admin.refused("Create", protocol.UserReq, login_name=login, password="x")
        assert refused[0] == grpc.StatusCode.INVALID_ARGUMENT
    denied = (grpc.StatusCode.PERMISSION_DENIED, "access-denied")
    assert ann.refused("Create", protocol.UserReq, login_name="new", password="x") == denied
    assert ann.refused("Details", protocol.LoginReq, login_name="ben") == denied
    assert (
        ann.refused(
            "ChangePassword", protocol.ChangePasswordReq, login_name="ann", current_password="no", new_password="x"
        )
        == denied
    )


def test_the_users_file_has_no_passwords_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    password = create_users(path)
    assert password
    assert password not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert create_users(path) is None


def test_users_are_found_again_and_forgotten_for_good(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    create_users(path)
    users = Users(path)
    users.create("ann", "secret", "Ann", ())
    assert Users(path).verify("ann", "secret").login == "ann"
    with pytest.raises(Taken):
        users.create("ann", "x", "", ())
    users.verify("ann", "secret")
    assert users.recently_verified("ann", "secret")
    users.change("ann", password="other")
    assert users.recently_verified("ann", "secret") is None
    with pytest.raises(Unauthenticated):
        users.verify("ann", "secret")
    with pytest.raises(Invalid):
        users.change("ann", password="")
    users.delete("ann")
    with pytest.raises(Unknown):
        Users(path).find("ann")


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"users": [{"login": "a"}]}'])
def test_a_users_file_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "users.json").write_bytes(content)
    with pytest.raises(Unavailable, match=r"users\.json"):
        Users(tmp_path / "users.json")
