"""Danger is assessed, trafficking is recognised by its definition, and a plan rests on both."""

from __future__ import annotations

from datetime import date

import pytest

from services.cases.case import case
from services.cases.case.assessment import (
    REVIEW_WITHIN,
    AssessmentCorrected,
    AssessRisk,
    CorrectAssessment,
    RiskAssessed,
    RiskFactor,
    RiskLevel,
)
from services.cases.case.indicators import IndicatorsRecorded, RecordIndicators
from services.cases.case.notes import EntryRetracted
from services.cases.case.plan import AgreePlan, PlanAgreed
from services.cases.case.record import EntryKind
from services.cases.htcds import (
    Act,
    ForcedLabourIndustry,
    MethodOfControl,
    StatusDecidedBy,
    TraffickingStatus,
    TypeOfExploitation,
    TypeOfSexExploitation,
)
from shared.testing import given
from tests.cases.examples import ASSESSMENT, CASE, DAY, INDICATORS, NOTE, PERSON, PLAN, SISTER, assessed, opened


def assessing(**changes: object) -> AssessRisk:
    stated = {
        "case": CASE,
        "assessment": ASSESSMENT,
        "person": PERSON,
        "level": RiskLevel.HIGH,
        "factors": [RiskFactor.THREATS],
        "review_due": "2008-09-08",
        "occurred": DAY,
    }
    return AssessRisk.model_validate(stated | changes)


def indicating(**changes: object) -> RecordIndicators:
    stated = {
        "case": CASE,
        "indicators": INDICATORS,
        "person": PERSON,
        "status": TraffickingStatus.ACTUAL,
        "decided_by": StatusDecidedBy.NGO,
        "act": [Act.RECRUITMENT],
        "means": [MethodOfControl.DEBT_BONDAGE],
        "purpose": [TypeOfExploitation.FORCED_LABOUR],
        "shown_adult": True,
        "occurred": DAY,
    }
    return RecordIndicators.model_validate(stated | changes)


def planning(**changes: object) -> AgreePlan:
    stated = {
        "case": CASE,
        "plan": PLAN,
        "person": PERSON,
        "aims": ["A safe place"],
        "review_due": "2008-09-08",
        "occurred": DAY,
    }
    return AgreePlan.model_validate(stated | changes)


def test_danger_is_assessed_with_its_factors() -> None:
    given(case, opened()).when(assessing()).then(assessed())


@pytest.mark.parametrize(("level", "within"), REVIEW_WITHIN.items())
def test_the_greater_the_danger_the_sooner_the_review(level: RiskLevel, within: object) -> None:
    last = date(2008, 9, 1) + REVIEW_WITHIN[level]
    day_after = date.fromordinal(last.toordinal() + 1)
    assert len(given(case, opened()).when(assessing(level=level, review_due=last)).events) == 1
    given(case, opened()).when(assessing(level=level, review_due=day_after)).refused("review-in-time")


def test_a_review_does_not_come_before_its_assessment() -> None:
    given(case, opened()).when(assessing(review_due="2008-08-31")).refused("review-in-time")


def test_a_refused_review_date_does_not_tell_the_danger() -> None:
    error = given(case, opened()).when(assessing(review_due="2009-09-08")).refused("review-in-time")
    assert all(level in str(error) for level in RiskLevel)


def test_a_case_assesses_the_person_whose_case_it_is() -> None:
    given(case, opened()).when(assessing(person=SISTER)).refused("about-the-person-of-the-case")


def test_an_assessment_is_not_of_tomorrow() -> None:
    given(case, opened()).when(assessing(occurred="2008-10-03", review_due="2008-10-04")).refused("not-in-the-future")


def test_an_entry_s_id_is_used_once() -> None:
    given(case, opened(), assessed()).when(assessing()).refused("entry-id-taken")


def test_an_assessment_that_was_wrong_is_corrected_not_changed() -> None:
    correction = CorrectAssessment(
        case=CASE,
        assessment=ASSESSMENT,
        person=PERSON,
        level=RiskLevel.LOW,
        factors=(),
        review_due=date(2008, 12, 1),
        occurred=DAY,
    )
    given(case, opened(), assessed()).when(correction).then(
        AssessmentCorrected(
            case=CASE,
            assessment=ASSESSMENT,
            person=PERSON,
            level=RiskLevel.LOW,
            factors=(),
            review_due=date(2008, 12, 1),
            occurred=DAY,
        )
    )


def test_only_an_assessment_of_this_case_is_corrected() -> None:
    correction = CorrectAssessment(
        case=CASE,
        assessment=NOTE,
        person=PERSON,
        level=RiskLevel.LOW,
        factors=(),
        review_due=date(2008, 9, 8),
        occurred=DAY,
    )
    given(case, opened(), assessed()).when(correction).refused("no-such-entry")


