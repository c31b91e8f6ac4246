"""A missing person and somebody found may be the same: proposed, confirmed, or rejected and remembered."""

from __future__ import annotations

from typing import Any

import pytest

from services.cases.match import (
    Agreement,
    Compared,
    ConfirmMatch,
    Feature,
    MatchConfirmed,
    MatchProposed,
    MatchReconsidered,
    MatchRejected,
    ProposeMatch,
    ReconsiderMatch,
    RejectMatch,
    match,
    match_of,
)
from shared.testing import given
from tests.cases.examples import DAY, PERSON, SISTER
from tests.cases.missing import STRANGER

MATCH = match_of(PERSON, STRANGER)
EXPLAINED = (Compared(feature=Feature.BIRTH, agreement=Agreement.CLOSE, weight=1.5),)
PROPOSED = MatchProposed(
    match=MATCH,
    missing=PERSON,
    found=STRANGER,
    score=0.8,
    explanation=EXPLAINED,
    method="by_hand",
    proposed_by="w-1",
    occurred=DAY,
)
ANSWER = {"match": MATCH, "missing": PERSON, "grounds": "The scar.", "occurred": DAY}
CONFIRM, REJECT, RECONSIDER = (kind.model_validate(ANSWER) for kind in (ConfirmMatch, RejectMatch, ReconsiderMatch))
REJECTED = MatchRejected.model_validate(ANSWER | {"found": STRANGER})


def proposing(**changes: Any) -> ProposeMatch:
    stated = {"missing": PERSON, "found": STRANGER, "score": 0.8, "explanation": EXPLAINED, "occurred": DAY}
    return ProposeMatch.model_validate(stated | changes)


def confirmed() -> MatchConfirmed:
    (event,) = given(match, PROPOSED).when(CONFIRM, by="w-2").events
    assert isinstance(event, MatchConfirmed)
    return event


def test_a_match_is_proposed_with_its_score_and_its_reasons() -> None:
    given(match).when(proposing()).then(PROPOSED)


def test_a_pair_is_one_match_whichever_of_them_is_named_first() -> None:
    assert proposing().match == proposing(missing=STRANGER, found=PERSON).match == MATCH
    assert match.stream_of(proposing()) == f"match-{MATCH}"


def test_the_same_proposal_again_changes_nothing_and_a_new_score_is_news() -> None:
    given(match, PROPOSED).when(proposing()).then()
    given(match, PROPOSED).when(proposing(score=0.9)).then(PROPOSED.model_copy(update={"score": 0.9}))


def test_a_record_is_no_match_of_itself() -> None:
    given(match).when(proposing(found=PERSON)).refused("two-records")


def test_a_match_is_not_of_tomorrow() -> None:
    given(match).when(proposing(occurred="2008-10-03")).refused("not-in-the-future")


def test_a_match_is_confirmed_by_somebody_other_than_who_proposed_it() -> None:
    given(match, PROPOSED).when(CONFIRM, by="w-1").refused("confirmed-by-another")
    assert confirmed().found == STRANGER
    given(match, PROPOSED, confirmed()).when(CONFIRM, by="w-2").then()
    given(match, PROPOSED, confirmed()).when(proposing(score=0.1)).then()


def test_a_rejected_pair_is_remembered_and_not_proposed_again() -> None:
    given(match, PROPOSED).when(REJECT).then(REJECTED)
    given(match, PROPOSED, REJECTED).when(REJECT).then()
    for again in (proposing(), proposing(score=0.99), proposing(missing=STRANGER, found=PERSON)):
        given(match, PROPOSED, REJECTED).when(again).refused("rejected-is-remembered")


def test_a_match_is_answered_in_one_way() -> None:
    given(match, PROPOSED, REJECTED).when(CONFIRM, by="w-2").refused("answered-once")
    given(match, PROPOSED, confirmed()).when(REJECT).refused("answered-once")


def test_a_match_can_be_taken_up_again() -> None:
    reconsidered = MatchReconsidered.model_validate(ANSWER | {"found": STRANGER})
    given(match, PROPOSED, REJECTED).when(RECONSIDER).then(reconsidered)
    given(match, PROPOSED).when(RECONSIDER).then()
    assert given(match, PROPOSED, REJECTED, reconsidered).when(CONFIRM, by="w-2").events


def test_each_confirmation_has_a_link_of_its_own() -> None:
    first = confirmed()
    (reconsidered,) = given(match, PROPOSED, first).when(RECONSIDER).events
    assert isinstance(reconsidered, MatchReconsidered)
    assert reconsidered.link == first.link
    (second,) = given(match, PROPOSED, first, reconsidered).when(CONFIRM, by="w-2").events
    assert isinstance(second, MatchConfirmed)
    assert second.link != first.link


@pytest.mark.parametrize("command", [CONFIRM, REJECT, RECONSIDER])
def test_a_match_is_answered_for_the_missing_person_of_the_pair(command: Any) -> None:
    other = command.model_copy(update={"missing": SISTER})
    given(match, PROPOSED).when(other, by="w-2").refused("about-the-missing-person")
    given(match).when(command).refused("not-found")
    tomorrow = command.model_copy(update={"occurred": "2008-10-03"})
    given(match, PROPOSED).when(tomorrow).refused("not-in-the-future")
