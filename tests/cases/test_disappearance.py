"""Somebody is missed and sought: what is reported, what may be published, how far it came."""

from __future__ import annotations

from typing import Any

import pytest

from services.cases.disappearance import disappearance
from services.cases.disappearance.record import ActionKind, FoundAs, Stage
from services.cases.disappearance.reporting import (
    ClearImplicated,
    CorrectDisappearance,
    DisappearanceCorrected,
    DisappearanceReported,
    ImplicatedCleared,
    ImplicatedNamed,
    NameImplicated,
    PoliceReportRecorded,
    RecordPoliceReport,
    ReportDisappearance,
)
from services.cases.disappearance.search import (
    PUBLICATIONS,
    CheckRisk,
    ConfirmAction,
    ConfirmWithdrawal,
    PoliceAgreementRecorded,
    RecordActionFailed,
    RecordActionSent,
    RecordPoliceAgreement,
    RecordWithdrawalFailed,
    RequestSearchAction,
    RiskChecked,
    SearchActionConfirmed,
    SearchActionFailed,
    SearchActionRequested,
    SearchActionSent,
    WhyFailed,
    WithdrawAction,
    WithdrawalConfirmed,
    WithdrawalFailed,
    WithdrawalRequested,
)
from shared.messages import Event
from shared.testing import given
from tests.cases.examples import DAY, PERSON, SISTER
from tests.cases.missing import (
    ACTION,
    AGREED,
    BROTHER,
    DISAPPEARANCE,
    FOUND,
    POSTER,
    SAFE,
    published,
    reported,
)

