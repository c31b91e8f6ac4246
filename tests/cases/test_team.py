"""The team of a case: who works on it beside the responsible worker."""

from __future__ import annotations

from services.cases.case import case
from services.cases.case.closing import CaseClosed
from services.cases.case.record import Outcome
from services.cases.case.team import AddToTeam, RemoveFromTeam, TeamJoined, TeamLeft
from shared.testing import given
from tests.cases.examples import CASE, DAY, assigned, opened

ADD = AddToTeam(case=CASE, member="law-2", occurred=DAY)
REMOVE = RemoveFromTeam(case=CASE, member="law-2", occurred=DAY)
JOINED = TeamJoined(case=CASE, member="law-2", occurred=DAY)
LEFT = TeamLeft(case=CASE, member="law-2", occurred=DAY)
CLOSED = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)


def test_a_lawyer_joins_the_team_of_a_case() -> None:
    given(case, opened(), assigned()).when(ADD).then(JOINED)


def test_who_is_of_the_team_does_not_join_again() -> None:
    given(case, opened(), JOINED).when(ADD).then()


def test_who_works_on_it_no_longer_leaves_the_team() -> None:
    given(case, opened(), JOINED).when(REMOVE).then(LEFT)


def test_who_was_never_of_the_team_cannot_leave_it() -> None:
    given(case, opened(), JOINED, LEFT).when(REMOVE).then()


def test_nobody_joins_the_team_of_a_closed_case_but_everybody_may_leave_it() -> None:
    given(case, opened(), JOINED, CLOSED).when(AddToTeam(case=CASE, member="psy-1", occurred=DAY)).refused(
        "case-is-closed"
    )
    given(case, opened(), JOINED, CLOSED).when(REMOVE).then(LEFT)


def test_the_responsible_worker_hands_over_and_does_not_just_leave() -> None:
    remove = RemoveFromTeam(case=CASE, member="w-1", occurred=DAY)
    given(case, opened(), assigned("w-1")).when(remove).refused("responsible-worker-stays")
