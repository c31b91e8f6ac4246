"""Who may know of what: asked before a query is answered, for its lists, and for every personal value.

What somebody may not know of is not there for them. So a query that names such a thing is asked about a thing that
nobody has instead: its answer is the same by construction, and no query has to think of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Protocol
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Subquery, true

from shared.messages import UUID_PATTERN, Query
from shared.privacy.personal import Place
from shared.projections.declaration import Asking, Projection

NOBODY_S = UUID("d1b1e0d6-0f9e-4c0a-9b5c-5d8a7e7f5c52")
"""Makes of an id one that nothing has."""

_ID = re.compile(UUID_PATTERN)


class Sight(Protocol):
    """What one asker may know of, for the time of one question."""

    @property
    def only_of(self) -> str | None:
        """Whose cases the asker looks into, and nobody else's; None for whoever looks through those of all."""
        ...

    def own_cases(self) -> Subquery | None:
        """`case` and `position` of those that the asker looks into, in the order of their positions; None for all."""
        ...

    def hides(self, thing: str, /) -> bool:
        """Whether the asker may not know of what has this id."""
        ...

    def look_at(self, things: Collection[str], /) -> None:
        """Look at all of these at once, which costs less than one by one: `hides` is about to be asked for each."""
        ...

    def opens(self, place: Place, /) -> bool:
        """Whether the asker may read what is sealed there, as far as it depends on whose record it is."""
        ...

    def within(
        self, *, case: ColumnElement[Any] | None = None, person: ColumnElement[Any] | None = None
    ) -> ColumnElement[bool]:
        """The rows of a list that the asker may know of. A row with a case is its case's, any other its person's."""
        ...


class Sights(Protocol):
    """Gives each question its sight, from what one read model knows."""

    read_model: Projection

    def concern(self, query: Query[Any], /) -> bool:
        """Whether what `query` asks for is any of their business."""
        ...

    def of(self, query: Query[Any] | None, looking: Asking) -> Sight:
        """The sight of `looking.origin`, who asks `query`, or is about to send a command."""
        ...


class Everything:
    """The sight where no narrower rule is given."""

    only_of: str | None = None

    def own_cases(self) -> Subquery | None:
        """See `Sight.own_cases`."""
        return None

    def hides(self, thing: str, /) -> bool:
        """See `Sight.hides`."""
        return False

    def look_at(self, things: Collection[str], /) -> None:
        """See `Sight.look_at`."""

    def opens(self, place: Place, /) -> bool:
        """See `Sight.opens`."""
        return True

    def within(
        self, *, case: ColumnElement[Any] | None = None, person: ColumnElement[Any] | None = None
    ) -> ColumnElement[bool]:
        """See `Sight.within`."""
        return true()


EVERYTHING: Sight = Everything()


def blinded(query: Query[Any], sight: Sight) -> Query[Any]:
    """The query, with ids that nothing has in place of those that the asker may not know of."""
    named = {name: value for name in type(query).model_fields if _is_id(value := getattr(query, name))}
    hidden = {name: str(uuid5(NOBODY_S, value)) for name, value in named.items() if sight.hides(value)}
    return query.model_copy(update=hidden) if hidden else query


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
