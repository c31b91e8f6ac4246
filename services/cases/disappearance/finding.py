"""Finding: a search ends, everything published is taken back, and who learns what is decided with care.

A found adult decides what the family learns. For a child it is the guardian, unless implicated, or child protection.
A death is told only after official identification, to the family first and in person. The family may be the danger:
whoever is implicated is told nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.disappearance.record import (
    SEARCHERS,
    Disappearance,
    DisappearanceCommand,
    DisappearanceEvent,
    FoundAs,
    Learns,
    ThePerson,
    must_be_about,
    must_be_found,
    must_be_sought,
)
from services.cases.disappearance.search import WithdrawalRequested, withdrawn
from services.cases.vocabulary import CASE_TEAM, CaseId, PersonId, Staff, Text
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import Id, new_id
from shared.privacy.personal import About, Hidden, Retention

STEPS = (Learns.NOTHING, Learns.ALIVE, Learns.MESSAGE, Learns.WHEREABOUTS)
"""What a living person may allow, each step including those before it."""


class ToldTo(StrEnum):
    """Who is told."""

    FAMILY = "family"
    GUARDIAN = "guardian"
    CHILD_PROTECTION = "child_protection"
    OTHER = "other"


NAMED = frozenset({ToldTo.FAMILY, ToldTo.GUARDIAN})
"""Those of whom it matters who they are."""


class RecordFound(DisappearanceCommand, route="POST /disappearances/{disappearance}/finding", roles=SEARCHERS):
    """Record that the person was found. Everything published is to be taken back, without a reason given."""

    person: ThePerson
    how: Annotated[FoundAs, Field(description="How they were found", examples=["alive"])]
    adult: Annotated[
        bool | None, Field(description="Whether they are shown to be an adult, if that is known now", examples=[True])
    ] = None
    account: Annotated[
        Text | None, About("person"), Field(description="Where and how", examples=["Called us herself, from abroad."])
    ] = None
    occurred: Occurred


class RetractFinding(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/finding/retraction", roles=CASE_TEAM
):
    """Take a finding back: it was somebody else. The search goes on; what was published has to be asked for anew."""

    person: ThePerson
    grounds: Annotated[
        Text, About("person"), Field(description="Why it was wrong", examples=["The fingerprints were another's."])
    ]
    occurred: Occurred


class IdentifyOfficially(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/identification", roles=CASE_TEAM
):
    """Record that an authority has identified a person who was found dead."""

    person: ThePerson
    decision: Annotated[
        Text,
        About("person", Retention.LEGAL),
        Field(description="The authority and its finding", examples=["State forensic service, 00-00/2008"]),
    ]
    occurred: Occurred


class RecordWishes(DisappearanceCommand, route="POST /disappearances/{disappearance}/wishes", roles=SEARCHERS):
    """Record what a found adult wishes the family to learn. It may change as often as they wish."""

    person: ThePerson
    family_learns: Annotated[Learns, Field(description="The most that the family may learn", examples=["alive"])]
    message: Annotated[
        Text | None, About("person"), Field(description="A message to the family", examples=["I am well."])
    ] = None
    occurred: Occurred


class TellOfFinding(DisappearanceCommand, route="POST /disappearances/{disappearance}/told", roles=CASE_TEAM):
    """Record who was told of the finding, and how much. Ask here first: it refuses what may not be told."""

    told: Id = new_id()
    to: Annotated[ToldTo, Field(description="Who is told", examples=["family"])]
    relative: Annotated[PersonId | None, Field(description="Who of the family, or the guardian")] = None
    learns: Annotated[Learns, Field(description="What they are told", examples=["alive"])]
    in_person: Annotated[bool, Field(description="Whether face to face", examples=[True])]
    occurred: Occurred


class MissingPersonFound(DisappearanceEvent):
    """The search has ended."""

    case: CaseId
    person: PersonId
    how: FoundAs
    adult: bool
    account: Annotated[str | Hidden | None, About("person")] = None
    occurred: Occurred


class FindingRetracted(DisappearanceEvent):
    """It was somebody else: the search goes on."""

    case: CaseId
    person: PersonId
    grounds: Annotated[str | Hidden, About("person")]
    occurred: Occurred


class OfficiallyIdentified(DisappearanceEvent):
    """An authority has identified the dead."""

    person: PersonId
    decision: Annotated[str | Hidden, About("person", Retention.LEGAL)]
    occurred: Occurred


class WishesRecorded(DisappearanceEvent):
    """A found adult has said what the family may learn."""

    person: PersonId
    family_learns: Learns
    message: Annotated[str | Hidden | None, About("person")] = None
    occurred: Occurred


class ToldOfFinding(DisappearanceEvent):
    """Somebody was told."""

    told: Id
    to: ToldTo
    relative: PersonId | None = None
    learns: Learns
    in_person: bool
    told_by: Staff
    occurred: Occurred


Commands = RecordFound | RetractFinding | IdentifyOfficially | RecordWishes | TellOfFinding
Events = MissingPersonFound | FindingRetracted | OfficiallyIdentified | WishesRecorded | ToldOfFinding


def decide(command: Commands, state: Disappearance) -> Sequence[Events | WithdrawalRequested]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case RecordFound(person=person, how=how, adult=adult, occurred=occurred):
            must_be_sought(state)
            must_be_about(person, state)
            if how is not FoundAs.NOT_MISSING and latest(occurred) < earliest(state.last_seen):
                raise DomainError(
                    f"Somebody is found after they were last seen ({state.last_seen}), not on {occurred}: "
                    "give a later date.",
                    rule="found-after-last-seen",
                )
            stated = command.stated() | {"adult": state.adult if adult is None else adult}
            return [MissingPersonFound(**stated, case=state.case), *withdrawn(command, state)]
        case RetractFinding(person=person):
            must_be_found(state)
            must_be_about(person, state)
            return [FindingRetracted(**command.stated(), case=state.case)]
        case IdentifyOfficially(person=person):
            found = must_be_found(state)
            must_be_about(person, state)
            if found is not FoundAs.DECEASED:
                raise DomainError(
                    f"An authority identifies the dead; this person was found {found}: retract the finding if that "
                    "was wrong.",
                    rule="only-the-dead-are-identified",
                )
            return [] if state.identified else [OfficiallyIdentified(**command.stated())]
        case RecordWishes(person=person):
            must_be_about(person, state)
            must_have_wishes(command, state)
            return [WishesRecorded(**command.stated())]
        case TellOfFinding(told=told, by=by):
            found = must_be_found(state)
            if told in state.told:
                raise DomainError("Each telling has an id of its own; this is taken: leave it out.", rule="id-taken")
            must_be_tellable(command, found, state)
            return [ToldOfFinding(**command.stated(), told_by=by)]
        case _:
            assert_never(command)


def must_have_wishes(command: RecordWishes, state: Disappearance) -> None:
    """Refuses the wishes of whom nobody can ask, and those of a child, for whom others answer."""
    if must_be_found(state) is FoundAs.DECEASED or command.family_learns is Learns.DEATH:
        raise DomainError(
            f"Wishes are those of a living person, who may let the family learn {', '.join(STEPS)}: name one of these.",
            rule="wishes-of-the-living",
        )
    if not state.adult:
        raise DomainError(
            "For a child, or who is not shown to be an adult, the guardian or child protection is told; no wishes "
            "stand against that: record that they are an adult if it is shown.",
            rule="an-adult-decides",
        )


def must_be_tellable(command: TellOfFinding, found: FoundAs, state: Disappearance) -> None:
    """Refuses to tell whom it may not be told, or more than may be told, or in another way."""
    if (command.to in NAMED) != (command.relative is not None):
        raise DomainError(
            "Family and guardian are named, and nobody else is: name the relative, or leave them out.",
            rule="the-relative-is-named",
        )
    if command.relative in state.implicated:
        raise DomainError(
            "Whoever is implicated is told nothing by us: leave it to the police, or clear them first.",
            rule="implicated-are-not-told",
        )
    if (found is FoundAs.DECEASED) != (command.learns is Learns.DEATH):
        raise DomainError(
            f"Of somebody found {found}, a death is told if they are dead, and only then: name what is to be told.",
            rule="told-as-found",
        )
    if found is FoundAs.DECEASED:
        must_be_told_with_care(command, state)
    elif state.adult:
        must_be_wished(command, state)
    elif command.to not in {ToldTo.GUARDIAN, ToldTo.CHILD_PROTECTION}:
        raise DomainError(
            "Of a child, or of who is not shown to be an adult, the guardian is told, or child protection where the "
            f"guardian is implicated; this is for {command.to}: tell them.",
            rule="child-told-to-guardian-or-protection",
        )


def must_be_told_with_care(command: TellOfFinding, state: Disappearance) -> None:
    """A death: after official identification, to the family first, in person."""
    if not state.identified:
        raise DomainError(
            "A death is told only after official identification, and there is none: record it first.",
            rule="death-after-identification",
        )
    if command.to in NAMED and not command.in_person:
        raise DomainError("A death is told to the family in person: go and see them.", rule="death-in-person")
    if command.to not in NAMED and not state.family_told:
        raise DomainError(
            "A death is told to the family first, and they do not know yet: tell them before anybody else.",
            rule="family-first",
        )


def must_be_wished(command: TellOfFinding, state: Disappearance) -> None:
    """A found adult decides what the family learns, and whether anybody else learns anything."""
    allowed = state.wishes or Learns.NOTHING
    if allowed is Learns.NOTHING or STEPS.index(command.learns) > STEPS.index(allowed):
        said = "nothing is recorded of their wishes" if state.wishes is None else f"they allow: {allowed}"
        raise DomainError(
            f"A found adult decides what the family learns; {said}: tell no more than that, or ask them.",
            rule="found-adult-decides",
        )


def evolve(state: Disappearance, event: Events) -> Disappearance:
    """What is kept of a disappearance after an event."""
    match event:
        case MissingPersonFound(how=how, adult=adult):
            return replace(state, found=how, adult=adult)
        case FindingRetracted():
            # What was allowed for one who is still missing is thought over again.
            return replace(
                state,
                found=None,
                identified=False,
                wishes=None,
                family_told=False,
                safe_to_publish=None,
                police_agree=False,
            )
        case OfficiallyIdentified():
            return replace(state, identified=True)
        case WishesRecorded(family_learns=learns):
            return replace(state, wishes=learns)
        case ToldOfFinding(told=told, to=to):
            return replace(state, told=state.told | {told}, family_told=state.family_told or to in NAMED)
        case _:
            assert_never(event)
