"""Counsel's register of clients: the one stream that knows all whom a counsel acts for, in whichever proceedings.

Proceedings never see each other. A mandate asks here before it is in force, so that of two opposing clients the second
is refused, however close together they come. Whom counsel acts for is told to nobody: a refusal names no other client.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import assert_never

from services.rehabilitation.proceedings.record import MandateId, PersonId, ProceedingsId
from shared.decider import Decider
from shared.growing import Growing
from shared.messages import Command, Event, Role


class CounselCommand(Command, context="rehabilitation"):
    """To the register of one counsel."""

    counsel: str
    mandate: MandateId


class CounselEvent(Event, context="rehabilitation"):
    """Of the register of one counsel."""

    counsel: str
    mandate: MandateId


class TakeClient(CounselCommand, roles=[Role.POLICY]):
    """A mandate was granted, and its parties are known under all of their records: may counsel take it?

    Sent by policy.
    """

    proceedings: ProceedingsId
    client: PersonId
    client_records: tuple[PersonId, ...]
    opponents: tuple[PersonId, ...]
    since: date
    until: date


class ReleaseClient(CounselCommand, roles=[Role.POLICY]):
    """A mandate was revoked. Sent by policy."""


class ClientTaken(CounselEvent):
    """Counsel acts for this client."""

    proceedings: ProceedingsId
    client: PersonId
    opponents: tuple[PersonId, ...]
    since: date
    until: date


class OpposingClientRefused(CounselEvent):
    """Counsel acts for the other side already."""

    proceedings: ProceedingsId


class ClientReleased(CounselEvent):
    """Counsel no longer acts for this client."""


Commands = TakeClient | ReleaseClient
Events = ClientTaken | OpposingClientRefused | ClientReleased


@dataclass(frozen=True, slots=True)
class Engagement:
    """One client, and who is on the other side."""

    client: str
    opponents: frozenset[str]
    since: date
    until: date

    def opposes(self, asked: TakeClient) -> bool:
        """Whether nobody can act for both at once."""
        at_once = self.since <= asked.until and asked.since <= self.until
        return at_once and (self.client in asked.opponents or not self.opponents.isdisjoint(asked.client_records))


@dataclass(frozen=True, slots=True)
class Clients:
    """All mandates that counsel was asked to take. None: refused, or released."""

    engagements: Growing[str, Engagement | None] = field(default_factory=Growing)


def decide(command: Commands, state: Clients) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case TakeClient(counsel=counsel, mandate=mandate, proceedings=proceedings):
            if mandate in state.engagements:
                return []
            if any(held.opposes(command) for held in state.engagements.values() if held):
                return [OpposingClientRefused(counsel=counsel, mandate=mandate, proceedings=proceedings)]
            taken = command.stated()
            del taken["client_records"]
            return [ClientTaken(**taken)]
        case ReleaseClient(mandate=mandate):
            return [ClientReleased(**command.stated())] if state.engagements.get(mandate) else []
        case _:
            assert_never(command)


def evolve(state: Clients, event: Events) -> Clients:
    """The register after an event."""
    match event:
        case ClientTaken(client=client, opponents=opponents, since=since, until=until):
            engaged = Engagement(client, frozenset(opponents), since, until)
            return replace(state, engagements=state.engagements.having(event.mandate, engaged))
        case OpposingClientRefused() | ClientReleased():
            return replace(state, engagements=state.engagements.having(event.mandate, None))
        case _:
            assert_never(event)


counsel = Decider("counsel", "counsel", Clients(), decide, evolve, Commands, Events)
