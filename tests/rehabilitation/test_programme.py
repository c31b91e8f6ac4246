"""One person's way: requested, admitted, planned, helped, and back to a life of their own."""

from __future__ import annotations

from datetime import date

import pytest

from services.rehabilitation.programme import programme
from services.rehabilitation.programme.admission import (
    AdmitToProgramme,
    ProgrammeRefused,
    RefusalReason,
    RefuseProgramme,
    RequestProgramme,
    RequestWithdrawn,
    WithdrawRequest,
)
from services.rehabilitation.programme.ending import (
    BeginReintegration,
    CompleteProgramme,
    FollowedUp,
    FollowUp,
    LeaveProgramme,
    LeavingReason,
    ProgrammeCompleted,
    ProgrammeLeft,
    Situation,
)
from services.rehabilitation.programme.plan import (
    CorrectGoal,
    GoalCorrected,
    GoalSet,
    ProgressRecorded,
    RecordProgress,
    SetGoal,
    Step,
)
from services.rehabilitation.programme.record import Ground, ServiceKind
from services.rehabilitation.programme.services import (
    CorrectService,
    DeliverService,
    RetractService,
    ServiceCorrected,
    ServiceRetracted,
)
from shared.messages import Command
from shared.privacy.personal import personal_fields
from shared.testing import given
from tests.rehabilitation.examples import (
    ADMITTED,
    DELIVERED,
    GOAL,
    OTHER,
    PERSON,
    PROGRAMME,
    PROJECT,
    REFERRAL,
    REINTEGRATING,
    REQUESTED,
    SERVICE,
)

REFUSED = ProgrammeRefused(programme=PROGRAMME, referral=REFERRAL, reason=RefusalReason.NO_PLACE, occurred="2008-01-15")
WITHDRAWN = RequestWithdrawn(programme=PROGRAMME, occurred="2008-01-12")
COMPLETED = ProgrammeCompleted(programme=PROGRAMME, referral=REFERRAL, occurred="2008-09")
LEFT = ProgrammeLeft(
    programme=PROGRAMME,
    referral=REFERRAL,
    beneficiary=PERSON,
    reason=LeavingReason.OWN_WISH,
    occurred="2008-03-01",
)
GOAL_SET = GoalSet(
    programme=PROGRAMME,
    goal=GOAL,
    beneficiary=PERSON,
    kind=ServiceKind.VOCATIONAL,
    aim="Finish the course.",
    by_day=date(2008, 12, 1),
    occurred="2008-02-01",
)


def requesting(**changes: object) -> RequestProgramme:
    return RequestProgramme.model_validate(REQUESTED.model_dump() | changes)


def delivering(**changes: object) -> DeliverService:
    stated = {"programme": PROGRAMME, "service": SERVICE, "beneficiary": PERSON, "kind": "psychological"}
    return DeliverService.model_validate(stated | {"minutes": 50, "occurred": "2008-02-01"} | changes)


def correcting(**changes: object) -> CorrectService:
    return CorrectService.model_validate(delivering().stated() | changes)


def setting_goal(**changes: object) -> SetGoal:
    return SetGoal.model_validate(GOAL_SET.model_dump() | changes)


def progressing(step: Step = Step.UNDER_WAY, **changes: object) -> RecordProgress:
    stated = {"programme": PROGRAMME, "goal": GOAL, "beneficiary": PERSON, "step": step, "occurred": "2008-03-01"}
    return RecordProgress.model_validate(stated | changes)


ADMIT = AdmitToProgramme(programme=PROGRAMME, occurred="2008-01-15")
REFUSE = RefuseProgramme(programme=PROGRAMME, reason=RefusalReason.NO_PLACE, occurred="2008-01-15")
WITHDRAW = WithdrawRequest(programme=PROGRAMME, occurred="2008-01-12")
REINTEGRATE = BeginReintegration(programme=PROGRAMME, beneficiary=PERSON, occurred="2008-06")
COMPLETE = CompleteProgramme(programme=PROGRAMME, occurred="2008-09")
LEAVE = LeaveProgramme(programme=PROGRAMME, beneficiary=PERSON, reason=LeavingReason.OWN_WISH, occurred="2008-03-01")
FOLLOW_UP = FollowUp(programme=PROGRAMME, beneficiary=PERSON, situation=Situation.STABLE, occurred="2008-09-30")


