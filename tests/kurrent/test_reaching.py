"""How a cluster is reached: TLS and logins, several seeds, and the way to another leader."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import grpc
import pytest

from shared.errors import Unavailable
from shared.eventstore.kurrent.store import open_cluster
from shared.eventstore.node.users import Users, create_users
from shared.eventstore.port import NewEvent
from shared.feed import Feed
from tests.kurrent.cable import cable
from tests.kurrent.test_following import Following
from tests.node.running import RunningNode, running
from tests.node.test_access import a_certificate

PASSWORD = "p@ss/w:rd?%"


def event() -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", b"{}")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningNode, Path]]:
    """A node with TLS whose administrator has a password full of an address's own signs; and the authority's file."""
    folder = tmp_path_factory.mktemp("guarded")
    certificate, users = a_certificate(folder), folder / "users.json"
    create_users(users)
    Users(users).change("admin", password=PASSWORD)
    with running(folder / "log", certificate=certificate.chain, key=certificate.key, users=users) as node:
        yield node, certificate.authority


def test_with_tls_a_login_and_the_authority_s_file_all_works(guarded: tuple[RunningNode, Path]) -> None:
    node, authority = guarded
    address = f"kurrentdb://admin:{quote(PASSWORD, safe='')}@127.0.0.1:{node.port}?tlsCaFile={authority}"
    with open_cluster(address) as store, Feed(store.subscribe(after=store.head())) as feed:
        given = event()
        store.append(f"a-{given.id}", [given])
        following = Following(feed)
        following.until(lambda: given.id in following.ids)
        assert [e.id for e in store.read_stream(f"a-{given.id}")] == [given.id]


def test_a_wrong_password_is_said_at_once_and_not_tried_again(guarded: tuple[RunningNode, Path]) -> None:
    node, authority = guarded
    with pytest.raises(Unavailable, match="login") as caught:
        open_cluster(f"esdb://admin:wrong@127.0.0.1:{node.port}?tlsCaFile={authority}")
    assert "wrong" not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_said_to_be_so(
    guarded: tuple[RunningNode, Path], tmp_path: Path
) -> None:
    node, _ = guarded
    other = a_certificate(tmp_path).authority
    with pytest.raises(Unavailable, match="certificate"):
        open_cluster(f"esdb://admin:x@127.0.0.1:{node.port}?tlsCaFile={other}", patience=5)


def test_of_several_seeds_one_that_lives_is_enough(tmp_path: Path) -> None:
    with running(tmp_path / "gone") as gone:
        dead = gone.port
    with running(tmp_path / "log") as node, open_cluster(several(dead, node.port)) as store:
        assert store.append("a", [event()]).written


@pytest.mark.parametrize("scheme", ["esdb", "kurrentdb"])
def test_one_name_for_all_nodes_is_looked_up_and_the_leader_found(tmp_path: Path, scheme: str) -> None:
    with running(tmp_path / "log") as node, cable(node.port) as line:
        address = f"{scheme}+discover://localhost:{line.port}?tls=false"
        with open_cluster(address) as store, Feed(store.subscribe()) as feed:
            following = Following(feed)
            before, after = event(), event()
            store.append("a", [before])
            following.until(lambda: following.ids == [before.id])
            line.cut()
            assert store.append("a", [after]).revision == 1
            following.until(lambda: following.ids == [before.id, after.id])


def test_a_name_that_nobody_knows_is_out_of_reach() -> None:
    with pytest.raises(Unavailable, match="out of reach"):
        open_cluster("esdb+discover://nobody.invalid:2113?tls=false", patience=0.5)


def test_another_node_takes_over_for_callers_and_readers(tmp_path: Path) -> None:
    """Two nodes on one folder: the second is attached to the first, and goes on when that is gone."""
    with ExitStack() as first:
        one = first.enter_context(running(tmp_path / "log"))
        with (
            running(tmp_path / "log") as two,
            open_cluster(several(one.port, two.port)) as store,
            Feed(store.subscribe()) as feed,
        ):
            following = Following(feed)
            before, after = event(), event()
            store.append("a", [before])
            following.until(lambda: following.ids == [before.id])
            first.close()
            assert store.append("a", [after]).revision == 1
            following.until(lambda: following.ids == [before.id, after.id])


@contextmanager
def a_follower(of: RunningNode) -> Iterator[int]:
    """A node that does not lead any more: gossip has not heard of it, calls are sent to the leader.

    The refusal is as `RpcExceptions.LeaderInfo` of the server has it.
    """
    gossip = grpc.insecure_channel(f"127.0.0.1:{of.port}").unary_unary("/event_store.client.gossip.Gossip/Read")

    def refuse(requests: Any, context: grpc.ServicerContext) -> Any:
        context.set_trailing_metadata((("leader-endpoint-host", "127.0.0.1"), ("leader-endpoint-port", str(of.port))))
        context.abort(grpc.StatusCode.NOT_FOUND, "Leader info available")

    class Follower(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
            if details.method.endswith("Gossip/Read"):
                return grpc.unary_unary_rpc_method_handler(lambda request, context: gossip(request))
            return grpc.stream_stream_rpc_method_handler(refuse)

    server = grpc.server(ThreadPoolExecutor(4), handlers=(Follower(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def test_a_node_that_does_not_lead_leads_to_the_one_that_does(tmp_path: Path) -> None:
    with (
        running(tmp_path / "log") as leader,
        a_follower(leader) as port,
        open_cluster(several(port, port)) as store,
        Feed(store.subscribe()) as feed,
    ):
        given = event()
        assert store.append("a", [given]).written
        following = Following(feed)
        following.until(lambda: following.ids == [given.id])


def test_a_node_that_does_not_lead_cannot_be_used_alone(tmp_path: Path) -> None:
    with running(tmp_path / "log") as leader, a_follower(leader) as port, pytest.raises(Unavailable, match="leader"):
        open_cluster(f"esdb://127.0.0.1:{port}?tls=false")


def several(*ports: int) -> str:
    """The address of several seeds."""
    return f"esdb://{','.join(f'127.0.0.1:{port}' for port in ports)}?tls=false"
