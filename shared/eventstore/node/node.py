"""The node: the log, the handlers and the transport, put together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kurrentdbclient.protos.v1 import persistent_pb2, projections_pb2, shared_pb2, streams_pb2
from kurrentdbclient.protos.v2.streams import streams_pb2 as streams_v2_pb2

from shared.eventstore.node import protocol
from shared.eventstore.node.access import Access, GuardedAccess, OpenAccess
from shared.eventstore.node.administration import Cluster, UsersService, unsupported
from shared.eventstore.node.calls import Collected, Duplex, Methods, Streaming, Unary
from shared.eventstore.node.following import Following
from shared.eventstore.node.grpc_server import GrpcServer
from shared.eventstore.node.live import Live
from shared.eventstore.node.operations import Operations
from shared.eventstore.node.persistent.service import PersistentSubscriptions
from shared.eventstore.node.reading import Reading
from shared.eventstore.node.reads import Reads
from shared.eventstore.node.streams import Streams
from shared.eventstore.node.streams_v2 import StreamsV2
from shared.eventstore.node.users import Users
from shared.eventstore.node.working import Workers
from shared.eventstore.node.writing import Writing
from shared.eventstore.sqlite import open_store


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What a node is started with. Without `users` everybody may do everything."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 2113  # 0: any that is free
    certificate: Path | None = None  # PEM; with a key it is TLS
    key: Path | None = None
    users: Path | None = None


class Node:
    """A node. `start` opens the log, or attaches to whoever has it open, and serves until `stop`."""

    def __init__(self, settings: NodeSettings) -> None:
        self._settings = settings
        self.port = settings.port

    async def start(self) -> None:
        """Open and serve. A log that is new here may be deleted from; one that is not is as it was made."""
        settings = self._settings
        users = Users(settings.users) if settings.users else None
        self.log = open_store(settings.folder, deletion=True)
        self._workers = Workers()
        try:
            self.live = Live(self.log)
            reading = Reading(self.log)
            access: Access = GuardedAccess(users, reading, self._workers) if users else OpenAccess()
            methods = self._methods(reading, access, users)
            self._server = GrpcServer(methods, access.authenticate)
            self.port = await self._server.start(settings.host, settings.port, settings.certificate, settings.key)
            self._cluster.host, self._cluster.port = settings.host, self.port
        except BaseException:
            self._workers.close()
            self.log.close()
            raise

    async def stop(self) -> None:
        """End all calls and close the log."""
        await self._subscriptions.close()
        await self._operations.close()
        await self._server.stop()
        self.live.close()
        self._workers.close()
        self.log.close()

    def _methods(self, reading: Reading, access: Access, users: Users | None) -> Methods:
        workers = self._workers
        writing = Writing(self.log)
        following = Following(reading, self.live, workers)
        reads = Reads(reading, following, workers, access)
        streams = Streams(writing, access)
        second = StreamsV2(writing, access)
        persistent = self._subscriptions = PersistentSubscriptions(
            self._settings.folder, reading, writing, following, workers, access
        )
        operations = self._operations = Operations(self.log, workers, access)
        people = UsersService(users, access, workers)
        services: dict[str, Methods] = {
            "event_store.client.streams.Streams": {
                "Read": Streaming(streams_pb2.ReadReq, reads.read),
                "Append": Collected(streams_pb2.AppendReq, streams.append),
                "BatchAppend": Duplex(streams_pb2.BatchAppendReq, streams.batch_append),
                "Delete": Unary(streams_pb2.DeleteReq, streams.delete),
                "Tombstone": Unary(streams_pb2.TombstoneReq, streams.tombstone),
            },
            "kurrentdb.protocol.v2.streams.StreamsService": {
                "AppendSession": Collected(streams_v2_pb2.AppendRequest, second.append_session),
                "AppendRecords": Unary(streams_v2_pb2.AppendRecordsRequest, second.append_records),
            },
            "event_store.client.persistent_subscriptions.PersistentSubscriptions": {
                "Create": Unary(persistent_pb2.CreateReq, persistent.create),
                "Update": Unary(persistent_pb2.UpdateReq, persistent.update),
                "Delete": Unary(persistent_pb2.DeleteReq, persistent.delete),
                "Read": Duplex(persistent_pb2.ReadReq, persistent.read),
                "GetInfo": Unary(persistent_pb2.GetInfoReq, persistent.get_info),
                "List": Unary(persistent_pb2.ListReq, persistent.list),
                "ReplayParked": Unary(persistent_pb2.ReplayParkedReq, persistent.replay_parked),
                "RestartSubsystem": Unary(shared_pb2.Empty, persistent.restart),
            },
            protocol.OPERATIONS_PACKAGE + ".Operations": {
                "StartScavenge": Unary(protocol.StartScavengeReq, operations.start_scavenge),
                "StopScavenge": Unary(protocol.StopScavengeReq, operations.stop_scavenge),
                "RestartPersistentSubscriptions": Unary(shared_pb2.Empty, persistent.restart),
            },
            protocol.USERS_PACKAGE + ".Users": {
                "Create": Unary(protocol.UserReq, people.create),
                "Update": Unary(protocol.UserReq, people.update),
                "Delete": Unary(protocol.LoginReq, people.delete),
                "Enable": Unary(protocol.LoginReq, people.enable),
                "Disable": Unary(protocol.LoginReq, people.disable),
                "Details": Streaming(protocol.LoginReq, people.details),
                "ChangePassword": Unary(protocol.ChangePasswordReq, people.change_password),
                "ResetPassword": Unary(protocol.ResetPasswordReq, people.reset_password),
            },
        }
        methods = {
            f"/{service}/{name}": method for service, group in services.items() for name, method in group.items()
        }
        self._cluster = Cluster(methods)
        methods["/event_store.client.gossip.Gossip/Read"] = Unary(shared_pb2.Empty, self._cluster.gossip)
        features = f"/{protocol.FEATURES_PACKAGE}.ServerFeatures/GetSupportedMethods"
        methods[features] = Unary(shared_pb2.Empty, self._cluster.features)
        for name in projections_pb2.DESCRIPTOR.services_by_name["Projections"].methods_by_name:
            methods[f"/event_store.client.projections.Projections/{name}"] = Unary(shared_pb2.Empty, unsupported)
        return methods
