"""The services `Users`, `Gossip` and `ServerFeatures`: who there is, what node this is, and what it can do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.message import Message
from kurrentdbclient.protos.v1 import gossip_pb2

from shared.errors import Invalid, Unauthenticated
from shared.eventstore.node import protocol, refusals
from shared.eventstore.node.access import Access
from shared.eventstore.node.calls import Batch, Call, Code, Methods, Refused
from shared.eventstore.node.identifiers import EMPTY, uuid_message
from shared.eventstore.node.users import Account, Taken, Unknown, Users
from shared.eventstore.node.working import Workers

VERSION = "25.1.0"  # the server whose protocol this is; clients derive from it what they may call


class UsersService:
    """Answers `Users`. Without a users' file there is nobody to manage."""

    def __init__(self, users: Users | None, access: Access, workers: Workers) -> None:
        self._users = users
        self._access = access
        self._workers = workers

    async def create(self, request: Any, call: Call) -> Message:
        """A new user."""
        options = request.options
        self._access.check_admin(call.user)
        with _answering(options.login_name):
            await self._workers.run(
                self._known().create, options.login_name, options.password, options.full_name, tuple(options.groups)
            )
        return EMPTY

    async def update(self, request: Any, call: Call) -> Message:
        """Another name, other groups; another password if one is given."""
        options = request.options
        self._access.check_admin(call.user)
        return await self._change(
            options.login_name,
            full_name=options.full_name,
            groups=tuple(options.groups),
            password=options.password or None,
        )

    async def delete(self, request: Any, call: Call) -> Message:
        """No such user any more."""
        self._access.check_admin(call.user)
        with _answering(request.options.login_name):
            await self._workers.run(self._known().delete, request.options.login_name)
        return EMPTY

    async def enable(self, request: Any, call: Call) -> Message:
        """The user may log in again."""
        self._access.check_admin(call.user)
        return await self._change(request.options.login_name, disabled=False)

    async def disable(self, request: Any, call: Call) -> Message:
        """The user may not log in."""
        self._access.check_admin(call.user)
        return await self._change(request.options.login_name, disabled=True)

    async def reset_password(self, request: Any, call: Call) -> Message:
        """A new password, by an administrator."""
        self._access.check_admin(call.user)
        return await self._change(request.options.login_name, password=request.options.new_password)

    async def change_password(self, request: Any, call: Call) -> Message:
        """A new password, by who knows the old one."""
        options = request.options
        if call.user.name != options.login_name:
            self._access.check_admin(call.user)
        try:
            await self._workers.run(self._known().verify, options.login_name, options.current_password)
        except Unauthenticated:
            raise refusals.access_denied() from None
        return await self._change(options.login_name, password=options.new_password)

    async def details(self, request: Any, call: Call) -> AsyncIterator[Batch]:
        """One user, or all if none is named. Users see themselves, administrators all."""
        login = request.options.login_name
        if not login or login != call.user.name:
            self._access.check_admin(call.user)
        with _answering(login):
            accounts = [self._known().find(login)] if login else self._known().all()
        yield [_details(account) for account in accounts]

    async def _change(self, login: str, **changes: Any) -> Message:
        with _answering(login):
            await self._workers.run(lambda: self._known().change(login, **changes))
        return EMPTY

    def _known(self) -> Users:
        if self._users is None:
            raise Refused(Code.UNIMPLEMENTED, "This node runs without users (--insecure).")
        return self._users


@contextmanager
def _answering(login: str) -> Iterator[None]:
    """Turn what is wrong with a login into the server's refusals."""
    named = {"login-name": refusals.trailer_text(login)}
    try:
        yield
    except Unknown:
        message = "The user is not found."
        raise Refused(Code.NOT_FOUND, message, {"exception": "user-not-found", **named}) from None
    except Taken:
        raise Refused(Code.FAILED_PRECONDITION, "Conflict.", {"exception": "user-conflict", **named}) from None
    except Invalid as error:
        raise refusals.invalid(str(error)) from None


def _details(account: Account) -> Message:
    details = {
        "login_name": account.login,
        "full_name": account.full_name,
        "groups": account.groups,
        "last_updated": {"ticks_since_epoch": account.updated},
        "disabled": account.disabled,
    }
    message: Message = protocol.DetailsResp(user_details=details)
    return message


class Cluster:
    """Answers `Gossip` and `ServerFeatures`: a cluster of one, which leads."""

    def __init__(self, methods: Methods) -> None:
        self._methods = methods
        self._instance: UUID = uuid4()
        self.host, self.port = "", 0

    async def gossip(self, request: Message, call: Call) -> Message:
        """This node, and no other."""
        member = gossip_pb2.MemberInfo(
            instance_id=uuid_message(self._instance.bytes),
            time_stamp=time.time_ns() // 100,
            state=gossip_pb2.MemberInfo.Leader,
            is_alive=True,
            http_end_point=gossip_pb2.EndPoint(address=self.host, port=self.port),
        )
        return gossip_pb2.ClusterInfo(members=[member])

    async def features(self, request: Message, call: Call) -> Message:
        """Every method that the node answers, with the features that the server names."""
        methods = []
        for path in self._methods:
            _, service, name = path.lower().split("/")
            if "projections" not in service:
                methods.append({"service_name": service, "method_name": name, "features": _features(service, name)})
        message: Message = protocol.SupportedMethods(methods=methods, event_store_server_version=VERSION)
        return message


def _features(service: str, method: str) -> list[str]:
    """As the server's `ServerFeatures.cs` lists them."""
    if "persistent" in service:
        return ["stream", "all"]
    if service.endswith("streams.streams") and method == "read":
        return ["position", "events"]
    return ["deadline_duration"] if method == "batchappend" else []


async def unsupported(request: Message, call: Call) -> Message:
    """Refuse what this node does not do."""
    raise Refused(Code.UNIMPLEMENTED, "Projections are not supported by this node. Use a KurrentDB cluster for them.")
