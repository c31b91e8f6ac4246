"""Whatever is asked of a campaign, in whatever order: what must always hold does."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.campaigns.campaign import campaign
from services.campaigns.campaign.groups import (
    ChangeGroup,
    RecordGroupAttendance,
    RegisterGroup,
    WithdrawGroup,
)
from services.campaigns.campaign.holding import CorrectAttendance, CorrectCampaign, HoldCampaign
from services.campaigns.campaign.planning import (
    CancelCampaign,
    DraftCommemoration,
    MoveCampaign,
    PlanCampaign,
    WhyCancelled,
)
from services.campaigns.campaign.state import Campaign, Kind, Status
from services.campaigns.quantity import UNSTATED, Precision, about, exactly
from shared.dates import earliest, latest
from shared.errors import DomainError, NotFound
from shared.messages import Command, Event
from shared.testing import NOW
from tests.campaigns.examples import CAMPAIGN, DONT_SELL_YOURSELF, OBSERVANCE, held, planned, vilnius

days = st.sampled_from(["2008", "2008-05-25", "2008-09-01", "2008-10-01", "2008-10-02", "2008-10-03", "2009"])
quantities = st.sampled_from([UNSTATED, exactly(0), exactly(10), exactly(40), about(25)])
groups = st.sampled_from([str(UUID(int=number)) for number in range(3)])
to_it = {"campaign": st.just(CAMPAIGN), "occurred": st.just("2008-10-02") | days}
numbers = {"group": groups, "pupils": quantities, "teachers": quantities}

commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        DraftCommemoration, title=st.just("A day"), aim=st.just("An aim"), planned_for=days,
        observance=st.just(OBSERVANCE), **to_it,
    ),
    st.builds(
        lambda **given: PlanCampaign(**{**DONT_SELL_YOURSELF, **given}),
        kind=st.sampled_from(Kind), planned_for=days, observance=st.sampled_from([None, OBSERVANCE]), **to_it,
    ),
    st.builds(MoveCampaign, planned_for=days, venue=st.none(), town=st.none(), **to_it),
    st.builds(CancelCampaign, why=st.sampled_from(WhyCancelled), explanation=st.none(), **to_it),
    st.builds(RegisterGroup, school=st.sampled_from("ab"), town=st.just("c"), minors=st.booleans(), **numbers, **to_it),
    st.builds(ChangeGroup, **numbers, **to_it),
    st.builds(WithdrawGroup, group=groups, **to_it),
    st.builds(RecordGroupAttendance, **numbers, **to_it),
    st.builds(HoldCampaign, attendance=quantities, **to_it),
    st.builds(CorrectAttendance, attendance=quantities, **to_it),
    st.builds(CorrectCampaign, held_on=days, title=st.none(), slogan=st.none(), aim=st.none(),
              venue=st.none(), town=st.none(), **to_it),
)  # fmt: skip


def must_hold(state: Campaign) -> None:
    for group in state.groups.values():
        assert not group.pupils.none_at_all
        assert not (group.minors and group.teachers.none_at_all)
        if group.pupils_came and not group.pupils_came.none_at_all:
            assert not (group.minors and group.teachers_came and group.teachers_came.none_at_all)
    there = [(group.school, group.town) for group in state.groups.values() if not group.withdrawn]
    assert len(there) == len(set(there))
    assert (state.held_on is None) == (state.status is not Status.HELD)
    if state.attendance and state.attendance.precision is Precision.EXACT:
        came = [group.pupils_came for group in state.groups.values() if group.pupils_came]
        told = sum(one.number or 0 for one in came if one.precision is Precision.EXACT)
        assert told <= (state.attendance.number or 0)
    if state.plan and state.plan.observance:
        assert state.plan.kind is Kind.COMMEMORATION
    if state.plan and state.held_on:
        assert latest(state.held_on) >= earliest(state.plan.occurred)
        assert earliest(state.held_on) <= NOW.date()


some_groups = [
    vilnius.model_copy(update={"group": str(UUID(int=number)), "school": school, "pupils": exactly(20)})
    for number, school in enumerate("ab")
]
counted = held.model_copy(update={"attendance": exactly(30)})
beginnings = st.sampled_from([[], [planned], [planned, *some_groups], [planned, *some_groups, counted]])


@settings(max_examples=500, deadline=None)
@given(beginnings, st.lists(commands, max_size=20))
def test_what_must_hold_of_a_campaign_always_does(beginning: list[Event], asked: list[Command]) -> None:
    state, events = campaign.fold(beginning), list(beginning)
    for number, command in enumerate(asked):
        stamped = command.stamped(UUID(int=number), "w-1", NOW)
        try:
            following: Any = campaign.decide(stamped, state)
        except (DomainError, NotFound):
            continue
        state = campaign.fold(following, state)
        events += following
        must_hold(state)
        assert list(campaign.decide(stamped, state)) == [], "a repeat changes nothing"
    stored = [type(event).model_validate_json(event.model_dump_json(exclude_none=True)) for event in events]
    assert campaign.fold(stored) == state
