"""The day itself and what came of it; what was made, and what the media made of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.campaigns.campaign import campaign
from services.campaigns.campaign.groups import GroupAttended
from services.campaigns.campaign.holding import (
    Achievement,
    AttendanceCorrected,
    CampaignCorrected,
    CampaignEvaluated,
    CorrectAttendance,
    CorrectCampaign,
    EvaluateCampaign,
    HoldCampaign,
)
from services.campaigns.campaign.materials import (
    ArtefactKind,
    ArtefactMade,
    ArtefactWithdrawn,
    CoverageRecorded,
    Dimension,
    Measure,
    Medium,
    RecordArtefact,
    RecordCoverage,
    Unit,
    WhyWithdrawn,
    WithdrawArtefact,
)
from services.campaigns.quantity import UNSTATED, Precision, about, exactly
from shared.testing import given
from tests.campaigns.examples import (
    AN_ID,
    CAMPAIGN,
    POSTER,
    VILNIUS_GROUP,
    alytus,
    drafted,
    held,
    planned,
    vilnius,
)

hold = HoldCampaign(campaign=CAMPAIGN, attendance=about(100), occurred="2008-10-02")
TWENTY_METRES = Measure(dimension=Dimension.LENGTH, value=Decimal(20), unit=Unit.METRE)
draw = RecordArtefact(
    campaign=CAMPAIGN,
    artefact=POSTER,
    kind=ArtefactKind.POSTER,
    message="No to trafficking",
    measures=(TWENTY_METRES,),
    made_by=(VILNIUS_GROUP,),
    occurred="2008-10-02",
)
drawn = ArtefactMade(
    campaign=CAMPAIGN,
    artefact=POSTER,
    kind=ArtefactKind.POSTER,
    message="No to trafficking",
    measures=(TWENTY_METRES,),
    made_by=(VILNIUS_GROUP,),
    occurred="2008-10-02",
)
evaluate = EvaluateCampaign(
    campaign=CAMPAIGN, evaluation=AN_ID, objective=Achievement.MET, remarks="Calm and loud", occurred="2008-10-02"
)


def test_a_planned_campaign_is_held() -> None:
    given(campaign, planned).when(hold).then(held)


def test_a_draft_is_not_held() -> None:
    given(campaign, drafted).when(hold).refused("campaign-status")


def test_a_campaign_is_held_once() -> None:
    given(campaign, planned, held).when(hold).then()
    again = hold.model_copy(update={"attendance": about(90)})
    given(campaign, planned, held).when(again).refused("held-once")


def test_a_campaign_is_held_after_it_was_planned() -> None:
    early = hold.model_copy(update={"occurred": "2008-08-31"})
    given(campaign, planned).when(early).refused("held-after-planned")


def test_a_campaign_was_not_held_tomorrow() -> None:
    given(campaign, planned).when(hold.model_copy(update={"occurred": "2008-10-03"})).refused("not-in-the-future")


def test_a_wrong_attendance_is_corrected() -> None:
    correct = CorrectAttendance(campaign=CAMPAIGN, attendance=exactly(97), occurred="2008-10-02")
    corrected = AttendanceCorrected(campaign=CAMPAIGN, attendance=exactly(97), occurred="2008-10-02")
    given(campaign, planned, held).when(correct).then(corrected)
    given(campaign, planned, held, corrected).when(correct).then()


def test_attendance_is_not_corrected_below_the_groups() -> None:
    attended = GroupAttended(
        campaign=CAMPAIGN,
        group=VILNIUS_GROUP,
        school="Schools of the Vilnius area",
        town="Vilnius",
        pupils=exactly(60),
        teachers=UNSTATED,
        occurred="2008-10-02",
    )
    correct = CorrectAttendance(campaign=CAMPAIGN, attendance=exactly(59), occurred="2008-10-02")
    given(campaign, planned, vilnius, held, attended).when(correct).refused("groups-within-attendance")


def test_there_is_no_attendance_before_it_is_held() -> None:
    correct = CorrectAttendance(campaign=CAMPAIGN, attendance=exactly(97), occurred="2008-10-02")
    given(campaign, planned).when(correct).refused("campaign-status")


def test_what_was_recorded_wrongly_is_corrected() -> None:
    correct = CorrectCampaign(campaign=CAMPAIGN, held_on="2008-10-01", venue="Town hall", occurred="2008-10-02")
    corrected = CampaignCorrected(campaign=CAMPAIGN, held_on="2008-10-01", venue="Town hall", occurred="2008-10-02")
    given(campaign, planned, held).when(correct).then(corrected)
    given(campaign, planned, held, corrected).when(correct).then()
    state = given(campaign, planned, held, corrected).state()
    assert (state.held_on, state.plan.venue, state.plan.town) == ("2008-10-01", "Town hall", "Vilnius")


def test_the_day_of_a_campaign_that_was_not_held_cannot_be_corrected() -> None:
    correct = CorrectCampaign(campaign=CAMPAIGN, held_on="2008-10-01", occurred="2008-10-02")
    given(campaign, planned).when(correct).refused("campaign-status")


def test_a_corrected_day_lies_between_the_plan_and_today() -> None:
    correct = CorrectCampaign(campaign=CAMPAIGN, held_on="2008-08-01", occurred="2008-10-02")
    given(campaign, planned, held).when(correct).refused("held-after-planned")
    ahead = correct.model_copy(update={"held_on": "2008-10-03"})
    given(campaign, planned, held).when(ahead).refused("not-in-the-future")


def test_a_campaign_is_judged_against_its_objective() -> None:
    evaluated = CampaignEvaluated(
        campaign=CAMPAIGN,
        evaluation=AN_ID,
        objective=Achievement.MET,
        aim=planned.aim,
        remarks="Calm and loud",
        occurred="2008-10-02",
    )
    given(campaign, planned, held).when(evaluate).then(evaluated)
    given(campaign, planned, held, evaluated).when(evaluate).then()


def test_a_campaign_is_judged_once_it_was_held() -> None:
    given(campaign, planned).when(evaluate).refused("campaign-status")
    early = evaluate.model_copy(update={"occurred": "2008-10-01"})
    given(campaign, planned, held).when(early).refused("judged-after-held")


def test_a_poster_twenty_metres_long() -> None:
    given(campaign, planned, vilnius, held).when(draw).then(drawn)
    given(campaign, planned, vilnius, held, drawn).when(draw).then()


def test_who_made_a_thing_registered_for_the_campaign() -> None:
    given(campaign, planned, alytus, held).when(draw).refused("made-by-registered-groups")


def test_nothing_is_made_for_a_draft() -> None:
    given(campaign, drafted).when(draw).refused("campaign-status")


def test_a_thing_is_withdrawn_once() -> None:
    withdraw = WithdrawArtefact(
        campaign=CAMPAIGN, artefact=POSTER, why=WhyWithdrawn.PERSON_FOUND, occurred="2008-10-02"
    )
    gone = ArtefactWithdrawn(campaign=CAMPAIGN, artefact=POSTER, why=WhyWithdrawn.PERSON_FOUND, occurred="2008-10-02")
    given(campaign, planned, vilnius, drawn).when(withdraw).then(gone)
    given(campaign, planned, vilnius, drawn, gone).when(withdraw).then()
    given(campaign, planned).when(withdraw).refused("not-found")


def test_the_media_report_even_of_what_was_called_off() -> None:
    report = RecordCoverage(
        campaign=CAMPAIGN, coverage=AN_ID, outlet="Lithuanian Radio", medium=Medium.RADIO, occurred="2008-10-02"
    )
    reported = CoverageRecorded(
        campaign=CAMPAIGN,
        coverage=AN_ID,
        outlet="Lithuanian Radio",
        medium=Medium.RADIO,
        audience=UNSTATED,
        occurred="2008-10-02",
    )
    given(campaign, planned).when(report).then(reported)
    given(campaign, planned, reported).when(report).then()
    given(campaign, drafted).when(report).refused("campaign-status")


@pytest.mark.parametrize(
    "wrong",
    [
        {"dimension": "length", "value": "20", "unit": "min"},
        {"dimension": "length", "value": "0", "unit": "m"},
        {"dimension": "length", "value": "20", "unit": "m", "precision": Precision.UNSTATED},
    ],
)
def test_a_measure_measures_something(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Measure.model_validate(wrong)