def test_a_programme_is_requested_by_a_referral() -> None:
    given(programme).when(requesting()).then(REQUESTED)


def test_a_programme_is_requested_without_a_referral_too() -> None:
    given(programme).when(requesting(referral=None, case=None)).then(
        REQUESTED.model_copy(update={"referral": None, "case": None})
    )


def test_a_programme_is_requested_once() -> None:
    given(programme, REQUESTED).when(requesting()).refused("programme-is-requested-once")


def test_the_person_is_admitted_and_the_referral_is_named() -> None:
    given(programme, REQUESTED).when(ADMIT).then(ADMITTED)


def test_the_person_is_refused_with_a_reason() -> None:
    given(programme, REQUESTED).when(REFUSE).then(REFUSED)


def test_help_never_depends_on_cooperating_with_the_police() -> None:
    reasons = {reason.value for reason in (*RefusalReason, *LeavingReason)}
    assert reasons == {
        *("no_place", "needs_beyond_us", "not_safe_here", "person_declined"),
        *("own_wish", "returned_to_family", "moved_elsewhere", "other_help", "contact_lost", "died"),
    }
    asked = {field for command in programme.command_types() for field in command.model_fields}
    assert not {field for field in asked if "police" in field or "cooperat" in field or "testif" in field}


def test_deciding_the_same_again_changes_nothing() -> None:
    given(programme, REQUESTED, ADMITTED).when(ADMIT).then()
    given(programme, REQUESTED, REFUSED).when(REFUSE).then()
    given(programme, REQUESTED, ADMITTED, REINTEGRATING).when(REINTEGRATE).then()
    given(programme, REQUESTED, ADMITTED, REINTEGRATING, COMPLETED).when(COMPLETE).then()
    given(programme, REQUESTED, ADMITTED, LEFT).when(LEAVE).then()


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((REQUESTED, REFUSED), ADMIT),
        ((REQUESTED, WITHDRAWN), ADMIT),
        ((REQUESTED, ADMITTED, LEFT), ADMIT),
        ((REQUESTED, ADMITTED), REFUSE),
        ((REQUESTED,), REINTEGRATE),
        ((REQUESTED, ADMITTED), COMPLETE),
        ((REQUESTED, ADMITTED, LEFT), COMPLETE),
        ((REQUESTED,), LEAVE),
        ((REQUESTED, ADMITTED, REINTEGRATING, COMPLETED), LEAVE),
        ((REQUESTED, ADMITTED), FOLLOW_UP),
        ((REQUESTED, REFUSED), correcting()),
        ((REQUESTED, REFUSED), RetractService(programme=PROGRAMME, service=SERVICE)),
    ],
)
def test_a_programme_takes_no_step_that_does_not_follow(history: tuple[object, ...], command: Command) -> None:
    given(programme, *history).when(command).refused("programme-step")  # type: ignore[arg-type]


def test_a_programme_that_was_never_requested_is_not_found() -> None:
    for command in (ADMIT, REFUSE, WITHDRAW, delivering(), setting_goal(), REINTEGRATE, COMPLETE, LEAVE, FOLLOW_UP):
        given(programme).when(command).refused("not-found")


def test_a_request_is_withdrawn_with_its_referral() -> None:
    given(programme, REQUESTED).when(WITHDRAW).then(WITHDRAWN)


def test_a_referral_that_is_taken_back_cancels_no_care() -> None:
    given(programme, REQUESTED, ADMITTED).when(WITHDRAW).then()


def test_nothing_is_recorded_of_tomorrow() -> None:
    tomorrow = {"occurred": "2008-10-03"}
    for history, command in (
        ((), requesting(**tomorrow)),
        ((REQUESTED,), ADMIT.model_copy(update=tomorrow)),
        ((REQUESTED, ADMITTED), delivering(**tomorrow)),
        ((REQUESTED, ADMITTED), setting_goal(occurred="2008-10-03")),
        ((REQUESTED, ADMITTED, GOAL_SET), progressing(occurred="2008-10-03")),
        ((REQUESTED, ADMITTED), REINTEGRATE.model_copy(update=tomorrow)),
        ((REQUESTED, ADMITTED, LEFT), FOLLOW_UP.model_copy(update=tomorrow)),
    ):
        given(programme, *history).when(command).refused("not-in-the-future")


