"""The projects context as a nameko service: `nameko run services.projects.service`. No rules here."""

from services.projects import context
from shared.rpc import Calls, serves


@serves(context)
class ProjectsService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
