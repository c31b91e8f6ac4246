"""The protection context as a nameko service: `nameko run services.protection.service`. No rules here."""

from services.protection import context
from shared.rpc import Calls, serves


@serves(context)
class ProtectionService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
