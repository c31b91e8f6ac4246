"""The register of centres: which there are, and which links of records each of them must know.

A link is between two persons, and says nothing of where they sleep. This one stream knows all centres and all links,
and a policy carries each to each; a centre that opens later learns of those that stand. Whoever has to know which
records are of one person asks here: so does a mandate, before counsel's register compares its parties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import ClassVar, assert_never

from pydantic import BaseModel, ConfigDict

from services.rehabilitation.placement.record import CentreId, LinkId, PersonId, same_persons
from services.rehabilitation.proceedings.record import MandateId, ProceedingsId
from shared.decider import Decider
from shared.growing import Growing
from shared.messages import Command, Event, Role


class RegisterCommand(Command, context="rehabilitation"):
    """To the register of centres. There is one."""

    which: ClassVar[str] = "all"


class RegisterEvent(Event, context="rehabilitation"):
    """Of the register of centres."""


class KnownLink(BaseModel):
    """A link that stands."""

    model_config = ConfigDict(frozen=True)

    link: LinkId
    first: PersonId
    second: PersonId


class RegisterCentre(RegisterCommand, roles=[Role.POLICY]):
    """A centre has opened. Sent by policy."""

    centre: CentreId


class SpreadLink(RegisterCommand, roles=[Role.POLICY]):
    """Two records were linked: every centre must know. Sent by policy."""

    link: LinkId
    first: PersonId
    second: PersonId


class SpreadUnlinking(RegisterCommand, roles=[Role.POLICY]):
    """A link was dissolved: every centre must know. Sent by policy."""

    link: LinkId


class IdentifyParties(RegisterCommand, roles=[Role.POLICY]):
    """A mandate was granted: under which records are its parties known? Sent by policy."""

    counsel: str
    mandate: MandateId
    proceedings: ProceedingsId
    client: PersonId
    opponents: tuple[PersonId, ...]
    since: date
    until: date


class CentreRegistered(RegisterEvent):
    """A centre is known, and is to learn of these links."""

    centre: CentreId
    links: tuple[KnownLink, ...] = ()


class LinkSpread(RegisterEvent):
    """These centres are to learn of a link."""

    link: LinkId
    first: PersonId
    second: PersonId
    centres: tuple[CentreId, ...] = ()


class UnlinkingSpread(RegisterEvent):
    """These centres are to learn that a link was dissolved."""

    link: LinkId
    centres: tuple[CentreId, ...] = ()


class PartiesIdentified(RegisterEvent):
    """The parties of a mandate, under every record that each of them has."""

    counsel: str
    mandate: MandateId
    proceedings: ProceedingsId
    client: PersonId
    client_records: tuple[PersonId, ...]
    opponent_records: tuple[PersonId, ...]
    since: date
    until: date


Commands = RegisterCentre | SpreadLink | SpreadUnlinking | IdentifyParties
Events = CentreRegistered | LinkSpread | UnlinkingSpread | PartiesIdentified


@dataclass(frozen=True, slots=True)
class Centres:
    """All centres, and all links. A dissolved one is None."""

    centres: tuple[str, ...] = ()
    links: Growing[str, tuple[str, str] | None] = field(default_factory=Growing)

    def records_of(self, *people: str) -> tuple[str, ...]:
        """Every record of these people, through as many links as it takes."""
        same = same_persons(pair for pair in self.links.values() if pair)
        return tuple(sorted({record for person in people for record in same.get(person, {person})}))


def decide(command: Commands, state: Centres) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case RegisterCentre(centre=centre):
            if centre in state.centres:
                return []
            links = tuple(
                KnownLink(link=link, first=pair[0], second=pair[1]) for link, pair in state.links.items() if pair
            )
            return [CentreRegistered(centre=centre, links=links)]
        case SpreadLink(link=link):
            return [] if link in state.links else [LinkSpread(**command.stated(), centres=state.centres)]
        case SpreadUnlinking(link=link):
            stands = link in state.links and state.links[link]
            return [UnlinkingSpread(link=link, centres=state.centres)] if stands else []
        case IdentifyParties(client=client, opponents=opponents):
            identified = PartiesIdentified(
                counsel=command.counsel,
                mandate=command.mandate,
                proceedings=command.proceedings,
                client=client,
                client_records=state.records_of(client),
                opponent_records=state.records_of(*opponents),
                since=command.since,
                until=command.until,
            )
            return [identified]
        case _:
            assert_never(command)


def evolve(state: Centres, event: Events) -> Centres:
    """The register after an event."""
    match event:
        case CentreRegistered(centre=centre):
            return replace(state, centres=(*state.centres, centre))
        case LinkSpread(link=link, first=first, second=second):
            return replace(state, links=state.links.having(link, (first, second)))
        case UnlinkingSpread(link=link):
            return replace(state, links=state.links.having(link, None))
        case PartiesIdentified():
            return state
        case _:
            assert_never(event)


centres = Decider("centre-register", "which", Centres(), decide, evolve, Commands, Events)
