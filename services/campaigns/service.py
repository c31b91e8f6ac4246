"""The campaigns context as a nameko service: `nameko run services.campaigns.service`. No rules here."""

from services.campaigns import context
from shared.rpc import Calls, serves


@serves(context)
class CampaignsService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
