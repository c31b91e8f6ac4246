"""A grant: a funder's award to a project. Reserved and charged stay within the earmark, per line, on every day."""

from __future__ import annotations

from collections.abc import Sequence

from services.projects.grant import award, reporting, requests, spending
from services.projects.grant.state import Grant
from shared.decider import Decider

GrantCommands = award.AwardCommands | spending.SpendingCommands | requests.RequestCommands | reporting.ReportingCommands
GrantEvents = award.AwardEvents | spending.SpendingEvents | requests.RequestEvents | reporting.ReportingEvents


def decide(command: GrantCommands, grant: Grant) -> Sequence[GrantEvents]:
    """The rules of a grant, by their part."""
    if isinstance(command, award.AwardCommands):
        return award.decide(command, grant)
    if isinstance(command, spending.SpendingCommands):
        return spending.decide(command, grant)
    if isinstance(command, requests.RequestCommands):
        return requests.decide(command, grant)
    return reporting.decide(command, grant)


def evolve(grant: Grant, event: GrantEvents) -> Grant:
    """A grant after `event`."""
    if isinstance(event, award.AwardEvents):
        return award.evolve(grant, event)
    if isinstance(event, spending.SpendingEvents):
        return spending.evolve(grant, event)
    if isinstance(event, requests.RequestEvents):
        return requests.evolve(grant, event)
    return reporting.evolve(grant, event)


grant = Decider("grant", "grant", Grant(), decide, evolve, GrantCommands, GrantEvents)
