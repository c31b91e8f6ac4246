"""What it costs that the log is encrypted: commands and rebuilds with sealing beside the same without.

"Without" is the same program over a vault that writes the same JSON in Base64 and has no keys. A new note gets a key of
its own, so that it can be shredded alone: one more commit, in the key store. A correction finds its key there. Then
events in batches, and two read models built from the same history in either log: one that opens nothing, one that
opens every name. Log and key store are on disk, synchronous; what is compared runs in turns; medians.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import orjson

from services import cases
from services.cases.case.intake import Channel, OpenCase
from services.cases.case.notes import AddNote, CorrectNote, NoteAdded
from services.cases.case.record import CaseKind
from services.cases.person.names import PersonName, RegisterPerson
from services.cases.projections.case_files import CaseFiles
from services.cases.projections.person_search import PersonSearch
from shared.context import Registry
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Origin, Role
from shared.privacy.personal import Place
from shared.privacy.port import KeyName, Vault
from shared.privacy.vault import AesGcmVault, open_keys
from shared.projections.declaration import Projection
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from tests.recording import stored

ROUNDS = 5
COMMANDS = 300
CALLERS = (1, 16)
BATCHES, BATCH = 20, 100
PEOPLE = 1_000  # each with a name, a case and some notes, in the log that is built from
NOTES = 6
TEXT = "She came with her sister, and asked what happens when she tells it to the police. " * 3
DAY = "2024-03-01"
WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))


class Unsealed:
    """A vault that hides nothing: what there would be without encryption."""

    def prepare(self, names: Iterable[KeyName]) -> None:
        """There are no keys."""

    def seal(self, value: Any, name: KeyName, place: Place) -> str:
        """The JSON, in Base64."""
        return urlsafe_b64encode(orjson.dumps(value)).decode()

    def open(self, token: str, place: Place) -> Any:
        """The value."""
        return orjson.loads(urlsafe_b64decode(token))

    def fingerprint(self, content: bytes, names: Iterable[KeyName]) -> str:
        """A plain hash."""
        return hashlib.sha256(content).hexdigest()

    def generation(self) -> int:
        """Nothing is ever forgotten."""
        return 0


class Centre:
    """A log on disk, with or without encryption, and a case to write in."""

    def __init__(self, folder: Path, opened: ExitStack, *, sealed: bool) -> None:
        folder.mkdir()
        self.folder = folder
        self.store = opened.enter_context(open_store(folder / "log"))
        self.vault: Vault = Unsealed()
        if sealed:
            keys = open_keys(folder)
            opened.callback(keys.close)
            self.vault = AesGcmVault(keys)
        self.handler = CommandHandler(self.store, Registry([cases.context]), self.vault)
        self.notes: list[tuple[str, str, str]] = []  # case, person, note

    def send(self, command: Command) -> dict[str, str]:
        return dict(self.handler.handle(command, WORKER, command_id=uuid4()).ids)

    def case(self, person: str) -> str:
        opened = OpenCase(kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=person, account=TEXT, occurred=DAY)
        return self.send(opened)["case"]

    def write(self, case: str, person: str) -> None:
        note = self.send(AddNote(case=case, about=person, text=TEXT, occurred=DAY))["note"]
        self.notes.append((case, person, note))

    def correct(self, number: int) -> None:
        case, person, note = self.notes[number]
        self.send(CorrectNote(case=case, note=note, about=person, text=f"{TEXT} {uuid4()}"))

    def batch(self, events: int) -> None:
        """As one append: keys made together, all sealed, one commit."""
        person, case = str(uuid4()), str(uuid4())
        stream = f"case-{case}"
        note = str(uuid4())
        facts = [NoteAdded(case=case, note=note, about=person, text=TEXT, occurred=DAY) for _ in range(events)]
        recorded = [("w-1", stream, fact) for fact in facts]
        self.store.append(stream, [one for _, one in stored(recorded, self.vault, at=self.handler.clock())])


def run(rounds: int = ROUNDS, commands: int = COMMANDS, people: int = PEOPLE) -> list[dict[str, Any]]:
    """The rows."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        sealed, plain = (
            Centre(Path(folder) / name, opened, sealed=name == "sealed") for name in ("sealed", "unsealed")
        )
        return [*_commands(sealed, plain, rounds, commands), *_rebuilds(sealed, plain, rounds, people)]


def _commands(sealed: Centre, plain: Centre, rounds: int, commands: int) -> Iterable[dict[str, Any]]:
    for callers in CALLERS:

        def new_notes(centre: Centre, callers: int = callers) -> int:
            files = [(centre.case(person), person) for person in (str(uuid4()) for _ in range(callers))]
            return _at_once(callers, commands, lambda number: centre.write(*files[number % callers]))

        yield _row(f"notes, {callers} at once", "commands/s", _beside(sealed, plain, new_notes, rounds))

        def corrections(centre: Centre, callers: int = callers) -> int:
            newest = len(centre.notes) - commands
            return _at_once(callers, commands, lambda number: centre.correct(newest + number))

        yield _row(f"corrections, {callers} at once", "commands/s", _beside(sealed, plain, corrections, rounds))

    def batches(centre: Centre) -> int:
        for _ in range(BATCHES):
            centre.batch(BATCH)
        return BATCHES * BATCH

    yield _row(f"appends of {BATCH} events", "events/s", _beside(sealed, plain, batches, rounds))


def _rebuilds(sealed: Centre, plain: Centre, rounds: int, people: int) -> Iterable[dict[str, Any]]:
    for centre in (sealed, plain):

        def arrive(number: int, centre: Centre = centre) -> None:
            person = str(uuid5(NAMESPACE_URL, f"person {number}"))
            name = PersonName(given="Rūta", family=f"Ąžuolaitė {number}")
            centre.send(RegisterPerson(person=person, value=name, occurred=DAY))
            case = centre.case(person)
            for _ in range(NOTES):
                centre.write(case, person)

        _at_once(max(CALLERS), people, arrive)
    for projection, what in ((CaseFiles(), "nothing is opened"), (PersonSearch(), "every name is opened")):

        def rebuilt(centre: Centre, projection: Projection = projection) -> int:
            path = centre.folder / f"{uuid4()}.db"
            engine = read_model_engine(path)
            Projector(centre.store, engine, [projection.opening_with(centre.vault)]).catch_up()
            engine.dispose()
            return centre.store.head()

        yield _row(f"rebuild of {projection.name}: {what}", "events/s", _beside(sealed, plain, rebuilt, rounds))


def _at_once(callers: int, times: int, work: Callable[[int], None]) -> int:
    if callers == 1:
        for number in range(times):
            work(number)
    else:
        with ThreadPoolExecutor(callers) as threads:
            list(threads.map(work, range(times)))
    return times


def _beside(sealed: Centre, plain: Centre, work: Callable[[Centre], int], rounds: int) -> tuple[float, float]:
    """How much of the work is done in a second, with and without: medians of rounds in which they take turns."""
    rates: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(rounds):
        for number, centre in enumerate((sealed, plain)):
            start = time.perf_counter()
            done = work(centre)
            rates[number].append(done / (time.perf_counter() - start))
    return statistics.median(rates[0]), statistics.median(rates[1])


def _row(what: str, unit: str, figures: tuple[float, float]) -> dict[str, Any]:
    sealed, plain = figures
    return {
        "what": what,
        "encrypted": round(sealed),
        "not encrypted": round(plain),
        "unit": unit,
        "times as long (aim: 1.3)": round(plain / sealed, 2),
    }


if __name__ == "__main__":
    for row in run():
        print(" · ".join(str(value) for value in row.values()))
