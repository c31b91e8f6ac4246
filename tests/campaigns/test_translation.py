"""How recorded texts are said in other languages."""

from __future__ import annotations

from services.campaigns.organisation import Language, Saying
from services.campaigns.projections.translations import ListTranslations
from services.campaigns.translation import TextTranslated, TranslateText, translations
from shared.messages import Role
from shared.testing import given
from tests.assembled import Assembled

FRENCH = Saying(language=Language.FRENCH, text="Mairie")
LITHUANIAN = Saying(language=Language.LITHUANIAN, text="Miesto savivaldybė")
translate = TranslateText(text="City hall", written_in=Language.ENGLISH, says=(FRENCH, LITHUANIAN), occurred="2008")
translated = TextTranslated(text="City hall", written_in=Language.ENGLISH, says=(FRENCH, LITHUANIAN), occurred="2008")


def test_a_text_is_said_in_other_languages() -> None:
    given(translations).when(translate).then(translated)
    given(translations, translated).when(translate).then()


def test_a_translation_is_replaced_by_a_better_one() -> None:
    better = translate.model_copy(update={"says": (FRENCH,)})
    given(translations, translated).when(better).then(translated.model_copy(update={"says": (FRENCH,)}))


def test_each_other_language_says_it_once() -> None:
    into_its_own = translate.model_copy(update={"written_in": Language.FRENCH})
    given(translations).when(into_its_own).refused("each-language-once")
    given(translations).when(translate.model_copy(update={"says": (FRENCH, FRENCH)})).refused("each-language-once")


def test_nothing_is_said_from_tomorrow_on() -> None:
    given(translations).when(translate.model_copy(update={"occurred": "2009"})).refused("not-in-the-future")


def test_translations_are_listed_as_last_said(centre: Assembled) -> None:
    for command in (
        translate,
        translate.model_copy(update={"text": "Leaflet"}),
        translate.model_copy(update={"says": (FRENCH,)}),
    ):
        centre.send(command, Role.CAMPAIGNER)
    first = centre.ask(ListTranslations(limit=1), Role.ANALYST)
    second = centre.ask(ListTranslations(after=first.next, limit=1), Role.ANALYST)
    assert [one.text for one in (*first.translations, *second.translations)] == ["Leaflet", "City hall"]
    assert second.translations[0].says == (FRENCH,)
    assert second.next is None
