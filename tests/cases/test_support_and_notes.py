"""Help within a case, notes on it, and taking back what stands in the wrong file."""

from __future__ import annotations

import pytest

from services.cases.case import case
from services.cases.case.closing import CaseClosed
from services.cases.case.notes import AddNote, CorrectNote, EntryRetracted, NoteAdded, NoteCorrected, RetractEntry
from services.cases.case.record import CaseKind, EntryKind, Outcome
from services.cases.case.support import CorrectSupport, GiveSupport, Recipient, SupportCorrected, SupportGiven
from services.cases.vocabulary import ServiceKind
from shared.privacy.personal import personal_fields
from shared.testing import given
from tests.cases.examples import CASE, DAY, NOTE, PERSON, PROJECT, SISTER, SUPPORT, assessed, opened

CLOSED = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)
NOTED = NoteAdded(case=CASE, note=NOTE, about=PERSON, text="Likes tea.", occurred=DAY)
HELPED = SupportGiven(
    case=CASE,
    support=SUPPORT,
    person=SISTER,
    recipient=Recipient.FAMILY_MEMBER,
    kind=ServiceKind.CRISIS,
    minutes=90,
    staff="w-1",
    occurred=DAY,
)


def helping(**changes: object) -> GiveSupport:
    stated = {
        "case": CASE,
        "support": SUPPORT,
        "person": SISTER,
        "recipient": Recipient.FAMILY_MEMBER,
        "kind": ServiceKind.CRISIS,
        "minutes": 90,
        "occurred": DAY,
    }
    return GiveSupport.model_validate(stated | changes)


def correcting_help(**changes: object) -> CorrectSupport:
    return CorrectSupport.model_validate(helping().stated() | changes)


def test_help_to_the_family_is_recorded_with_its_minutes_and_by_whom() -> None:
    given(case, opened()).when(helping()).then(HELPED)


def test_help_may_be_recorded_for_a_colleague_and_attributed_to_a_project() -> None:
    outcome = given(case, opened()).when(helping(staff="w-9", project=PROJECT))
    outcome.then(HELPED.model_copy(update={"staff": "w-9", "project": PROJECT}))


def test_help_takes_time_unless_it_is_material() -> None:
    given(case, opened()).when(helping(minutes=0)).refused("help-takes-time")
    assert len(given(case, opened()).when(helping(minutes=0, kind=ServiceKind.MATERIAL)).events) == 1


@pytest.mark.parametrize(
    ("kind", "person", "recipient", "fits"),
    [
        (CaseKind.TRAFFICKING, PERSON, Recipient.VICTIM, True),
        (CaseKind.TRAFFICKING, SISTER, Recipient.VICTIM, False),
        (CaseKind.FAMILY_SUPPORT, PERSON, Recipient.VICTIM, False),
        (CaseKind.MISSING_PERSON, PERSON, Recipient.MISSING_PERSON, True),
        (CaseKind.MISSING_PERSON, SISTER, Recipient.MISSING_PERSON, False),
        (CaseKind.TRAFFICKING, PERSON, Recipient.MISSING_PERSON, False),
        (CaseKind.MISSING_PERSON, SISTER, Recipient.FAMILY_MEMBER, True),
        (CaseKind.MISSING_PERSON, PERSON, Recipient.FAMILY_MEMBER, False),
        (CaseKind.FAMILY_SUPPORT, PERSON, Recipient.FAMILY_MEMBER, True),
        (CaseKind.TRAFFICKING, PERSON, Recipient.OTHER, True),
    ],
)
def test_somebody_is_helped_as_what_they_are_in_the_case(
    kind: CaseKind, person: str, recipient: Recipient, fits: bool
) -> None:
    outcome = given(case, opened(kind)).when(helping(person=person, recipient=recipient))
    if fits:
        assert len(outcome.events) == 1
    else:
        outcome.refused("recipient-fits-the-case")


def test_help_is_not_of_tomorrow() -> None:
    given(case, opened()).when(helping(occurred="2008-10-03")).refused("not-in-the-future")


def test_a_closed_case_takes_no_new_help() -> None:
    given(case, opened(), CLOSED).when(helping()).refused("case-is-closed")


def test_the_same_help_is_not_recorded_twice_under_one_id() -> None:
    given(case, opened(), HELPED).when(helping()).refused("entry-id-taken")


