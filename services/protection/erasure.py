"""Erasure: a person is forgotten, or one entry is shredded, by the word of two people.

The data protection officer asks, a second person approves what the dry run showed, the key store destroys, and what
it destroyed is recorded: that event is the certificate (GDPR 17, 5(2)). Ids and codes only, nothing personal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.decider import Decider
from shared.errors import DomainError, NotFound
from shared.messages import Command, Event, Id, Role, new_id, upcasts
from shared.privacy.personal import Retention

ErasureId = Id
Record = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,199}$"),
    Field(description="A stream such as case-{id}, or an entry's id"),
]


class Ground(StrEnum):
    """Why something is erased (GDPR 17(1)); `wrong_file` is for an entry that was never this person's."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    WRONG_FILE = "wrong_file"


class KeptBecause(StrEnum):
    """Why a value outlives the erasure of its person."""

    LEGAL_HOLD = "legal_hold"
    RETENTION_RULE = "retention_rule"
    NOT_KNOWN_ANY_MORE = "not_known_any_more"  # the log that said why was put back from an older backup


class KeyErased(BaseModel):
    """One key that was destroyed. Its id is in the sealed values that it opened."""

    model_config = ConfigDict(frozen=True)

    key: str
    subject: Id
    keep: Retention
    record: str


class KeyKept(BaseModel):
    """What stays, why, on what legal ground, and until when (None: until the hold is lifted)."""

    model_config = ConfigDict(frozen=True)

    subject: Id
    keep: Retention
    record: str
    because: KeptBecause
    ground: str
    until: str | None = None


class ErasureCommand(Command, context="protection"):
    """A command to one erasure."""

    erasure: ErasureId


class ErasureEvent(Event, context="protection"):
    """A fact of one erasure."""

    erasure: ErasureId


class RequestErasure(ErasureCommand, route="POST /protection/erasures", roles=[Role.DATA_PROTECTION_OFFICER]):
    """Ask for a person to be forgotten. A second person has to approve what the dry run shows."""

    erasure: ErasureId = new_id()
    subject: Id
    ground: Ground = Field(examples=[Ground.CONSENT_WITHDRAWN])


class RequestShredding(
    ErasureCommand,
    route="POST /protection/shreddings",
    roles=[Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR, Role.CASEWORKER],
):
    """Ask for one entry to be shredded alone, for instance one that was put in the wrong file."""

    erasure: ErasureId = new_id()
    subject: Id
    record: Record
    ground: Ground = Ground.WRONG_FILE


class ApproveErasure(
    ErasureCommand,
    route="POST /protection/erasures/{erasure}/approval",
    roles=[Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR],
):
    """Approve what the dry run showed. The approver is never the one who asked."""

    subjects: tuple[Id, ...] = Field(
        min_length=1, description="All that the dry run named: the person, and linked records of the same person"
    )
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="The dry run's digest: just what it named is done, or nothing", examples=[None]
    )


class RefuseErasure(
    ErasureCommand,
    route="POST /protection/erasures/{erasure}/refusal",
    roles=[Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR],
):
    """Refuse it. Nothing is destroyed."""


class RecordErasure(ErasureCommand):
    """What the key store destroyed and kept. Sent by the system that destroyed it, never by a person."""

    subject: Id
    whole_person: bool
    destroyed: tuple[KeyErased, ...]
    kept: tuple[KeyKept, ...] = ()
    restored: bool = False
    ledger: str | None = None


class RecordErasureFailed(ErasureCommand):
    """The key store could not do what was approved. Sent by the system."""

    subject: Id
    why: str


class ErasureRequested(ErasureEvent):
    """A person is to be forgotten (`record` is None) or one entry shredded."""

    subject: Id
    record: str | None = None
    ground: Ground
    asked_by: str


class ErasureApproved(ErasureEvent, version=2):
    """A second person has approved: the keys may go. `digest` is of the dry run that they saw, if they said so."""

    subject: Id
    subjects: tuple[Id, ...]
    record: str | None = None
    digest: str | None = None


@upcasts(ErasureApproved, 1)
def _approved_without_a_digest(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"digest": None}


class ErasureRefused(ErasureEvent):
    """A second person has refused."""

    subject: Id


class PersonForgotten(ErasureEvent):
    """The certificate: these keys are destroyed, those are kept and why. `restored`: done again after a restore.

    `ledger` is the hash of the erasure ledger's entry, which pins all of the ledger up to there: log and ledger
    vouch for each other, and one that is put back without the other is found.
    """

    subject: Id
    destroyed: tuple[KeyErased, ...]
    kept: tuple[KeyKept, ...]
    restored: bool = False
    ledger: str | None = None


class EntryShredded(ErasureEvent):
    """The certificate of an entry that was shredded alone. `ledger`: see `PersonForgotten`."""

    subject: Id
    destroyed: tuple[KeyErased, ...]
    restored: bool = False
    ledger: str | None = None


