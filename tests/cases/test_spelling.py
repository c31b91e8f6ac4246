"""Names meet across spellings; names that sound otherwise do not."""

from __future__ import annotations

from itertools import combinations

import pytest

from services.cases.spelling import keys_of, readings, together, words

ONE_NAME = [
    ("Žukauskaitė", "Zukauskaite", "ŽUKAUSKAITĖ", "Zhukauskayte", "Joukauskaïté", "Жукаускайте"),
    ("Jonas", "Йонас", "Yonas", "Ionas"),
    ("Čepaitis", "Cepaitis", "Чепайтис", "Chepaitis", "Tchepaïtis", "Czepaitis"),
    ("Šarūnas", "Sarunas", "Шарунас", "Sharunas", "Charounas"),
    ("Kazlauskienė", "Kazlauskiene", "Казлаускене", "Kazlauskene"),
    ("Viktorija", "Виктория", "Victoria", "Wiktoria", "Viktoria"),
    ("Julija", "Юлия", "Yuliya", "Julia", "Julie"),
    ("Jevgenijus", "Евгений", "Jevgenij", "Yevgeny"),
    ("Ivanovas", "Иванов", "Ivanov", "Iwanow"),
    ("Kuznecova", "Кузнецова", "Kuznetsova", "Kouznetsova"),
    ("Ščerbakovas", "Щербаков", "Shcherbakov", "Szczerbakow", "Chtcherbakov"),
    ("Chodorkovskis", "Ходорковский", "Khodorkovsky"),
    ("Aleksandras", "Александр", "Alexander", "Alexandre", "Aleksander"),
    ("Sergejus", "Сергей", "Sergey", "Sergei", "Sergej"),
    ("Čiurlionis", "Чюрлёнис", "Ciurlionis"),
    ("Kristina", "Кристина", "Christina", "Krystyna"),
    ("Daukantienė", "Даукантене", "DAUKANTIENE"),
]
APART = [
    ("Jonas", "Juozas"),
    ("Petraitis", "Petrauskas"),
    ("Rūta", "Rita"),
    ("Žukauskaitė", "Kazlauskaitė"),
    ("Ona", "Ana"),
    ("Иванов", "Петров"),
    ("Lukas", "Laukas"),
]


def meet(one: str, other: str) -> bool:
    """Whether a name is found by another."""
    return bool(set(readings(*words(one))) & set(readings(*words(other))))


@pytest.mark.parametrize("spellings", ONE_NAME, ids=[spellings[0] for spellings in ONE_NAME])
def test_the_spellings_of_a_name_meet(spellings: tuple[str, ...]) -> None:
    apart = [pair for pair in combinations(spellings, 2) if not meet(*pair)]
    assert apart == []


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_names_do_not(one: str, other: str) -> None:
    assert not meet(one, other)


def test_the_words_of_a_name_are_found_whatever_stands_between_them() -> None:
    assert words("Rūta  Ąžuolaitė-Kazlauskienė") == ("ruta", "azhuolaite", "kazlauskiene")
    assert words("О'Коннор") == ("okonnor",)
    assert words("  …  ") == ()


def test_a_name_is_found_by_each_word_and_by_each_two_in_any_order() -> None:
    keys = keys_of("Rūta Ąžuolaitė")
    assert set(together("ruta")) <= keys
    assert together("ruta", "azhuolaite") == together("azhuolaite", "ruta")
    assert set(together("ruta", "azhuolaite")) <= keys


def test_a_word_has_few_readings_however_it_is_spelled() -> None:
    assert len(readings("chchchchcc")) <= 6
    assert len(words(" ".join("abcdefghij"))) == 8
