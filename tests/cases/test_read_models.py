"""What can be asked of cases, over the real log: the list, the file with its timeline, persons, the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services import cases
from services.cases.case.assessment import AssessmentCorrected, RiskLevel
from services.cases.case.closing import CaseClosed, CaseReopened, OpenItemKept, OpenItemKind, OpenItemSettled
from services.cases.case.intake import Channel, OpeningCorrected
from services.cases.case.notes import EntryRetracted, NoteAdded, NoteCorrected
from services.cases.case.plan import PlanAgreed
from services.cases.case.record import CaseKind, EntryKind, Outcome
from services.cases.case.review import ReviewMissed
from services.cases.person.age import AgeBasis, AgeDetermined, BirthDateRecorded, BirthSource
from services.cases.person.appearance import DocumentRecorded, DocumentRetracted, PersonDescribed
from services.cases.person.channels import ChannelKind, ContactChannel, Way
from services.cases.person.consent import ConsentGiven, ConsentWithdrawn
from services.cases.person.contact import SafeContactAgreed
from services.cases.person.names import NameAdded, NameCorrected, NameRetracted, PersonName
from services.cases.person.record import Purpose, Standing
from services.cases.person.standing import DeclaredMissing
from services.cases.projections.case_files import CaseFile, CasePage, CaseStatus, GetCase, ListCases
from services.cases.projections.person_files import GetPerson, PersonFile
from services.cases.projections.referrals import ListReferrals, ReferralPage, SecondLook
from services.cases.referral.answering import ReferralAccepted
from services.cases.referral.disclosure import DisclosureReviewMissed, SharingStopped, StopReason
from services.cases.referral.making import LegalBasis
from services.cases.referral.record import Status
from services.cases.vocabulary import RecipientKind
from shared.errors import Forbidden, NotFound
from shared.messages import Event, Role
from shared.privacy.personal import Retention
from shared.privacy.port import KeyName
from shared.projections.declaration import Redacted
from tests.assembled import Assembled
from tests.cases.examples import (
    ASSESSMENT,
    CASE,
    CONSENT,
    DAY,
    DOCUMENT,
    NAME,
    NOTE,
    PERSON,
    PLAN,
    REFERRAL,
    SISTER,
    an_id,
    assessed,
    assigned,
    closing_asked,
    opened,
    referral_made,
    registered,
)

CLOSED = CaseClosed(case=CASE, outcome=Outcome.REINTEGRATED, asked_by="w-1", approved_by="w-2", occurred=DAY)
NOTED = NoteAdded(case=CASE, note=NOTE, about=PERSON, text="Likes tea.", occurred=DAY)


class Centre(Assembled):
    """Facts are recorded, and somebody asks."""

    def happened(self, *events: Event) -> None:
        """Facts of the case."""
        self.record(f"case-{CASE}", *events)

    def person(self, *events: Event) -> None:
        """Facts of the person."""
        self.record(f"person-{PERSON}", *events)

    def list(self, role: Role = Role.CASEWORKER, **filters: Any) -> CasePage:
        answer = self.ask(ListCases(**filters), role)
        assert isinstance(answer, CasePage)
        return answer

    def file(self, role: Role = Role.CASEWORKER, **more: Any) -> CaseFile:
        answer = self.ask(GetCase(case=CASE, **more), role)
        assert isinstance(answer, CaseFile)
        return answer

    def person_file(self) -> PersonFile:
        answer = self.ask(GetPerson(person=PERSON), Role.CASEWORKER)
        assert isinstance(answer, PersonFile)
        return answer

    def pipeline(self, **filters: Any) -> ReferralPage:
        answer = self.ask(ListReferrals(**filters), Role.CASEWORKER)
        assert isinstance(answer, ReferralPage)
        return answer


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened_centre = Centre(tmp_path, [cases.context])
    yield opened_centre
    opened_centre.close()


def test_the_list_shows_a_case_as_it_stands(centre: Centre) -> None:
    centre.happened(opened(), assigned("w-7"), assessed(date(2008, 12, 5)))
    (entry,) = centre.list().cases
    assert (entry.kind, entry.channel, entry.status) == (CaseKind.TRAFFICKING, Channel.WALK_IN, CaseStatus.OPEN)
    assert (entry.worker, entry.review_due, entry.person) == ("w-7", date(2008, 12, 5), PERSON)


def test_a_case_is_followed_from_closing_asked_to_closed_to_reopened(centre: Centre) -> None:
    reopened = CaseReopened(case=CASE, person=PERSON, worker="w-4", grounds="x", occurred=DAY)
    shown = []
    for event in (opened(), assigned(), closing_asked(), CLOSED, reopened):
        centre.happened(event)
        (entry,) = centre.list().cases
        shown.append((entry.status, entry.outcome, entry.worker))
    assert shown == [
        (CaseStatus.OPEN, None, None),
        (CaseStatus.OPEN, None, "w-1"),
        (CaseStatus.CLOSING_ASKED, Outcome.REINTEGRATED, "w-1"),
        (CaseStatus.CLOSED, Outcome.REINTEGRATED, None),
        (CaseStatus.OPEN, None, "w-4"),
    ]


def test_cases_are_filtered_by_kind_status_worker_person_and_missed_review(centre: Centre) -> None:
    other = an_id(50)
    centre.happened(opened(), assigned("w-7"), assessed(), ReviewMissed(case=CASE, due=date(2008, 9, 8)))
    family = opened(CaseKind.FAMILY_SUPPORT).model_copy(update={"case": other, "person": SISTER})
    centre.record(f"case-{other}", family)
    for filters, expected in (
        ({"kind": "trafficking"}, [CASE]),
        ({"kind": "family_support"}, [other]),
        ({"kind": "missing_person"}, []),
        ({"worker": "w-7"}, [CASE]),
        ({"person": SISTER}, [other]),
        ({"status": "open"}, [other, CASE]),
        ({"status": "closed"}, []),
        ({"review_missed": True}, [CASE]),
        ({"review_missed": False}, [other]),
    ):
        assert [entry.case for entry in centre.list(**filters).cases] == expected


def test_pages_stay_stable_while_cases_are_added(centre: Centre) -> None:
    def add(number: int) -> None:
        case = an_id(number)
        centre.record(f"case-{case}", opened().model_copy(update={"case": case}))

    for number in range(100, 105):
        add(number)
    first = centre.list(limit=2)
    add(200)
    second = centre.list(limit=2, after=first.next)
    third = centre.list(limit=2, after=second.next)
    pages = [[entry.case for entry in page.cases] for page in (first, second, third)]
    assert pages == [[an_id(104), an_id(103)], [an_id(102), an_id(101)], [an_id(100)]]
    assert third.next is None


def test_a_corrected_opening_is_listed_as_it_really_was(centre: Centre) -> None:
    corrected = OpeningCorrected(case=CASE, kind=CaseKind.MISSING_PERSON, channel=Channel.POLICE, occurred="2004")
    centre.happened(opened(), corrected)
    (entry,) = centre.list().cases
    assert (entry.kind, entry.channel, entry.opened) == (CaseKind.MISSING_PERSON, Channel.POLICE, "2004")


def test_the_file_names_what_the_case_waits_for(centre: Centre) -> None:
    kept = OpenItemKept(case=CASE, item=REFERRAL, kind=OpenItemKind.REFERRAL, occurred=DAY)
    centre.happened(opened(), kept)
    assert [(one.item, one.kind) for one in centre.file().waits_for] == [(REFERRAL, OpenItemKind.REFERRAL)]
    assert centre.file().case.open_items == 1
    centre.happened(OpenItemSettled(case=CASE, item=REFERRAL, occurred=DAY))
    assert centre.file().waits_for == ()
    assert centre.file().case.open_items == 0


def test_the_file_shows_the_assessment_and_the_plan_that_hold_now(centre: Centre) -> None:
    plan = PlanAgreed(case=CASE, plan=PLAN, person=PERSON, aims=("A room",), review_due=date(2008, 10, 1), occurred=DAY)
    correction = AssessmentCorrected(
        case=CASE,
        assessment=ASSESSMENT,
        person=PERSON,
        level=RiskLevel.LOW,
        factors=(),
        review_due=date(2008, 12, 1),
        occurred=DAY,
    )
    centre.happened(opened(), assessed(), plan, correction)
    file = centre.file()
    assert file.assessment and file.assessment.said == {"level": "low", "factors": []}
    assert file.assessment.corrected
    assert file.plan and file.plan.said == {"aims": ["A room"]}
    assert file.indicators is None


def test_the_timeline_tells_everything_in_order_and_by_whom(centre: Centre) -> None:
    centre.happened(opened(), assigned(), NOTED)
    timeline = centre.file().timeline
    assert [line.what for line in timeline] == ["CaseOpened", "CaseAssigned", "NoteAdded"]
    assert timeline[2].said == {"text": "Likes tea."}
    assert timeline[2].facts == {"case": CASE, "note": NOTE, "about": PERSON}
    assert (timeline[2].entry, timeline[2].occurred, timeline[2].by) == (NOTE, DAY, "w-1")


def test_the_timeline_is_read_page_by_page(centre: Centre) -> None:
    centre.happened(opened(), assigned(), NOTED)
    first = centre.file(limit=2)
    second = centre.file(limit=2, after=first.next)
    assert [line.what for line in (*first.timeline, *second.timeline)] == ["CaseOpened", "CaseAssigned", "NoteAdded"]
    assert second.next is None


def test_a_corrected_note_reads_as_corrected_and_what_it_said_before_is_gone(centre: Centre) -> None:
    centre.happened(opened(), NOTED, NoteCorrected(case=CASE, note=NOTE, about=PERSON, text="Likes coffee."))
    timeline = centre.file().timeline
    assert [(line.what, line.said, line.corrected) for line in timeline[1:]] == [
        ("NoteAdded", {"text": "Likes coffee."}, True),
        ("NoteCorrected", {}, False),
    ]
    assert timeline[2].facts == {"entry": NOTE}


def test_a_retracted_note_says_nothing_any_more(centre: Centre) -> None:
    centre.happened(opened(), NOTED, EntryRetracted(case=CASE, entry=NOTE, kind=EntryKind.NOTE, about=PERSON))
    timeline = centre.file().timeline
    assert (timeline[1].said, timeline[1].facts, timeline[1].retracted) == ({}, {}, True)
    assert timeline[2].what == "EntryRetracted"


def test_a_retracted_assessment_does_not_hold(centre: Centre) -> None:
    retracted = EntryRetracted(case=CASE, entry=ASSESSMENT, kind=EntryKind.ASSESSMENT, about=PERSON)
    centre.happened(opened(), assessed(), retracted)
    assert centre.file().assessment is None


def test_a_note_that_was_shredded_alone_is_forgotten_and_its_neighbours_are_not(centre: Centre) -> None:
    other = NoteAdded(case=CASE, note=PLAN, about=PERSON, text="Likes coffee.", occurred=DAY)
    centre.happened(opened(), NOTED, other)
    centre.vault.keys.shred([KeyName(PERSON, Retention.CASE_FILE, NOTE)], certificate="c", at=centre.now)
    lines = centre.file().timeline
    assert lines[1].said == {"text": Redacted(hidden="forgotten")}
    assert lines[2].said == {"text": "Likes coffee."}


def test_nothing_personal_stands_in_the_rows(centre: Centre, tmp_path: Path) -> None:
    name = NameAdded(person=PERSON, name=NAME, value=PersonName(given="Marker-Given"))
    centre.happened(opened().model_copy(update={"account": "Marker-Account"}), NOTED)
    centre.person(registered(), name)
    assert centre.file().timeline[0].said == {"account": "Marker-Account"}
    assert centre.person_file().names[0].value == PersonName(given="Marker-Given")
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert NOTE.encode() in written
    for marker in (b"Marker", b"Likes tea"):
        assert marker not in written


def test_a_case_that_is_not_there_is_not_found(centre: Centre) -> None:
    with pytest.raises(NotFound):
        centre.file()


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.ANALYST, Role.AUDITOR, Role.PARTNER, Role.ACCOUNTANT])
def test_who_has_no_need_to_know_reads_no_case(centre: Centre, role: Role) -> None:
    for query in (ListCases(), GetCase(case=CASE), GetPerson(person=PERSON), ListReferrals()):
        with pytest.raises(Forbidden):
            centre.ask(query, role)


def test_a_person_s_file_opens_what_is_sealed(centre: Centre) -> None:
    phone = ContactChannel(kind=ChannelKind.PHONE, address="+370 600 00000")
    centre.person(
        registered(),
        NameAdded(person=PERSON, name=NAME, value=PersonName(given="Ruta")),
        NameCorrected(person=PERSON, name=NAME, value=PersonName(given="Rūta")),
        NameAdded(person=PERSON, name=DOCUMENT, value=PersonName(given="Ona")),
        NameRetracted(person=PERSON, name=DOCUMENT),
        BirthDateRecorded(person=PERSON, birth="1985~", source=BirthSource.RELATIVE, shows_adult=False),
        PersonDescribed(person=PERSON, text="Tall.", occurred=DAY),
        DocumentRecorded(person=PERSON, document=DOCUMENT, details="passport"),
        SafeContactAgreed(
            person=PERSON,
            ways=(Way(kind=phone.kind),),
            channels=(phone,),
            code_word="library",
            never=("home",),
            occurred=DAY,
        ),
        DeclaredMissing(person=PERSON, decision="court", occurred="2006"),
    )
    file = centre.person_file()
    assert [name.value for name in file.names] == [PersonName(given="Rūta")]
    assert (file.birth, file.birth_source, file.description) == ("1985~", BirthSource.RELATIVE, "Tall.")
    assert [document.details for document in file.documents] == ["passport"]
    assert file.safe_contact and file.safe_contact.channels == (phone,)
    assert (file.safe_contact.code_word, file.safe_contact.never) == ("library", ("home",))
    assert (file.standing, file.decision) == (Standing.DECLARED_MISSING, "court")


def test_a_document_of_somebody_else_is_not_in_the_file(centre: Centre) -> None:
    centre.person(
        registered(),
        DocumentRecorded(person=PERSON, document=DOCUMENT, details="passport"),
        DocumentRetracted(person=PERSON, document=DOCUMENT),
    )
    assert centre.person_file().documents == ()


def test_the_file_says_who_is_treated_as_a_child(centre: Centre) -> None:
    centre.person(registered())
    assert centre.person_file().treated_as_child
    centre.person(AgeDetermined(person=PERSON, adult=True, basis=AgeBasis.COURT, occurred=DAY))
    assert not centre.person_file().treated_as_child
    word = BirthDateRecorded(person=PERSON, birth="1995", source=BirthSource.OWN_ACCOUNT, shows_adult=False)
    centre.person(word)
    assert not centre.person_file().treated_as_child
    centre.person(word.model_copy(update={"source": BirthSource.REGISTER}))
    assert centre.person_file().treated_as_child


def test_the_file_shows_consents_and_their_withdrawal(centre: Centre) -> None:
    given = ConsentGiven(
        person=PERSON,
        consent=CONSENT,
        purpose=Purpose.SHARING,
        recipient="police",
        until=date(2009, 9, 1),
        guardian=SISTER,
        occurred=DAY,
    )
    centre.person(registered(), given)
    (shown,) = centre.person_file().consents
    assert (shown.recipient, shown.until, shown.guardian, shown.withdrawn) == (
        "police",
        date(2009, 9, 1),
        SISTER,
        None,
    )
    withdrawn = ConsentWithdrawn(
        person=PERSON, consent=CONSENT, purpose=Purpose.SHARING, recipient="police", occurred="2008-10-01"
    )
    centre.person(withdrawn)
    assert centre.person_file().consents[0].withdrawn == "2008-10-01"


def test_the_pipeline_shows_how_far_each_referral_has_come(centre: Centre) -> None:
    centre.record(
        f"referral-{REFERRAL}",
        referral_made(),
        ReferralAccepted(referral=REFERRAL, case=CASE, occurred="2008-09-10"),
        SharingStopped(referral=REFERRAL, case=CASE, reason=StopReason.CONSENT_WITHDRAWN, occurred=DAY),
    )
    (entry,) = centre.pipeline().referrals
    assert (entry.status, entry.answered, entry.second_look) == (
        Status.ACCEPTED,
        "2008-09-10",
        SecondLook.NOT_NEEDED,
    )
    assert entry.sharing_stopped is StopReason.CONSENT_WITHDRAWN


def test_the_pipeline_is_filtered_counted_and_paged(centre: Centre) -> None:
    for number, to in enumerate([RecipientKind.POLICE, RecipientKind.REHABILITATION, RecipientKind.REHABILITATION]):
        referral = an_id(300 + number)
        made = referral_made(referral=referral, to=to, legal_basis=LegalBasis.EMERGENCY, consent=None)
        centre.record(f"referral-{referral}", made)
    centre.record(f"referral-{an_id(302)}", ReferralAccepted(referral=an_id(302), case=CASE, occurred=DAY))
    centre.record(f"referral-{an_id(300)}", DisclosureReviewMissed(referral=an_id(300), case=CASE))
    page = centre.pipeline(status="made", to="rehabilitation")
    assert [entry.referral for entry in page.referrals] == [an_id(301)]
    assert page.by_status == {Status.MADE: 1, Status.ACCEPTED: 1}
    assert [entry.referral for entry in centre.pipeline(second_look="missed").referrals] == [an_id(300)]
    first = centre.pipeline(limit=2)
    assert [entry.referral for entry in first.referrals] == [an_id(302), an_id(301)]
    assert [entry.referral for entry in centre.pipeline(limit=2, after=first.next).referrals] == [an_id(300)]
