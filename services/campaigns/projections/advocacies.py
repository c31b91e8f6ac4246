"""The advocacy board: objectives, what was done, who stands where, what came of it; and the observances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, RowMapping, String, Text, select

from services.campaigns.advocacy import (
    ActionKind,
    Addressee,
    AdvocacyActionTaken,
    AdvocacyBegun,
    AdvocacyConcluded,
    AdvocacyId,
    AdvocacyResumed,
    FactStated,
    LegalAct,
    PositionTaken,
    Result,
    Stance,
)
from services.campaigns.projections.questions import READERS, After, Limit, Shown
from shared.codec import Recorded
from shared.errors import Invalid, NotFound
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table


class ObservanceShown(Shown):
    """A day that is kept every year, and the advocacy that led to it."""

    observance: Id
    advocacy: AdvocacyId
    name: str
    month: int
    day: int
    since: str
    aim: str
    origin: str


class ActionShown(Shown):
    """Something that was done."""

    action: Id
    kind: ActionKind
    addressed_to: str | None
    partners: tuple[Id, ...]
    summary: str | Redacted | None
    occurred: str


class PositionShown(Shown):
    """Where a body stood, when it said so."""

    position: Id
    held_by: str
    stance: Stance
    remarks: str | Redacted | None
    occurred: str


class StatementShown(Shown):
    """What one source says."""

    says: str
    source: str


class FactShown(Shown):
    """A fact with all that sources say of it. `disputed`: they do not agree, and none is preferred."""

    fact: str
    disputed: bool
    statements: tuple[StatementShown, ...]


class AdvocacyEntry(Shown):
    """An objective on the board. Without an outcome it is under way. `synthetic`: invented where the source is open."""

    advocacy: AdvocacyId
    title: str
    objective: str
    addressee: Addressee
    begun: str
    actions: int
    outcome: Result | None
    concluded: str | None
    legal_act: LegalAct | None
    observance: Id | None
    synthetic: bool


class AdvocacyBoard(Shown):
    """Objectives in the order in which they were recorded. `next` is null on the last page."""

    advocacies: tuple[AdvocacyEntry, ...]
    next: str | None


class AdvocacyFile(AdvocacyEntry):
    """An objective, whole."""

    taken: tuple[ActionShown, ...]
    positions: tuple[PositionShown, ...]
    facts: tuple[FactShown, ...]
    observances: tuple[ObservanceShown, ...]


class Observances(Shown):
    """Days kept every year, in the order of the year."""

    observances: tuple[ObservanceShown, ...]


class ListAdvocacies(Query[AdvocacyBoard], context="campaigns", route="GET /advocacies", roles=READERS):
    """Show the advocacy board: objectives, how far they are, and their outcomes."""

    outcome: Result | None = Field(default=None, examples=["adopted"])
    after: After = None
    limit: Limit = 50


class ShowAdvocacy(Query[AdvocacyFile], context="campaigns", route="GET /advocacies/{advocacy}", roles=READERS):
    """Show an objective with its actions, positions, outcome and what sources say."""

    advocacy: AdvocacyId = Field(examples=["b3a7c0de-2f4b-4f0e-8a64-5f7d1c9e4a21"])


class ListObservances(Query[Observances], context="campaigns", route="GET /observances", roles=READERS):
    """Show the days that are kept every year, with their origin."""

    month: Annotated[int | None, Field(ge=1, le=12)] = None


class Advocacies(Projection):
    """Everything that is known of each objective."""

    name = "advocacies"

    advocacies = table(
        "advocacies",
        Column("advocacy", String, primary_key=True),
        Column("number", BigInteger, index=True),  # the position at which it was recorded: its place on the board
        Column("title", String),
        Column("objective", Text),
        Column("addressee", JSON),
        Column("begun", String),
        Column("actions", Integer),
        Column("outcome", String),
        Column("concluded", String),
        Column("legal_act", JSON(none_as_null=True)),
        Column("observance", String),
        Column("synthetic", Boolean),
    )
    taken = table(
        "advocacy_actions",
        Column("advocacy", String, primary_key=True),
        Column("action", String, primary_key=True),
        Column("kind", String),
        Column("addressed_to", String),
        Column("partners", JSON),
        Column("summary", Text),
        Column("occurred", String),
    )
    positions = table(
        "advocacy_positions",
        Column("advocacy", String, primary_key=True),
        Column("position", String, primary_key=True),
        Column("held_by", String),
        Column("stance", String),
        Column("remarks", Text),
        Column("occurred", String),
    )
    statements = table(
        "advocacy_statements",
        Column("advocacy", String, primary_key=True),
        Column("statement", String, primary_key=True),
        Column("fact", String),
        Column("says", Text),
        Column("source", Text),
        Column("occurred", String),
    )
    observances = table(
        "observances",
        Column("observance", String, primary_key=True),
        Column("advocacy", String),
        Column("name", String),
        Column("month", Integer),
        Column("day", Integer),
        Column("since", String),
        Column("aim", Text),
        Column("origin", Text),
    )

    @on(AdvocacyBegun)
    def begun(self, e: Recorded[AdvocacyBegun], rows: Rows) -> None:
        """An objective is on the board."""
        rows.put(
            self.advocacies,
            advocacy=e.event.advocacy,
            number=e.position,
            title=e.event.title,
            objective=e.event.objective,
            addressee=e.event.addressee.model_dump(mode="json"),
            begun=e.event.occurred,
            actions=0,
            synthetic=e.synthetic,
        )

    @on(AdvocacyActionTaken)
    def action_taken(self, e: Recorded[AdvocacyActionTaken], rows: Rows) -> None:
        """Something was done."""
        rows.put(
            self.taken,
            advocacy=e.event.advocacy,
            action=e.event.action,
            kind=e.event.kind,
            addressed_to=e.event.addressed_to,
            partners=list(e.event.partners),
            summary=e.sealed("summary"),
            occurred=e.event.occurred,
        )
        rows.add(self.advocacies, (e.event.advocacy,), actions=1)

    @on(PositionTaken)
    def position_taken(self, e: Recorded[PositionTaken], rows: Rows) -> None:
        """A body said where it stands."""
        rows.put(
            self.positions,
            advocacy=e.event.advocacy,
            position=e.event.position,
            held_by=e.event.held_by,
            stance=e.event.stance,
            remarks=e.sealed("remarks"),
            occurred=e.event.occurred,
        )

    @on(FactStated)
    def fact_stated(self, e: Recorded[FactStated], rows: Rows) -> None:
        """A source says something."""
        rows.put(self.statements, **e.event.model_dump())

    @on(AdvocacyConcluded)
    def concluded(self, e: Recorded[AdvocacyConcluded], rows: Rows) -> None:
        """It has an outcome."""
        it = e.event
        rows.change(
            self.advocacies,
            (it.advocacy,),
            outcome=it.outcome,
            concluded=it.occurred,
            legal_act=it.legal_act.model_dump(mode="json") if it.legal_act else None,
            observance=it.observance.observance if it.observance else None,
        )
        if it.observance:
            since = it.legal_act.adopted if it.legal_act else it.occurred
            rows.put(self.observances, advocacy=it.advocacy, since=since, **it.observance.model_dump())

    @on(AdvocacyResumed)
    def resumed(self, e: Recorded[AdvocacyResumed], rows: Rows) -> None:
        """It is under way again. An observance that was created stays."""
        rows.change(self.advocacies, (e.event.advocacy,), outcome=None, concluded=None, legal_act=None, observance=None)

    @answers(ListAdvocacies)
    def board(self, query: ListAdvocacies, asking: Asking) -> AdvocacyBoard:
        """One page of the board."""
        live = asking.live(self.advocacies)
        wanted = select(live).order_by(live.c.number)
        if query.outcome is not None:
            wanted = wanted.where(live.c.outcome == query.outcome)
        if query.after is not None:
            if not query.after.isdecimal():
                raise Invalid("The cursor 'after' is not one that an answer gave as 'next'.")
            wanted = wanted.where(live.c.number > int(query.after))
        found = asking.rows(wanted.limit(query.limit + 1))
        return AdvocacyBoard(
            advocacies=tuple(AdvocacyEntry.model_validate(dict(row)) for row in found[: query.limit]),
            next=str(found[query.limit - 1]["number"]) if len(found) > query.limit else None,
        )

    @answers(ShowAdvocacy)
    def show(self, query: ShowAdvocacy, asking: Asking) -> AdvocacyFile:
        """One objective, whole."""
        live, taken, positions = asking.live(self.advocacies), asking.live(self.taken), asking.live(self.positions)
        statements = asking.live(self.statements)
        found = asking.rows(select(live).where(live.c.advocacy == query.advocacy))
        if not found:
            raise NotFound("There is no such advocacy.")
        said = asking.rows(
            select(statements)
            .where(statements.c.advocacy == query.advocacy)
            .order_by(statements.c.fact, statements.c.occurred, statements.c.statement)
        )
        observances = asking.live(self.observances)
        created = asking.rows(select(observances).where(observances.c.advocacy == query.advocacy))
        return AdvocacyFile(
            **dict(found[0]),
            taken=tuple(
                ActionShown.model_validate({**row, "summary": asking.reveal(row["summary"])})
                for row in asking.rows(
                    select(taken).where(taken.c.advocacy == query.advocacy).order_by(taken.c.occurred, taken.c.action)
                )
            ),
            positions=tuple(
                PositionShown.model_validate({**row, "remarks": asking.reveal(row["remarks"])})
                for row in asking.rows(
                    select(positions)
                    .where(positions.c.advocacy == query.advocacy)
                    .order_by(positions.c.occurred, positions.c.position)
                )
            ),
            facts=tuple(_fact(fact, said) for fact in dict.fromkeys(row["fact"] for row in said)),
            observances=tuple(ObservanceShown.model_validate(dict(row)) for row in created),
        )

    @answers(ListObservances)
    def kept(self, query: ListObservances, asking: Asking) -> Observances:
        """The days that are kept."""
        live = asking.live(self.observances)
        wanted = select(live).order_by(live.c.month, live.c.day, live.c.observance)
        if query.month is not None:
            wanted = wanted.where(live.c.month == query.month)
        found = asking.rows(wanted)
        return Observances(observances=tuple(ObservanceShown.model_validate(dict(row)) for row in found))


def _fact(fact: str, said: Sequence[RowMapping]) -> FactShown:
    statements = tuple(StatementShown(says=row["says"], source=row["source"]) for row in said if row["fact"] == fact)
    return FactShown(fact=fact, disputed=len({one.says for one in statements}) > 1, statements=statements)
