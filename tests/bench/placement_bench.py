"""Check-in contention: 64 callers, one centre, every decision on disk.

All ask one centre for beds at once, and half of those who got one leave again; one caller alone stands beside them. In
the end no bed may be given twice and nobody have two: `wrong` counts those.
"""

from __future__ import annotations

import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid5

from services import rehabilitation
from services.rehabilitation.placement.house import AddRoom, AddShelter, OpenCentre
from services.rehabilitation.placement.record import AgeGroup, Placement
from services.rehabilitation.placement.stays import CheckIn, CheckOut
from shared.context import Registry
from shared.errors import Conflict, DomainError, NotAvailable
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Origin, Role
from shared.privacy.vault import AesGcmVault

SOME_ID = UUID("6f1c9d7e-0b1a-4c55-9a53-2f6f0d0c2008")
CENTRE = str(SOME_ID)
CALLERS = 64
BEDS = 40
EACH = {1: 256, CALLERS: 16}  # check-ins asked for by each, by how many callers there are
DAY = date(2008, 10, 2)
MANAGER = Origin("m-1", frozenset({Role.SHELTER_MANAGER}))
NOW = datetime(2008, 10, 2, 12, tzinfo=UTC)


class _Centre:
    """A furnished centre over a real log."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder)
        vault = AesGcmVault.in_memory()
        self.handler = CommandHandler(self.store, Registry([rehabilitation.context]), vault, clock=lambda: NOW)
        self._sent = 0
        self._lock = threading.Lock()
        self.send(OpenCentre(centre=CENTRE, code="VNO", occurred=DAY))
        self.send(AddShelter(centre=CENTRE, shelter="A", capacity=BEDS, occurred=DAY))
        beds = tuple(f"A1-{number}" for number in range(BEDS))
        self.send(AddRoom(centre=CENTRE, shelter="A", room="A1", beds=beds, occurred=DAY))

    def send(self, command: Command) -> None:
        """One command, under an id of its own."""
        with self._lock:
            self._sent += 1
            command_id = uuid5(SOME_ID, str(self._sent))
        self.handler.handle(command, MANAGER, command_id=command_id)

    def state(self) -> Placement:
        """What the log says now, folded anew."""
        decider = rehabilitation.placement.placement
        fresh = CommandHandler(self.store, self.handler.registry, self.handler.vault)
        state: Placement = fresh.load(decider, f"placement-{CENTRE}").state
        return state


def comes_and_goes(centre: _Centre, caller: int, each: int, outcomes: Counter[str]) -> None:
    """One caller: somebody asks for a bed, and whoever got one leaves every other time."""
    dice = random.Random(caller)
    found: Counter[str] = Counter()
    for turn in range(each):
        person, stay = (str(uuid5(SOME_ID, f"{what}/{caller}/{turn}")) for what in ("person", "stay"))
        bed = f"A1-{dice.randrange(BEDS)}"
        came = CheckIn(centre=CENTRE, stay=stay, person=person, bed=bed, age=AgeGroup.ADULT, occurred=DAY)
        outcome = _attempt(lambda came=came: centre.send(came))  # type: ignore[misc]
        found[outcome] += 1
        if outcome == "given" and turn % 2:
            gone = CheckOut(centre=CENTRE, stay=stay, occurred=DAY)
            found[_attempt(lambda gone=gone: centre.send(gone))] += 1  # type: ignore[misc]
    outcomes.update(found)


def _attempt(send: Callable[[], None]) -> str:
    try:
        send()
    except NotAvailable:
        return "not available"
    except Conflict:
        return "conflict, told to try again"
    except DomainError:
        return "refused otherwise"
    return "given"


def wrong(state: Placement) -> int:
    """Beds with two people in them, and people with two beds."""
    here = list(state.present())
    beds, people = Counter(one.bed for one in here), Counter(one.person for one in here)
    return sum(count - 1 for count in (*beds.values(), *people.values()) if count > 1)


def run() -> list[dict[str, Any]]:
    """One caller alone, then all at once."""
    rows = []
    for callers, each in EACH.items():
        with tempfile.TemporaryDirectory() as folder:
            centre = _Centre(Path(folder))
            outcomes: Counter[str] = Counter()
            threads = [
                threading.Thread(target=comes_and_goes, args=(centre, caller, each, outcomes))
                for caller in range(callers)
            ]
            start = perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = perf_counter() - start
            decided = sum(outcomes.values()) - outcomes["conflict, told to try again"]
            rows.append(
                {
                    "callers": callers,
                    "decisions": decided,
                    "decisions/s": round(decided / took),
                    **{name: outcomes[name] for name in ("given", "not available", "conflict, told to try again")},
                    "wrong": wrong(centre.state()),
                }
            )
            centre.store.close()
    return rows
