"""Records of one person, as read models know them: linked directly or through others."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Table, or_, select

from shared.projections.declaration import Asking


def same_people(people: Iterable[str], links: Table, asking: Asking) -> set[str]:
    """These people and every record that is linked with theirs; `links` has the columns `first` and `second`."""
    live = asking.live(links)
    known = set(people)
    new = set(known)
    while new:
        touching = select(live.c.first, live.c.second).where(or_(live.c.first.in_(new), live.c.second.in_(new)))
        new = {end for row in asking.rows(touching) for end in (row["first"], row["second"])} - known
        known |= new
    return known
