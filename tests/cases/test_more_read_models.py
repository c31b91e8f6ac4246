"""What can be asked of families, calls, searches, the outbox and duty, over the real log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services import cases
from services.audit.access import AccessLog
from services.cases.break_glass import AccessEnded, AccessReviewed, AccessReviewMissed
from services.cases.case.assessment import AssessmentCorrected, RiskFactor, RiskLevel
from services.cases.case.closing import CaseClosed, CaseReopened, OpenItemKept, OpenItemKind, OpenItemSettled
from services.cases.case.intake import CaseAssigned, CaseOpened, Channel
from services.cases.case.notes import EntryRetracted
from services.cases.case.record import CaseKind, EntryKind, Outcome
from services.cases.case.review import ReviewMissed
from services.cases.case.support import Recipient, SupportCorrected, SupportGiven
from services.cases.contact import ContactAttached, ContactSupportRetracted
from services.cases.disappearance.finding import FindingRetracted, WishesRecorded
from services.cases.disappearance.record import ActionKind, FoundAs, Learns, Stage
from services.cases.disappearance.reporting import ImplicatedCleared, ImplicatedNamed
from services.cases.disappearance.search import (
    SearchActionConfirmed,
    SearchActionFailed,
    SearchActionSent,
    WhyFailed,
    WithdrawalConfirmed,
    WithdrawalFailed,
    WithdrawalRequested,
)
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.match import MatchRejected
from services.cases.message import MessageFailed, MessageSent
from services.cases.person.channels import ChannelKind, ContactChannel, Way
from services.cases.person.contact import SafeContactAgreed
from services.cases.person.names import NameAdded, PersonName
from services.cases.projections.accesses import ListAccesses, Look
from services.cases.projections.case_files import GetCaseOnDuty
from services.cases.projections.caseload import ListCaseloads
from services.cases.projections.contacts import GetContact, ListContacts
from services.cases.projections.disappearances import GetDisappearance, ShowBoard
from services.cases.projections.family import GetFamily, HelpGiven, ListLinkedRecords
from services.cases.projections.outbox import EffectKind, EffectStatus, GetEffect, ListOutbox
from services.cases.projections.person_files import GetPerson
from services.cases.projections.safety_sheet import GetSafetySheet, SafetySheet
from services.cases.relationship import (
    RelationshipCorrected,
    RelationshipEnded,
    RelationshipKind,
    RelationshipRecorded,
    RelationshipRetracted,
)
from services.cases.sighting import Status as SightingStatus
from services.cases.vocabulary import ServiceKind
from shared.errors import Forbidden, NotFound, Unavailable
from shared.eventstore.sqlite import open_store
from shared.messages import Event, Origin, Role
from shared.privacy.personal import Retention
from shared.privacy.port import KeyName
from shared.projections.declaration import Redacted
from shared.projections.read_models import ReadModels
from tests.assembled import Assembled
from tests.cases.examples import (
    ASSESSMENT,
    CASE,
    DAY,
    NAME,
    PERSON,
    SIGHTING,
    SISTER,
    SUPPORT,
    an_id,
    assessed,
    assigned,
    opened,
    registered,
)
from tests.cases.missing import ACTION, BROTHER, DISAPPEARANCE, FOUND, STRANGER, published
from tests.cases.test_break_glass import ACCESS, BROKEN
from tests.cases.test_contact import ANONYMOUS, CALLED, CONTACT, HELPED
from tests.cases.test_match import MATCH, PROPOSED
from tests.cases.test_message import MESSAGE, NOTICE, REQUESTED
from tests.cases.test_relationship import RELATIONSHIP, SIBLINGS
from tests.cases.test_sighting import REPORTED, VERIFIED

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


# The family


def test_a_relationship_is_seen_from_both_sides(centre: Centre) -> None:
    parent = {"kind": RelationshipKind.PARENT, "inverse": RelationshipKind.CHILD}
    centre.happened(SIBLINGS.model_copy(update=parent))
    (here,), (there,) = centre.family(PERSON).members, centre.family(SISTER).members
    assert (here.person, here.kind, here.of) == (SISTER, RelationshipKind.PARENT, PERSON)
    assert (there.person, there.kind, there.of) == (PERSON, RelationshipKind.CHILD, SISTER)


def test_a_relationship_is_shown_as_it_is_after_a_correction_an_end_and_a_retraction(centre: Centre) -> None:
    corrected = RelationshipCorrected.model_validate(
        SIBLINGS.model_dump() | {"kind": "cousin", "inverse": "cousin", "note": "By marriage."}
    )
    centre.happened(registered(), SIBLINGS, corrected)
    (member,) = centre.family().members
    assert (member.kind, member.note) == (RelationshipKind.COUSIN, "By marriage.")
    centre.happened(RelationshipEnded(relationship=RELATIONSHIP, person=PERSON, relative=SISTER, occurred="2006"))
    assert centre.family().members[0].until == "2006"
    centre.happened(RelationshipRetracted(relationship=RELATIONSHIP, person=PERSON, relative=SISTER))
    assert centre.family().members == ()


def test_the_help_that_each_of_a_family_had_is_beside_them(centre: Centre) -> None:
    call = HELPED.model_copy(update={"person": SISTER, "support": an_id(72), "kind": ServiceKind.LEGAL})
    own = SUPPORTED.model_copy(update={"person": PERSON, "support": an_id(73)})
    second = SUPPORTED.model_copy(update={"support": an_id(74), "minutes": 20})
    centre.happened(SIBLINGS, SUPPORTED, second, own, ANONYMOUS, call)
    family = centre.family()
    assert family.members[0].help == (
        HelpGiven(kind=ServiceKind.CRISIS, services=2, minutes=50),
        HelpGiven(kind=ServiceKind.LEGAL, services=1, minutes=40),
    )
    assert family.help == (HelpGiven(kind=ServiceKind.CRISIS, services=1, minutes=30),)


def test_help_counts_as_it_was_corrected_and_not_where_it_was_taken_back(centre: Centre) -> None:
    corrected = SupportCorrected.model_validate(SUPPORTED.model_dump() | {"minutes": 45})
    centre.happened(SIBLINGS, SUPPORTED, corrected)
    assert centre.family().members[0].help[0].minutes == 45
    centre.happened(EntryRetracted(case=CASE, entry=SUPPORT, kind=EntryKind.SUPPORT, about=SISTER))
    assert centre.family().members[0].help == ()
    centre.happened(CALLED, HELPED.model_copy(update={"person": SISTER}))
    assert centre.family().members[0].help[0].minutes == 40
    centre.happened(ContactSupportRetracted(contact=CONTACT, support=SUPPORT))
    assert centre.family().members[0].help == ()


def test_a_family_is_shown_page_by_page(centre: Centre) -> None:
    centre.happened(*(sibling(200 + number, an_id(300 + number)) for number in range(5)))
    seen, after = [], None
    while True:
        page = centre.family(limit=2, after=after)
        seen += [member.person for member in page.members]
        if (after := page.next) is None:
            break
    assert seen == [an_id(300 + number) for number in range(5)]


def test_the_family_of_linked_records_is_that_of_the_person_until_the_link_is_dissolved(centre: Centre) -> None:
    other = sibling(201, BROTHER, person=TWIN)
    centre.happened(SIBLINGS, other, SUPPORTED.model_copy(update={"person": TWIN}), LINKED)
    family = centre.family()
    assert family.records == (PERSON, TWIN)
    assert [(member.person, member.of) for member in family.members] == [(SISTER, PERSON), (BROTHER, TWIN)]
    assert family.help[0].services == 1
    centre.happened(UNLINKED)
    assert [member.person for member in centre.family().members] == [SISTER]
    assert [member.person for member in centre.family(TWIN).members] == [BROTHER]


def test_records_are_linked_through_others_too(centre: Centre) -> None:
    through = RecordsLinked(link=an_id(75), first=STRANGER, second=TWIN, grounds="The scar.", occurred=DAY)
    centre.happened(registered(), LINKED, through)
    assert centre.records(PERSON) == (PERSON, STRANGER, TWIN)
    assert centre.records(STRANGER) == (STRANGER, PERSON, TWIN)
    answer = centre.ask(ListLinkedRecords(person=PERSON), Role.CASEWORKER)
    assert {link.grounds for link in answer.links} == {"Same passport.", "The scar."}
    centre.happened(UNLINKED)
    assert centre.records(PERSON) == (PERSON,)


# The caseload


def a_case(number: int, worker: str | None, kind: CaseKind = CaseKind.TRAFFICKING) -> tuple[Event, ...]:
    case = an_id(number)
    facts: tuple[Event, ...] = (CaseOpened(case=case, kind=kind, channel=Channel.WALK_IN, person=PERSON, occurred=DAY),)
    return (*facts, CaseAssigned(case=case, worker=worker, occurred=DAY)) if worker else facts


def test_the_caseload_counts_the_open_cases_of_each_worker(centre: Centre) -> None:
    centre.happened(
        *a_case(210, "w-1"), *a_case(211, "w-1", CaseKind.MISSING_PERSON), *a_case(212, "w-2"), *a_case(213, None)
    )
    loads = centre.caseloads().caseloads
    assert [(load.worker, load.cases, load.trafficking, load.missing_person) for load in loads] == [
        (None, 1, 1, 0),
        ("w-1", 2, 1, 1),
        ("w-2", 1, 1, 0),
    ]


def test_the_caseload_says_what_waits(centre: Centre) -> None:
    centre.happened(
        opened(),
        assigned(),
        assessed(date(2008, 12, 5)),
        OpenItemKept(case=CASE, item=SIGHTING, kind=OpenItemKind.SIGHTING, occurred=DAY),
    )
    (load,) = centre.caseloads(worker="w-1").caseloads
    assert (load.next_review, load.open_items, load.reviews_missed) == (date(2008, 12, 5), 1, 0)
    centre.happened(
        ReviewMissed(case=CASE, due=date(2008, 12, 5)),
        OpenItemSettled(case=CASE, item=SIGHTING, occurred=DAY),
    )
    (load,) = centre.caseloads(worker="w-1").caseloads
    assert (load.open_items, load.reviews_missed) == (0, 1)


def test_a_closed_case_is_nobody_s_work_until_it_is_reopened(centre: Centre) -> None:
    closed = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)
    centre.happened(opened(), assigned(), closed)
    assert centre.caseloads().caseloads == ()
    centre.happened(CaseReopened(case=CASE, person=PERSON, worker="w-4", grounds="x", occurred=DAY))
    assert [load.worker for load in centre.caseloads().caseloads] == ["w-4"]


def test_caseloads_are_shown_page_by_page(centre: Centre) -> None:
    for number in range(5):
        centre.happened(*a_case(220 + number, f"w-{number}"))
    first = centre.caseloads(limit=3)
    second = centre.caseloads(limit=3, after=first.next)
    assert [load.worker for load in (*first.caseloads, *second.caseloads)] == [f"w-{n}" for n in range(5)]
    assert second.next is None


# Contacts


def test_calls_are_listed_the_newest_first_and_by_what_is_asked_for(centre: Centre) -> None:
    anonymous = ANONYMOUS.model_copy(update={"contact": an_id(76), "channel": Channel.WALK_IN})
    centre.happened(CALLED, anonymous)
    assert [entry.contact for entry in centre.contacts().contacts] == [an_id(76), CONTACT]
    assert [entry.contact for entry in centre.contacts(person=PERSON).contacts] == [CONTACT]
    assert [entry.contact for entry in centre.contacts(channel=Channel.WALK_IN).contacts] == [an_id(76)]
    page = centre.contacts(limit=1)
    assert [entry.contact for entry in centre.contacts(limit=1, after=page.next).contacts] == [CONTACT]


def test_a_call_is_shown_with_what_was_said_and_done(centre: Centre) -> None:
    centre.happened(CALLED, HELPED.model_copy(update={"person": PERSON}), ContactAttached(contact=CONTACT, case=CASE))
    shown = centre.ask(GetContact(contact=CONTACT), Role.DUTY_OFFICER)
    assert (shown.contact.case, shown.account) == (CASE, "Asked for news.")
    assert [(one.support, one.minutes) for one in shown.help] == [(SUPPORT, 40)]
    assert [entry.contact for entry in centre.contacts(case=CASE).contacts] == [CONTACT]
    with pytest.raises(NotFound):
        centre.ask(GetContact(contact=an_id(77)), Role.DUTY_OFFICER)


# The board


def test_the_board_shows_who_is_missed_with_open_sightings_and_candidates(centre: Centre) -> None:
    centre.happened(*published(), REPORTED, PROPOSED)
    (entry,) = centre.board().disappearances
    assert (entry.open_sightings, entry.open_candidates, entry.found) == (1, 1, None)
    assert (entry.safe_to_publish, entry.police_agree, entry.treated_as_child) == (True, True, True)
    rejected = MatchRejected(match=MATCH, missing=PERSON, found=STRANGER, grounds="Taller.", occurred=DAY)
    centre.happened(VERIFIED, rejected)
    (entry,) = centre.board().disappearances
    assert (entry.open_sightings, entry.open_candidates) == (0, 0)


def test_the_board_tells_who_is_missed_from_who_was_found(centre: Centre) -> None:
    other = published()[0].model_copy(update={"disappearance": an_id(78), "person": STRANGER, "case": an_id(79)})
    centre.happened(*published(), other, FOUND)
    assert [one.disappearance for one in centre.board(missing=True).disappearances] == [an_id(78)]
    assert [one.disappearance for one in centre.board(missing=False).disappearances] == [DISAPPEARANCE]
    assert [one.disappearance for one in centre.board(person=STRANGER).disappearances] == [an_id(78)]
    assert [one.disappearance for one in centre.board(case=CASE).disappearances] == [DISAPPEARANCE]
    page = centre.board(limit=1)
    assert [one.disappearance for one in centre.board(limit=1, after=page.next).disappearances] == [DISAPPEARANCE]


def test_a_disappearance_has_its_sightings_candidates_actions_and_timeline(centre: Centre) -> None:
    centre.happened(*published(), IMPLICATED, REPORTED, PROPOSED)
    file = centre.search()
    assert (file.place, file.implicated) == ("The bus station", (BROTHER,))
    assert [(one.status, one.place) for one in file.sightings] == [(SightingStatus.REPORTED, "Kaunas")]
    assert [(one.other, one.score) for one in file.candidates] == [(STRANGER, 0.8)]
    assert file.candidates[0].explanation == PROPOSED.explanation
    assert [(one.kind, one.stage) for one in file.actions] == [(ActionKind.POSTER, Stage.REQUESTED)]
    assert [line.what for line in file.timeline] == [type(event).__name__ for event in (*published(), IMPLICATED)]
    assert file.disappearance.safe_to_publish is None


def test_the_stages_of_an_action_are_those_that_the_rules_know(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    withdrawing = WithdrawalRequested.model_validate(of)
    for event, stage in (
        (SearchActionFailed.model_validate(of | {"reason": "refused"}), Stage.FAILED),
        (withdrawing, Stage.WITHDRAWING),
        (SearchActionSent.model_validate(of), Stage.WITHDRAWING),
        (WithdrawalFailed.model_validate(of | {"reason": "refused"}), Stage.WITHDRAWING),
        (WithdrawalConfirmed.model_validate(of), Stage.WITHDRAWN),
    ):
        centre.happened(*(published() if event.type_name.endswith("SearchActionFailed") else ()), event)
        assert centre.search().actions[0].stage is stage
    sent = of | {"action": an_id(80)}
    poster = published()[-1].model_copy(update={"action": an_id(80)})
    for event, stage in (
        (poster, Stage.REQUESTED),
        (SearchActionSent.model_validate(sent), Stage.SENT),
        (SearchActionConfirmed.model_validate(sent), Stage.CONFIRMED),
    ):
        centre.happened(event)
        assert centre.search().actions[-1].stage is stage


def test_a_wrong_finding_puts_them_back_on_the_board(centre: Centre) -> None:
    wishes = WishesRecorded(disappearance=DISAPPEARANCE, person=PERSON, family_learns=Learns.ALIVE, occurred=DAY)
    centre.happened(*published(), FOUND, wishes)
    assert (centre.search().disappearance.found, centre.search().family_learns) == (FoundAs.ALIVE, Learns.ALIVE)
    centre.happened(
        FindingRetracted(disappearance=DISAPPEARANCE, case=CASE, person=PERSON, grounds="Another.", occurred=DAY)
    )
    file = centre.search()
    assert (file.disappearance.found, file.family_learns, file.disappearance.police_agree) == (None, None, False)


def test_a_disappearance_that_is_not_there_is_not_found(centre: Centre) -> None:
    with pytest.raises(NotFound):
        centre.search()


# The outbox


def statuses(outbox: Any) -> list[tuple[str, str, str | None]]:
    return [(effect.kind, effect.status, effect.failed) for effect in outbox.effects]


def test_what_is_to_be_done_outside_waits_until_a_person_did_it(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    centre.happened(*published(), REQUESTED)
    assert statuses(centre.outbox()) == [("poster", "requested", None), ("message", "requested", None)]
    centre.happened(SearchActionSent.model_validate(of))
    centre.happened(MessageFailed(message=MESSAGE, reason=WhyFailed.UNREACHABLE, occurred=DAY))
    assert statuses(centre.outbox()) == [("poster", "sent", None), ("message", "failed", "unreachable")]
    centre.happened(SearchActionConfirmed.model_validate(of), MessageSent(message=MESSAGE, occurred=DAY))
    assert statuses(centre.outbox()) == [("poster", "confirmed", None), ("message", "sent", None)]


def test_what_was_not_sent_yet_is_not_to_be_sent_once_it_is_taken_back(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    centre.happened(*published(), WithdrawalRequested.model_validate(of))
    assert statuses(centre.outbox()) == [("withdrawal", "requested", None)]


def test_what_was_sent_is_to_be_taken_back_until_it_is(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    centre.happened(*published(), SearchActionSent.model_validate(of), WithdrawalRequested.model_validate(of))
    assert statuses(centre.outbox()) == [("poster", "sent", None), ("withdrawal", "requested", None)]
    centre.happened(WithdrawalFailed.model_validate(of | {"reason": "unreachable"}))
    assert statuses(centre.outbox(kind=EffectKind.WITHDRAWAL)) == [("withdrawal", "failed", "unreachable")]
    centre.happened(WithdrawalConfirmed.model_validate(of))
    assert statuses(centre.outbox(kind=EffectKind.WITHDRAWAL)) == [("withdrawal", "confirmed", None)]
    assert statuses(centre.outbox(status=EffectStatus.REQUESTED)) == []


def test_the_words_of_an_effect_are_opened_one_by_one(centre: Centre) -> None:
    notice = NOTICE.model_copy(update={"message": an_id(81)})
    centre.happened(REQUESTED, notice)
    assert centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER).text == "Please call."
    assert centre.ask(GetEffect(effect=an_id(81)), Role.CASEWORKER).text is None
    with pytest.raises(NotFound):
        centre.ask(GetEffect(effect=an_id(82)), Role.CASEWORKER)
    page = centre.outbox(limit=1)
    assert [effect.effect for effect in centre.outbox(limit=1, after=page.next).effects] == [an_id(81)]


# The safety sheet


def test_the_sheet_says_whom_to_call_and_what_never_to_do(centre: Centre) -> None:
    reached = AGREED.model_copy(update={"person": SISTER, "code_word": "bread"})
    centre.happened(opened(), assigned(), assessed(), named(PERSON, "Rūta"), AGREED)
    centre.happened(SIBLINGS, named(SISTER, "Ona"), reached)
    sheet = centre.sheet()
    assert (sheet.worker, sheet.person.names[0].value) == ("w-1", PersonName(given="Rūta"))
    assert sheet.person.treated_as_child
    assert sheet.person.safe_contact is not None
    assert sheet.person.safe_contact.code_word == "the library"
    assert sheet.person.safe_contact.never == ("+370 600 11111",)
    assert sheet.danger is not None
    assert (sheet.danger.level, sheet.danger.factors) == (RiskLevel.HIGH, (RiskFactor.THREATS,))
    (ona,) = sheet.may_be_called
    assert (ona.kind, ona.relative.person) == (RelationshipKind.SIBLING, SISTER)
    assert ona.relative.safe_contact is not None
    assert ona.relative.safe_contact.code_word == "bread"


def test_who_may_be_the_danger_is_not_among_those_who_may_be_called(centre: Centre) -> None:
    centre.happened(opened(), *published(), SIBLINGS, sibling(202, BROTHER), IMPLICATED)
    sheet = centre.sheet()
    assert [one.person for one in sheet.never_tell] == [BROTHER]
    assert [one.relative.person for one in sheet.may_be_called] == [SISTER]
    centre.happened(ImplicatedCleared(disappearance=DISAPPEARANCE, person=PERSON, suspect=BROTHER, occurred=DAY))
    assert len(centre.sheet().may_be_called) == 2


def test_another_record_of_who_may_be_the_danger_is_not_called_either(centre: Centre) -> None:
    same = RecordsLinked(link=an_id(83), first=STRANGER, second=BROTHER, grounds="Same passport.", occurred=DAY)
    centre.happened(opened(), *published(), sibling(202, STRANGER), IMPLICATED, same)
    assert centre.sheet().may_be_called == ()
    assert {one.person for one in centre.sheet().never_tell} == {BROTHER, STRANGER}


def test_what_is_said_of_another_record_of_the_person_holds_for_them(centre: Centre) -> None:
    of_twin = AGREED.model_copy(update={"person": TWIN, "never": ("the uncle",)})
    centre.happened(opened(), of_twin, sibling(203, SISTER, person=TWIN), LINKED)
    sheet = centre.sheet()
    assert [one.safe_contact.never for one in sheet.linked if one.safe_contact] == [("the uncle",)]
    assert [one.relative.person for one in sheet.may_be_called] == [SISTER]


def test_nobody_is_called_on_the_strength_of_what_is_over(centre: Centre) -> None:
    centre.happened(opened(), SIBLINGS)
    centre.happened(RelationshipEnded(relationship=RELATIONSHIP, person=PERSON, relative=SISTER, occurred=DAY))
    assert centre.sheet().may_be_called == ()


def test_the_sheet_shows_the_last_assessment_that_stands(centre: Centre) -> None:
    later = assessed().model_copy(update={"assessment": an_id(84), "level": RiskLevel.LOW})
    corrected = AssessmentCorrected.model_validate(later.model_dump() | {"level": "medium"})
    centre.happened(opened(), assessed(), later, corrected)
    danger = centre.sheet().danger
    assert danger is not None
    assert danger.level is RiskLevel.MEDIUM
    centre.happened(EntryRetracted(case=CASE, entry=an_id(84), kind=EntryKind.ASSESSMENT, about=PERSON))
    danger = centre.sheet().danger
    assert danger is not None
    assert danger.level is RiskLevel.HIGH


def test_the_sheet_says_what_the_family_may_learn_of_somebody_found(centre: Centre) -> None:
    wishes = WishesRecorded(disappearance=DISAPPEARANCE, person=PERSON, family_learns=Learns.ALIVE, occurred=DAY)
    centre.happened(opened(), *published(), FOUND)
    assert [(one.found, one.family_learns) for one in centre.sheet().searches] == [(FoundAs.ALIVE, None)]
    centre.happened(wishes)
    assert centre.sheet().searches[0].family_learns is Learns.ALIVE


def test_the_sheet_of_a_forgotten_person_says_that_and_nothing_else(centre: Centre) -> None:
    centre.happened(opened(), assessed(), named(PERSON, "Rūta"), AGREED)
    keys = [
        KeyName(PERSON, Retention.IDENTITY, NAME),
        KeyName(PERSON, Retention.CONTACT, f"person-{PERSON}"),
        KeyName(PERSON, Retention.CASE_FILE, ASSESSMENT),
    ]
    centre.vault.keys.forget(PERSON, destroy=keys, keep=[], certificate="c", at=datetime(2026, 1, 1, tzinfo=UTC))
    sheet, forgotten = centre.sheet(), Redacted(hidden="forgotten")
    assert sheet.person.names[0].value == forgotten
    assert sheet.person.safe_contact is not None
    assert sheet.person.safe_contact.never == forgotten
    assert sheet.danger is not None
    assert sheet.danger.level == forgotten


def test_whom_a_forgotten_person_has_barred_is_not_called_and_not_named(centre: Centre) -> None:
    of_twin = AGREED.model_copy(update={"person": TWIN, "never_tell": (BROTHER,)})
    centre.happened(opened(), of_twin, LINKED, SIBLINGS, sibling(202, BROTHER))
    assert [one.person for one in centre.sheet().never_tell] == [BROTHER]
    keys = [KeyName(TWIN, Retention.CONTACT, f"person-{TWIN}")]
    centre.vault.keys.forget(TWIN, destroy=keys, keep=[], certificate="c", at=datetime(2026, 1, 1, tzinfo=UTC))
    sheet = centre.sheet()
    assert [one.relative.person for one in sheet.may_be_called] == [SISTER]
    assert sheet.never_tell == ()


def test_a_case_without_anything_has_a_sheet_that_warns(centre: Centre) -> None:
    centre.happened(opened())
    sheet = centre.sheet()
    assert (sheet.danger, sheet.person.safe_contact, sheet.worker, sheet.closed) == (None, None, None, False)
    with pytest.raises(NotFound):
        centre.ask(GetSafetySheet(case=an_id(85)), Role.DUTY_OFFICER)
    with pytest.raises(Forbidden):
        centre.sheet(Role.ACCOUNTANT)


def test_the_sheet_opens_even_if_the_access_log_fails_and_the_record_waits_in_a_spool(
    centre: Centre, tmp_path: Path
) -> None:
    centre.happened(opened(), registered(), named(PERSON, "Rūta"))
    centre.projector.catch_up()
    access = open_store(tmp_path / "access")
    spool = tmp_path / "access.spool"
    disclosures = AccessLog(lambda: access, centre.vault, spool)
    on_record = ReadModels(centre.engine, centre.projections, centre.vault, disclosures=disclosures)
    access.close()
    officer = Origin("d-1", frozenset({Role.DUTY_OFFICER, Role.CASEWORKER}))
    sheet = on_record.ask(GetSafetySheet(case=CASE), officer).answer
    assert sheet.person.names[0].value == PersonName(given="Rūta")
    assert b"cases.GetSafetySheet" in spool.read_bytes() and b"d-1" in spool.read_bytes()
    with pytest.raises(Unavailable):
        on_record.ask(GetPerson(person=PERSON), officer)


# Break-glass


def test_every_access_is_on_record_and_an_auditor_sees_all_but_the_reason(centre: Centre) -> None:
    centre.happened(BROKEN)
    (access,) = centre.accesses()
    assert (access.worker, access.grounds, access.look, access.until) == ("d-1", "She calls.", Look.DUE, BROKEN.until)
    (access,) = centre.accesses(Role.AUDITOR)
    assert access.grounds == Redacted(hidden="withheld")


def test_accesses_are_shown_as_they_stand_and_by_what_is_asked_for(centre: Centre) -> None:
    other = BROKEN.model_copy(update={"access": an_id(86), "worker": "d-2"})
    centre.happened(BROKEN, other)
    ended = AccessEnded(access=ACCESS, case=CASE, worker="d-1", at=BROKEN.since + timedelta(hours=1))
    reviewed = AccessReviewed(
        access=ACCESS, case=CASE, person=PERSON, justified=False, grounds="No.", reviewed_by="s-1"
    )
    centre.happened(ended, reviewed, AccessReviewMissed(access=an_id(86), case=CASE))
    assert [access.look for access in centre.accesses()] == [Look.MISSED, Look.NOT_JUSTIFIED]
    (mine,) = centre.accesses(worker="d-1", case=CASE)
    assert mine.until == BROKEN.since + timedelta(hours=1)
    assert [access.worker for access in centre.accesses(look=Look.MISSED)] == ["d-2"]


def test_whoever_broke_the_glass_reads_the_file_until_it_ends_and_nobody_else_does(centre: Centre) -> None:
    now = datetime.now(UTC)
    runs = BROKEN.model_copy(update={"until": now + timedelta(hours=1)})
    over = BROKEN.model_copy(update={"access": an_id(87), "until": now - timedelta(seconds=1)})
    centre.happened(opened(), runs, over)
    centre.projector.catch_up()

    def read(access: str, actor: str) -> Any:
        officer = Origin(actor, frozenset({Role.DUTY_OFFICER}))
        return centre.bus.ask(GetCaseOnDuty(access=access), officer).answer

    assert [line.what for line in read(ACCESS, "d-1").timeline] == ["CaseOpened"]
    for access, actor in ((ACCESS, "d-2"), (an_id(87), "d-1"), (an_id(88), "d-1")):
        with pytest.raises(NotFound):
            read(access, actor)
    centre.happened(AccessEnded(access=ACCESS, case=CASE, worker="d-1", at=now))
    centre.projector.catch_up()
    with pytest.raises(NotFound):
        read(ACCESS, "d-1")
