"""The analytics context as a nameko service: `nameko run services.analytics.service`. No rules here."""

from services.analytics import context
from shared.rpc import Calls, serves


@serves(context)
class AnalyticsService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