def test_a_goal_becomes_part_of_the_plan() -> None:
    given(programme, REQUESTED, ADMITTED).when(setting_goal()).then(GOAL_SET)


def test_a_plan_needs_an_open_programme() -> None:
    given(programme, REQUESTED).when(setting_goal()).refused("programme-is-open")
    given(programme, REQUESTED, ADMITTED, LEFT).when(setting_goal()).refused("programme-is-open")


def test_a_goal_lies_ahead() -> None:
    given(programme, REQUESTED, ADMITTED).when(setting_goal(by_day="2008-01-31")).refused("goal-lies-ahead")
    assert len(given(programme, REQUESTED, ADMITTED).when(setting_goal(by_day=None)).events) == 1


def test_a_goal_s_id_is_used_once() -> None:
    given(programme, REQUESTED, ADMITTED, GOAL_SET).when(setting_goal()).refused("id-taken")


def test_a_plan_is_about_the_person_whose_programme_it_is() -> None:
    given(programme, REQUESTED, ADMITTED).when(setting_goal(beneficiary=OTHER)).refused("about-the-beneficiary")


def test_a_goal_written_down_wrongly_is_corrected() -> None:
    correction = CorrectGoal(
        programme=PROGRAMME, goal=GOAL, beneficiary=PERSON, kind=ServiceKind.SOCIAL, aim="Find a flat."
    )
    given(programme, REQUESTED, ADMITTED, GOAL_SET).when(correction).then(
        GoalCorrected(programme=PROGRAMME, goal=GOAL, beneficiary=PERSON, kind=ServiceKind.SOCIAL, aim="Find a flat.")
    )
    given(programme, REQUESTED, ADMITTED).when(correction).refused("no-such-goal")


def test_progress_is_recorded_until_a_goal_is_reached_or_given_up() -> None:
    under_way = ProgressRecorded(
        programme=PROGRAMME, goal=GOAL, beneficiary=PERSON, step=Step.UNDER_WAY, occurred="2008-03-01"
    )
    given(programme, REQUESTED, ADMITTED, GOAL_SET).when(progressing()).then(under_way)
    assert len(given(programme, REQUESTED, ADMITTED, GOAL_SET, under_way).when(progressing(Step.REACHED)).events) == 1
    for last in (Step.REACHED, Step.GIVEN_UP):
        settled = under_way.model_copy(update={"step": last})
        given(programme, REQUESTED, ADMITTED, GOAL_SET, settled).when(progressing()).refused("goal-is-settled")


def test_progress_is_of_a_goal_of_this_plan() -> None:
    given(programme, REQUESTED, ADMITTED).when(progressing()).refused("no-such-goal")


def test_a_service_is_delivered_with_its_minutes_by_whom_and_on_which_ground() -> None:
    given(programme, REQUESTED, ADMITTED).when(delivering()).then(DELIVERED)


def test_a_service_may_be_recorded_for_a_colleague_and_attributed_to_a_project() -> None:
    given(programme, REQUESTED, ADMITTED).when(delivering(staff="w-9", project=PROJECT)).then(
        DELIVERED.model_copy(update={"staff": "w-9", "project": PROJECT})
    )


def test_the_ground_of_a_service_is_that_of_the_programme() -> None:
    family = REQUESTED.model_copy(update={"ground": Ground.FAMILY_MEMBER})
    given(programme, family, ADMITTED).when(delivering()).then(
        DELIVERED.model_copy(update={"ground": Ground.FAMILY_MEMBER})
    )


@pytest.mark.parametrize("history", [(REQUESTED,), (REQUESTED, REFUSED), (REQUESTED, ADMITTED, LEFT)])
def test_services_of_a_programme_need_it_open(history: tuple[object, ...]) -> None:
    given(programme, *history).when(delivering()).refused("programme-is-open")  # type: ignore[arg-type]


def test_services_go_on_during_reintegration() -> None:
    assert len(given(programme, REQUESTED, ADMITTED, REINTEGRATING).when(delivering()).events) == 1


def test_a_programme_serves_the_person_whose_it_is() -> None:
    given(programme, REQUESTED, ADMITTED).when(delivering(beneficiary=OTHER)).refused("about-the-beneficiary")


def test_a_service_takes_time_unless_it_is_material() -> None:
    given(programme, REQUESTED, ADMITTED).when(delivering(minutes=0)).refused("help-takes-time")
    assert len(given(programme, REQUESTED, ADMITTED).when(delivering(minutes=0, kind="material")).events) == 1


