"""A centre over the real log, with what somebody on duty, an auditor and a worker are shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services import cases
from services.cases.case.support import Recipient, SupportGiven
from services.cases.disappearance.reporting import ImplicatedNamed
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.person.channels import ChannelKind, ContactChannel, Way
from services.cases.person.contact import SafeContactAgreed
from services.cases.person.names import NameAdded, PersonName
from services.cases.projections.accesses import ListAccesses
from services.cases.projections.caseload import ListCaseloads
from services.cases.projections.contacts import ListContacts
from services.cases.projections.disappearances import GetDisappearance, ShowBoard
from services.cases.projections.family import GetFamily, ListLinkedRecords
from services.cases.projections.outbox import ListOutbox
from services.cases.projections.safety_sheet import GetSafetySheet, SafetySheet
from services.cases.relationship import (
    RelationshipRecorded,
)
from services.cases.vocabulary import ServiceKind
from shared.messages import Event, Role
from tests.assembled import Assembled
from tests.cases.examples import (
    CASE,
    DAY,
    NAME,
    PERSON,
    SISTER,
    SUPPORT,
    an_id,
)
from tests.cases.missing import BROTHER, DISAPPEARANCE
from tests.cases.test_relationship import SIBLINGS

TWIN, LINK = an_id(70), an_id(71)
LINKED = RecordsLinked(link=LINK, first=PERSON, second=TWIN, grounds="Same passport.", occurred=DAY)
UNLINKED = RecordsUnlinked(link=LINK, first=PERSON, second=TWIN, occurred=DAY)
IMPLICATED = ImplicatedNamed(
    disappearance=DISAPPEARANCE, person=PERSON, suspect=BROTHER, grounds="Was waiting.", occurred=DAY
)
SUPPORTED = SupportGiven(
    case=CASE,
    support=SUPPORT,
    person=SISTER,
    recipient=Recipient.FAMILY_MEMBER,
    kind=ServiceKind.CRISIS,
    minutes=30,
    staff="w-1",
    occurred=DAY,
)
AGREED = SafeContactAgreed(
    person=PERSON,
    ways=(Way(kind=ChannelKind.PHONE),),
    channels=(ContactChannel(kind=ChannelKind.PHONE, address="+370 600 00000", hours="9-11"),),
    code_word="the library",
    never=("+370 600 11111",),
    occurred=DAY,
)


def sibling(number: int, relative: str, **changes: Any) -> RelationshipRecorded:
    return SIBLINGS.model_copy(update={"relationship": an_id(number), "relative": relative, **changes})


def named(person: str, given: str) -> NameAdded:
    return NameAdded(person=person, name=NAME, value=PersonName(given=given))


class Centre(Assembled):
    """Facts are recorded, each in its stream, and somebody asks."""

    STREAMS = (
        ("relationship", "relationship"),
        ("contact", "contact"),
        ("sighting", "sighting"),
        ("disappearance", "disappearance"),
        ("match", "match"),
        ("message", "message"),
        ("link", "link"),
        ("access", "break-glass"),
        ("case", "case"),
        ("person", "person"),
    )

    def happened(self, *events: Event) -> None:
        """Facts, in the streams that they are of."""
        for event in events:
            key, category = next(stream for stream in self.STREAMS if stream[0] in type(event).model_fields)
            self.record(f"{category}-{getattr(event, key)}", event)

    def sheet(self, role: Role = Role.DUTY_OFFICER) -> SafetySheet:
        answer = self.ask(GetSafetySheet(case=CASE), role)
        assert isinstance(answer, SafetySheet)
        return answer

    def family(self, person: str = PERSON, **more: Any) -> Any:
        return self.ask(GetFamily(person=person, **more), Role.CASEWORKER)

    def records(self, person: str) -> tuple[str, ...]:
        answer: tuple[str, ...] = self.ask(ListLinkedRecords(person=person), Role.CASEWORKER).records
        return answer

    def board(self, **filters: Any) -> Any:
        return self.ask(ShowBoard(**filters), Role.CASEWORKER)

    def search(self) -> Any:
        return self.ask(GetDisappearance(disappearance=DISAPPEARANCE), Role.CASEWORKER)

    def outbox(self, **filters: Any) -> Any:
        return self.ask(ListOutbox(**filters), Role.CASEWORKER)

    def contacts(self, **filters: Any) -> Any:
        return self.ask(ListContacts(**filters), Role.DUTY_OFFICER)

    def caseloads(self, **filters: Any) -> Any:
        return self.ask(ListCaseloads(**filters), Role.SUPERVISOR)

    def accesses(self, role: Role = Role.SUPERVISOR, **filters: Any) -> Any:
        return self.ask(ListAccesses(**filters), role).accesses


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened_centre = Centre(tmp_path, [cases.context])
    yield opened_centre
    opened_centre.close()
