"""Figures of life in the shelter, of court and of duty, for the activity report: how often, and for how many hours.

They count what was done, never persons. Whole calendar years are for everybody; other periods, which may tell of a
day on which two people were separated, for supervisors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, cast, func, select

from services.rehabilitation.proceedings.assistance import PersonRepresented, PreparationHeld
from services.rehabilitation.proceedings.entries import PreparationCorrected, ProceedingsEntryRetracted
from services.rehabilitation.proceedings.hearings import HearingHeld
from services.rehabilitation.projections.assistance import must_be_a_period_for
from services.rehabilitation.tension.easing import MediationHeld, SeparationDecided
from services.rehabilitation.tension.entries import MediationCorrected, SignCorrected, TensionEntryRetracted
from services.rehabilitation.tension.signs import SignAdded, TensionNoted
from services.rehabilitation.watch.incidents import IncidentRecorded
from services.rehabilitation.watch.turns import HandoverAcknowledged, PostLeft, TakenOver
from shared.codec import Recorded
from shared.dates import HERE, earliest
from shared.messages import Event, Query, Role, Stored
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table

READERS = tuple(Role)
HOUR = 3600
FIGURES: dict[type[Stored], str] = {
    TensionNoted: "tensions",
    SignAdded: "tensions",
    MediationHeld: "mediations",
    SeparationDecided: "separations",
    PreparationHeld: "preparations",
    HearingHeld: "hearings",
    PersonRepresented: "representations",
    IncidentRecorded: "incidents",
    HandoverAcknowledged: "handovers",
}


class Figures(BaseModel):
    """Figures by name. `synthetic`: some rest on records that were invented."""

    model_config = ConfigDict(frozen=True)

    figures: dict[str, int]
    synthetic: bool


First = Annotated[date, Field(alias="from", description="The first day", examples=["2008-01-01"])]
Last = Annotated[date, Field(alias="to", description="The last day", examples=["2008-12-31"])]


class ReportSharedLife(
    Query[Figures], context="rehabilitation", route="GET /rehabilitation/figures/shared-life", roles=READERS
):
    """Tensions between residents, and what was done about them, in a period."""

    model_config = ConfigDict(populate_by_name=True)

    first: First
    last: Last


class ReportProceedings(
    Query[Figures], context="rehabilitation", route="GET /rehabilitation/figures/proceedings", roles=READERS
):
    """Preparations for trial, hearings and representations in a period."""

    model_config = ConfigDict(populate_by_name=True)

    first: First
    last: Last


class ReportPresence(
    Query[Figures], context="rehabilitation", route="GET /rehabilitation/figures/presence", roles=READERS
):
    """Hours with somebody on duty, handovers and incidents in a period."""

    model_config = ConfigDict(populate_by_name=True)

    first: First
    last: Last


class HouseFigures(Projection):
    """One row for each thing that counts, and one for each turn of duty."""

    name = "house_figures"
    version = 3
    things = table(
        "house_things",
        Column("thing", String, primary_key=True),  # its own id, or the event's
        Column("figure", String, nullable=False),
        Column("day", String, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("tension", String),  # of a sign: the tension counts once, on the day of the first sign that stands
        Column("synthetic", Boolean, nullable=False),
        Index("house_things_by_figure", "figure", "day"),
        Index("house_things_by_tension", "tension", "position"),
    )
    turns = table(
        "house_turns",
        Column("shift", String, primary_key=True),
        Column("post", String, nullable=False),
        Column("begun", String, nullable=False),
        Column("ended", String),
        Column("synthetic", Boolean, nullable=False),
    )

    @on(*FIGURES)
    def counted(self, e: Recorded[Event], rows: Rows) -> None:
        """It happened once more."""
        event = e.event
        rows.put(
            self.things,
            thing=getattr(event, "entry", None) or e.id_text,
            figure=FIGURES[type(event)],
            day=_day(event),
            position=e.position,
            tension=event.tension if isinstance(event, TensionNoted | SignAdded) else None,
            synthetic=e.synthetic,
        )
        if isinstance(event, HandoverAcknowledged):
            rows.change(self.turns, (event.shift,), ended=event.occurred.astimezone(UTC).isoformat())

    @on(SignCorrected, MediationCorrected, PreparationCorrected)
    def corrected(self, e: Recorded[SignCorrected | MediationCorrected | PreparationCorrected], rows: Rows) -> None:
        """It was on another day."""
        rows.change(self.things, (e.event.entry,), day=_day(e.event))

    @on(TensionEntryRetracted, ProceedingsEntryRetracted)
    def retracted(self, e: Recorded[TensionEntryRetracted | ProceedingsEntryRetracted], rows: Rows) -> None:
        """It was not here. Entries other than those that count have no row."""
        rows.drop(self.things, (e.event.entry,))

    @on(TakenOver)
    def taken_over(self, e: Recorded[TakenOver], rows: Rows) -> None:
        """Somebody is there."""
        event = e.event
        begun = event.occurred.astimezone(UTC).isoformat()
        rows.put(self.turns, shift=event.shift, post=event.post, begun=begun, synthetic=e.synthetic)

    @on(PostLeft)
    def left(self, e: Recorded[PostLeft], rows: Rows) -> None:
        """Somebody went."""
        rows.change(self.turns, (e.event.shift,), ended=e.event.occurred.astimezone(UTC).isoformat())

    @answers(ReportSharedLife)
    def shared_life(self, query: ReportSharedLife, asking: Asking) -> Figures:
        """Counted by day."""
        return self._counted(asking, query.first, query.last, ("tensions", "mediations", "separations"))

    @answers(ReportProceedings)
    def in_court(self, query: ReportProceedings, asking: Asking) -> Figures:
        """Counted by day."""
        return self._counted(asking, query.first, query.last, ("preparations", "hearings", "representations"))

    @answers(ReportPresence)
    def presence(self, query: ReportPresence, asking: Asking) -> Figures:
        """Hours of each post added up; two people on one post at once count once."""
        counted = self._counted(asking, query.first, query.last, ("handovers", "incidents"))
        turns = asking.live(self.turns)
        # A day more on both sides, for these are instants of UTC; what lies outside is cut off below.
        since, until = query.first - timedelta(days=1), query.last + timedelta(days=2)
        found = asking.rows(select(turns).where(turns.c.begun <= until.isoformat(), turns.c.ended >= since.isoformat()))
        by_post: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for row in found:
            by_post[row["post"]].append((datetime.fromisoformat(row["begun"]), datetime.fromisoformat(row["ended"])))
        hours = sum(covered_seconds(of_post, query.first, query.last) for of_post in by_post.values()) // HOUR
        return Figures(
            figures={"hours_covered": hours, **counted.figures},
            synthetic=counted.synthetic or any(row["synthetic"] for row in found),
        )

    def _counted(self, asking: Asking, first: date, last: date, names: tuple[str, ...]) -> Figures:
        must_be_a_period_for(first, last, asking)
        things = asking.live(self.things)
        earlier = things.alias()
        same_tension = select(earlier.c.thing).where(
            earlier.c.tension == things.c.tension, earlier.c.position < things.c.position
        )
        invented = cast(things.c.synthetic, Integer)
        rows = asking.rows(
            select(
                things.c.figure,
                func.count().label("count"),
                func.max(invented).label("synthetic"),
            )
            .where(
                things.c.figure.in_(names),
                things.c.day >= first.isoformat(),
                things.c.day <= last.isoformat(),
                ~same_tension.exists(),
            )
            .group_by(things.c.figure)
        )
        found = {row["figure"]: int(row["count"]) for row in rows}
        return Figures(
            figures={name: found.get(name, 0) for name in names}, synthetic=any(row["synthetic"] for row in rows)
        )


def _day(event: Event) -> str:
    occurred = event.occurred  # type: ignore[attr-defined]  # each of them has it
    day = occurred.astimezone(HERE).date() if isinstance(occurred, datetime) else earliest(occurred)
    return day.isoformat()


def covered_seconds(turns: Iterable[tuple[datetime, datetime]], first: date, last: date) -> int:
    """The seconds from `first` to `last`, by the wall's calendar, in which at least one of `turns` was under way."""
    reached = datetime.combine(first, time.min, HERE).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time.min, HERE).astimezone(UTC)
    covered = timedelta()
    for begun, ended in sorted(turns):
        since, until = max(begun, reached), min(ended, end)
        if until > since:
            covered += until - since
            reached = until
    return round(covered.total_seconds())
