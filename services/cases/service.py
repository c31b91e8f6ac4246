"""The cases context as a nameko service: `nameko run services.cases.service`. No rules here."""

from services.cases import context
from shared.rpc import Calls, serves


@serves(context)
class CasesService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
