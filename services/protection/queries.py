"""Questions that the log and the key store answer themselves, since a lagging read model would not do."""

from __future__ import annotations

from services.protection.erasure import Record
from services.protection.plan import ErasurePlan
from services.protection.subject_access import SubjectExport
from shared.messages import Id, Query, Role

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
