"""From a draft to a plan, and what may change about it."""

from __future__ import annotations

from decimal import Decimal

from services.campaigns.campaign import campaign
from services.campaigns.campaign.planning import (
    AddCampaignPartner,
    CampaignCancelled,
    CampaignFinanced,
    CampaignMoved,
    CampaignPartnerAdded,
    CampaignPlanned,
    CancelCampaign,
    DraftCommemoration,
    FinanceCampaign,
    MoveCampaign,
    WhyCancelled,
)
from services.campaigns.campaign.state import Kind
from shared.money import Money
from shared.testing import given
from tests.campaigns.examples import (
    CAMPAIGN,
    DONT_SELL_YOURSELF,
    GRANT,
    OBSERVANCE,
    OTHER_GRANT,
    PARTNER,
    drafted,
    held,
    plan,
    planned,
)

BUDGET = Money(amount=Decimal("500.00"))
cancelled = CampaignCancelled(
    campaign=CAMPAIGN,
    kind=Kind.PUBLIC_ACTION,
    planned_for="2008-10-02",
    why=WhyCancelled.TOO_FEW,
    occurred="2008-10-01",
)
draft = DraftCommemoration(
    campaign=CAMPAIGN,
    title=drafted.title,
    aim=drafted.aim,
    planned_for="2009-05-25",
    observance=OBSERVANCE,
    occurred="2008",
)
commemoration = {
    **DONT_SELL_YOURSELF,
    "kind": Kind.COMMEMORATION,
    "observance": OBSERVANCE,
    "planned_for": "2009-05-25",
}


def test_a_campaign_is_planned() -> None:
    given(campaign).when(plan).then(planned)


def test_planning_it_again_in_the_same_words_changes_nothing() -> None:
    given(campaign, planned).when(plan).then()


def test_a_campaign_is_planned_once() -> None:
    other = plan.model_copy(update={"title": "Another"})
    given(campaign, planned).when(other).refused("planned-once")


def test_a_plan_cannot_lie_in_the_future() -> None:
    given(campaign).when(plan.model_copy(update={"occurred": "2009"})).refused("not-in-the-future")


def test_a_campaign_is_not_planned_for_the_past() -> None:
    given(campaign).when(plan.model_copy(update={"planned_for": "2007"})).refused("planned-for-the-past")


def test_a_vague_day_that_may_still_come_is_accepted() -> None:
    vague = {"planned_for": "2008", "occurred": "2008-09"}
    given(campaign).when(plan.model_copy(update=vague)).then(planned.model_copy(update=vague))


def test_an_observance_is_kept_by_a_commemoration() -> None:
    given(campaign).when(plan.model_copy(update={"observance": OBSERVANCE})).refused("observance-needs-commemoration")


def test_a_grant_comes_with_a_budget() -> None:
    given(campaign).when(plan.model_copy(update={"grant": GRANT})).refused("grant-needs-budget")


def test_a_grant_with_a_budget_is_part_of_the_plan() -> None:
    money = {"grant": GRANT, "budget": BUDGET}
    given(campaign).when(plan.model_copy(update=money)).then(planned.model_copy(update=money))


def test_a_commemoration_is_drafted() -> None:
    given(campaign).when(draft).then(drafted)


def test_a_commemoration_is_drafted_once() -> None:
    given(campaign, drafted).when(draft).then()


def test_a_draft_becomes_a_plan() -> None:
    given(campaign, drafted).when(plan.model_copy(update=commemoration)).then(CampaignPlanned(**commemoration))


def test_a_draft_keeps_its_kind_and_its_observance() -> None:
    given(campaign, drafted).when(plan).refused("plan-keeps-the-draft")


def test_a_campaign_moves() -> None:
    move = MoveCampaign(campaign=CAMPAIGN, planned_for="2008-10-09", venue="Theatre", occurred="2008-09-20")
    moved = CampaignMoved(campaign=CAMPAIGN, planned_for="2008-10-09", venue="Theatre", occurred="2008-09-20")
    given(campaign, planned).when(move).then(moved)
    given(campaign, planned, moved).when(move).then()