def test_a_service_of_a_programme_follows_admission() -> None:
    given(programme, REQUESTED, ADMITTED).when(delivering(occurred="2008-01-14")).refused("service-after-admission")
    assert len(given(programme, REQUESTED, ADMITTED).when(delivering(occurred="2008-01")).events) == 1


def test_a_service_s_id_is_used_once() -> None:
    given(programme, REQUESTED, ADMITTED, DELIVERED).when(delivering()).refused("id-taken")


def test_a_service_is_corrected_even_after_the_programme_has_ended() -> None:
    given(programme, REQUESTED, ADMITTED, DELIVERED, LEFT).when(correcting(minutes=40)).then(
        ServiceCorrected(**DELIVERED.model_dump() | {"minutes": 40})
    )


def test_a_correction_of_a_service_obeys_the_same_rules() -> None:
    history = (REQUESTED, ADMITTED, DELIVERED)
    given(programme, *history).when(correcting(minutes=0)).refused("help-takes-time")
    given(programme, *history).when(correcting(beneficiary=OTHER)).refused("about-the-beneficiary")
    given(programme, *history).when(correcting(occurred="2008-01-14")).refused("service-after-admission")
    given(programme, REQUESTED, ADMITTED).when(correcting()).refused("no-such-service")


def test_a_service_that_was_not_delivered_here_is_taken_back_once() -> None:
    retraction = RetractService(programme=PROGRAMME, service=SERVICE)
    retracted = ServiceRetracted(programme=PROGRAMME, service=SERVICE, beneficiary=PERSON)
    given(programme, REQUESTED, ADMITTED, DELIVERED).when(retraction).then(retracted)
    given(programme, REQUESTED, ADMITTED, DELIVERED, retracted).when(retraction).then()
    given(programme, REQUESTED, ADMITTED, DELIVERED, retracted).when(correcting()).refused("service-is-retracted")
    given(programme, REQUESTED, ADMITTED).when(retraction).refused("no-such-service")


def test_the_way_back_begins_after_admission() -> None:
    given(programme, REQUESTED, ADMITTED).when(REINTEGRATE).then(REINTEGRATING)
    early = REINTEGRATE.model_copy(update={"occurred": "2007"})
    given(programme, REQUESTED, ADMITTED).when(early).refused("after-admission")


def test_a_programme_is_completed_after_reintegration() -> None:
    given(programme, REQUESTED, ADMITTED, REINTEGRATING).when(COMPLETE).then(COMPLETED)
    early = COMPLETE.model_copy(update={"occurred": "2007"})
    given(programme, REQUESTED, ADMITTED, REINTEGRATING).when(early).refused("after-admission")


def test_the_person_may_leave_at_any_time() -> None:
    given(programme, REQUESTED, ADMITTED).when(LEAVE).then(LEFT)
    assert len(given(programme, REQUESTED, ADMITTED, REINTEGRATING).when(LEAVE).events) == 1
    early = LEAVE.model_copy(update={"occurred": "2007"})
    given(programme, REQUESTED, ADMITTED).when(early).refused("after-admission")


def test_why_somebody_left_is_sealed() -> None:
    assert "reason" in personal_fields(ProgrammeLeft)


def test_what_is_said_at_the_end_is_about_the_person_whose_programme_it_is() -> None:
    other = {"beneficiary": OTHER}
    given(programme, REQUESTED, ADMITTED).when(REINTEGRATE.model_copy(update=other)).refused("about-the-beneficiary")
    given(programme, REQUESTED, ADMITTED).when(LEAVE.model_copy(update=other)).refused("about-the-beneficiary")
    given(programme, REQUESTED, ADMITTED, LEFT).when(FOLLOW_UP.model_copy(update=other)).refused(
        "about-the-beneficiary"
    )


@pytest.mark.parametrize("end", [(LEFT,), (REINTEGRATING, COMPLETED)])
def test_how_the_person_fares_is_asked_after_the_end(end: tuple[object, ...]) -> None:
    given(programme, REQUESTED, ADMITTED, *end).when(FOLLOW_UP).then(  # type: ignore[arg-type]
        FollowedUp(programme=PROGRAMME, beneficiary=PERSON, situation=Situation.STABLE, occurred="2008-09-30")
    )
