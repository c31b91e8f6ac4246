"""Referral: somebody is passed on to rehabilitation, a partner, the police or a doctor, until a day, and answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.cases.referral import answering, disclosure, making
from services.cases.referral.record import Referral
from shared.decider import Decider

ReferralCommands = making.Commands | answering.Commands | disclosure.Commands
ReferralEvents = making.Events | answering.Events | disclosure.Events


def decide(command: ReferralCommands, state: Referral) -> Sequence[ReferralEvents]:
    """What follows from a command."""
    if isinstance(command, making.Commands):
        return making.decide(command, state)
    if isinstance(command, answering.Commands):
        return answering.decide(command, state)
    if isinstance(command, disclosure.Commands):
        return disclosure.decide(command, state)
    assert_never(command)


def evolve(state: Referral, event: ReferralEvents) -> Referral:
    """What a referral is after an event."""
    if isinstance(event, making.Events):
        return making.evolve(state, event)
    if isinstance(event, answering.Events):
        return answering.evolve(state, event)
    if isinstance(event, disclosure.Events):
        return disclosure.evolve(state, event)
    assert_never(event)


referral = Decider(
    category="referral",
    key="referral",
    initial=Referral(),
    decide=decide,
    evolve=evolve,
    commands=ReferralCommands,
    events=ReferralEvents,
)
