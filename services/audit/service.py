"""The audit context as a nameko service: `nameko run services.audit.service`. No rules here."""

from services.audit import context
from shared.rpc import Calls, serves


@serves(context)
class AuditService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
