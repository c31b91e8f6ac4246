"""Somebody is found: the search is taken back, and who learns what is decided with care."""

from __future__ import annotations

from typing import Any

import pytest

from services.cases.disappearance import disappearance
from services.cases.disappearance.finding import (
    STEPS,
    FindingRetracted,
    IdentifyOfficially,
    OfficiallyIdentified,
    RecordFound,
    RecordWishes,
    RetractFinding,
    TellOfFinding,
    ToldOfFinding,
    ToldTo,
    WishesRecorded,
)
from services.cases.disappearance.record import FoundAs, Learns
from services.cases.disappearance.reporting import ImplicatedNamed
from services.cases.disappearance.search import RequestSearchAction, SearchActionFailed, WhyFailed, WithdrawalRequested
from shared.testing import given
from tests.cases.examples import CASE, DAY, PERSON, SISTER, an_id
from tests.cases.missing import ACTION, AGREED, BROTHER, DISAPPEARANCE, POSTER, SAFE, found, published, reported

TOLD = an_id(49)
WISHES = WishesRecorded(disappearance=DISAPPEARANCE, person=PERSON, family_learns=Learns.MESSAGE, occurred=DAY)
IDENTIFIED = OfficiallyIdentified(disappearance=DISAPPEARANCE, person=PERSON, decision="00-00/2008", occurred=DAY)
RETRACTED = FindingRetracted(disappearance=DISAPPEARANCE, case=CASE, person=PERSON, grounds="Another.", occurred=DAY)
IMPLICATED = ImplicatedNamed(
    disappearance=DISAPPEARANCE, person=PERSON, suspect=BROTHER, grounds="Was waiting.", occurred=DAY
)
ALIVE, DECEASED = found(), found(FoundAs.DECEASED)
CHILD = found(adult=False)
IDENTIFY = IdentifyOfficially(disappearance=DISAPPEARANCE, person=PERSON, decision="00-00/2008", occurred=DAY)
RETRACT = RetractFinding(disappearance=DISAPPEARANCE, person=PERSON, grounds="Another.", occurred=DAY)


def finding(how: FoundAs = FoundAs.ALIVE, **changes: Any) -> RecordFound:
    stated = {"disappearance": DISAPPEARANCE, "person": PERSON, "how": how, "adult": True, "occurred": DAY}
    return RecordFound.model_validate(stated | changes)


def wishing(learns: Learns = Learns.MESSAGE, **changes: Any) -> RecordWishes:
    stated = {"disappearance": DISAPPEARANCE, "person": PERSON, "family_learns": learns, "occurred": DAY}
    return RecordWishes.model_validate(stated | changes)


def telling(learns: Learns, to: ToldTo = ToldTo.FAMILY, **changes: Any) -> TellOfFinding:
    relative = SISTER if to in {ToldTo.FAMILY, ToldTo.GUARDIAN} else None
    stated = {"disappearance": DISAPPEARANCE, "told": TOLD, "to": to, "relative": relative, "learns": learns}
    return TellOfFinding.model_validate(stated | {"in_person": True, "occurred": DAY} | changes)


def told(learns: Learns, to: ToldTo = ToldTo.FAMILY, number: int = 48) -> ToldOfFinding:
    relative = SISTER if to in {ToldTo.FAMILY, ToldTo.GUARDIAN} else None
    return ToldOfFinding(
        disappearance=DISAPPEARANCE,
        told=an_id(number),
        to=to,
        relative=relative,
        learns=learns,
        in_person=True,
        told_by="w-1",
        occurred=DAY,
    )


def test_once_found_everything_that_is_published_is_taken_back_without_a_reason() -> None:
    withdrawal = WithdrawalRequested(disappearance=DISAPPEARANCE, action=ACTION, occurred=DAY)
    given(disappearance, *published()).when(finding()).then(ALIVE, withdrawal)
    assert set(WithdrawalRequested.model_fields) == {"disappearance", "action", "occurred"}


@pytest.mark.parametrize("how", FoundAs)
def test_a_search_ends_in_one_of_four_ways(how: FoundAs) -> None:
    given(disappearance, reported()).when(finding(how)).then(found(how))


