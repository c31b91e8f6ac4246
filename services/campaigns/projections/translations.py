"""How recorded texts are said in other languages."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, RowMapping, String, select

from services.campaigns.organisation import Language, Saying
from services.campaigns.projections.questions import Shown
from services.campaigns.translation import TextTranslated
from shared.codec import Recorded
from shared.messages import Query, Role
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class TranslationShown(Shown):
    """A recorded text, and what it says in other languages."""

    text: str
    written_in: Language
    says: tuple[Saying, ...]


class TranslationPage(Shown):
    """Translations, those that were changed last at the end."""

    translations: tuple[TranslationShown, ...]
    next: Next


class ListTranslations(
    Query[TranslationPage], context="campaigns", route="GET /organisation/translations", roles=tuple(Role)
):
    """List how recorded texts are said in other languages."""

    after: After = None
    limit: Limit = 50


class Translations(Projection):
    """Every text that was translated, as last said."""

    name = "translations"

    texts = table(
        "translated_texts",
        Column("text", String, primary_key=True),
        Column("position", BigInteger, index=True),
        Column("written_in", String),
        Column("says", JSON),
    )

    @on(TextTranslated)
    def translated(self, e: Recorded[TextTranslated], rows: Rows) -> None:
        """In other languages it says this."""
        said = e.event.model_dump(mode="json", include={"text", "written_in", "says"})
        rows.put(self.texts, position=e.position, **said)

    @answers(ListTranslations)
    def list(self, query: ListTranslations, asking: Asking) -> TranslationPage:
        """One page."""
        live = asking.live(self.texts)
        wanted = select(live).where(live.c.position > (query.after or 0)).order_by(live.c.position)
        shown, following = page(asking.rows(wanted.limit(query.limit + 1)), query.limit, _shown)
        return TranslationPage(translations=shown, next=following)


def _shown(row: RowMapping) -> TranslationShown:
    return TranslationShown.model_validate(dict(row))