SENT = SearchActionSent(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
CONFIRMED = SearchActionConfirmed(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
FAILED = SearchActionFailed(disappearance=DISAPPEARANCE, action=ACTION, reason=WhyFailed.REFUSED, occurred=DAY)
WITHDRAWING = WithdrawalRequested(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
WITHDRAWN = WithdrawalConfirmed(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
POLICE = PoliceReportRecorded(disappearance=DISAPPEARANCE, person=PERSON, reference="0000/2008", occurred=DAY)
NAMED = ImplicatedNamed(
    disappearance=DISAPPEARANCE, person=PERSON, suspect=BROTHER, grounds="Was waiting.", occurred=DAY
)

SEND = RecordActionSent(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
CONFIRM = ConfirmAction(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
FAIL = RecordActionFailed(disappearance=DISAPPEARANCE, action=ACTION, reason=WhyFailed.REFUSED, occurred=DAY)
WITHDRAW = WithdrawAction(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
CONFIRM_WITHDRAWAL = ConfirmWithdrawal(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
FAIL_WITHDRAWAL = RecordWithdrawalFailed(
    disappearance=DISAPPEARANCE, action=ACTION, reason=WhyFailed.UNREACHABLE, occurred=DAY
)


def reporting(**changes: Any) -> ReportDisappearance:
    return ReportDisappearance.model_validate(reported().model_dump() | changes)


def correcting(**changes: Any) -> CorrectDisappearance:
    stated = {"disappearance": DISAPPEARANCE, "person": PERSON, "place": "Kaunas", "last_seen": "2008-08"}
    return CorrectDisappearance.model_validate(stated | changes)


def checking(**changes: Any) -> CheckRisk:
    return CheckRisk.model_validate(SAFE.model_dump(exclude={"checked_by"}) | changes)


def agreeing(**changes: Any) -> RecordPoliceAgreement:
    return RecordPoliceAgreement.model_validate(AGREED.model_dump() | changes)


def requesting(kind: ActionKind = ActionKind.POSTER, **changes: Any) -> RequestSearchAction:
    return RequestSearchAction.model_validate(POSTER.model_dump() | {"kind": kind} | changes)


def naming(**changes: Any) -> NameImplicated:
    stated = {"disappearance": DISAPPEARANCE, "suspect": BROTHER, "grounds": "Was waiting.", "occurred": DAY}
    return NameImplicated.model_validate(stated | changes)


def test_a_disappearance_says_who_was_last_seen_where_and_when() -> None:
    given(disappearance).when(reporting()).then(reported())


def test_when_somebody_was_last_seen_may_be_known_in_part() -> None:
    (event,) = given(disappearance).when(reporting(last_seen="2008-22")).events
    assert isinstance(event, DisappearanceReported)
    assert event.last_seen == "2008-22"


def test_a_disappearance_is_reported_once() -> None:
    given(disappearance, reported()).when(reporting()).refused("reported-once")


def test_nobody_is_missed_before_they_were_last_seen_or_tomorrow() -> None:
    given(disappearance).when(reporting(last_seen="2008-09-02", occurred="2008-09-01")).refused(
        "missed-after-last-seen"
    )
    given(disappearance).when(reporting(occurred="2008-10-03")).refused("not-in-the-future")
    given(disappearance).when(reporting(last_seen="2008-10-03")).refused("not-in-the-future")


def test_what_was_reported_wrongly_is_put_right() -> None:
    corrected = DisappearanceCorrected(
        disappearance=DISAPPEARANCE, person=PERSON, place="Kaunas", last_seen="2008-08", adult=False
    )
    given(disappearance, reported()).when(correcting()).then(corrected)
    given(disappearance, reported()).when(correcting(person=SISTER)).refused("about-the-missing-person")
    given(disappearance, reported()).when(correcting(last_seen="2009")).refused("not-in-the-future")


def test_the_police_have_a_report() -> None:
    report = RecordPoliceReport(disappearance=DISAPPEARANCE, person=PERSON, reference="0000/2008", occurred=DAY)
    given(disappearance, reported()).when(report).then(POLICE)
    given(disappearance, reported()).when(report.model_copy(update={"person": SISTER})).refused(
        "about-the-missing-person"
    )
    given(disappearance, reported()).when(report.model_copy(update={"occurred": "2008-10-03"})).refused(
        "not-in-the-future"
    )


def test_somebody_may_be_the_danger_and_may_be_cleared() -> None:
    cleared = ImplicatedCleared(disappearance=DISAPPEARANCE, person=PERSON, suspect=BROTHER, occurred=DAY)
    clear = ClearImplicated(disappearance=DISAPPEARANCE, suspect=BROTHER, occurred=DAY)
    given(disappearance, reported()).when(naming()).then(NAMED)
    given(disappearance, reported(), NAMED).when(naming()).then()
    given(disappearance, reported(), NAMED).when(clear).then(cleared)
    given(disappearance, reported(), NAMED, cleared).when(clear).then()
    given(disappearance, reported()).when(naming(suspect=PERSON)).refused("implicated-is-another")
    given(disappearance, reported()).when(naming(occurred="2008-10-03")).refused("not-in-the-future")
    given(disappearance, reported()).when(clear.model_copy(update={"occurred": "2008-10-03"})).refused(
        "not-in-the-future"
    )


@pytest.mark.parametrize("kind", PUBLICATIONS)
def test_publishing_needs_a_risk_check_and_the_police(kind: ActionKind) -> None:
    given(disappearance, reported(), SAFE, AGREED).when(requesting(kind)).then(POSTER.model_copy(update={"kind": kind}))
    given(disappearance, reported(), AGREED).when(requesting(kind)).refused("publishing-needs-risk-check")
    given(disappearance, reported(), SAFE).when(requesting(kind)).refused("publishing-needs-police")


def test_nothing_is_published_where_the_check_found_danger() -> None:
    danger = SAFE.model_copy(update={"safe": False})
    error = given(disappearance, reported(), AGREED, danger).when(requesting()).refused("publishing-needs-risk-check")
    assert "found danger" in str(error)


def test_whoever_turns_out_to_be_the_danger_makes_a_new_check_necessary() -> None:
    given(disappearance, reported(), SAFE, AGREED, NAMED).when(requesting()).refused("publishing-needs-risk-check")
    assert given(disappearance, reported(), SAFE, AGREED, NAMED, SAFE).when(requesting()).events


def test_danger_found_later_takes_back_what_is_published() -> None:
    history = (*published(), SENT)
    danger = RiskChecked(
        disappearance=DISAPPEARANCE, person=PERSON, safe=False, grounds="She hides.", checked_by="w-1", occurred=DAY
    )
    given(disappearance, *history).when(checking(safe=False, grounds="She hides.")).then(danger, WITHDRAWING)


def test_an_agreement_that_the_police_take_back_takes_back_what_is_published() -> None:
    refused = PoliceAgreementRecorded(disappearance=DISAPPEARANCE, person=PERSON, agreed=False, occurred=DAY)
    given(disappearance, *published()).when(agreeing(agreed=False)).then(refused, WITHDRAWING)


def test_what_is_not_public_stays_when_publishing_turns_out_to_be_dangerous() -> None:
    alert = POSTER.model_copy(update={"kind": ActionKind.BORDER_ALERT})
    outcome = given(disappearance, reported(), POLICE, alert).when(checking(safe=False))
    assert [type(event) for event in outcome.events] == [RiskChecked]


def test_checks_and_agreements_are_about_the_missing_person() -> None:
    for command in (checking(person=SISTER), agreeing(person=SISTER), requesting(person=SISTER)):
        given(disappearance, reported(), SAFE, AGREED).when(command).refused("about-the-missing-person")


def test_an_alert_at_the_border_goes_through_the_police() -> None:
    alert = requesting(ActionKind.BORDER_ALERT)
    given(disappearance, reported()).when(alert).refused("alert-needs-police-report")
    assert given(disappearance, reported(), POLICE).when(alert).events


def test_116_000_is_not_asked_before_it_was_there() -> None:
    given(disappearance, reported()).when(requesting(ActionKind.HOTLINE_116_000)).refused("hotline-not-yet-open")


def test_a_search_action_has_an_id_of_its_own() -> None:
    given(disappearance, *published()).when(requesting()).refused("id-taken")


def test_an_action_is_sent_confirmed_or_failed_and_a_repeat_changes_nothing() -> None:
    given(disappearance, *published()).when(SEND).then(SENT)
    given(disappearance, *published(), SENT).when(SEND).then()
    given(disappearance, *published(), SENT).when(CONFIRM).then(CONFIRMED)
    given(disappearance, *published(), SENT, CONFIRMED).when(CONFIRM).then()
    given(disappearance, *published()).when(FAIL).then(FAILED)
    given(disappearance, *published(), FAILED).when(FAIL).then()


def test_what_was_sent_out_is_taken_back_and_a_repeat_changes_nothing() -> None:
    unreachable = WithdrawalFailed(
        disappearance=DISAPPEARANCE, action=ACTION, reason=WhyFailed.UNREACHABLE, occurred=DAY
    )
    history = (*published(), SENT, CONFIRMED)
    given(disappearance, *history).when(WITHDRAW).then(WITHDRAWING)
    given(disappearance, *history, WITHDRAWING).when(WITHDRAW).then()
    given(disappearance, *history, WITHDRAWING).when(FAIL_WITHDRAWAL).then(unreachable)
    given(disappearance, *history, WITHDRAWING, unreachable).when(CONFIRM_WITHDRAWAL).then(WITHDRAWN)
    given(disappearance, *history, WITHDRAWING, WITHDRAWN).when(CONFIRM_WITHDRAWAL).then()


def test_what_goes_out_while_it_is_being_taken_back_still_has_to_be_taken_back() -> None:
    given(disappearance, *published(), WITHDRAWING).when(SEND).then(SENT)
    state = given(disappearance, *published(), WITHDRAWING, SENT).state()
    assert state.actions[ACTION].stage is Stage.WITHDRAWING


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((), CONFIRM),
        ((), CONFIRM_WITHDRAWAL),
        ((), FAIL_WITHDRAWAL),
        ((FAILED,), SEND),
        ((FAILED,), CONFIRM),
        ((FAILED,), WITHDRAW),
        ((SENT, CONFIRMED), FAIL),
        ((SENT, CONFIRMED), SEND),
        ((SENT, WITHDRAWING), CONFIRM),
        ((SENT, WITHDRAWING, WITHDRAWN), SEND),
        ((SENT, WITHDRAWING, WITHDRAWN), FAIL_WITHDRAWAL),
    ],
)
def test_an_action_takes_no_step_that_does_not_follow(history: tuple[Event, ...], command: Any) -> None:
    given(disappearance, *published(), *history).when(command).refused("action-step")


@pytest.mark.parametrize("command", [SEND, CONFIRM, FAIL, WITHDRAW, CONFIRM_WITHDRAWAL, FAIL_WITHDRAWAL])
def test_only_an_action_that_was_requested_has_a_fate_and_it_is_not_of_tomorrow(command: Any) -> None:
    given(disappearance, reported()).when(command).refused("no-such-action")
    tomorrow = command.model_copy(update={"occurred": "2008-10-03"})
    given(disappearance, *published()).when(tomorrow).refused("not-in-the-future")


def test_a_search_that_has_ended_takes_no_new_step() -> None:
    police = RecordPoliceReport(disappearance=DISAPPEARANCE, person=PERSON, reference="0000/2008", occurred=DAY)
    for command in (checking(), agreeing(), requesting(), police):
        given(disappearance, reported(), SAFE, AGREED, FOUND).when(command).refused("search-has-ended")
    assert FOUND.how is FoundAs.ALIVE


def test_a_disappearance_that_nobody_reported_is_not_found() -> None:
    police = RecordPoliceReport(disappearance=DISAPPEARANCE, person=PERSON, reference="0000/2008", occurred=DAY)
    clear = ClearImplicated(disappearance=DISAPPEARANCE, suspect=BROTHER, occurred=DAY)
    for command in (correcting(), police, naming(), clear, checking(), agreeing(), requesting(), SEND):
        given(disappearance).when(command).refused("not-found")


def test_a_requested_action_says_what_is_published() -> None:
    (event,) = given(disappearance, reported(), SAFE, AGREED).when(requesting(text="A green coat.")).events
    assert isinstance(event, SearchActionRequested)
    assert event.text == "A green coat."
