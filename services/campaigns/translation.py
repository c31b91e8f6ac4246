"""How recorded texts that are printed, such as a title or a funder's name, are said in the languages of the report.

A record is written once, in one language; readers of the report have three. One record holds all translations, so that
a text that stands in several places is translated once. What is not translated is printed as it was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, assert_never

from pydantic import Field

from services.campaigns.organisation import KEEPERS, Language, Saying, TheCentre
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider
from shared.errors import DomainError
from shared.messages import Command, Event, Role

RecordedText = Annotated[str, Field(min_length=1, max_length=600)]


class TranslationCommand(Command, context="campaigns"):
    """An instruction about translations."""

    organisation: TheCentre = "centre"


class TranslationEvent(Event, context="campaigns"):
    """A fact about translations."""

    organisation: TheCentre = "centre"
    occurred: Occurred


class TranslateText(TranslationCommand, route="POST /organisation/translations", roles=[*KEEPERS, Role.CAMPAIGNER]):
    """Say how a recorded text is printed in other languages. Said again, it replaces what was said before."""

    text: RecordedText = Field(
        description="To the letter as it was recorded. Public: no name of a person, no personal data",
        examples=["Public campaign against trafficking"],
    )
    written_in: Language = Field(description="The language that it was recorded in", examples=["en"])
    says: tuple[Saying, ...] = Field(
        max_length=2,
        description="Nothing in a language: printed as it was recorded",
        examples=[[{"language": "fr", "text": "Campagne publique contre la traite"}]],
    )
    occurred: Occurred = Field(examples=["2008-10-01"])


class TextTranslated(TranslationEvent):
    """A recorded text is printed so in other languages."""

    text: str
    written_in: Language
    says: tuple[Saying, ...]


@dataclass(frozen=True, slots=True)
class Translations:
    """Every text, the language it is written in, and what it says in others."""

    texts: Mapping[str, tuple[Language, tuple[Saying, ...]]] = field(default_factory=lambda: MappingProxyType({}))


def decide(command: TranslateText, translations: Translations) -> Sequence[TextTranslated]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case TranslateText(text=text, written_in=written_in, says=says):
            languages = [written_in, *(saying.language for saying in says)]
            if twice := sorted({language for language in languages if languages.count(language) > 1}):
                raise DomainError(
                    f"It is said twice in: {', '.join(twice)}; it is written in {written_in}: give each other language "
                    "once.",
                    rule="each-language-once",
                )
            if translations.texts.get(text) == (written_in, says):
                return []
            return [TextTranslated(**command.stated())]
        case _:
            assert_never(command)


def evolve(translations: Translations, event: TextTranslated) -> Translations:
    """The translations after an event."""
    match event:
        case TextTranslated(text=text, written_in=written_in, says=says):
            return Translations({**translations.texts, text: (written_in, says)})
        case _:
            assert_never(event)


translations: Decider[TranslateText, TextTranslated, Translations] = Decider(
    category="translations",
    key="organisation",
    initial=Translations(),
    decide=decide,
    evolve=evolve,
    commands=TranslateText,
    events=TextTranslated,
)
