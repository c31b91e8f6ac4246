"""A centre whose history is made up, beside a model that knows what must have become of each value.

Everything is real: the log, the keys with their ledger, the read models, the tree, and the policies that destroy keys.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

import orjson

from services.audit.bundle import CompileBundle, compile_bundle
from services.audit.proofs import set_aside
from services.cases.case.intake import Channel, OpenCase
from services.cases.case.notes import AddNote
from services.cases.case.record import CaseKind
from services.cases.case.team import AddToTeam
from services.cases.link import LinkRecords, UnlinkRecords
from services.cases.person.names import AddName, PersonName, RegisterPerson
from services.cases.projections.case_files import GetCase
from services.cases.projections.person_search import SearchPersons
from services.gateway.installation import Installation
from services.protection.erasure import ApproveErasure, Ground, RequestErasure, RequestShredding
from services.protection.hold import HoldGround, LiftHold, PlaceHold
from services.protection.queries import ExportSubject, PlanErasure
from services.protection.retention import RunRetention
from shared.codec import open_data, place_of
from shared.errors import Forgotten, NotFound
from shared.merkle import LogDiverged, split_checkpoints, verify_log
from shared.messages import Command, Origin, Receipt, Role
from shared.metadata import Metadata
from shared.privacy.master import add_master_key, retire_master_keys
from shared.privacy.port import reveal
from shared.settings import Settings

DAY = "2024-03-01"
PEOPLE = tuple(str(uuid5(UUID(int=0), f"person {number}")) for number in range(3))
CASES = tuple(str(uuid5(UUID(int=0), f"case {number}")) for number in range(2))

OFFICER, SUPERVISOR, LAWYER, WORKER, OTHER_LAWYER = (
    Origin(actor, frozenset({role}))
    for actor, role in (
        ("dpo-1", Role.DATA_PROTECTION_OFFICER),
        ("s-1", Role.SUPERVISOR),
        ("law-1", Role.LAWYER),
        ("w-1", Role.CASEWORKER),
        ("law-2", Role.LAWYER),
    )
)


class Write(NamedTuple):
    """A note about a person in a case."""

    person: int
    case: int


class Name(NamedTuple):
    """A name that a person goes by, which they can be searched by."""

    person: int


class Reason(NamedTuple):
    """Somebody joins a case's team, for a reason that is given: it is about the case's person, though no field is."""

    case: int


class Hold(NamedTuple):
    """A case is held; or held no longer, if it was."""

    case: int


class Link(NamedTuple):
    """Two records are of one person; or of two, if they were linked."""

    first: int
    second: int


class Forget(NamedTuple):
    """A person is forgotten. `lost`: parts of the folder that are put back as they were before it."""

    person: int
    lost: tuple[str, ...] = ()


class Shred(NamedTuple):
    """The last note about a person goes alone."""

    person: int


class Rotate(NamedTuple):
    """A new master key; the old one goes."""


class Retain(NamedTuple):
    """The nightly retention."""


class Look(NamedTuple):
    """Everything is read, and checked, on the way."""


class Restart(NamedTuple):
    """Everything is closed and opened again."""


Step = Write | Name | Reason | Hold | Link | Forget | Shred | Rotate | Retain | Look | Restart

HELD: tuple[Step, ...] = (
    Write(0, 0), Write(1, 0), Name(1), Write(2, 1), Link(0, 1), Hold(0), Name(2), Write(0, 1), Reason(1), Look(),
    Forget(0), Write(1, 1), Link(0, 1), Shred(2), Write(2, 0), Rotate(), Write(2, 1),
)  # fmt: skip
"""A history at whose end a hold still keeps what it must: the one in which the mutants live."""


@dataclass(slots=True)
class Value:
    """What was written, and what must have become of it."""

    person: str
    stream: str
    note: str | None  # the record that it can be shredded by, if not its stream
    text: str
    readable: bool = True
    reason: bool = False  # given for a command, and in no file

    @property
    def record(self) -> str:
        return self.note or self.stream


@dataclass
class Centre:
    """See the module. `play` takes steps; `check` raises AssertionError where model and centre differ."""

    folder: Path
    values: list[Value] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)  # stream -> hold
    links: dict[frozenset[str], str] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.open()
        for person in PEOPLE:
            self.send(RegisterPerson(person=person, occurred=DAY), WORKER)
        for number, case in enumerate(CASES):
            opened = OpenCase(
                case=case, kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=PEOPLE[2 - number], occurred=DAY
            )
            self.send(opened, WORKER)

    def open(self) -> None:
        self.it = Installation(Settings(data_dir=self.folder / "data"))
        self.runner = self.it.policy_runner()

    def close(self) -> None:
        self.it.close()

    def send(self, command: Command, origin: Origin) -> Receipt:
        return self.it.bus().send(command, origin, command_id=uuid4())

    def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case Write(person, case):
                    self._write(PEOPLE[person], CASES[case])
                case Name(person):
                    self._name(PEOPLE[person])
                case Reason(case):
                    self._reason(PEOPLE[2 - case], CASES[case])
                case Hold(case):
                    self._hold(f"case-{CASES[case]}")
                case Link(first, second):
                    self._link(PEOPLE[first], PEOPLE[second])
                case Forget(person, lost):
                    self._forget(PEOPLE[person], lost)
                case Shred(person):
                    self._shred(PEOPLE[person])
                case Rotate():
                    add_master_key(self.it.folder / "master.key")
                    self.it.keys.rewrap()
                    retire_master_keys(self.it.folder / "master.key", self.it.keys.masters_in_use())
                case Retain():
                    self._retain()
                case Look():
                    self.check()
                case Restart():
                    self.close()
                    self.open()

    def _write(self, person: str, case: str) -> None:
        text = f"Said of somebody, number {len(self.values)}."
        try:
            receipt = self.send(AddNote(case=case, about=person, text=text, occurred=DAY), WORKER)
        except Forgotten:
            assert person in self.forgotten, "somebody who was not forgotten is refused"
            return
        assert person not in self.forgotten, "something was recorded of somebody who was forgotten"
        self.values.append(Value(person, f"case-{case}", receipt.ids["note"], text))

    def _name(self, person: str) -> None:
        family = "Vardenis" + "".join(chr(ord("a") + int(digit)) for digit in str(len(self.values)))
        try:
            named = self.send(AddName(person=person, value=PersonName(family=family)), WORKER)
        except Forgotten:
            assert person in self.forgotten, "somebody who was not forgotten is refused"
            return
        assert person not in self.forgotten, "something was recorded of somebody who was forgotten"
        self.values.append(Value(person, named.stream, named.ids["name"], family))

    def _reason(self, person: str, case: str) -> None:
        text = f"Why somebody joins, number {len(self.values)}."
        joins = AddToTeam(case=case, member=f"w-{len(self.values)}", occurred=DAY)
        try:
            joined = self.send(joins, replace(WORKER, reason=text))
        except Forgotten:
            assert person in self.forgotten, "somebody who was not forgotten is refused"
            return
        assert person not in self.forgotten, "something was recorded of somebody who was forgotten"
        self.values.append(Value(person, joined.stream, None, text, reason=True))

    def _hold(self, stream: str) -> None:
        if placed := self.held.pop(stream, None):
            self.send(LiftHold(hold=placed), OTHER_LAWYER)
            return
        placed = self.send(PlaceHold(record=stream, ground=HoldGround.LEGAL_CLAIMS), LAWYER).ids["hold"]
        self.held[stream] = placed

    def _link(self, first: str, second: str) -> None:
        pair = frozenset((first, second))
        if len(pair) < 2:
            return
        if made := self.links.pop(pair, None):
            self.send(UnlinkRecords(link=made, occurred=DAY), WORKER)
            return
        text = f"Grounds of a link, number {len(self.values)}."
        try:
            linked = self.send(LinkRecords(first=first, second=second, grounds=text, occurred=DAY), WORKER)
        except Forgotten:
            assert first in self.forgotten
            return
        self.links[pair] = linked.ids["link"]
        self.values.append(Value(first, linked.stream, None, text))

    def _forget(self, person: str, lost: tuple[str, ...]) -> None:
        backup = self.folder / f"backup-{uuid4()}"
        if lost:
            self.close()
            shutil.copytree(self.it.folder, backup)
            self.open()
        plan = self.it.ask(PlanErasure(subject=person), OFFICER).answer
        subjects = plan.subjects
        assert set(subjects) == self._same_as(person), "the dry run names other people"
        asked = self.send(RequestErasure(subject=person, ground=Ground.OBJECTION), OFFICER).ids["erasure"]
        self.send(ApproveErasure(erasure=asked, subjects=subjects, digest=plan.digest), SUPERVISOR)
        self.runner.catch_up()
        self.forgotten |= set(subjects)
        for value in self.values:
            if value.person in subjects and value.stream not in self.held:
                value.readable = False
        if lost:
            self.close()
            for part in lost:
                target = self.it.folder / part
                shutil.rmtree(target)
                shutil.copytree(backup / part, target)
            self.open()

    def _same_as(self, person: str) -> set[str]:
        same, grown = {person}, True
        while grown:
            reached = {end for pair in self.links for end in pair if pair & same}
            grown = not reached <= same
            same |= reached
        return same

    def _shred(self, person: str) -> None:
        note = next((value for value in reversed(self.values) if value.person == person and value.note), None)
        if note is None:
            return
        wrong = RequestShredding(subject=person, record=note.record)
        asked = self.send(wrong, WORKER).ids["erasure"]
        self.send(ApproveErasure(erasure=asked, subjects=(person,)), SUPERVISOR)
        self.runner.catch_up()
        if note.stream not in self.held:
            note.readable = False

    def _retain(self) -> None:
        """Nothing is ten years old here: only what a hold kept of the forgotten goes, once it is lifted."""
        day = date.fromordinal(self._last_run().toordinal() + 1)
        self.it.send(RunRetention(day=day), Origin("system:schedule", frozenset({Role.POLICY})), uuid4())
        self.runner.catch_up()
        for value in self.values:
            if value.person in self.forgotten and value.stream not in self.held:
                value.readable = False

    def _last_run(self) -> date:
        days = [orjson.loads(raw.data)["day"] for raw in self.it.store.read_all() if raw.type.endswith("RetentionRan")]
        return max((date.fromisoformat(day) for day in days), default=date(2024, 1, 1))

    def check(self) -> None:
        """What is forgotten is unreadable everywhere, nothing else is, and the tree still vouches for the log."""
        self.runner.catch_up()
        self.it.projector().catch_up()
        self._check_tree()
        expected = {value.text: value.readable for value in self.values}
        for place, found in (
            ("the log", self._in_the_log()),
            ("the case files", self._in_case_files()),
            ("the search", self._in_search()),
            ("the exports", self._in_exports()),
            ("the bundles", self._in_bundles()),
        ):
            wrong = {text for text in found & expected.keys() if not expected[text]}
            assert not wrong, f"{place}: {len(wrong)} values can be read that were forgotten"
            shown = {"the case files": "case-", "the search": "person-"}.get(place, "")
            due = {
                value.text
                for value in self.values
                if value.readable and value.stream.startswith(shown) and not (value.reason and shown)
            }
            assert due <= found, f"{place}: {len(due - found)} are lost"

    def _in_the_log(self) -> set[str]:
        found: set[str] = set()
        for raw in self.it.store.read_all():
            found |= _texts(open_data(raw, self.it.vault))
            if reason := Metadata.from_json(raw.metadata).reason:
                found |= _texts(reveal(self.it.vault, reason, place_of(raw, "reason", reason.of)))
        return found

    def _in_case_files(self) -> set[str]:
        files = [self.it.ask(GetCase(case=case), WORKER, self.it.store.head()).answer for case in CASES]
        return _texts([one.model_dump(mode="json") for one in files])

    def _in_search(self) -> set[str]:
        names = [value.text for value in self.values if value.stream.startswith("person-")]
        pages = [self.it.ask(SearchPersons(name=name), SUPERVISOR, self.it.store.head()).answer for name in names]
        return _texts([page.model_dump(mode="json") for page in pages])

    def _in_exports(self) -> set[str]:
        exports = [self.it.ask(ExportSubject(subject=person), OFFICER).answer for person in PEOPLE]
        return _texts([one.model_dump(mode="json") for one in exports])

    def _in_bundles(self) -> set[str]:
        found: set[str] = set()
        for person in PEOPLE:
            try:
                content = compile_bundle(
                    CompileBundle(people=(person,)),
                    replace(OFFICER, reason="The court asks."),
                    store=self.it.store,
                    proofs=self._proofs(),
                    vault=self.it.vault,
                    disclosures=self.it.access_log,
                )
            except NotFound:  # nothing was ever recorded of them
                continue
            with zipfile.ZipFile(io.BytesIO(content)) as bundle:
                found |= _texts(orjson.loads(bundle.read("events.json")))
        return found

    def _proofs(self) -> Any:
        try:
            self.it.proofs.checkpoint()
        except LogDiverged:  # the log was put back: an operator accepts that
            self.it.proofs.close()
            folder = self.it.folder / "proofs"
            for path in set_aside(folder, datetime.now(UTC)):
                path.unlink()
            del self.it.proofs
            self.it.proofs.checkpoint()
        return self.it.proofs

    def _check_tree(self) -> None:
        proofs = self._proofs()
        notes = split_checkpoints((self.it.folder / "proofs" / "checkpoints.txt").read_bytes())
        report = verify_log(self.it.store, notes, proofs.verifier)
        assert report.ok, "the tree does not vouch for the log"
        assert report.agreed[-1].size == report.size, "the newest checkpoint does not cover the log"


def _texts(node: Any) -> set[str]:
    match node:
        case str():
            return {node}
        case dict():
            return {text for value in node.values() for text in _texts(value)}
        case list():
            return {text for value in node for text in _texts(value)}
        case _:
            return set()
