"""What ties a record to a case, and who works on a case: said once, for all read models that need to know it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, assert_never

import orjson

from services.cases.case.closing import CaseReopened
from services.cases.case.intake import CaseAssigned, CaseHandedOver, CaseOpened
from services.cases.case.notes import NoteAdded
from services.cases.case.support import SupportGiven
from services.cases.case.team import TeamJoined, TeamLeft
from services.cases.contact import ContactAttached, ContactMade
from services.cases.disappearance.reporting import DisappearanceReported
from services.cases.disappearance.search import SearchActionRequested
from services.cases.link import RecordsLinked
from services.cases.match import MatchProposed
from services.cases.message import MessageRequested, NoticeRequested
from services.cases.referral.making import ReferralMade
from services.cases.relationship import RelationshipRecorded
from services.cases.sighting import SightingReported
from shared.codec import Recorded
from shared.messages import View


class ProgrammeRequested(View, of="rehabilitation.ProgrammeRequested"):
    """A programme is about its beneficiary."""

    programme: str
    beneficiary: str


class ProceedingsOpened(View, of="rehabilitation.ProceedingsOpened"):
    """Proceedings are about their beneficiary."""

    proceedings: str
    beneficiary: str


class Tie(NamedTuple):
    """A thing belongs to a case or to people, or to both."""

    thing: str
    case: str | None
    people: tuple[str, ...]


Tying = (
    NoteAdded
    | SupportGiven
    | RelationshipRecorded
    | ContactMade
    | ContactAttached
    | DisappearanceReported
    | SearchActionRequested
    | SightingReported
    | MatchProposed
    | RecordsLinked
    | ReferralMade
    | MessageRequested
    | NoticeRequested
    | ProgrammeRequested
    | ProceedingsOpened
)


def tie_of(event: Tying) -> Tie:
    """What an event ties together. Nothing is ever untied: a link that was dissolved was one."""
    match event:
        case NoteAdded(case=case, about=person) | SupportGiven(case=case, person=person):
            return Tie(case, case, (person,))
        case RelationshipRecorded(relationship=thing, person=person, relative=relative):
            return Tie(thing, None, (person, relative))
        case ContactMade(contact=thing, case=case, person=person):
            return Tie(thing, case, (person,))
        case ContactAttached(contact=thing, case=case):
            return Tie(thing, case, ())
        case DisappearanceReported(disappearance=thing, case=case, person=person):
            return Tie(thing, case, (person,))
        case SearchActionRequested(action=thing, person=person):
            return Tie(thing, None, (person,))
        case SightingReported(sighting=thing, case=case, person=person, reporter=reporter):
            return Tie(thing, case, (person, reporter) if reporter else (person,))
        case MatchProposed(match=thing, missing=missing, found=found):
            return Tie(thing, None, (missing, found))
        case RecordsLinked(link=thing, first=first, second=second):
            return Tie(thing, None, (first, second))
        case ReferralMade(referral=thing, case=case, person=person):
            return Tie(thing, case, (person,))
        case MessageRequested(message=thing, case=case, person=person):
            return Tie(thing, case, (person,))
        case NoticeRequested(message=thing, case=case):
            return Tie(thing, case, ())
        case ProgrammeRequested(programme=thing, beneficiary=person):
            return Tie(thing, None, (person,))
        case ProceedingsOpened(proceedings=thing, beneficiary=person):
            return Tie(thing, None, (person,))
        case _:
            assert_never(event)


Teaming = CaseOpened | CaseAssigned | CaseHandedOver | CaseReopened | TeamJoined | TeamLeft


@dataclass(frozen=True, slots=True)
class CaseTeam:
    """Who works on a case: whoever answers for it, and who was added to them."""

    responsible: str = ""
    joined: frozenset[str] = frozenset()

    @property
    def members(self) -> frozenset[str]:
        """All of them."""
        return self.joined | {self.responsible} if self.responsible else self.joined

    def after(self, event: Teaming, actor: str) -> CaseTeam:
        """The team once this happened. Until a case is somebody's, it is known to who took it in.

        Whoever had it before is of the team only if they were added to it.
        """
        match event:
            case CaseOpened():
                return replace(self, responsible=actor)
            case CaseAssigned(worker=worker) | CaseHandedOver(worker=worker) | CaseReopened(worker=worker):
                return replace(self, responsible=worker)
            case TeamJoined(member=member):
                return replace(self, joined=self.joined | {member})
            case TeamLeft(member=member):
                return replace(self, joined=self.joined - {member})
            case _:
                assert_never(event)


def actor_of(e: Recorded[Any]) -> str:
    """Who recorded it, without reading all of the metadata."""
    return str(orjson.loads(e.raw.metadata)["actor"])