def test_what_a_move_leaves_out_stays() -> None:
    moved = CampaignMoved(campaign=CAMPAIGN, planned_for="2008-10-09", occurred="2008-09-20")
    state = given(campaign, planned, moved).state()
    assert (state.plan.planned_for, state.plan.venue, state.plan.town) == ("2008-10-09", "City hall", "Vilnius")


def test_a_campaign_that_was_held_does_not_move() -> None:
    move = MoveCampaign(campaign=CAMPAIGN, planned_for="2008-10-09", occurred="2008-10-02")
    given(campaign, planned, held).when(move).refused("campaign-status")


def test_a_campaign_does_not_move_into_the_past() -> None:
    move = MoveCampaign(campaign=CAMPAIGN, planned_for="2008-09-01", occurred="2008-09-20")
    given(campaign, planned).when(move).refused("planned-for-the-past")


def test_a_campaign_that_was_never_planned_is_not_found() -> None:
    move = MoveCampaign(campaign=CAMPAIGN, planned_for="2008-10-09", occurred="2008-09-20")
    given(campaign).when(move).refused("not-found")


def test_a_grant_is_named_later() -> None:
    finance = FinanceCampaign(campaign=CAMPAIGN, grant=GRANT, budget=BUDGET, occurred="2008-09-15")
    financed = CampaignFinanced(campaign=CAMPAIGN, grant=GRANT, budget=BUDGET, occurred="2008-09-15")
    given(campaign, planned).when(finance).then(financed)
    given(campaign, planned, financed).when(finance).then()


def test_one_grant_finances_a_campaign() -> None:
    financed = CampaignFinanced(campaign=CAMPAIGN, grant=GRANT, budget=BUDGET, occurred="2008-09-15")
    other = FinanceCampaign(campaign=CAMPAIGN, grant=OTHER_GRANT, budget=BUDGET, occurred="2008-09-16")
    given(campaign, planned, financed).when(other).refused("one-grant-a-campaign")


def test_a_partner_works_on_a_campaign() -> None:
    add = AddCampaignPartner(campaign=CAMPAIGN, partner=PARTNER, occurred="2008-09-15")
    added = CampaignPartnerAdded(campaign=CAMPAIGN, partner=PARTNER, occurred="2008-09-15")
    given(campaign, planned).when(add).then(added)
    given(campaign, planned, added).when(add).then()


def test_a_cancelled_campaign_frees_its_grant() -> None:
    financed = planned.model_copy(update={"grant": GRANT, "budget": BUDGET})
    cancel = CancelCampaign(campaign=CAMPAIGN, why=WhyCancelled.TOO_FEW, occurred="2008-10-01")
    given(campaign, financed).when(cancel).then(cancelled.model_copy(update={"grant": GRANT, "budget": BUDGET}))


def test_a_campaign_is_cancelled_once() -> None:
    cancel = CancelCampaign(campaign=CAMPAIGN, why=WhyCancelled.WEATHER, occurred="2008-10-01")
    given(campaign, planned, cancelled).when(cancel).then()


def test_a_draft_may_be_dropped() -> None:
    cancel = CancelCampaign(campaign=CAMPAIGN, why=WhyCancelled.NO_FUNDS, occurred="2008-10-01")
    dropped = CampaignCancelled(
        campaign=CAMPAIGN,
        kind=Kind.COMMEMORATION,
        planned_for="2009-05-25",
        why=WhyCancelled.NO_FUNDS,
        observance=OBSERVANCE,
        occurred="2008-10-01",
    )
    given(campaign, drafted).when(cancel).then(dropped)


def test_a_campaign_that_was_held_is_not_cancelled() -> None:
    cancel = CancelCampaign(campaign=CAMPAIGN, why=WhyCancelled.WEATHER, occurred="2008-10-02")
    given(campaign, planned, held).when(cancel).refused("campaign-status")