class ErasureFailed(ErasureEvent):
    """What was approved could not be done, for instance since new records were made: a new dry run is needed."""

    subject: Id
    why: str


ErasureCommands = (
    RequestErasure | RequestShredding | ApproveErasure | RefuseErasure | RecordErasure | RecordErasureFailed
)
ErasureEvents = ErasureRequested | ErasureApproved | ErasureRefused | PersonForgotten | EntryShredded | ErasureFailed


class Stage(StrEnum):
    """How far an erasure has come."""

    NONE = "none"
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure. `awaited` are the subjects that were approved and have no certificate yet: one that failed, too."""

    stage: Stage = Stage.NONE
    asked_by: str = ""
    subject: str = ""
    record: str | None = None
    awaited: frozenset[str] = frozenset()


def decide(command: ErasureCommands, erasure: Erasure) -> Sequence[ErasureEvents]:
    """What follows from `command`. Raises `DomainError`."""
    match command:
        case RequestErasure() | RequestShredding() if erasure.stage is not Stage.NONE:
            return []
        case RequestErasure(ground=Ground.WRONG_FILE):
            raise DomainError(
                "A whole person is not in the wrong file: shred the entry, or name another ground.",
                rule="wrong-file-is-for-entries",
            )
        case RequestErasure(erasure=key, subject=subject, ground=ground, by=by):
            return [ErasureRequested(erasure=key, subject=subject, ground=ground, asked_by=by)]
        case RequestShredding(erasure=key, subject=subject, record=record, ground=ground, by=by):
            return [ErasureRequested(erasure=key, subject=subject, record=record, ground=ground, asked_by=by)]
        case RecordErasure(restored=True):
            return _recorded(command)
        case _ if erasure.stage is Stage.NONE:
            raise NotFound("There is no such erasure.")
        case ApproveErasure() if erasure.stage in {Stage.APPROVED, Stage.DONE}:
            return []
        case ApproveErasure() | RefuseErasure() if erasure.stage is not Stage.REQUESTED:
            raise DomainError(f"This erasure is {erasure.stage}: only a requested one is decided.", rule="not-open")
        case ApproveErasure(by=by) if by == erasure.asked_by:
            raise DomainError(
                "An erasure is approved by a second person, not by the one who asked for it.", rule="second-person"
            )
        case ApproveErasure(subjects=subjects) if erasure.subject not in subjects:
            raise DomainError(
                "The approval names other people than the request: approve what the dry run names.",
                rule="approve-what-was-shown",
            )
        case ApproveErasure(erasure=key, subjects=subjects, digest=digest):
            return [
                ErasureApproved(
                    erasure=key, subject=erasure.subject, subjects=subjects, record=erasure.record, digest=digest
                )
            ]
        case RefuseErasure(erasure=key):
            return [ErasureRefused(erasure=key, subject=erasure.subject)]
        case RecordErasure(subject=subject) | RecordErasureFailed(subject=subject) if subject not in erasure.awaited:
            return []
        case RecordErasure():
            return _recorded(command)
        case RecordErasureFailed(erasure=key, subject=subject, why=why):
            return [ErasureFailed(erasure=key, subject=subject, why=why)]
        case _:
            assert_never(command)


def _recorded(command: RecordErasure) -> Sequence[ErasureEvents]:
    if command.whole_person:
        return [
            PersonForgotten(
                erasure=command.erasure,
                subject=command.subject,
                destroyed=command.destroyed,
                kept=command.kept,
                restored=command.restored,
                ledger=command.ledger,
            )
        ]
    return [
        EntryShredded(
            erasure=command.erasure,
            subject=command.subject,
            destroyed=command.destroyed,
            restored=command.restored,
            ledger=command.ledger,
        )
    ]


def evolve(erasure: Erasure, event: ErasureEvents) -> Erasure:
    """The state after `event`."""
    match event:
        case ErasureRequested(subject=subject, record=record, asked_by=asked_by):
            return Erasure(Stage.REQUESTED, asked_by, subject, record)
        case ErasureApproved(subjects=subjects):
            return replace(erasure, stage=Stage.APPROVED, awaited=frozenset(subjects))
        case ErasureRefused():
            return replace(erasure, stage=Stage.REFUSED)
        case PersonForgotten(subject=subject) | EntryShredded(subject=subject):
            awaited = erasure.awaited - {subject}
            return replace(erasure, stage=erasure.stage if awaited else Stage.DONE, awaited=awaited)
        case ErasureFailed():  # of one subject: what was destroyed of another is still to be certified
            return replace(erasure, stage=Stage.REQUESTED)
        case _:
            assert_never(event)


erasure = Decider("erasure", "erasure", Erasure(), decide, evolve, ErasureCommands, ErasureEvents, about="subject")