def test_what_was_recorded_of_help_is_corrected_even_after_closing() -> None:
    corrected = SupportCorrected(**HELPED.model_dump() | {"minutes": 60})
    given(case, opened(), HELPED, CLOSED).when(correcting_help(minutes=60)).then(corrected)


def test_help_is_corrected_for_the_person_it_was_recorded_for() -> None:
    given(case, opened(), HELPED).when(correcting_help(person=PERSON, recipient=Recipient.OTHER)).refused(
        "corrected-for-the-same-person"
    )


def test_a_correction_of_help_obeys_the_same_rules() -> None:
    given(case, opened(), HELPED).when(correcting_help(minutes=0)).refused("help-takes-time")
    given(case, opened(), HELPED).when(correcting_help(recipient=Recipient.VICTIM)).refused("recipient-fits-the-case")


def test_help_that_was_never_recorded_is_not_corrected() -> None:
    given(case, opened(), NOTED).when(correcting_help(support=NOTE)).refused("no-such-entry")


def test_a_note_is_added_about_a_person() -> None:
    given(case, opened()).when(AddNote(case=CASE, note=NOTE, about=PERSON, text="Likes tea.", occurred=DAY)).then(NOTED)


def test_a_note_has_a_key_of_its_own_so_that_it_can_be_shredded_alone() -> None:
    for message in (AddNote, NoteAdded, CorrectNote, NoteCorrected):
        assert personal_fields(message)["text"].record == "note"


def test_a_note_is_not_of_tomorrow() -> None:
    tomorrow = AddNote(case=CASE, note=NOTE, about=PERSON, text="Will come.", occurred="2008-10-03")
    given(case, opened()).when(tomorrow).refused("not-in-the-future")


def test_a_closed_case_takes_no_new_note() -> None:
    note = AddNote(case=CASE, note=NOTE, about=PERSON, text="Likes tea.", occurred=DAY)
    given(case, opened(), CLOSED).when(note).refused("case-is-closed")


def test_a_note_s_id_is_used_once() -> None:
    note = AddNote(case=CASE, note=NOTE, about=PERSON, text="Likes coffee.", occurred=DAY)
    given(case, opened(), NOTED).when(note).refused("entry-id-taken")


def test_a_note_that_was_wrong_is_corrected() -> None:
    given(case, opened(), NOTED).when(CorrectNote(case=CASE, note=NOTE, about=PERSON, text="Likes coffee.")).then(
        NoteCorrected(case=CASE, note=NOTE, about=PERSON, text="Likes coffee.")
    )


def test_a_note_is_corrected_under_the_person_it_is_about() -> None:
    given(case, opened(), NOTED).when(CorrectNote(case=CASE, note=NOTE, about=SISTER, text="Hers.")).refused(
        "corrected-for-the-same-person"
    )


def test_an_entry_in_the_wrong_file_is_retracted_and_the_retraction_names_its_key() -> None:
    given(case, opened(), NOTED).when(RetractEntry(case=CASE, entry=NOTE)).then(
        EntryRetracted(case=CASE, entry=NOTE, kind=EntryKind.NOTE, about=PERSON)
    )


def test_an_entry_can_be_retracted_from_a_closed_case() -> None:
    assert len(given(case, opened(), NOTED, CLOSED).when(RetractEntry(case=CASE, entry=NOTE)).events) == 1


@pytest.mark.parametrize(("fact", "entry"), [(HELPED, SUPPORT), (assessed(), assessed().assessment)])
def test_every_kind_of_entry_can_be_retracted(fact: SupportGiven, entry: str) -> None:
    assert len(given(case, opened(), fact).when(RetractEntry(case=CASE, entry=entry)).events) == 1


def test_retracting_twice_changes_nothing() -> None:
    retracted = EntryRetracted(case=CASE, entry=NOTE, kind=EntryKind.NOTE, about=PERSON)
    given(case, opened(), NOTED, retracted).when(RetractEntry(case=CASE, entry=NOTE)).then()


def test_a_retracted_note_is_not_corrected() -> None:
    retracted = EntryRetracted(case=CASE, entry=NOTE, kind=EntryKind.NOTE, about=PERSON)
    correction = CorrectNote(case=CASE, note=NOTE, about=PERSON, text="Likes coffee.")
    given(case, opened(), NOTED, retracted).when(correction).refused("entry-is-retracted")


def test_only_an_entry_of_this_case_is_retracted() -> None:
    given(case, opened()).when(RetractEntry(case=CASE, entry=NOTE)).refused("no-such-entry")
