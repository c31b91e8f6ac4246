"""The house: a centre's shelters with how many people each may take, their rooms, and the beds in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.placement.record import (
    KNOWERS,
    Bed,
    BedCode,
    CentreId,
    Code,
    Day,
    Placement,
    PlacementCommand,
    PlacementEvent,
    RoomCode,
    ShelterCode,
    must_be_open,
)
from shared.dates import must_have_happened
from shared.errors import DomainError
from shared.messages import new_id

Capacity = Annotated[int, Field(ge=1, le=1000, description="How many people it may house at once", examples=[12])]
Beds = Annotated[
    tuple[BedCode, ...], Field(min_length=1, max_length=50, description="Its beds", examples=[["A1-1", "A1-2"]])
]


class OpenCentre(PlacementCommand, route="POST /centres", roles=KNOWERS):
    """Open a centre: from now on it keeps who sleeps where."""

    centre: CentreId = new_id()
    code: Annotated[Code, Field(description="What it is called in lists", examples=["VNO"])]
    occurred: Day


class AddShelter(PlacementCommand, route="POST /centres/{centre}/shelters", roles=KNOWERS):
    """Add a shelter. Its address is recorded nowhere."""

    shelter: ShelterCode
    capacity: Capacity
    occurred: Day


class ChangeCapacity(PlacementCommand, route="POST /centres/{centre}/shelters/{shelter}/capacity", roles=KNOWERS):
    """Change how many people a shelter may house. Nobody who is there has to leave for it."""

    shelter: ShelterCode
    capacity: Capacity
    occurred: Day


class AddRoom(PlacementCommand, route="POST /centres/{centre}/rooms", roles=KNOWERS):
    """Add a room with its beds."""

    shelter: ShelterCode
    room: RoomCode
    beds: Beds
    occurred: Day


class TakeOutOfService(PlacementCommand, route="POST /centres/{centre}/beds/{bed}/closure", roles=KNOWERS):
    """Take an empty bed out of service: it is broken, or kept free."""

    bed: BedCode
    occurred: Day


class PutIntoService(PlacementCommand, route="POST /centres/{centre}/beds/{bed}/reopening", roles=KNOWERS):
    """Put a bed back into service."""

    bed: BedCode
    occurred: Day


class CentreOpened(PlacementEvent):
    """A centre keeps who sleeps where."""

    code: Code
    occurred: date


class ShelterAdded(PlacementEvent):
    """A centre has a shelter."""

    shelter: ShelterCode
    capacity: int
    occurred: date


class CapacityChanged(PlacementEvent):
    """A shelter may house so many."""

    shelter: ShelterCode
    capacity: int
    occurred: date


class RoomAdded(PlacementEvent):
    """A shelter has a room with beds."""

    shelter: ShelterCode
    room: RoomCode
    beds: tuple[BedCode, ...]
    occurred: date


class BedTakenOutOfService(PlacementEvent):
    """Nobody is housed in this bed for now."""

    bed: BedCode
    occurred: date


class BedPutIntoService(PlacementEvent):
    """This bed can be used again."""

    bed: BedCode
    occurred: date


Commands = OpenCentre | AddShelter | ChangeCapacity | AddRoom | TakeOutOfService | PutIntoService
Events = CentreOpened | ShelterAdded | CapacityChanged | RoomAdded | BedTakenOutOfService | BedPutIntoService


def decide(command: Commands, state: Placement) -> Sequence[Events]:
    """What follows from a command."""
    if isinstance(command, OpenCentre):
        must_have_happened(command.occurred.isoformat(), command.now)
        if state.opened is not None:
            raise DomainError("A centre is opened once; this id is taken: leave it out.", rule="opened-once")
        return [CentreOpened(**command.stated())]
    must_be_open(command, state, command.occurred)
    match command:
        case AddShelter(shelter=shelter):
            if shelter in state.shelters:
                raise DomainError(
                    f"Each shelter has a code of its own; {shelter} is taken: give another.", rule="code-taken"
                )
            return [ShelterAdded(**command.stated())]
        case ChangeCapacity(shelter=shelter, capacity=capacity):
            _must_be_shelter(shelter, state)
            return [] if state.shelters[shelter] == capacity else [CapacityChanged(**command.stated())]
        case AddRoom(shelter=shelter, room=room, beds=beds):
            _must_be_shelter(shelter, state)
            taken = [*([room] if room in state.rooms else []), *(bed for bed in beds if bed in state.beds)]
            if taken or len(set(beds)) < len(beds):
                what = f"taken: {', '.join(taken)}" if taken else "one bed is named twice"
                raise DomainError(
                    f"Each room and each bed has a code of its own; {what}. Give another.", rule="code-taken"
                )
            return [RoomAdded(**command.stated())]
        case TakeOutOfService(bed=bed):
            must_be_bed(bed, state)
            if any(one.bed == bed for one in state.present()):
                raise DomainError("Somebody sleeps in this bed: move them first.", rule="bed-is-empty")
            return [BedTakenOutOfService(**command.stated())] if state.beds[bed].in_service else []
        case PutIntoService(bed=bed):
            must_be_bed(bed, state)
            return [] if state.beds[bed].in_service else [BedPutIntoService(**command.stated())]
        case _:
            assert_never(command)


def _must_be_shelter(shelter: str, state: Placement) -> None:
    if shelter not in state.shelters:
        there = ", ".join(state.shelters) or "none yet"
        raise DomainError(
            f"This centre has no such shelter: name one of its own ({there}), or add it first.", rule="no-such-shelter"
        )


def must_be_bed(bed: str, state: Placement) -> None:
    """Refuses a bed that is none of this centre's."""
    if bed not in state.beds:
        raise DomainError("This centre has no such bed: name one of its own.", rule="no-such-bed")


def evolve(state: Placement, event: Events) -> Placement:
    """The beds after an event."""
    match event:
        case CentreOpened(occurred=occurred):
            return Placement(opened=occurred)
        case ShelterAdded(shelter=shelter, capacity=capacity) | CapacityChanged(shelter=shelter, capacity=capacity):
            return replace(state, shelters=state.shelters.having(shelter, capacity))
        case RoomAdded(shelter=shelter, room=room, beds=beds):
            with_beds = state.beds
            for bed in beds:
                with_beds = with_beds.having(bed, Bed(room))
            return replace(state, rooms=state.rooms.having(room, shelter), beds=with_beds)
        case BedTakenOutOfService(bed=bed) | BedPutIntoService(bed=bed):
            known = replace(state.beds[bed], in_service=isinstance(event, BedPutIntoService))
            return replace(state, beds=state.beds.having(bed, known))
        case _:
            assert_never(event)
