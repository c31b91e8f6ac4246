"""Tensions between residents: every rule from the first sign to the resolution."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.rehabilitation.placement.record import Scope
from services.rehabilitation.tension import tension
from services.rehabilitation.tension.easing import (
    AgreeToHouseRules,
    DecideSeparation,
    HoldMediation,
    HouseRulesAgreed,
    MediationHeld,
    SeparationDecided,
)
from services.rehabilitation.tension.ending import Ending, ResolveBySeparation, ResolveTension, TensionResolved
from services.rehabilitation.tension.entries import (
    CorrectMediation,
    CorrectSign,
    MediationCorrected,
    RetractTensionEntry,
    SignCorrected,
    TensionEntryRetracted,
    TensionReopened,
)
from services.rehabilitation.tension.record import Effect, EntryKind, Resolution, Sign
from services.rehabilitation.tension.signs import AddSign, NoteTension, SignAdded, TensionNoted
from shared.messages import Event, Role
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


def resolve(how: Ending) -> ResolveTension:
    return ResolveTension(tension=TENSION, how=how, occurred="2008-09-10")


def resolved(how: Resolution) -> TensionResolved:
    return TensionResolved(tension=TENSION, how=how, occurred="2008-09-10")


BY_SEPARATION = ResolveBySeparation(tension=TENSION, occurred="2008-09-10")
TOOK_SIGN_BACK = TensionEntryRetracted(tension=TENSION, entry=ENTRY, kind=EntryKind.SIGN, about=ANNA)


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
    for command in (SIGN, MEDIATE, SEPARATE, resolve(Ending.SUBSIDED), agree(ANNA)):
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
    for how in (Ending.MEDIATED, Ending.HOUSE_RULES):
        given(NOTED).when(resolve(how)).refused("ending-came-about")
    both = [HouseRulesAgreed(**agree(person).stated()) for person in (ANNA, BERTA)]
    given(NOTED, both[0]).when(resolve(Ending.HOUSE_RULES)).refused("ending-came-about")
    given(NOTED, *both).when(resolve(Ending.HOUSE_RULES)).then(resolved(Resolution.HOUSE_RULES))
    given(NOTED, MEDIATED).when(resolve(Ending.MEDIATED)).then(resolved(Resolution.MEDIATED))
    given(NOTED).when(BY_SEPARATION).refused("ending-came-about")
    given(NOTED, SEPARATED).when(BY_SEPARATION).then(resolved(Resolution.SEPARATED))
    given(NOTED).when(resolve(Ending.PARTY_LEFT)).then(resolved(Resolution.PARTY_LEFT))
    given(NOTED, resolved(Resolution.SUBSIDED)).when(resolve(Ending.SUBSIDED)).then()


def test_a_new_sign_opens_it_again_and_what_was_tried_before_counts_no_more() -> None:
    again = (NOTED, MEDIATED, resolved(Resolution.MEDIATED), SignAdded(**SIGN.stated()))
    given(*again).when(resolve(Ending.MEDIATED)).refused("ending-came-about")
    another = {"entry": an_id(44)}
    given(*again).when(MEDIATE.model_copy(update=another)).then(MEDIATED.model_copy(update=another))


def test_who_may_not_know_of_separations_cannot_end_a_tension_by_one() -> None:
    with pytest.raises(ValidationError):
        ResolveTension.model_validate({"tension": TENSION, "how": "separated", "occurred": "2008-09-10"})
    assert ResolveBySeparation.roles == {Role.SHELTER_MANAGER, Role.SUPERVISOR}


def test_each_entry_has_an_id_of_its_own() -> None:
    again = SIGN.model_copy(update={"entry": ENTRY})
    given(NOTED).when(again).refused("id-taken")
    given(NOTED).when(MEDIATE.model_copy(update={"entry": ENTRY})).refused("id-taken")


def test_a_sign_is_corrected_and_so_is_a_talk_also_after_the_end() -> None:
    sign = CorrectSign(tension=TENSION, entry=ENTRY, sign=Sign.INSULTS, about=BERTA, occurred="2008-09-02")
    talk = CorrectMediation(
        tension=TENSION, entry=an_id(43), present=(ANNA,), effect=Effect.WORSE, about=ANNA, occurred="2008-09-06"
    )
    history = (NOTED, MEDIATED, resolved(Resolution.MEDIATED))
    given(*history).when(sign).then(SignCorrected(**sign.stated()))
    given(*history).when(talk).then(MediationCorrected(**talk.stated()))
    given(*history).when(sign.model_copy(update={"about": CHILD})).refused("about-the-parties")
    given(*history).when(sign.model_copy(update={"entry": an_id(43)})).refused("kind-of-entry")
    given(*history).when(sign.model_copy(update={"entry": an_id(49)})).refused("no-such-entry")
    given(NOTED, TOOK_SIGN_BACK).when(sign).refused("entry-is-retracted")
    given().when(sign).refused("not-found")


def test_an_entry_in_the_wrong_file_is_taken_back_under_the_key_of_whom_it_is_about() -> None:
    retract = RetractTensionEntry(tension=TENSION, entry=ENTRY)
    given(NOTED).when(retract).then(TOOK_SIGN_BACK)
    corrected = SignCorrected(tension=TENSION, entry=ENTRY, sign=Sign.THEFT, about=BERTA, occurred="2008-09-02")
    given(NOTED, corrected).when(retract).then(TOOK_SIGN_BACK.model_copy(update={"about": BERTA}))
    given(NOTED, TOOK_SIGN_BACK).when(retract).then()


def test_without_a_sign_that_stands_there_is_no_tension_until_one_is_added() -> None:
    given(NOTED, TOOK_SIGN_BACK).when(MEDIATE).refused("tension-is-open")
    given(NOTED, SignAdded(**SIGN.stated()), TOOK_SIGN_BACK).when(MEDIATE).then(MEDIATED)
    given(NOTED, TOOK_SIGN_BACK, SignAdded(**SIGN.stated())).when(MEDIATE).then(MEDIATED)
    begun_anew = (NOTED, MEDIATED, TOOK_SIGN_BACK, SignAdded(**SIGN.stated()))
    given(*begun_anew).when(resolve(Ending.MEDIATED)).refused("ending-came-about")


def test_a_talk_that_was_taken_back_ended_nothing() -> None:
    took_back = TensionEntryRetracted(tension=TENSION, entry=an_id(43), kind=EntryKind.MEDIATION, about=ANNA)
    given(NOTED, MEDIATED, took_back).when(resolve(Ending.MEDIATED)).refused("ending-came-about")


def take_back(entry: str) -> RetractTensionEntry:
    return RetractTensionEntry(tension=TENSION, entry=entry)


TALK, SECOND_SIGN = MEDIATED.entry, SIGN.entry
TOOK_TALK_BACK = TensionEntryRetracted(tension=TENSION, entry=TALK, kind=EntryKind.MEDIATION, about=ANNA)
TOOK_SECOND_SIGN_BACK = TensionEntryRetracted(tension=TENSION, entry=SECOND_SIGN, kind=EntryKind.SIGN, about=BERTA)
REOPENED = TensionReopened(tension=TENSION, entry=TALK)
ENDED_BY_TALK = (NOTED, MEDIATED, resolved(Resolution.MEDIATED))
BEGAN_AGAIN = (*ENDED_BY_TALK, SignAdded(**SIGN.stated()))


def test_a_tension_that_ended_by_a_talk_that_is_taken_back_goes_on() -> None:
    given(*ENDED_BY_TALK).when(take_back(TALK)).then(TOOK_TALK_BACK, REOPENED)
    given(*ENDED_BY_TALK, TOOK_TALK_BACK, REOPENED).when(resolve(Ending.MEDIATED)).refused("ending-came-about")
    given(*ENDED_BY_TALK, TOOK_TALK_BACK, REOPENED).when(resolve(Ending.SUBSIDED)).then(resolved(Resolution.SUBSIDED))


def test_it_stays_ended_if_another_talk_stands_or_it_ended_otherwise() -> None:
    another = MEDIATED.model_copy(update={"entry": an_id(44)})
    given(NOTED, another, MEDIATED, resolved(Resolution.MEDIATED)).when(take_back(TALK)).then(TOOK_TALK_BACK)
    given(NOTED, MEDIATED, resolved(Resolution.SUBSIDED)).when(take_back(TALK)).then(TOOK_TALK_BACK)


def test_a_tension_that_began_again_by_a_sign_that_is_taken_back_has_ended_as_before() -> None:
    as_before = (TOOK_SECOND_SIGN_BACK, resolved(Resolution.MEDIATED))
    given(*BEGAN_AGAIN).when(take_back(SECOND_SIGN)).then(*as_before)
    given(*BEGAN_AGAIN, *as_before).when(take_back(TALK)).then(TOOK_TALK_BACK, REOPENED)


def test_it_goes_on_if_another_sign_says_so() -> None:
    third = SignAdded(**SIGN.model_copy(update={"entry": an_id(44)}).stated())
    given(*BEGAN_AGAIN, third).when(take_back(SECOND_SIGN)).then(TOOK_SECOND_SIGN_BACK)
    given(*BEGAN_AGAIN, third, TOOK_SECOND_SIGN_BACK).when(take_back(third.entry)).then(
        TOOK_SECOND_SIGN_BACK.model_copy(update={"entry": third.entry}), resolved(Resolution.MEDIATED)
    )


def test_it_goes_on_if_what_ended_it_before_was_taken_back_too() -> None:
    given(*BEGAN_AGAIN, TOOK_TALK_BACK).when(take_back(SECOND_SIGN)).then(TOOK_SECOND_SIGN_BACK)


def test_it_keeps_the_later_ending_and_all_that_was_tried() -> None:
    later = MEDIATED.model_copy(update={"entry": an_id(44)})
    again = (*BEGAN_AGAIN, later, resolved(Resolution.MEDIATED))
    given(*again).when(take_back(SECOND_SIGN)).then(TOOK_SECOND_SIGN_BACK)
    took_back = TOOK_TALK_BACK.model_copy(update={"entry": later.entry})
    given(*again, TOOK_SECOND_SIGN_BACK).when(take_back(later.entry)).then(took_back)


def test_house_rules_that_were_accepted_before_a_sign_that_is_taken_back_are_accepted_still() -> None:
    both = [HouseRulesAgreed(**agree(person).stated()) for person in (ANNA, BERTA)]
    ended = (NOTED, *both, resolved(Resolution.HOUSE_RULES), SignAdded(**SIGN.stated()))
    given(*ended).when(take_back(SECOND_SIGN)).then(TOOK_SECOND_SIGN_BACK, resolved(Resolution.HOUSE_RULES))
