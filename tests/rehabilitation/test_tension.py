"""Tensions between residents: every rule from the first sign to the resolution."""

from __future__ import annotations

from services.rehabilitation.placement.record import Scope
from services.rehabilitation.tension import (
    AddSign,
    AgreeToHouseRules,
    DecideSeparation,
    Effect,
    HoldMediation,
    HouseRulesAgreed,
    MediationHeld,
    NoteTension,
    Resolution,
    ResolveTension,
    SeparationDecided,
    Sign,
    SignAdded,
    TensionNoted,
    TensionResolved,
    tension,
)
from shared.messages import Event
from shared.testing import Given
from shared.testing import given as given_events
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, BERTA, CENTRE, CHILD, ORDER

TENSION, ENTRY = an_id(40), an_id(41)
NOTE = NoteTension(
    tension=TENSION,
    entry=ENTRY,
    centre=CENTRE,
    parties=(ANNA, BERTA),
    sign=Sign.QUARREL,
    about=ANNA,
    account="Shouted at supper.",
    occurred="2008-09-01",
)
NOTED = TensionNoted(**NOTE.stated())
SIGN = AddSign(tension=TENSION, entry=an_id(42), sign=Sign.THREATS, about=BERTA, occurred="2008-09-05")
MEDIATE = HoldMediation(
    tension=TENSION, entry=an_id(43), present=(ANNA, BERTA), effect=Effect.EASED, about=ANNA, occurred="2008-09-06"
)
MEDIATED = MediationHeld(**MEDIATE.stated(), mediator="w-1")
SEPARATE = DecideSeparation(
    tension=TENSION, order=ORDER, first=ANNA, second=BERTA, scope=Scope.ROOM, occurred="2008-09-07"
)
SEPARATED = SeparationDecided(**SEPARATE.stated(), centre=CENTRE)


def resolve(how: Resolution) -> ResolveTension:
    return ResolveTension(tension=TENSION, how=how, occurred="2008-09-10")


def resolved(how: Resolution) -> TensionResolved:
    return TensionResolved(**resolve(how).stated())


def agree(person: str) -> AgreeToHouseRules:
    return AgreeToHouseRules(tension=TENSION, person=person, rules="2008-1", occurred="2008-09-08")


def given(*events: Event) -> Given:
    return given_events(tension, *events)


def test_a_tension_is_noted_once_between_different_people_one_of_whom_it_is_about() -> None:
    given().when(NOTE).then(NOTED)
    given(NOTED).when(NOTE).refused("noted-once")
    given().when(NOTE.model_copy(update={"parties": (ANNA, ANNA)})).refused("two-people")
    given().when(NOTE.model_copy(update={"about": CHILD})).refused("about-the-parties")
    given().when(NOTE.model_copy(update={"occurred": "2009"})).refused("not-in-the-future")


def test_what_was_never_noted_is_not_there() -> None:
    for command in (SIGN, MEDIATE, SEPARATE, resolve(Resolution.SUBSIDED), agree(ANNA)):
        given().when(command).refused("not-found")


def test_a_sign_says_that_it_goes_on() -> None:
    given(NOTED).when(SIGN).then(SignAdded(**SIGN.stated()))
    given(NOTED).when(SIGN.model_copy(update={"about": CHILD})).refused("about-the-parties")


def test_a_mediation_is_with_the_parties_by_whoever_records_it() -> None:
    given(NOTED).when(MEDIATE).then(MEDIATED)
    given(NOTED).when(MEDIATE.model_copy(update={"present": (CHILD,)})).refused("about-the-parties")
    given(NOTED, resolved(Resolution.SUBSIDED)).when(MEDIATE).refused("tension-is-open")


def test_a_party_accepts_the_house_rules_once() -> None:
    accepted = HouseRulesAgreed(**agree(ANNA).stated())
    given(NOTED).when(agree(ANNA)).then(accepted)
    given(NOTED, accepted).when(agree(ANNA)).then()
    given(NOTED).when(agree(CHILD)).refused("about-the-parties")


def test_a_separation_is_decided_between_two_parties_of_an_open_tension() -> None:
    given(NOTED).when(SEPARATE).then(SEPARATED)
    given(NOTED, SEPARATED).when(SEPARATE).refused("id-taken")
    given(NOTED).when(SEPARATE.model_copy(update={"second": ANNA})).refused("two-people")
    given(NOTED).when(SEPARATE.model_copy(update={"second": CHILD})).refused("about-the-parties")
    given(NOTED, resolved(Resolution.SUBSIDED)).when(SEPARATE).refused("tension-is-open")


def test_an_ending_must_have_come_about() -> None:
    for how in (Resolution.MEDIATED, Resolution.HOUSE_RULES, Resolution.SEPARATED):
        given(NOTED).when(resolve(how)).refused("ending-came-about")
    both = [HouseRulesAgreed(**agree(person).stated()) for person in (ANNA, BERTA)]
    given(NOTED, both[0]).when(resolve(Resolution.HOUSE_RULES)).refused("ending-came-about")
    given(NOTED, *both).when(resolve(Resolution.HOUSE_RULES)).then(resolved(Resolution.HOUSE_RULES))
    given(NOTED, MEDIATED).when(resolve(Resolution.MEDIATED)).then(resolved(Resolution.MEDIATED))
    given(NOTED, SEPARATED).when(resolve(Resolution.SEPARATED)).then(resolved(Resolution.SEPARATED))
    given(NOTED).when(resolve(Resolution.PARTY_LEFT)).then(resolved(Resolution.PARTY_LEFT))
    given(NOTED, resolved(Resolution.SUBSIDED)).when(resolve(Resolution.SUBSIDED)).then()


def test_a_new_sign_opens_it_again_and_what_was_tried_before_counts_no_more() -> None:
    again = (NOTED, MEDIATED, resolved(Resolution.MEDIATED), SignAdded(**SIGN.stated()))
    given(*again).when(resolve(Resolution.MEDIATED)).refused("ending-came-about")
    given(*again).when(MEDIATE).then(MEDIATED)
