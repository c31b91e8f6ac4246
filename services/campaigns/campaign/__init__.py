"""One campaign: `planning`, `groups` that come, `materials` that it makes, and its `holding` with what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from services.campaigns.campaign import groups, holding, materials, planning
from services.campaigns.campaign.groups import GroupCommand, GroupEvent
from services.campaigns.campaign.holding import HoldingCommand, HoldingEvent
from services.campaigns.campaign.materials import MaterialCommand, MaterialEvent
from services.campaigns.campaign.planning import PlanningCommand, PlanningEvent
from services.campaigns.campaign.state import Campaign
from shared.decider import Decider

AnyCampaignCommand = PlanningCommand | GroupCommand | MaterialCommand | HoldingCommand
AnyCampaignEvent = PlanningEvent | GroupEvent | MaterialEvent | HoldingEvent


def decide(command: AnyCampaignCommand, state: Campaign) -> Sequence[AnyCampaignEvent]:
    """What follows from a command, by the part of the campaign that it is about."""
    if isinstance(command, PlanningCommand):
        return planning.decide(command, state)
    if isinstance(command, GroupCommand):
        return groups.decide(command, state)
    if isinstance(command, MaterialCommand):
        return materials.decide(command, state)
    return holding.decide(command, state)


def evolve(state: Campaign, event: AnyCampaignEvent) -> Campaign:
    """The campaign after an event, by the part that it is about."""
    if isinstance(event, PlanningEvent):
        return planning.evolve(state, event)
    if isinstance(event, GroupEvent):
        return groups.evolve(state, event)
    if isinstance(event, MaterialEvent):
        return materials.evolve(state, event)
    return holding.evolve(state, event)


campaign: Decider[AnyCampaignCommand, AnyCampaignEvent, Campaign] = Decider(
    category="campaign",
    key="campaign",
    initial=Campaign(),
    decide=decide,
    evolve=evolve,
    commands=AnyCampaignCommand,
    events=AnyCampaignEvent,
)
