"""Questions that the log and the key store answer themselves, since a lagging read model would not do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from services.protection.erasure import Record
from services.protection.plan import ErasurePlan, plan_entry, plan_person
from services.protection.subject_access import SubjectExport, export
from shared.eventstore.port import EventStore
from shared.messages import Id, Origin, Query, Role
from shared.privacy.personal import Place
from shared.privacy.port import KeyStore, Vault
from shared.projections.read_models import Disclosures

DPO = [Role.DATA_PROTECTION_OFFICER]


class PlanErasure(
    Query[ErasurePlan],
    context="protection",
    route="GET /protection/subjects/{subject}/erasure-plan",
    roles=[*DPO, Role.SUPERVISOR],
):
    """The dry run: what forgetting this person would destroy, what stays, and why."""

    subject: Id


class PlanShredding(
    Query[ErasurePlan],
    context="protection",
    route="GET /protection/subjects/{subject}/entries/{record}/erasure-plan",
    roles=[*DPO, Role.SUPERVISOR],
):
    """The dry run of shredding one entry alone."""

    subject: Id
    record: Record


class ExportSubject(
    Query[SubjectExport], context="protection", route="GET /protection/subjects/{subject}/export", roles=DPO
):
    """All that is held on a person, for their access request, with others protected."""

    subject: Id


def queries(
    store: EventStore, keys: KeyStore, vault: Vault, disclosures: Disclosures, today: Callable[[], date]
) -> dict[type[Query[Any]], Callable[[Any, Origin], Any]]:
    """The functions that answer them. What an export opens is recorded before it is answered."""

    def exported(query: ExportSubject, origin: Origin) -> SubjectExport:
        opened: list[Place] = []
        found = export(store, keys, vault, query.subject, opened.append)
        disclosures.record(origin, query, opened)
        return found

    return {
        PlanErasure: lambda query, origin: plan_person(store, keys, query.subject, today()),
        PlanShredding: lambda query, origin: plan_entry(store, keys, query.subject, query.record, today()),
        ExportSubject: exported,
    }
