"""The board: who is missed, and what was seen, found and done."""

from __future__ import annotations

import pytest

from services.cases.disappearance.finding import FindingRetracted, WishesRecorded
from services.cases.disappearance.record import ActionKind, FoundAs, Learns, Stage
from services.cases.disappearance.search import (
    SearchActionConfirmed,
    SearchActionFailed,
    SearchActionSent,
    WithdrawalConfirmed,
    WithdrawalFailed,
    WithdrawalRequested,
)
from services.cases.match import MatchRejected
from services.cases.sighting import Status as SightingStatus
from shared.errors import NotFound
from tests.cases.centre import IMPLICATED, Centre
from tests.cases.centre import centre as centre
from tests.cases.examples import (
    CASE,
    DAY,
    PERSON,
    an_id,
)
from tests.cases.missing import ACTION, BROTHER, DISAPPEARANCE, FOUND, STRANGER, published
from tests.cases.test_match import MATCH, PROPOSED
from tests.cases.test_sighting import REPORTED, VERIFIED


def test_the_board_shows_who_is_missed_with_open_sightings_and_candidates(centre: Centre) -> None:
    centre.happened(*published(), REPORTED, PROPOSED)
    (entry,) = centre.board().disappearances
    assert (entry.open_sightings, entry.open_candidates, entry.found) == (1, 1, None)
    assert (entry.safe_to_publish, entry.police_agree, entry.treated_as_child) == (True, True, True)
    rejected = MatchRejected(match=MATCH, missing=PERSON, found=STRANGER, grounds="Taller.", occurred=DAY)
    centre.happened(VERIFIED, rejected)
    (entry,) = centre.board().disappearances
    assert (entry.open_sightings, entry.open_candidates) == (0, 0)


def test_the_board_tells_who_is_missed_from_who_was_found(centre: Centre) -> None:
    other = published()[0].model_copy(update={"disappearance": an_id(78), "person": STRANGER, "case": an_id(79)})
    centre.happened(*published(), other, FOUND)
    assert [one.disappearance for one in centre.board(missing=True).disappearances] == [an_id(78)]
    assert [one.disappearance for one in centre.board(missing=False).disappearances] == [DISAPPEARANCE]
    assert [one.disappearance for one in centre.board(person=STRANGER).disappearances] == [an_id(78)]
    assert [one.disappearance for one in centre.board(case=CASE).disappearances] == [DISAPPEARANCE]
    page = centre.board(limit=1)
    assert [one.disappearance for one in centre.board(limit=1, after=page.next).disappearances] == [DISAPPEARANCE]


def test_a_disappearance_has_its_sightings_candidates_actions_and_timeline(centre: Centre) -> None:
    centre.happened(*published(), IMPLICATED, REPORTED, PROPOSED)
    file = centre.search()
    assert (file.place, file.implicated) == ("The bus station", (BROTHER,))
    assert [(one.status, one.place) for one in file.sightings] == [(SightingStatus.REPORTED, "Kaunas")]
    assert [(one.other, one.score) for one in file.candidates] == [(STRANGER, 0.8)]
    assert file.candidates[0].explanation == PROPOSED.explanation
    assert [(one.kind, one.stage) for one in file.actions] == [(ActionKind.POSTER, Stage.REQUESTED)]
    assert [line.what for line in file.timeline] == [type(event).__name__ for event in (*published(), IMPLICATED)]
    assert file.disappearance.safe_to_publish is None


def test_the_stages_of_an_action_are_those_that_the_rules_know(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    withdrawing = WithdrawalRequested.model_validate(of)
    for event, stage in (
        (SearchActionFailed.model_validate(of | {"reason": "refused"}), Stage.FAILED),
        (withdrawing, Stage.WITHDRAWING),
        (SearchActionSent.model_validate(of), Stage.WITHDRAWING),
        (WithdrawalFailed.model_validate(of | {"reason": "refused"}), Stage.WITHDRAWING),
        (WithdrawalConfirmed.model_validate(of), Stage.WITHDRAWN),
    ):
        centre.happened(*(published() if event.type_name.endswith("SearchActionFailed") else ()), event)
        assert centre.search().actions[0].stage is stage
    sent = of | {"action": an_id(80)}
    poster = published()[-1].model_copy(update={"action": an_id(80)})
    for event, stage in (
        (poster, Stage.REQUESTED),
        (SearchActionSent.model_validate(sent), Stage.SENT),
        (SearchActionConfirmed.model_validate(sent), Stage.CONFIRMED),
    ):
        centre.happened(event)
        assert centre.search().actions[-1].stage is stage


def test_a_wrong_finding_puts_them_back_on_the_board(centre: Centre) -> None:
    wishes = WishesRecorded(disappearance=DISAPPEARANCE, person=PERSON, family_learns=Learns.ALIVE, occurred=DAY)
    centre.happened(*published(), FOUND, wishes)
    assert (centre.search().disappearance.found, centre.search().family_learns) == (FoundAs.ALIVE, Learns.ALIVE)
    centre.happened(
        FindingRetracted(disappearance=DISAPPEARANCE, case=CASE, person=PERSON, grounds="Another.", occurred=DAY)
    )
    file = centre.search()
    assert (file.disappearance.found, file.family_learns, file.disappearance.police_agree) == (None, None, False)


def test_a_disappearance_that_is_not_there_is_not_found(centre: Centre) -> None:
    with pytest.raises(NotFound):
        centre.search()
