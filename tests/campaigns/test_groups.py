"""Groups that register and come."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.campaigns.campaign import campaign
from services.campaigns.campaign.groups import (
    ChangeGroup,
    GroupAttended,
    GroupChanged,
    GroupWithdrawn,
    RecordGroupAttendance,
    RegisterGroup,
    WithdrawGroup,
)
from services.campaigns.quantity import UNSTATED, Precision, Quantity, about, exactly
from shared.testing import given
from tests.campaigns.examples import (
    ALYTUS_GROUP,
    AN_ID,
    CAMPAIGN,
    VILNIUS_GROUP,
    alytus,
    drafted,
    held,
    planned,
    vilnius,
)

register = RegisterGroup(
    campaign=CAMPAIGN,
    group=VILNIUS_GROUP,
    school="Schools of the Vilnius area",
    town="Vilnius",
    pupils=about(60),
    teachers=UNSTATED,
    occurred="2008-09",
)
withdrawn = GroupWithdrawn(campaign=CAMPAIGN, group=VILNIUS_GROUP, occurred="2008-09-20")
counted = held.model_copy(update={"attendance": exactly(100)})


def came(group: str, pupils: Quantity, teachers: Quantity = UNSTATED) -> RecordGroupAttendance:
    return RecordGroupAttendance(
        campaign=CAMPAIGN, group=group, pupils=pupils, teachers=teachers, occurred="2008-10-02"
    )


def attended(pupils: Quantity, *, correction: bool = False) -> GroupAttended:
    return GroupAttended(
        campaign=CAMPAIGN,
        group=VILNIUS_GROUP,
        school="Schools of the Vilnius area",
        town="Vilnius",
        pupils=pupils,
        teachers=UNSTATED,
        correction=correction,
        occurred="2008-10-02",
    )


def test_a_group_registers() -> None:
    given(campaign, planned).when(register).then(vilnius)


def test_a_group_that_came_unannounced_is_registered_afterwards() -> None:
    given(campaign, planned, held).when(register).then(vilnius)


def test_minors_come_with_at_least_one_adult() -> None:
    alone = register.model_copy(update={"teachers": exactly(0)})
    given(campaign, planned).when(alone).refused("minors-need-an-adult")


def test_an_unstated_number_of_adults_is_some() -> None:
    given(campaign, planned).when(register.model_copy(update={"teachers": UNSTATED})).then(vilnius)


def test_grown_ups_come_alone() -> None:
    adults = {"teachers": exactly(0), "minors": False}
    given(campaign, planned).when(register.model_copy(update=adults)).then(vilnius.model_copy(update=adults))


def test_a_group_has_somebody_in_it() -> None:
    given(campaign, planned).when(register.model_copy(update={"pupils": exactly(0)})).refused("group-not-empty")


def test_the_same_group_registers_once() -> None:
    again = register.model_copy(update={"group": AN_ID})
    given(campaign, planned, vilnius).when(again).then()
    more = again.model_copy(update={"pupils": about(70)})
    given(campaign, planned, vilnius).when(more).refused("group-registered-once")


def test_a_group_that_withdrew_may_register_anew() -> None:
    again = register.model_copy(update={"group": AN_ID})
    given(campaign, planned, vilnius, withdrawn).when(again).then(vilnius.model_copy(update={"group": AN_ID}))


def test_nobody_registers_for_a_draft() -> None:
    given(campaign, drafted).when(register).refused("campaign-status")


def test_more_will_come() -> None:
    change = ChangeGroup(
        campaign=CAMPAIGN, group=VILNIUS_GROUP, pupils=about(70), teachers=UNSTATED, occurred="2008-09-20"
    )
    changed = GroupChanged(
        campaign=CAMPAIGN, group=VILNIUS_GROUP, pupils=about(70), teachers=UNSTATED, occurred="2008-09-20"
    )
    given(campaign, planned, vilnius).when(change).then(changed)
    given(campaign, planned, vilnius, changed).when(change).then()
    given(campaign, planned, vilnius, held).when(change).refused("campaign-status")


def test_a_change_keeps_an_adult_and_somebody_in_the_group() -> None:
    change = ChangeGroup(
        campaign=CAMPAIGN, group=VILNIUS_GROUP, pupils=about(70), teachers=exactly(0), occurred="2008-09-20"
    )
    given(campaign, planned, vilnius).when(change).refused("minors-need-an-adult")
    nobody = change.model_copy(update={"pupils": exactly(0), "teachers": exactly(2)})
    given(campaign, planned, vilnius).when(nobody).refused("group-not-empty")


def test_a_group_withdraws() -> None:
    withdraw = WithdrawGroup(campaign=CAMPAIGN, group=VILNIUS_GROUP, occurred="2008-09-20")
    given(campaign, planned, vilnius).when(withdraw).then(withdrawn)
    given(campaign, planned, vilnius, withdrawn).when(withdraw).then()
    given(campaign, planned, vilnius, held).when(withdraw).refused("campaign-status")


def test_a_group_that_withdrew_is_not_counted() -> None:
    given(campaign, planned, vilnius, withdrawn, held).when(came(VILNIUS_GROUP, about(60))).refused("group-withdrawn")


def test_a_group_that_is_not_there_is_not_found() -> None:
    given(campaign, planned, held).when(came(VILNIUS_GROUP, about(60))).refused("not-found")


def test_those_who_came_are_counted_once_it_is_held() -> None:
    given(campaign, planned, vilnius, held).when(came(VILNIUS_GROUP, about(55))).then(attended(about(55)))
    given(campaign, planned, vilnius).when(came(VILNIUS_GROUP, about(55))).refused("campaign-status")


def test_counting_again_corrects() -> None:
    given(campaign, planned, vilnius, held, attended(about(55))).when(came(VILNIUS_GROUP, exactly(57))).then(
        attended(exactly(57), correction=True)
    )
    given(campaign, planned, vilnius, held, attended(about(55))).when(came(VILNIUS_GROUP, about(55))).then()


def test_minors_did_not_come_alone() -> None:
    alone = came(VILNIUS_GROUP, exactly(55), exactly(0))
    given(campaign, planned, vilnius, held).when(alone).refused("minors-need-an-adult")


def test_a_group_may_not_have_come_at_all() -> None:
    nobody = came(VILNIUS_GROUP, exactly(0), exactly(0))
    expected = attended(exactly(0)).model_copy(update={"teachers": exactly(0)})
    given(campaign, planned, vilnius, held).when(nobody).then(expected)


def test_groups_do_not_add_up_to_more_than_were_counted() -> None:
    history = (planned, vilnius, alytus, counted, attended(exactly(60)))
    given(campaign, *history).when(came(ALYTUS_GROUP, exactly(41))).refused("groups-within-attendance")
    assert given(campaign, *history).when(came(ALYTUS_GROUP, exactly(40))).events


def test_an_estimate_bounds_nothing() -> None:
    assert given(campaign, planned, vilnius, held).when(came(VILNIUS_GROUP, exactly(101))).events


@pytest.mark.parametrize("wrong", [{}, {"number": 3, "precision": "unstated"}, {"number": -1}])
def test_a_quantity_has_a_number_unless_it_is_unstated(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Quantity.model_validate(wrong)


def test_a_quantity_says_how_well_it_is_known() -> None:
    assert [str(one) for one in (exactly(24), about(100), UNSTATED)] == ["24", "about 100", "an unstated number"]
    assert UNSTATED.precision is Precision.UNSTATED
