"""Proceedings: mandates and who may act under them, hearings that move, closed notes, outcomes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.rehabilitation.centres import IdentifyParties, LinkSpread, PartiesIdentified, UnlinkingSpread, centres
from services.rehabilitation.counsel import (
    ClientReleased,
    ClientTaken,
    OpposingClientRefused,
    ReleaseClient,
    TakeClient,
    counsel,
)
from services.rehabilitation.proceedings import proceedings
from services.rehabilitation.proceedings.assistance import (
    HoldPreparation,
    PersonRepresented,
    PreparationHeld,
    RepresentPerson,
)
from services.rehabilitation.proceedings.ending import (
    AwardCompensation,
    CompensationAwarded,
    CompensationPaid,
    Outcome,
    OutcomeRecorded,
    RecordCompensationPaid,
    RecordOutcome,
)
from services.rehabilitation.proceedings.entries import (
    CorrectPreparation,
    PreparationCorrected,
    ProceedingsEntryRetracted,
    RetractProceedingsEntry,
)
from services.rehabilitation.proceedings.hearings import (
    AdjournHearing,
    CancelHearing,
    HearingAdjourned,
    HearingCancelled,
    HearingHeld,
    HearingMoved,
    HearingReminded,
    HearingScheduled,
    MoveHearing,
    RecordHearingHeld,
    RemindOfHearing,
    ScheduleHearing,
)
from services.rehabilitation.proceedings.mandate import (
    ChangeStanding,
    ConfirmMandate,
    GrantMandate,
    MandateConfirmed,
    MandateGranted,
    MandateRefused,
    MandateRevoked,
    OpenProceedings,
    ProceedingsOpened,
    RefuseMandate,
    RevokeMandate,
    StandingChanged,
)
from services.rehabilitation.proceedings.notes import (
    CounselNoteKept,
    CounselNoteRetracted,
    KeepCounselNote,
    KeepPsychologistNote,
    PsychologistNoteKept,
    PsychologistNoteRetracted,
    RetractCounselNote,
    RetractPsychologistNote,
)
from services.rehabilitation.proceedings.record import Authority, EntryKind, Standing
from shared.messages import Event
from shared.money import Money
from shared.testing import Given
from shared.testing import given as given_events
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, BERTA, CHILD

FILE, MANDATE, HEARING, ENTRY, NOTE = (an_id(number) for number in range(50, 55))
OF_FILE = {"proceedings": FILE}
AT, LATER = datetime(2008, 9, 20, 7, 0, tzinfo=UTC), datetime(2008, 11, 20, 8, 0, tzinfo=UTC)

OPENED = ProceedingsOpened(**OF_FILE, beneficiary=ANNA, standing=Standing.VICTIM, occurred="2008-03")
GRANT = GrantMandate(
    **OF_FILE,
    mandate=MANDATE,
    beneficiary=ANNA,
    counsel="l-3",
    scope=(Authority.COURT, Authority.PROSECUTOR),
    opponents=(BERTA,),
    until=date(2008, 12, 31),
    occurred="2008-04-01",
)
GRANTED = MandateGranted(**GRANT.stated())
CONFIRMED = MandateConfirmed(**OF_FILE, mandate=MANDATE, counsel="l-3")
REVOKED = MandateRevoked(**OF_FILE, mandate=MANDATE, counsel="l-3", occurred="2008-06-01")
SCHEDULE = ScheduleHearing(**OF_FILE, hearing=HEARING, at=AT, court="VNO-1", occurred="2008-08-01")
SCHEDULED = HearingScheduled(**SCHEDULE.stated())


def given(*events: Event) -> Given:
    """Proceedings of Anna."""
    return given_events(proceedings, OPENED, *events)


def represent(**more: Any) -> RepresentPerson:
    facts = {"before": Authority.COURT, "minutes": 90, "occurred": "2008-05-10"} | more
    return RepresentPerson(**OF_FILE, entry=ENTRY, beneficiary=ANNA, mandate=MANDATE, **facts)


def test_proceedings_are_opened_once() -> None:
    command = OpenProceedings(**OPENED.model_dump())
    given_events(proceedings).when(command).then(OPENED)
    given().when(command).refused("opened-once")


@pytest.mark.parametrize(
    "command", [GRANT, SCHEDULE, represent(), RevokeMandate(**OF_FILE, mandate=MANDATE, occurred="2008")]
)
def test_what_was_never_opened_is_not_there(command: Any) -> None:
    given_events(proceedings).when(command).refused("not-found")


def test_a_person_may_take_part_as_something_else() -> None:
    command = ChangeStanding(**OF_FILE, standing=Standing.CIVIL_PLAINTIFF, occurred="2008-05")
    changed = StandingChanged(**command.stated())
    given().when(command).then(changed)
    given(changed).when(command).then()


def test_a_mandate_is_given_by_the_person_until_a_day() -> None:
    given().when(GRANT).then(GRANTED)
    given(GRANTED).when(GRANT).refused("id-taken")
    given().when(GRANT.model_copy(update={"beneficiary": BERTA})).refused("about-the-beneficiary")
    given().when(GRANT.model_copy(update={"until": date(2008, 3, 1)})).refused("ends-after-it-begins")
    given().when(GRANT.model_copy(update={"opponents": (ANNA,)})).refused("opposes-themselves")
    given().when(GRANT.model_copy(update={"occurred": "2009"})).refused("not-in-the-future")


def test_a_mandate_is_confirmed_or_refused_once_and_revoked_at_any_time() -> None:
    confirm, refuse = (kind(**OF_FILE, mandate=MANDATE) for kind in (ConfirmMandate, RefuseMandate))
    refused = MandateRefused(**OF_FILE, mandate=MANDATE, counsel="l-3")
    given(GRANTED).when(confirm).then(CONFIRMED)
    given(GRANTED).when(refuse).then(refused)
    for settled in (CONFIRMED, refused, REVOKED):
        given(GRANTED, settled).when(confirm).then()
        given(GRANTED, settled).when(refuse).then()
    revoke = RevokeMandate(**OF_FILE, mandate=MANDATE, occurred="2008-06-01")
    given(GRANTED, CONFIRMED).when(revoke).then(REVOKED)
    given(GRANTED, REVOKED).when(revoke).then()
    given(GRANTED, refused).when(revoke).then()
    given().when(revoke).refused("no-such-mandate")


def test_nobody_is_represented_without_a_mandate_in_force() -> None:
    represented = PersonRepresented(**represent().stated(), counsel="l-3")
    given(GRANTED, CONFIRMED).when(represent()).then(represented)
    given(GRANTED, CONFIRMED, REVOKED).when(represent()).then(represented)
    given().when(represent()).refused("no-such-mandate")
    given(GRANTED).when(represent()).refused("mandate-in-force")
    given(GRANTED, MandateRefused(**OF_FILE, mandate=MANDATE, counsel="l-3")).when(represent()).refused(
        "mandate-in-force"
    )
    given(GRANTED, REVOKED).when(represent()).refused("mandate-in-force")


@pytest.mark.parametrize("occurred", ["2008-03-31", "2008-03/2008-05", "2008-06-02"])
def test_nobody_acts_before_a_mandate_was_given_or_after_it_was_revoked_on_any_reading(occurred: str) -> None:
    given(GRANTED, CONFIRMED, REVOKED).when(represent(occurred=occurred)).refused("mandate-in-force")


def test_nobody_acts_under_a_mandate_that_has_expired() -> None:
    short = GRANTED.model_copy(update={"until": date(2008, 4, 30)})
    given(short, CONFIRMED).when(represent()).refused("mandate-in-force")


def test_nobody_acts_beyond_the_scope_of_a_mandate() -> None:
    given(GRANTED, CONFIRMED).when(represent(before=Authority.POLICE)).refused("within-the-mandate")


def test_a_person_is_prepared_with_or_without_a_mandate() -> None:
    command = HoldPreparation(**OF_FILE, entry=ENTRY, beneficiary=ANNA, minutes=60, occurred="2008-05-01")
    given().when(command).then(PreparationHeld(**command.stated() | {"staff": "w-1"}))
    given().when(command.model_copy(update={"beneficiary": BERTA})).refused("about-the-beneficiary")


def test_a_hearing_is_scheduled_ahead_of_the_day_on_which_it_became_known() -> None:
    given().when(SCHEDULE).then(SCHEDULED)
    given(SCHEDULED).when(SCHEDULE).refused("id-taken")
    given().when(SCHEDULE.model_copy(update={"occurred": "2008-09-21"})).refused("hearing-lies-ahead")
    final = OutcomeRecorded(
        **OF_FILE, entry=ENTRY, beneficiary=ANNA, outcome=Outcome.CONVICTION, final=True, occurred="2008-07"
    )
    given(final).when(SCHEDULE).refused("proceedings-go-on")


def test_a_hearing_moves_and_one_adjourned_without_a_day_gets_one() -> None:
    move = MoveHearing(**OF_FILE, hearing=HEARING, at=LATER, occurred="2008-09-01")
    moved = HearingMoved(**move.stated())
    given(SCHEDULED).when(move).then(moved)
    given(SCHEDULED, moved).when(move).then()
    given().when(move).refused("no-such-hearing")
    given(SCHEDULED).when(move.model_copy(update={"at": datetime(2008, 8, 1, tzinfo=UTC)})).refused(
        "hearing-lies-ahead"
    )
    adjourn = AdjournHearing(**OF_FILE, hearing=HEARING, occurred="2008-09-01")
    adjourned = HearingAdjourned(**adjourn.stated())
    given(SCHEDULED).when(adjourn).then(adjourned)
    given(SCHEDULED, adjourned).when(adjourn).then()
    given(SCHEDULED, adjourned).when(move).then(moved)
    given(SCHEDULED).when(adjourn.model_copy(update={"at": datetime(2008, 8, 1, tzinfo=UTC)})).refused(
        "hearing-lies-ahead"
    )


def test_a_hearing_is_held_at_its_time_and_is_over_then() -> None:
    hold = RecordHearingHeld(**OF_FILE, hearing=HEARING, beneficiary=ANNA, attended=True, occurred="2008-09-20")
    held = HearingHeld(**hold.stated())
    given(SCHEDULED).when(hold).then(held)
    given(SCHEDULED).when(hold.model_copy(update={"beneficiary": BERTA})).refused("about-the-beneficiary")
    moved = HearingMoved(**OF_FILE, hearing=HEARING, at=LATER, occurred="2008-09-01")
    given(SCHEDULED, moved).when(hold).refused("held-at-its-time")
    given(SCHEDULED, HearingAdjourned(**OF_FILE, hearing=HEARING, occurred="2008-09")).when(hold).refused(
        "held-at-its-time"
    )
    for command in (hold, MoveHearing(**OF_FILE, hearing=HEARING, at=LATER, occurred="2008-09-21")):
        given(SCHEDULED, held).when(command).refused("hearing-is-over")


def test_a_hearing_is_cancelled_once() -> None:
    cancel = CancelHearing(**OF_FILE, hearing=HEARING, occurred="2008-09-01")
    cancelled = HearingCancelled(**cancel.stated())
    given(SCHEDULED).when(cancel).then(cancelled)
    given(SCHEDULED, cancelled).when(cancel).then()
    given(
        SCHEDULED, HearingHeld(**OF_FILE, hearing=HEARING, beneficiary=ANNA, attended=True, occurred="2008-09-20")
    ).when(cancel).refused("hearing-is-over")


def test_a_reminder_is_for_the_time_that_stands() -> None:
    remind = RemindOfHearing(**OF_FILE, hearing=HEARING, at=AT, days=1)
    given(SCHEDULED).when(remind, now=AT - timedelta(days=1)).then(HearingReminded(**remind.stated()))
    moved = HearingMoved(**OF_FILE, hearing=HEARING, at=LATER, occurred="2008-09-01")
    cancelled = HearingCancelled(**OF_FILE, hearing=HEARING, occurred="2008-09-01")
    for history in ((SCHEDULED, moved), (SCHEDULED, cancelled), ()):
        given(*history).when(remind, now=AT - timedelta(days=1)).then()


def test_a_reminder_that_is_late_is_told_until_the_hearing_begins() -> None:
    remind = RemindOfHearing(**OF_FILE, hearing=HEARING, at=AT, days=1)
    given(SCHEDULED).when(remind, now=AT - timedelta(minutes=1)).then(HearingReminded(**remind.stated()))
    given(SCHEDULED).when(remind, now=AT).then()


@pytest.mark.parametrize(
    ("keep_kind", "kept_kind", "retract_kind", "retracted_kind"),
    [
        (KeepCounselNote, CounselNoteKept, RetractCounselNote, CounselNoteRetracted),
        (KeepPsychologistNote, PsychologistNoteKept, RetractPsychologistNote, PsychologistNoteRetracted),
    ],
)
def test_closed_notes_are_kept_and_taken_back(
    keep_kind: Any, kept_kind: Any, retract_kind: Any, retracted_kind: Any
) -> None:
    keep = keep_kind(**OF_FILE, note=NOTE, about=ANNA, text="Words.", occurred="2008-05-01")
    kept = kept_kind(**keep.stated())
    retract = retract_kind(**OF_FILE, note=NOTE)
    retracted = retracted_kind(**OF_FILE, note=NOTE, about=ANNA)
    given().when(keep).then(kept)
    given(kept).when(keep).refused("id-taken")
    given().when(keep.model_copy(update={"about": BERTA})).refused("about-the-beneficiary")
    given(kept).when(retract).then(retracted)
    given(kept, retracted).when(retract).then()
    given().when(retract).refused("no-such-note")


def test_nobody_takes_back_a_note_of_another_profession() -> None:
    kept = CounselNoteKept(**OF_FILE, note=NOTE, about=ANNA, text="Words.", occurred="2008-05-01")
    given(kept).when(RetractPsychologistNote(**OF_FILE, note=NOTE)).refused("no-such-note")


def test_there_is_one_final_outcome_after_any_that_is_not() -> None:
    record = RecordOutcome(
        **OF_FILE, entry=ENTRY, beneficiary=ANNA, outcome=Outcome.CONVICTION, final=False, occurred="2008-07"
    )
    recorded = OutcomeRecorded(**record.stated())
    given().when(record).then(recorded)
    given(recorded).when(record).refused("id-taken")
    another = record.model_copy(update={"entry": an_id(61)})
    given(recorded).when(another).then(OutcomeRecorded(**another.stated()))
    given(recorded.model_copy(update={"final": True})).when(another).refused("one-final-outcome")
    given().when(record.model_copy(update={"beneficiary": BERTA})).refused("about-the-beneficiary")


def test_compensation_is_awarded_to_who_claims_it_and_paid_once() -> None:
    award = AwardCompensation(
        **OF_FILE, entry=ENTRY, beneficiary=ANNA, amount=Money(amount="1500.00"), occurred="2008-07"
    )
    awarded = CompensationAwarded(**award.stated())
    given().when(award).then(awarded)
    given(awarded).when(award).refused("id-taken")
    given(StandingChanged(**OF_FILE, standing=Standing.WITNESS, occurred="2008-05")).when(award).refused(
        "witness-claims-nothing"
    )
    pay = RecordCompensationPaid(**OF_FILE, entry=ENTRY, occurred="2008-09")
    paid = CompensationPaid(**pay.stated())
    given(awarded).when(pay).then(paid)
    given(awarded, paid).when(pay).then()
    given().when(pay).refused("no-such-award")


PREPARE = HoldPreparation(**OF_FILE, entry=ENTRY, beneficiary=ANNA, minutes=60, occurred="2008-05-01")
PREPARED = PreparationHeld(**PREPARE.stated() | {"staff": "w-1"})
RETRACT = RetractProceedingsEntry(**OF_FILE, entry=ENTRY)


def retracted(kind: EntryKind) -> ProceedingsEntryRetracted:
    return ProceedingsEntryRetracted(**OF_FILE, entry=ENTRY, kind=kind, beneficiary=ANNA)


def test_a_preparation_is_corrected_and_whatever_does_not_belong_here_is_taken_back_once() -> None:
    correct = CorrectPreparation(**PREPARE.stated() | {"minutes": 90, "staff": "w-2"})
    given(PREPARED).when(correct).then(PreparationCorrected(**correct.stated()))
    given(PREPARED).when(RETRACT).then(retracted(EntryKind.PREPARATION))
    given(PREPARED, retracted(EntryKind.PREPARATION)).when(RETRACT).then()
    given(PREPARED, retracted(EntryKind.PREPARATION)).when(correct).refused("entry-is-retracted")
    given(PREPARED, retracted(EntryKind.PREPARATION)).when(PREPARE).refused("id-taken")
    represented = PersonRepresented(**represent().stated(), counsel="l-3")
    given(GRANTED, CONFIRMED, represented).when(correct).refused("kind-of-entry")
    given().when(correct).refused("no-such-entry")
    given().when(RETRACT).refused("no-such-entry")
    given(PREPARED).when(correct.model_copy(update={"beneficiary": BERTA})).refused("about-the-beneficiary")


def test_proceedings_go_on_once_their_final_outcome_is_taken_back() -> None:
    final = OutcomeRecorded(
        **OF_FILE, entry=ENTRY, beneficiary=ANNA, outcome=Outcome.ACQUITTAL, final=True, occurred="2008-07"
    )
    given(final).when(SCHEDULE).refused("proceedings-go-on")
    given(final, retracted(EntryKind.OUTCOME)).when(SCHEDULE).then(SCHEDULED)


def test_an_award_that_was_taken_back_is_not_paid() -> None:
    awarded = CompensationAwarded(
        **OF_FILE, entry=ENTRY, beneficiary=ANNA, amount=Money(amount="1500.00"), occurred="2008-07"
    )
    pay = RecordCompensationPaid(**OF_FILE, entry=ENTRY, occurred="2008-09")
    given(awarded, retracted(EntryKind.AWARD)).when(pay).refused("no-such-award")
    given(PREPARED).when(pay).refused("no-such-award")


def take(mandate: str = MANDATE, client: str = ANNA, opponents: tuple[str, ...] = (BERTA,), **more: Any) -> TakeClient:
    facts = {"since": date(2008, 4, 1), "until": date(2008, 12, 31), "client_records": (client,)} | more
    return TakeClient(counsel="l-3", mandate=mandate, proceedings=FILE, client=client, opponents=opponents, **facts)


def taken(command: TakeClient) -> ClientTaken:
    stated = command.stated()
    del stated["client_records"]
    return ClientTaken(**stated)


TAKEN = taken(take())
OTHER = an_id(60)
REFUSED = OpposingClientRefused(counsel="l-3", mandate=OTHER, proceedings=FILE)


def test_counsel_takes_a_client_once() -> None:
    given_events(counsel).when(take()).then(TAKEN)
    given_events(counsel, TAKEN).when(take()).then()


def test_counsel_acts_for_no_two_who_oppose_each_other() -> None:
    given_events(counsel, TAKEN).when(take(OTHER, BERTA, ())).then(REFUSED)
    given_events(counsel, TAKEN).when(take(OTHER, CHILD, (ANNA,))).then(REFUSED)
    together = take(OTHER, CHILD, (BERTA,))
    given_events(counsel, TAKEN).when(together).then(taken(together))


def test_who_opposes_a_client_opposes_them_under_every_record() -> None:
    duplicate = an_id(62)
    linked = take(OTHER, duplicate, (), client_records=(BERTA, duplicate))
    given_events(counsel, TAKEN).when(linked).then(REFUSED)
    against = take(OTHER, CHILD, (ANNA, duplicate))
    given_events(counsel, TAKEN).when(against).then(REFUSED)


def test_the_parties_of_a_mandate_are_known_under_every_record_that_is_linked_now() -> None:
    duplicate, third, link = an_id(62), an_id(63), an_id(64)
    spread = (
        LinkSpread(link=link, first=BERTA, second=duplicate),
        LinkSpread(link=an_id(65), first=third, second=duplicate),
    )
    facts = {"counsel": "l-3", "mandate": MANDATE, "proceedings": FILE, "client": ANNA}
    facts |= {"since": date(2008, 4, 1), "until": date(2008, 12, 31)}
    ask = IdentifyParties(**facts, opponents=(BERTA,))
    records = tuple(sorted((BERTA, duplicate, third)))
    known = PartiesIdentified(**facts, client_records=(ANNA,), opponent_records=records)
    given_events(centres, *spread).when(ask).then(known)
    alone = known.model_copy(update={"opponent_records": (BERTA,)})
    given_events(centres, *spread, UnlinkingSpread(link=link)).when(ask).then(alone)


def test_who_is_released_or_long_past_opposes_nobody() -> None:
    release = ReleaseClient(counsel="l-3", mandate=MANDATE)
    released = ClientReleased(**release.stated())
    given_events(counsel, TAKEN).when(release).then(released)
    given_events(counsel, TAKEN, released).when(release).then()
    given_events(counsel, REFUSED).when(ReleaseClient(counsel="l-3", mandate=OTHER)).then()
    opposing = take(OTHER, BERTA, ())
    given_events(counsel, TAKEN, released).when(opposing).then(taken(opposing))
    afterwards = take(OTHER, BERTA, (), since=date(2009, 1, 1), until=date(2009, 12, 31))
    given_events(counsel, TAKEN).when(afterwards).then(taken(afterwards))
