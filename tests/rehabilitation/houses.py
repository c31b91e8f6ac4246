"""A centre with two shelters, and who comes to it."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.rehabilitation.placement.house import CentreOpened, RoomAdded, ShelterAdded
from services.rehabilitation.placement.people import (
    KinshipRecorded,
    LinkedRecordsNoted,
    SeparationOrdered,
)
from services.rehabilitation.placement.record import AgeGroup, Scope
from services.rehabilitation.placement.stays import CheckedIn, CheckIn
from tests.rehabilitation.examples import an_id

CENTRE = an_id(20)
ANNA, BERTA, CHILD, INFANT, DUPLICATE = (an_id(number) for number in range(21, 26))
STAY, OTHER_STAY, ORDER, LINK, TASK = (an_id(number) for number in range(31, 36))
FIRST, LATER = date(2008, 9, 1), date(2008, 9, 20)

OPENED = CentreOpened(centre=CENTRE, code="VNO", occurred=date(2004, 1, 1))
SHELTER_A = ShelterAdded(centre=CENTRE, shelter="A", capacity=3, occurred=date(2004, 1, 1))
SHELTER_B = ShelterAdded(centre=CENTRE, shelter="B", capacity=2, occurred=date(2004, 1, 1))
ROOM_A1 = RoomAdded(centre=CENTRE, shelter="A", room="A1", beds=("A1-1", "A1-2"), occurred=date(2004, 1, 1))
ROOM_A2 = RoomAdded(centre=CENTRE, shelter="A", room="A2", beds=("A2-1", "A2-2"), occurred=date(2004, 1, 1))
ROOM_B1 = RoomAdded(centre=CENTRE, shelter="B", room="B1", beds=("B1-1", "B1-2"), occurred=date(2004, 1, 1))
HOUSE = (OPENED, SHELTER_A, SHELTER_B, ROOM_A1, ROOM_A2, ROOM_B1)

LINKED = LinkedRecordsNoted(centre=CENTRE, link=LINK, first=ANNA, second=DUPLICATE)


def checked_in(person: str = ANNA, bed: str = "A1-1", stay: str = STAY, **more: Any) -> CheckedIn:
    """Somebody has a bed since the first of September."""
    facts = {"age": AgeGroup.ADULT, "occurred": FIRST} | more
    return CheckedIn(centre=CENTRE, stay=stay, person=person, bed=bed, **facts)


def check_in(person: str = BERTA, bed: str = "A1-2", stay: str = OTHER_STAY, **more: Any) -> CheckIn:
    """Somebody is to have a bed from the twentieth on."""
    facts = {"age": AgeGroup.ADULT, "occurred": LATER} | more
    return CheckIn(centre=CENTRE, stay=stay, person=person, bed=bed, **facts)


def separated(first: str = ANNA, second: str = BERTA, scope: Scope = Scope.SHELTER, **more: Any) -> SeparationOrdered:
    """Two people are kept apart since the tenth."""
    facts = {"order": ORDER, "occurred": date(2008, 9, 10)} | more
    return SeparationOrdered(centre=CENTRE, first=first, second=second, scope=scope, **facts)


def kin(first: str, second: str) -> KinshipRecorded:
    """Two people belong together."""
    return KinshipRecorded(centre=CENTRE, first=first, second=second, occurred=FIRST)