def test_what_never_went_out_is_not_taken_back() -> None:
    failed = SearchActionFailed(disappearance=DISAPPEARANCE, action=ACTION, reason=WhyFailed.REFUSED, occurred=DAY)
    given(disappearance, *published(), failed).when(finding()).then(ALIVE)


def test_who_is_not_shown_to_be_an_adult_is_found_as_a_child() -> None:
    given(disappearance, reported()).when(finding(adult=None)).then(CHILD)
    given(disappearance, reported(adult=True)).when(finding(adult=None)).then(ALIVE)


def test_nobody_is_found_twice_or_before_they_were_last_seen_or_tomorrow() -> None:
    given(disappearance, reported(), ALIVE).when(finding()).refused("search-has-ended")
    given(disappearance, reported()).when(finding(occurred="2008-08-29")).refused("found-after-last-seen")
    given(disappearance, reported()).when(finding(occurred="2008-10-03")).refused("not-in-the-future")
    given(disappearance, reported()).when(finding(person=SISTER)).refused("about-the-missing-person")
    given(disappearance).when(finding()).refused("not-found")


def test_who_was_never_missing_need_not_have_been_found_after_that() -> None:
    assert given(disappearance, reported()).when(finding(FoundAs.NOT_MISSING, occurred="2008-08-29")).events


def test_a_wrong_finding_is_taken_back_and_publishing_is_thought_over_again() -> None:
    given(disappearance, *published(), ALIVE).when(RETRACT).then(RETRACTED)
    again = RequestSearchAction.model_validate(POSTER.model_dump() | {"action": an_id(47)})
    history = (reported(), SAFE, AGREED, ALIVE, RETRACTED)
    given(disappearance, *history).when(again).refused("publishing-needs-risk-check")
    given(disappearance, *history, SAFE).when(again).refused("publishing-needs-police")
    assert given(disappearance, *history, SAFE, AGREED).when(again).events
    given(disappearance, reported()).when(RETRACT).refused("not-found-yet")
    given(disappearance, reported(), ALIVE).when(RETRACT.model_copy(update={"person": SISTER})).refused(
        "about-the-missing-person"
    )


def test_wishes_and_identification_do_not_outlive_a_finding_that_was_wrong() -> None:
    history = (reported(), DECEASED, IDENTIFIED, told(Learns.DEATH), RETRACTED, DECEASED)
    given(disappearance, *history).when(telling(Learns.DEATH)).refused("death-after-identification")
    history = (reported(), ALIVE, WISHES, RETRACTED, ALIVE)
    given(disappearance, *history).when(telling(Learns.ALIVE)).refused("found-adult-decides")


def test_an_authority_identifies_the_dead_once() -> None:
    given(disappearance, reported(), DECEASED).when(IDENTIFY).then(IDENTIFIED)
    given(disappearance, reported(), DECEASED, IDENTIFIED).when(IDENTIFY).then()
    given(disappearance, reported(), ALIVE).when(IDENTIFY).refused("only-the-dead-are-identified")
    given(disappearance, reported()).when(IDENTIFY).refused("not-found-yet")
    given(disappearance, reported(), DECEASED).when(IDENTIFY.model_copy(update={"person": SISTER})).refused(
        "about-the-missing-person"
    )


def test_a_found_adult_says_what_the_family_learns_and_may_change_their_mind() -> None:
    given(disappearance, reported(), ALIVE).when(wishing()).then(WISHES)
    given(disappearance, reported(), ALIVE, WISHES).when(wishing(Learns.NOTHING)).then(
        WISHES.model_copy(update={"family_learns": Learns.NOTHING})
    )


def test_wishes_are_those_of_a_living_adult() -> None:
    given(disappearance, reported(), DECEASED).when(wishing()).refused("wishes-of-the-living")
    given(disappearance, reported(), ALIVE).when(wishing(Learns.DEATH)).refused("wishes-of-the-living")
    given(disappearance, reported(), CHILD).when(wishing()).refused("an-adult-decides")
    given(disappearance, reported()).when(wishing()).refused("not-found-yet")
    given(disappearance, reported(), ALIVE).when(wishing(person=SISTER)).refused("about-the-missing-person")


