"""The audit context as a nameko service: `nameko run services.audit.service`. No rules here."""

from typing import Any

from services.audit import context, log_queries
from services.audit.access import ShowAccessHistory
from services.audit.bundle import CompileBundle
from services.audit.proofs import ProveConsistency, ProveInclusion, ShowCheckpoint, ShowVerifierKey
from services.audit.questions import AskAsOf
from services.audit.reactions import ListParkedReactions
from shared.messages import Query
from shared.rpc import Calls, serves

OF_THE_LOG: tuple[type[Query[Any]], ...] = (
    *log_queries,
    *(ShowCheckpoint, ProveInclusion, ProveConsistency, ShowVerifierKey),
    *(AskAsOf, CompileBundle, ListParkedReactions, ShowAccessHistory),
)
"""What no read model answers."""


@serves(context, *OF_THE_LOG)
class AuditService:
    """A method for every command and query of the context; see `shared.rpc`."""

    name = context.name
    calls = Calls()