def test_a_retracted_assessment_is_not_corrected() -> None:
    retracted = EntryRetracted(case=CASE, entry=ASSESSMENT, kind=EntryKind.ASSESSMENT, about=PERSON)
    correction = CorrectAssessment(
        case=CASE,
        assessment=ASSESSMENT,
        person=PERSON,
        level=RiskLevel.LOW,
        factors=(),
        review_due=date(2008, 9, 8),
        occurred=DAY,
    )
    given(case, opened(), assessed(), retracted).when(correction).refused("entry-is-retracted")


def test_an_actual_victim_is_one_by_act_means_and_purpose() -> None:
    given(case, opened()).when(indicating()).then(
        IndicatorsRecorded(
            case=CASE,
            indicators=INDICATORS,
            person=PERSON,
            status=TraffickingStatus.ACTUAL,
            decided_by=StatusDecidedBy.NGO,
            act=(Act.RECRUITMENT,),
            recruitment=(),
            means=(MethodOfControl.DEBT_BONDAGE,),
            purpose=(TypeOfExploitation.FORCED_LABOUR,),
            shown_adult=True,
            occurred=DAY,
        )
    )


@pytest.mark.parametrize("missing", ["act", "means", "purpose"])
def test_an_adult_without_one_of_the_three_is_no_actual_victim(missing: str) -> None:
    error = given(case, opened()).when(indicating(**{missing: []})).refused("victim-by-definition")
    assert missing in str(error)


def test_for_a_child_no_means_need_be_shown_and_who_is_not_shown_to_be_an_adult_is_a_child() -> None:
    assert len(given(case, opened()).when(indicating(means=[], shown_adult=False)).events) == 1


def test_of_what_kind_and_in_which_industry_is_recorded_with_the_purpose_that_it_belongs_to() -> None:
    both = indicating(
        purpose=["SexualExploitation", "ForcedLabour"],
        sex_exploitation=["Prostitution"],
        industry=["I_AccommodationAndFoodServiceActivities"],
    )
    (recorded,) = given(case, opened()).when(both).events
    assert isinstance(recorded, IndicatorsRecorded)
    assert recorded.sex_exploitation == (TypeOfSexExploitation.PROSTITUTION,)
    assert recorded.industry == (ForcedLabourIndustry.ACCOMMODATION_AND_FOOD_SERVICE_ACTIVITIES,)
    for purpose in ("SexualExploitation", "ForcedLabour"):
        alone = both.model_copy(update={"purpose": (TypeOfExploitation(purpose),)})
        given(case, opened()).when(alone).refused("kind-goes-with-purpose")


def test_indicators_of_before_there_were_kinds_and_industries_still_read() -> None:
    (now,) = given(case, opened()).when(indicating()).events
    stored = now.model_dump(exclude={"sex_exploitation", "industry"})
    assert IndicatorsRecorded.model_validate(IndicatorsRecorded.upcast(stored, 1)) == now


def test_a_possible_victim_needs_nothing_proven() -> None:
    possible = indicating(status=TraffickingStatus.POSSIBLE, act=[], means=[], purpose=[])
    assert len(given(case, opened()).when(possible).events) == 1


def test_indicators_are_about_the_person_of_the_case() -> None:
    given(case, opened()).when(indicating(person=SISTER)).refused("about-the-person-of-the-case")


def test_a_plan_rests_on_an_assessment() -> None:
    given(case, opened()).when(planning()).refused("plan-needs-assessment")
    given(case, opened(), assessed()).when(planning()).then(
        PlanAgreed(
            case=CASE, plan=PLAN, person=PERSON, aims=("A safe place",), review_due=date(2008, 9, 8), occurred=DAY
        )
    )


def test_a_plan_does_not_rest_on_an_assessment_that_was_taken_back() -> None:
    retracted = EntryRetracted(case=CASE, entry=ASSESSMENT, kind=EntryKind.ASSESSMENT, about=PERSON)
    given(case, opened(), assessed(), retracted).when(planning()).refused("plan-needs-assessment")


@pytest.mark.parametrize("due", [DAY, "2008-12-03"])
def test_a_plan_is_reviewed_after_it_is_agreed_and_within_three_months(due: str) -> None:
    given(case, opened(), assessed()).when(planning(review_due=due)).refused("review-after-plan")


def test_a_plan_puts_off_no_review_that_the_danger_asks_for() -> None:
    later = planning(review_due="2008-09-09")
    given(case, opened(), assessed()).when(later).refused("plan-puts-off-no-review")
    overdue = planning(review_due="2008-10-08", occurred="2008-09-08")
    assert given(case, opened(), assessed()).when(overdue).events


def test_a_plan_aims_at_something() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        planning(aims=[])


def test_a_new_assessment_says_what_has_changed() -> None:
    later = assessing(assessment=NOTE, level=RiskLevel.LOW, factors=[], occurred="2008-09-20", review_due="2008-12-01")
    outcome = given(case, opened(), assessed()).when(later)
    assert [type(event) for event in outcome.events] == [RiskAssessed]