@pytest.mark.parametrize("allowed", STEPS)
@pytest.mark.parametrize("learns", STEPS)
def test_the_family_learns_no_more_than_a_found_adult_allows(allowed: Learns, learns: Learns) -> None:
    wishes = WISHES.model_copy(update={"family_learns": allowed})
    outcome = given(disappearance, reported(), ALIVE, wishes).when(telling(learns))
    if allowed is not Learns.NOTHING and STEPS.index(learns) <= STEPS.index(allowed):
        outcome.then(told(learns, number=49))
    else:
        outcome.refused("found-adult-decides")


def test_the_family_learns_nothing_before_a_found_adult_was_asked() -> None:
    given(disappearance, reported(), ALIVE).when(telling(Learns.ALIVE)).refused("found-adult-decides")


@pytest.mark.parametrize("how", [FoundAs.ALIVE, FoundAs.RETURNED, FoundAs.NOT_MISSING])
def test_of_a_child_the_guardian_or_child_protection_is_told(how: FoundAs) -> None:
    history = (reported(), found(how, adult=False))
    for to in (ToldTo.GUARDIAN, ToldTo.CHILD_PROTECTION):
        assert given(disappearance, *history).when(telling(Learns.WHEREABOUTS, to)).events
    for to in (ToldTo.FAMILY, ToldTo.OTHER):
        given(disappearance, *history).when(telling(Learns.ALIVE, to)).refused("child-told-to-guardian-or-protection")


def test_a_guardian_who_is_implicated_is_told_nothing() -> None:
    told_to_them = telling(Learns.ALIVE, ToldTo.GUARDIAN, relative=BROTHER)
    given(disappearance, reported(), IMPLICATED, CHILD).when(told_to_them).refused("implicated-are-not-told")
    assert given(disappearance, reported(), CHILD).when(told_to_them).events


@pytest.mark.parametrize("history", [(ALIVE, WISHES), (DECEASED, IDENTIFIED)])
def test_nobody_who_is_implicated_is_told_whatever_was_found(history: Any) -> None:
    learns = Learns.DEATH if DECEASED in history else Learns.ALIVE
    given(disappearance, reported(), IMPLICATED, *history).when(telling(learns, relative=BROTHER)).refused(
        "implicated-are-not-told"
    )


def test_a_death_is_told_after_official_identification() -> None:
    given(disappearance, reported(), DECEASED).when(telling(Learns.DEATH)).refused("death-after-identification")
    given(disappearance, reported(), DECEASED, IDENTIFIED).when(telling(Learns.DEATH)).then(
        told(Learns.DEATH, number=49)
    )


def test_a_death_is_told_to_the_family_in_person() -> None:
    by_phone = telling(Learns.DEATH, in_person=False)
    given(disappearance, reported(), DECEASED, IDENTIFIED).when(by_phone).refused("death-in-person")


def test_a_death_is_told_to_the_family_before_anybody_else() -> None:
    to_others = telling(Learns.DEATH, ToldTo.OTHER, in_person=False)
    history = (reported(), DECEASED, IDENTIFIED)
    given(disappearance, *history).when(to_others).refused("family-first")
    assert given(disappearance, *history, told(Learns.DEATH)).when(to_others).events


def test_a_death_is_told_of_the_dead_and_of_nobody_else() -> None:
    given(disappearance, reported(), ALIVE, WISHES).when(telling(Learns.DEATH)).refused("told-as-found")
    given(disappearance, reported(), DECEASED, IDENTIFIED).when(telling(Learns.ALIVE)).refused("told-as-found")


def test_family_and_guardian_are_named_and_others_are_not() -> None:
    history = (reported(), ALIVE, WISHES)
    given(disappearance, *history).when(telling(Learns.ALIVE, relative=None)).refused("the-relative-is-named")
    given(disappearance, *history).when(telling(Learns.ALIVE, ToldTo.OTHER, relative=SISTER)).refused(
        "the-relative-is-named"
    )


def test_telling_has_an_id_of_its_own_and_something_to_tell() -> None:
    given(disappearance, reported(), ALIVE, WISHES, told(Learns.ALIVE, number=49)).when(telling(Learns.ALIVE)).refused(
        "id-taken"
    )
    given(disappearance, reported()).when(telling(Learns.ALIVE)).refused("not-found-yet")
