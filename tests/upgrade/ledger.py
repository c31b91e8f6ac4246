"""A program in two versions: `python -m tests.upgrade.ledger old FOLDER` and `... new FOLDER`, both on one log.

In the new version, entries count in cents, and entries can be struck out. Each reads requests, a line each, on standard
input and answers with a line of JSON: the commands that it sends, and `project` and `react`, which let its read models
and its policy catch up with the log and tell how they stand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Column, Integer, String, text

from shared.codec import Recorded
from shared.context import Context, Registry
from shared.decider import Decider
from shared.errors import ForgetMeNotError
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.logging import configure_logging
from shared.messages import Command, Event, Origin, Receipt, Role, upcasts
from shared.policies import Policy, Reaction, on
from shared.privacy.vault import AesGcmVault
from shared.projections.declaration import Projection, Rows, table
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.reacting.runner import PolicyRunner

NEW = "new" in sys.argv[1:2]
WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))


class LedgerCommand(Command, context="ledgers"):
    ledger: str


class OpenLedger(LedgerCommand):
    """Open one."""


class Enter(LedgerCommand):
    """Enter an amount."""

    euros: int


class StrikeOut(LedgerCommand):
    """Strike the last entry out."""


class NoteEntry(Command, context="ledgers"):
    """What the policy sends: one note for each entry."""

    notes: str


class LedgerEvent(Event, context="ledgers"):
    ledger: str


class LedgerOpened(LedgerEvent):
    pass


if NEW:

    class Entered(LedgerEvent, version=2):
        cents: int

    @upcasts(Entered, 1)
    def _euros_were_whole(data: dict[str, Any]) -> dict[str, Any]:
        return {"ledger": data["ledger"], "cents": data["euros"] * 100}

    def entered(ledger: str, euros: int) -> Entered:
        return Entered(ledger=ledger, cents=euros * 100)

    def cents_of(event: Entered) -> int:
        return event.cents

    class StruckOut(LedgerEvent):
        pass

    LedgerEvents = LedgerOpened | Entered | StruckOut
else:

    class Entered(LedgerEvent):  # type: ignore[no-redef]
        euros: int

    def entered(ledger: str, euros: int) -> Entered:
        return Entered(ledger=ledger, euros=euros)

    def cents_of(event: Entered) -> int:
        return event.euros * 100

    LedgerEvents = LedgerOpened | Entered  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Ledger:
    cents: int = 0


def decide(command: LedgerCommand, ledger: Ledger) -> Sequence[LedgerEvent]:
    match command:
        case OpenLedger(ledger=key):
            return [LedgerOpened(ledger=key)]
        case Enter(ledger=key, euros=euros):
            return [entered(key, euros)]
        case _:
            return [StruckOut(ledger=command.ledger)]


def evolve(ledger: Ledger, event: LedgerEvent) -> Ledger:
    return replace(ledger, cents=ledger.cents + cents_of(event)) if isinstance(event, Entered) else ledger


class EntryNoted(Event, context="ledgers"):
    notes: str


LedgerCommands = OpenLedger | Enter | StrikeOut if NEW else OpenLedger | Enter


def decide_notes(command: NoteEntry, count: int) -> Sequence[EntryNoted]:
    return [EntryNoted(notes=command.notes)]


ledger = Decider("ledger", "ledger", Ledger(), decide, evolve, LedgerCommands, LedgerEvents)
notes = Decider("notes", "notes", 0, decide_notes, lambda count, _: count + 1, NoteEntry, EntryNoted)


class Totals(Projection):
    """What each ledger comes to."""

    name = "totals"
    totals = table("totals", Column("ledger", String, primary_key=True), Column("cents", Integer), Column("n", Integer))

    @on(Entered)
    def entered(self, e: Recorded[Entered], rows: Rows) -> None:
        """One more."""
        rows.add(self.totals, (e.event.ledger,), cents=cents_of(e.event), n=1)


class Opened(Projection):
    """Which ledgers there are: of this, nothing changes."""

    name = "opened"
    opened = table("opened", Column("ledger", String, primary_key=True))

    @on(LedgerOpened)
    def happened(self, e: Recorded[LedgerOpened], rows: Rows) -> None:
        """One more."""
        rows.put(self.opened, ledger=e.event.ledger)


class EveryEntryIsNoted(Policy):
    """One note for each entry."""

    name = "every_entry_is_noted"

    @on(Entered)
    def note(self, e: Recorded[Entered]) -> Iterable[Reaction]:
        """One command."""
        yield NoteEntry(notes="all")


class Program:
    """One version of it, on a folder that others use too."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "log")
        registry = Registry([Context("ledgers", "Ledgers", deciders=(ledger, notes))])
        self.handler = CommandHandler(self.store, registry, AesGcmVault.in_memory())
        self.engine = read_model_engine(str(folder / "read.db"))
        self.projector = Projector(self.store, self.engine, [Totals(), Opened()])
        self.policies = PolicyRunner(self.store, self.engine, [EveryEntryIsNoted()], self.send)

    def send(self, command: Command, origin: Origin, command_id: UUID) -> Receipt:
        return self.handler.handle(command, origin, command_id=command_id)

    def answer(self, what: str, key: str, number: str) -> dict[str, Any]:
        """What comes of a request; the same number sends the same command."""
        match what:
            case "project":
                self.projector.catch_up()
                states = {row.name: [row.state, row.error] for row in self.projector.status()}
                return {"states": states, "totals": self.rows("totals")}
            case "react":
                self.policies.catch_up()
                (status,) = self.policies.status()
                noted = sum(raw.type == EntryNoted.type_name for raw in self.store.read_all())
                return {"noted": noted, "waiting": status.waiting, "parked": len(status.parked)}
        command: Command
        match what:
            case "open":
                command = OpenLedger(ledger=key)
            case "enter":
                command = Enter(ledger=key, euros=3)
            case _:
                command = StrikeOut(ledger=key)
        try:
            return {"position": self.send(command, WORKER, uuid5(UUID(int=0), number)).position}
        except ForgetMeNotError as error:
            return {"refused": error.code, "said": str(error)}

    def rows(self, name: str) -> list[list[Any]]:
        """What the live generation of a table holds."""
        with self.engine.connect() as connection:
            found = connection.execute(text("SELECT generation FROM generations WHERE name = :n AND live"), {"n": name})
            number = found.scalar()
            return sorted(list(row) for row in connection.execute(text(f"SELECT * FROM {name}__{number}")))


def main(folder: Path) -> None:
    """Answer until there is nothing more to answer."""
    configure_logging("json", "ERROR")
    program = Program(folder)
    for line in sys.stdin:
        what, key, number = [*line.split(), "-", "-"][:3]
        print(orjson.dumps(program.answer(what, key, number)).decode(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[2]))
