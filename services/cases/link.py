"""Link: two records are of the same person. They are linked, never merged, so that unlinking restores both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.vocabulary import CASE_TEAM, PersonId, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, new_id
from shared.privacy.personal import About, Hidden

LinkId = Annotated[Id, Field(description="The link", examples=["d9428888-122b-11e1-b85c-61cd3cbb3210"])]


class LinkCommand(Command, context="cases"):
    """An instruction to one link."""

    link: LinkId


class LinkEvent(Event, context="cases"):
    """A fact of one link."""

    link: LinkId


class LinkRecords(LinkCommand, route="POST /links", roles=CASE_TEAM):
    """Link two records that are of the same person."""

    link: LinkId = new_id()
    first: PersonId
    second: Annotated[PersonId, Field(examples=["2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"])]
    grounds: Annotated[
        Text, About("first"), Field(description="Why they are the same", examples=["Same passport in both files."])
    ]
    occurred: Occurred


class UnlinkRecords(LinkCommand, route="POST /links/{link}/dissolution", roles=CASE_TEAM):
    """Dissolve a link: the records are of two people after all. What was forgotten stays forgotten."""

    occurred: Occurred


class RecordsLinked(LinkEvent):
    """Two records are of the same person."""

    first: PersonId
    second: PersonId
    grounds: Annotated[str | Hidden, About("first")]
    occurred: Occurred


class RecordsUnlinked(LinkEvent):
    """They are of two people after all."""

    first: PersonId
    second: PersonId
    occurred: Occurred


Commands = LinkRecords | UnlinkRecords
Events = RecordsLinked | RecordsUnlinked


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `first` is empty before it is made."""

    first: PersonId = ""
    second: PersonId = ""
    holds: bool = False


def decide(command: Commands, state: Link) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case LinkRecords(first=first, second=second):
            if state.first:
                raise DomainError("A link is made once; this id is taken: leave it out.", rule="linked-once")
            if first == second:
                raise DomainError("A link joins two records; the same is named twice.", rule="two-records")
            return [RecordsLinked(**command.stated())]
        case UnlinkRecords(link=link, occurred=occurred):
            must_exist(bool(state.first), "link")
            if not state.holds:
                return []
            return [RecordsUnlinked(link=link, first=state.first, second=state.second, occurred=occurred)]
        case _:
            assert_never(command)


def evolve(state: Link, event: Events) -> Link:
    """What a link is after an event."""
    match event:
        case RecordsLinked(first=first, second=second):
            return Link(first, second, holds=True)
        case RecordsUnlinked():
            return replace(state, holds=False)
        case _:
            assert_never(event)


link = Decider(
    category="link",
    key="link",
    initial=Link(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)
