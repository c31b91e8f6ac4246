"""The protection context as a nameko service: `nameko run services.protection.service`. No rules here."""

from typing import Any

from services.protection import context
from services.protection.certificate import ShowCertificate
from services.protection.queries import ExportSubject, PlanErasure, PlanShredding
from shared.messages import Query
from shared.rpc import Calls, serves

OF_THE_LOG: tuple[type[Query[Any]], ...] = (PlanErasure, PlanShredding, ExportSubject, ShowCertificate)
"""What no read model answers."""


@serves(context, *OF_THE_LOG)
class ProtectionService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
