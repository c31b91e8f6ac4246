"""Messages of the protocol that the client of `kurrentdbclient`, which ships all others compiled, never sends.

Field numbers are the protocol's own: users.proto, operations.proto, serverfeatures.proto, monitoring.proto of
EventStoreDB's `src/Protos/Grpc`.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from kurrentdbclient.protos.v1 import shared_pb2

_SCALARS: Final = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
}

Fields = dict[str, str]  # name -> "type" or "repeated type", numbered in this order from 1


def _declare(package: str, messages: dict[str, Fields]) -> dict[str, type[Message]]:
    """Message classes of `package`. A type that is no scalar names a message of the same package."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    file.dependency.append(shared_pb2.DESCRIPTOR.name)
    for name, fields in messages.items():
        declared = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), 1):
            repeated, _, kind = kind.rpartition(" ")
            label = descriptor_pb2.FieldDescriptorProto
            added = declared.field.add(
                name=field, number=number, label=label.LABEL_REPEATED if repeated else label.LABEL_OPTIONAL
            )
            if kind in _SCALARS:
                added.type = _SCALARS[kind]
            else:
                added.type = label.TYPE_MESSAGE
                added.type_name = f".{package}.{kind}"
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


_LOGIN: Fields = {"login_name": "string"}
_DETAILS: Fields = {"login_name": "string", "password": "string", "full_name": "string", "groups": "repeated string"}
USERS_PACKAGE = "event_store.client.users"
_users = _declare(
    USERS_PACKAGE,
    {
        "UserOptions": _DETAILS,
        "LoginOptions": _LOGIN,
        "ChangeOptions": {"login_name": "string", "current_password": "string", "new_password": "string"},
        "ResetOptions": {"login_name": "string", "new_password": "string"},
        "UserDetails": {
            "login_name": "string",
            "full_name": "string",
            "groups": "repeated string",
            "last_updated": "DateTime",
            "disabled": "bool",
        },
        "DateTime": {"ticks_since_epoch": "uint64"},
        "UserReq": {"options": "UserOptions"},
        "LoginReq": {"options": "LoginOptions"},
        "ChangePasswordReq": {"options": "ChangeOptions"},
        "ResetPasswordReq": {"options": "ResetOptions"},
        "DetailsResp": {"user_details": "UserDetails"},
    },
)
UserReq: Any = _users["UserReq"]  # Create and Update
LoginReq: Any = _users["LoginReq"]  # Delete, Enable, Disable, Details
ChangePasswordReq: Any = _users["ChangePasswordReq"]
ResetPasswordReq: Any = _users["ResetPasswordReq"]
DetailsResp: Any = _users["DetailsResp"]

OPERATIONS_PACKAGE = "event_store.client.operations"
_operations = _declare(
    OPERATIONS_PACKAGE,
    {
        "StartOptions": {"thread_count": "int32", "start_from_chunk": "int32"},
        "StopOptions": {"scavenge_id": "string"},
        "StartScavengeReq": {"options": "StartOptions"},
        "StopScavengeReq": {"options": "StopOptions"},
        "ScavengeResp": {"scavenge_id": "string", "scavenge_result": "int32"},  # an enum is an int32 on the wire
    },
)
StartScavengeReq: Any = _operations["StartScavengeReq"]
StopScavengeReq: Any = _operations["StopScavengeReq"]
ScavengeResp: Any = _operations["ScavengeResp"]
SCAVENGE_STARTED, SCAVENGE_IN_PROGRESS, SCAVENGE_STOPPED = range(3)

FEATURES_PACKAGE = "event_store.client.server_features"
_features = _declare(
    FEATURES_PACKAGE,
    {
        "SupportedMethods": {"methods": "repeated SupportedMethod", "event_store_server_version": "string"},
        "SupportedMethod": {"method_name": "string", "service_name": "string", "features": "repeated string"},
    },
)
SupportedMethods: Any = _features["SupportedMethods"]
