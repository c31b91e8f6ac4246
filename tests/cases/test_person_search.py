"""Persons are found by name over the real log, and once forgotten not even their traces are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services import cases
from services.cases.person.names import NameAdded, NameCorrected, NameRetracted, PersonName, PersonRegistered
from services.cases.projections.person_search import INDEX_KEY, PersonPage, PersonSearch, SearchPersons
from services.cases.spelling import keys_of
from services.protection.erasure import EntryShredded, KeyErased, PersonForgotten
from services.protection.retention import RetentionApplied
from shared.errors import Forbidden, Invalid, Unavailable
from shared.messages import Event, Role
from shared.privacy.personal import Retention
from shared.privacy.port import KeyName
from shared.projections.declaration import Redacted
from tests.assembled import Assembled
from tests.cases.examples import DAY, PERSON, an_id

AT = datetime(2026, 1, 1, tzinfo=UTC)
ERASURE = an_id(900)


class Centre(Assembled):
    """People are registered, and somebody searches."""

    def register(self, number: int, *names: str) -> str:
        """A person with these names, each given and family name. Their ids follow from the number."""
        person = an_id(number)
        self.record(f"person-{person}", PersonRegistered(person=person, occurred=DAY))
        for index, text in enumerate(names):
            given, _, family = text.partition(" ")
            value = PersonName(given=given, family=family or None)
            self.person(person, NameAdded(person=person, name=an_id(number * 10 + index), value=value))
        return person

    def person(self, person: str, event: Event) -> None:
        self.record(f"person-{person}", event)

    def search(self, name: str, role: Role = Role.CASEWORKER, **more: Any) -> PersonPage:
        answer = self.ask(SearchPersons(name=name, **more), role)
        assert isinstance(answer, PersonPage)
        return answer

    def found(self, name: str) -> list[str]:
        return [entry.person for entry in self.search(name).persons]

    def gone(self, event: Event) -> None:
        self.record(f"erasure-{ERASURE}", event)

    def files(self, folder: Path) -> bytes:
        """Every byte that the read models have on disk."""
        return b"".join(path.read_bytes() for path in folder.glob("read-models.db*"))


def identity(subject: str, record: str) -> KeyErased:
    return KeyErased(key="00", subject=subject, keep=Retention.IDENTITY, record=record)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened_centre = Centre(tmp_path, [cases.context])
    yield opened_centre
    opened_centre.close()


@pytest.mark.parametrize("name", ["Rūta Žukauskaitė", "zukauskaite RUTA", "Жукаускайте", "Joukauskaité", "Ruta"])
def test_a_person_is_found_in_any_spelling_and_order(centre: Centre, name: str) -> None:
    person = centre.register(100, "Rūta Žukauskaitė")
    centre.register(101, "Jonas Petraitis")
    (entry,) = centre.search(name).persons
    assert entry.person == person
    assert [shown.value for shown in entry.names] == [PersonName(given="Rūta", family="Žukauskaitė")]


def test_all_words_have_to_be_there(centre: Centre) -> None:
    both = centre.register(100, "Rūta Marija", "Rūta Žukauskaitė")
    centre.register(101, "Rūta Petraitytė")
    assert centre.found("Ruta Zukauskaite") == [both]
    assert centre.found("Ruta Marija Zukauskaite") == [both]
    assert centre.found("Ruta Marija Petraityte") == []


def test_a_person_is_found_by_each_of_their_names_once(centre: Centre) -> None:
    person = centre.register(100, "Rūta Žukauskaitė", "Rūta Kazlauskienė")
    assert centre.found("Kazlauskiene") == centre.found("Zukauskaite") == centre.found("Ruta") == [person]


def test_a_corrected_name_is_found_as_it_is_now(centre: Centre) -> None:
    person = centre.register(100, "Rūta Žukauskaitė", "Rūta Kazlauskienė")
    corrected = PersonName(given="Rūta", family="Daukantaitė")
    centre.person(person, NameCorrected(person=person, name=an_id(1000), value=corrected))
    assert centre.found("Zukauskaite") == []
    assert centre.found("Daukantaite") == centre.found("Ruta") == [person]


def test_a_name_that_was_somebody_else_s_is_not_found(centre: Centre) -> None:
    person = centre.register(100, "Rūta Žukauskaitė", "Rūta Kazlauskienė")
    centre.person(person, NameRetracted(person=person, name=an_id(1000)))
    assert centre.found("Zukauskaite") == []
    assert centre.found("Ruta") == [person]


def test_many_are_shown_page_by_page_and_each_once(centre: Centre) -> None:
    people = [centre.register(100 + number, "Jonas Jonaitis") for number in range(7)]
    seen: list[str] = []
    after = None
    while True:
        page = centre.search("Jonas Jonaitis", limit=3, after=after)
        seen += [entry.person for entry in page.persons]
        if (after := page.next) is None:
            break
    assert seen == people[::-1]


def test_the_pages_of_a_name_that_can_be_read_in_two_ways_lose_nobody(centre: Centre) -> None:
    people = [centre.register(100 + number, name) for number, name in enumerate(["Jana", "Žana"] * 3)]
    first = centre.search("Jana", limit=4)
    second = centre.search("Jana", limit=4, after=first.next)
    assert [entry.person for entry in (*first.persons, *second.persons)] == people[::-1]


def test_a_name_needs_a_letter(centre: Centre) -> None:
    centre.register(100, "Rūta Žukauskaitė")
    with pytest.raises(Invalid):
        centre.search("…")
    with pytest.raises(ValidationError):
        SearchPersons(name="  ")


def test_nobody_is_found_where_nobody_is_registered(centre: Centre) -> None:
    assert centre.found("Ruta") == []


def test_who_may_not_see_a_name_does_not_search(centre: Centre) -> None:
    for role in (Role.AUDITOR, Role.ADMINISTRATOR, Role.PARTNER, Role.ANALYST):
        with pytest.raises(Forbidden):
            centre.search("Ruta", role)


def test_no_name_stands_in_the_read_models(centre: Centre, tmp_path: Path) -> None:
    centre.register(100, "Rūta Žukauskaitė")
    assert centre.found("Ruta")
    stored = centre.files(tmp_path).lower()
    for trace in ("rūta", "žukauskaitė", "ruta", "zukauskait", *keys_of("Rūta Žukauskaitė")):
        assert trace.encode() not in stored or len(trace) < 4


def test_a_forgotten_person_is_not_found_and_no_token_of_theirs_stays_on_disk(centre: Centre, tmp_path: Path) -> None:
    person = centre.register(100, "Rūta Žukauskaitė")
    other = centre.register(101, "Rūta Petraitytė")
    assert centre.found("Ruta") == [other, person]
    search = PersonSearch(centre.vault)
    tokens = {search._token(key).encode() for key in keys_of("Rūta Žukauskaitė") - keys_of("Rūta Petraitytė")}
    assert all(token in centre.files(tmp_path) for token in tokens)
    name = KeyName(person, Retention.IDENTITY, an_id(1000))
    centre.vault.keys.forget(person, destroy=[name], keep=[], certificate="c", at=AT)
    centre.gone(PersonForgotten(erasure=ERASURE, subject=person, destroyed=(), kept=()))
    assert centre.found("Ruta") == [other]
    assert centre.found("Zukauskaite") == []
    assert tokens
    assert not [token for token in tokens if token in centre.files(tmp_path)]


def test_who_is_forgotten_is_not_found_even_where_a_hold_keeps_their_name(centre: Centre) -> None:
    person = centre.register(100, "Rūta Žukauskaitė")
    centre.gone(PersonForgotten(erasure=ERASURE, subject=person, destroyed=(), kept=()))
    assert centre.found("Zukauskaite") == []
    centre.projector.rebuild("person_search")
    assert centre.found("Zukauskaite") == []


@pytest.mark.parametrize(
    "certificate",
    [
        lambda key: EntryShredded(erasure=ERASURE, subject=key.subject, destroyed=(key,)),
        lambda key: RetentionApplied(schedule=ERASURE, day=AT.date(), destroyed=(key,)),
    ],
)
def test_a_name_that_has_gone_alone_is_not_found(centre: Centre, certificate: Any) -> None:
    person = centre.register(100, "Rūta Žukauskaitė", "Rūta Kazlauskienė")
    name = KeyName(person, Retention.IDENTITY, an_id(1000))
    centre.vault.keys.shred([name], certificate="c", at=AT)
    centre.gone(certificate(identity(person, an_id(1000))))
    assert centre.found("Zukauskaite") == []
    assert centre.found("Kazlauskiene") == [person]


def test_a_name_that_has_just_gone_shows_that_and_nothing_else(centre: Centre) -> None:
    person = centre.register(100, "Rūta Žukauskaitė")
    assert centre.found("Zukauskaite") == [person]
    name = KeyName(person, Retention.IDENTITY, an_id(1000))
    centre.vault.keys.forget(person, destroy=[name], keep=[], certificate="c", at=AT)
    (entry,) = centre.search("Zukauskaite").persons
    assert [shown.value for shown in entry.names] == [Redacted(hidden="forgotten")]


def test_an_index_whose_key_is_gone_says_so_until_it_is_built_anew(centre: Centre) -> None:
    person = centre.register(100, "Rūta Žukauskaitė")
    assert centre.found("Ruta") == [person]
    centre.vault.keys.shred([INDEX_KEY], certificate="c", at=AT, closed=False)
    with pytest.raises(Unavailable, match="anew"):
        centre.found("Ruta")
    centre.register(101, "Jonas Petraitis")
    centre.projector.catch_up()
    assert [status.state for status in centre.projector.status() if status.name == "person_search"] == ["stopped"]
    centre.projector.rebuild("person_search")
    assert centre.found("Ruta") == [person]
    assert len(centre.found("Jonas")) == 1


def test_the_index_key_is_about_nobody() -> None:
    assert INDEX_KEY.subject != PERSON
