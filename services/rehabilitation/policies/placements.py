"""What events mean for who sleeps where: linked records reach every centre, separations agreed on, books closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.rehabilitation.centres import (
    CentreRegistered,
    LinkSpread,
    RegisterCentre,
    SpreadLink,
    SpreadUnlinking,
    UnlinkingSpread,
)
from services.rehabilitation.placement.carrying import BooksCarriedForward, CarryForward
from services.rehabilitation.placement.house import CentreOpened
from services.rehabilitation.placement.people import NoteLinkedRecords, NoteUnlinkedRecords, OrderSeparation
from services.rehabilitation.tension.easing import SeparationDecided
from shared.codec import Recorded
from shared.dates import HERE, earliest
from shared.messages import View
from shared.policies import Deadline, Policy, Reaction, on

A_MONTH = timedelta(days=31)


class RecordsLinked(View, of="cases.RecordsLinked"):
    """Two records are of the same person."""

    link: str
    first: str
    second: str


class RecordsUnlinked(View, of="cases.RecordsUnlinked"):
    """They are of two people after all."""

    link: str


class LinkedRecordsCountAsOne(Policy):
    """Every centre learns which records are of one person, and which no longer are."""

    name = "linked_records_count_as_one"

    @on(CentreOpened)
    def opened(self, e: Recorded[CentreOpened]) -> Iterable[Reaction]:
        """A centre that opens is registered."""
        yield RegisterCentre(centre=e.event.centre)

    @on(RecordsLinked)
    def linked(self, e: Recorded[RecordsLinked]) -> Iterable[Reaction]:
        """The register knows all centres."""
        yield SpreadLink(link=e.event.link, first=e.event.first, second=e.event.second)

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked]) -> Iterable[Reaction]:
        """Likewise."""
        yield SpreadUnlinking(link=e.event.link)

    @on(CentreRegistered)
    def registered(self, e: Recorded[CentreRegistered]) -> Iterable[Reaction]:
        """A new centre learns of the links that stand."""
        for known in e.event.links:
            yield NoteLinkedRecords(centre=e.event.centre, link=known.link, first=known.first, second=known.second)

    @on(LinkSpread)
    def spread(self, e: Recorded[LinkSpread]) -> Iterable[Reaction]:
        """Each centre checks its beds again."""
        for centre in e.event.centres:
            yield NoteLinkedRecords(centre=centre, link=e.event.link, first=e.event.first, second=e.event.second)

    @on(UnlinkingSpread)
    def unlinking_spread(self, e: Recorded[UnlinkingSpread]) -> Iterable[Reaction]:
        """Each centre counts two people again."""
        for centre in e.event.centres:
            yield NoteUnlinkedRecords(centre=centre, link=e.event.link)


class BooksAreClosed(Policy):
    """A month after a year has ended, its books are closed, so that those that are open stay short.

    A centre that was open long before it was recorded has as long to record what happened in the years before.
    """

    name = "placement_books_are_closed"

    @on(CentreOpened)
    def opened(self, e: Recorded[CentreOpened]) -> Iterable[Reaction]:
        """The first books are those of the year in which the centre opened."""
        yield _closing(e.event.centre, e.event.occurred.year, not_before=e.recorded_at + A_MONTH)

    @on(BooksCarriedForward)
    def carried(self, e: Recorded[BooksCarriedForward]) -> Iterable[Reaction]:
        """The next ones follow."""
        yield _closing(e.event.centre, e.event.year + 1, not_before=e.recorded_at)


class SeparationsAreOrdered(Policy):
    """What was decided in a tension holds for the beds. It is lifted by a person alone."""

    name = "separations_are_ordered"
    in_any_order = True

    @on(SeparationDecided)
    def decided(self, e: Recorded[SeparationDecided]) -> Iterable[Reaction]:
        """From the first day that its date may mean: rather too early than too late."""
        decided = e.event
        yield OrderSeparation(
            centre=decided.centre,
            order=decided.order,
            first=decided.first,
            second=decided.second,
            scope=decided.scope,
            tension=decided.tension,
            occurred=earliest(decided.occurred),
        )


def _closing(centre: str, year: int, not_before: datetime) -> Deadline:
    due = max(datetime(year + 1, 2, 1, 3, tzinfo=HERE), not_before)
    return Deadline(f"books-{centre}", due, CarryForward(centre=centre, year=year))


policies: tuple[Policy, ...] = (LinkedRecordsCountAsOne(), BooksAreClosed(), SeparationsAreOrdered())
