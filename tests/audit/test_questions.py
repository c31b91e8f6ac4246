"""Any question of an earlier time: what was known then, and what was true then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.audit import questions
from services.audit.access import ShowAccessHistory
from services.audit.questions import AnswerAsOf, AskAsOf
from services.audit.replay import ReplayRecord
from services.campaigns.projections.organisation import ShowOrganisation
from services.cases.case.intake import Channel, OpenCase
from services.cases.case.notes import AddNote, CorrectNote, RetractEntry
from services.cases.case.record import CaseKind
from services.cases.person.contact import AgreeSafeContact, CorrectSafeContact
from services.cases.person.names import AddName, PersonName, RegisterPerson
from services.gateway.contexts import CONTEXTS
from services.gateway.installation import Installation
from services.protection.erasure import ApproveErasure, Ground, RequestErasure
from services.protection.hold import HoldGround, PlaceHold
from services.rehabilitation.placement.house import OpenCentre
from shared.errors import Forbidden, Invalid, NotFound, Unavailable
from shared.messages import Command, Event, Origin, Receipt, Role
from shared.settings import Settings

WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))
SUPERVISOR = Origin("s-1", frozenset({Role.SUPERVISOR}), reason="The board asks what we knew.")
AUDITOR = Origin("a-1", frozenset({Role.AUDITOR}))
OFFICER = Origin("dpo-1", frozenset({Role.DATA_PROTECTION_OFFICER}))


class Story:
    """A case of March 2008 with a note of April, put right since, and one of May that was taken back."""

    def __init__(self, folder: Path) -> None:
        self.it = Installation(Settings(data_dir=folder / "data"))
        self.person, self.case = str(uuid4()), str(uuid4())
        self.send(RegisterPerson(person=self.person, occurred="2008-03-01"))
        self.named = self.send(AddName(person=self.person, value=PersonName(family="Vardenytė")))
        opened = OpenCase(
            case=self.case,
            kind=CaseKind.TRAFFICKING,
            channel=Channel.WALK_IN,
            person=self.person,
            occurred="2008-03-01",
        )
        self.opened = self.send(opened)
        self.noted = self.note("Was in Kaunas.", "2008-04-01")
        wrong = self.note("Of somebody else.", "2008-05-01")
        corrected = CorrectNote(case=self.case, note=self.noted.ids["note"], about=self.person, text="Was in Klaipėda.")
        self.corrected = self.send(corrected)
        self.send(RetractEntry(case=self.case, entry=wrong.ids["note"]))

    def note(self, text: str, day: str) -> Receipt:
        return self.send(AddNote(case=self.case, about=self.person, text=text, occurred=day))

    def send(self, command: Command, origin: Origin = WORKER) -> Receipt:
        return self.it.bus().send(command, origin, command_id=uuid4())

    def ask(self, question: str, origin: Origin = SUPERVISOR, **asked: Any) -> AnswerAsOf:
        self.it.projector().catch_up()
        moment = {name: asked.pop(name) for name in ("as_of", "on") if name in asked}
        query = AskAsOf(question=question, parameters=asked, **moment)
        return self.it.bus().ask(query, origin).answer  # type: ignore[no-any-return]

    def notes(self, **moment: Any) -> list[Any]:
        """What the file says in notes; None for one that was taken back."""
        lines = self.ask("cases.GetCase", case=self.case, **moment).answer["timeline"]
        return [line["said"].get("text") for line in lines if line["what"] == "NoteAdded"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    told = Story(tmp_path_factory.mktemp("centre"))
    yield told
    told.it.close()


def test_a_file_as_it_was_known_at_a_position(story: Story) -> None:
    assert story.notes(as_of=str(story.noted.position)) == ["Was in Kaunas."]
    assert "Was in Klaipėda." in story.notes(as_of=str(story.corrected.position))


def test_a_file_as_it_was_known_at_a_time(story: Story) -> None:
    now = datetime.now(UTC).isoformat()
    before = story.it.store.head()
    story.note("Came back.", "2008-06-01")
    assert "Came back." not in story.notes(as_of=now)
    assert story.ask("cases.GetCase", case=story.case, as_of=now).position == before


def test_what_was_true_on_a_day_is_told_as_it_was_put_right_since(story: Story) -> None:
    assert story.notes(on=date(2008, 4, 30)) == ["Was in Klaipėda."]


def test_what_was_known_then_of_a_day_is_told_as_it_was_believed(story: Story) -> None:
    assert story.notes(on=date(2008, 4, 30), as_of=str(story.noted.position)) == ["Was in Kaunas."]


def test_before_anything_was_known_or_true_there_is_nothing(story: Story) -> None:
    for moment in {"as_of": "0"}, {"on": date(2008, 2, 29)}:
        with pytest.raises(NotFound):
            story.ask("cases.GetCase", case=story.case, **moment)
    assert story.ask("cases.ListCases", on=date(2008, 2, 29)).answer["cases"] == []


def test_an_answer_says_what_counted(story: Story) -> None:
    told = story.ask("cases.ListCases", as_of=str(story.noted.position))
    assert (told.question, told.position) == ("cases.ListCases", story.noted.position)
    whole = story.ask("cases.ListCases", as_of=str(story.it.store.head()))
    assert (whole.events, whole.later) == (told.events + told.later, 0)


def test_what_is_dated_by_a_day_or_an_instant_has_its_day(story: Story) -> None:
    centre = story.send(
        OpenCentre(code="VNO", occurred=date(2008, 3, 5)), Origin("m-1", frozenset({Role.SHELTER_MANAGER}))
    ).ids["centre"]
    asked = {"centre": centre}
    assert story.ask("rehabilitation.ShowOccupancy", **asked, on=date(2008, 3, 5)).events == 1
    assert story.ask("rehabilitation.ListCentres", on=date(2008, 3, 4)).events == 0


def test_every_read_model_with_a_question_that_needs_nothing_answers_it_of_earlier(story: Story) -> None:
    origin = Origin("s-1", frozenset(Role))
    answered = set()
    for context in CONTEXTS:
        for projection in context.projections:
            query = next(iter(projection.queries()), None)
            if query is None or any(field.is_required() for field in query.model_fields.values()):
                continue
            for position in (0, story.noted.position, story.it.store.head()):
                if query is ShowOrganisation:
                    with pytest.raises(NotFound, match="has not been described"):
                        story.ask(query.wire_type(), origin, as_of=str(position))
                else:
                    assert story.ask(query.wire_type(), origin, as_of=str(position)).question == query.wire_type()
                answered.add(query)
    assert len(answered) > 20


def test_who_may_not_ask_today_may_not_ask_of_then(story: Story) -> None:
    with pytest.raises(Forbidden):
        story.ask("cases.GetCase", AUDITOR, case=story.case, as_of="1")
    with pytest.raises(Forbidden):
        story.ask("cases.GetCase", WORKER, case=story.case, as_of="1")


def test_published_figures_of_then_are_for_supervisors(story: Story) -> None:
    period = {"from": "2008-01-01", "to": "2008-12-31", "as_of": "3"}
    with pytest.raises(Forbidden, match="supervisor"):
        story.ask("analytics.ReportActivity", AUDITOR, **period)
    assert story.ask("analytics.ReportActivity", **period).answer["projects_total"] == 0


def test_what_is_opened_is_on_record(story: Story) -> None:
    story.notes(as_of=str(story.noted.position))
    seen = story.it.access_log.history(ShowAccessHistory(subject=story.person)).disclosures
    assert (seen[0].query, seen[0].purpose) == ("cases.GetCase", SUPERVISOR.reason)


def test_what_was_forgotten_since_is_not_there_whatever_moment_is_asked_of(tmp_path: Path) -> None:
    story = Story(tmp_path)
    then = str(story.it.store.head())
    searched = {"name": "Vardenyte", "as_of": then}
    assert story.ask("cases.SearchPersons", **searched).answer["persons"]
    story.send(PlaceHold(record=story.named.stream, ground=HoldGround.LEGAL_CLAIMS), SUPERVISOR)
    asked = story.send(RequestErasure(subject=story.person, ground=Ground.OBJECTION), OFFICER).ids["erasure"]
    story.send(ApproveErasure(erasure=asked, subjects=(story.person,)), SUPERVISOR)
    story.it.policy_runner().catch_up()
    assert story.ask("cases.SearchPersons", **searched).answer["persons"] == []  # though a hold keeps the name
    assert {"hidden": "forgotten"} in story.notes(as_of=then)
    story.it.close()


def test_a_question_needs_its_moment_and_a_name_that_is_known(story: Story) -> None:
    with pytest.raises(Invalid, match="as_of"):
        story.ask("cases.ListCases")
    with pytest.raises(NotFound):
        story.ask("audit.CompileBundle", as_of="1")
    with pytest.raises(Invalid):
        story.ask("cases.ListCases", as_of="1", nonsense=1)


def test_no_file_is_made_for_it(story: Story) -> None:
    story.ask("cases.SearchPersons", name="Vardenyte", as_of="1")
    before = set(story.it.folder.rglob("*"))
    story.ask("cases.SearchPersons", name="Vardenyte", as_of=str(story.it.store.head()))
    assert set(story.it.folder.rglob("*")) == before


def test_who_asks_while_others_are_answered_is_told_to_come_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_TURN_SECONDS", 0.01)
    with questions._one_at_a_time, pytest.raises(Unavailable, match="ask again"):
        story.ask("cases.ListCases", as_of="1")
    assert story.ask("cases.ListCases", as_of="1").question == "cases.ListCases"


def test_what_was_put_right_without_a_date_was_so_since_what_it_puts_right(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agreed = AgreeSafeContact(person=story.person, channels=(), code_word="the library", occurred="2008-06-01")
    story.send(agreed)
    story.send(CorrectSafeContact(person=story.person, channels=(), code_word="the bakery"))

    def agreed_by(day: date) -> Any:
        replayed = ReplayRecord(stream=f"person-{story.person}", on=day)
        return story.it.bus().ask(replayed, AUDITOR).answer.state["has_safe_contact"]

    assert agreed_by(date(2008, 5, 31)) is False
    assert agreed_by(date(2008, 6, 1)) is True
    story.it.close()


EVENTS = {
    kind.type_name: kind for context in CONTEXTS for decider in context.deciders for kind in decider.event_types()
}
UNDATED = [
    kind
    for kind in EVENTS.values()
    if kind.__name__.endswith(("Corrected", "Retracted")) and "occurred" not in kind.model_fields
]


@pytest.mark.parametrize("kind", UNDATED, ids=lambda kind: kind.type_name)
def test_every_correction_without_a_date_says_what_it_puts_right(kind: type[Event]) -> None:
    assert kind.puts_right


def test_what_is_put_right_is_an_earlier_event_of_the_same_record_under_the_same_kind_of_id() -> None:
    declared = [kind for kind in EVENTS.values() if kind.puts_right]
    assert len(declared) >= len(UNDATED) > 20
    owners = {kind: decider.category for c in CONTEXTS for decider in c.deciders for kind in decider.event_types()}
    for kind in declared:
        assert "occurred" not in kind.model_fields  # a date of its own would decide
        for place in kind.puts_right.places:
            named, field = place.rsplit(".", 1)
            assert owners[EVENTS[named]] == owners[kind]
            assert EVENTS[named].model_fields[field].annotation == kind.model_fields[kind.puts_right.by].annotation


def test_a_read_model_that_does_not_follow_notes_dates_their_retraction_the_same(story: Story) -> None:
    asked = {"person": story.person}
    assert story.ask("cases.GetFamily", **asked, on=date(2008, 4, 30)).events == 1
    assert story.ask("cases.GetFamily", **asked, on=date(2008, 5, 1)).events == 2
