"""A refusal that is itself a fact: it stays on record, and the sender gets the refusal, however often they ask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import pytest

from shared.context import Context, Registry
from shared.decider import Decider
from shared.errors import ForgetMeNotError, NotAvailable
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Event, Id, Origin, Role
from shared.privacy.vault import AesGcmVault

WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))


class AskForSeat(Command, context="seats"):
    """Ask for the only seat."""

    hall: Id


class SeatGiven(Event, context="seats"):
    """Somebody sits."""

    hall: Id


class SeatRefused(Event, context="seats"):
    """Nobody else does."""

    refusal: ClassVar[ForgetMeNotError | None] = NotAvailable("There is no seat.", rule="not-available")

    hall: Id


def decide(command: AskForSeat, taken: bool) -> Sequence[SeatGiven | SeatRefused]:
    return [SeatRefused(hall=command.hall)] if taken else [SeatGiven(hall=command.hall)]


hall = Decider("hall", "hall", False, decide, lambda taken, event: True, AskForSeat, SeatGiven | SeatRefused)


def test_a_refusal_on_record_is_stored_once_and_given_on_every_repeat(tmp_path: Path) -> None:
    ask, command_id = AskForSeat(hall=str(uuid4())), uuid4()
    with open_store(tmp_path) as store:
        handler = CommandHandler(store, Registry([Context("seats", "Seats", (hall,))]), AesGcmVault.in_memory())
        assert handler.handle(ask, WORKER, command_id=uuid4()).events == ("seats.SeatGiven",)
        for _ in range(3):
            with pytest.raises(NotAvailable, match="no seat"):
                handler.handle(ask, WORKER, command_id=command_id)
        stored = [event.type for event in store.read_stream(f"hall-{ask.hall}")]
    assert stored == ["seats.SeatGiven", "seats.SeatRefused"]
