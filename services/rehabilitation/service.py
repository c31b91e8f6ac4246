"""The rehabilitation context as a nameko service: `nameko run services.rehabilitation.service`. No rules here."""

from services.rehabilitation import context
from shared.rpc import Calls, serves


@serves(context)
class RehabilitationService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
