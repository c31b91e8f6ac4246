"""What can be asked of the portfolio and of a grant's books, and what is answered."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, BaseModel, Field

from services.projects.funder import FunderKind
from services.projects.project.state import Status
from services.projects.terms import READS_BOOKS, STAFF, Category, Day, FunderId, GrantId, LineName
from shared.messages import Query
from shared.money import Currency, Money, Rate
from shared.projections.declaration import Redacted
from shared.projections.paging import After, Limit, Next

Year = Annotated[int | None, Field(ge=1900, le=2999)]
Amounts = Annotated[dict[str, Decimal], Field(description="By currency", examples=[{"EUR": "4000.00"}])]


class KindLine(BaseModel):
    """What one kind of funder makes possible. A project with funders of two kinds is under both."""

    kind: FunderKind
    projects: int
    awarded: Amounts


class FunderLine(BaseModel):
    """What one funder makes possible. A project with two funders is under both."""

    funder: str
    name: str
    kind: FunderKind
    country: str
    projects: int
    awarded: Amounts


class PortfolioAnswer(BaseModel):
    """The projects of a span of years. Each counts once, in the year it started; one not started never."""

    projects_total: int = Field(description="Started to the end of the last year asked for, from the beginning on")
    projects_in_span: int = Field(description="Started within the years asked for")
    invented: int = Field(description="Of those in the span: with invented details, marked as such when recorded")
    by_year: dict[str, int]
    by_funder_kind: tuple[KindLine, ...]
    by_funder: tuple[FunderLine, ...]
    without_funder: int = Field(description="Of those in the span: without any grant on record")
    position: int


class ShowPortfolio(Query[PortfolioAnswer], context="projects", route="GET /portfolio", roles=STAFF):
    """Number of projects to date, by year, by funder kind and by funder."""

    first_year: Year = Field(None, description="From this year on", examples=[2004])
    last_year: Year = Field(None, description="To the end of this year", examples=[2008])


class ShareLine(BaseModel):
    """One funder's part of what was awarded."""

    funder: str
    name: str
    kind: FunderKind
    euros: Decimal = Field(description="Awarded, litas converted at the fixed rate")
    share: Decimal = Field(description="Of all awards in euro and litas, in per cent to one decimal")
    not_converted: Amounts = Field(description="Awarded in currencies without a fixed rate, which no share includes")


class SharesAnswer(BaseModel):
    """Each funder's share: how independent the organisation is."""

    euros: Decimal
    shares: tuple[ShareLine, ...]
    position: int


class ShowFunderShares(Query[SharesAnswer], context="projects", route="GET /funder-shares", roles=STAFF):
    """Each funder's share of the awards that count from a span of years."""

    first_year: Year = Field(None, description="From this year on", examples=[2004])
    last_year: Year = Field(None, description="To the end of this year", examples=[2008])


class ProjectLine(BaseModel):
    """A project in a list."""

    project: str
    title: str
    programme: str | None
    status: Status
    started: str | None
    year: int | None
    number: int | None = Field(description="Its number within the year; null until the register has given one")
    invented: bool = Field(description="Details are invented, and were marked as such when recorded")


class ProjectPage(BaseModel):
    """Projects in the order they were proposed."""

    projects: tuple[ProjectLine, ...]
    next: Next
    position: int


class ListProjects(Query[ProjectPage], context="projects", route="GET /projects", roles=STAFF):
    """List projects."""

    year: Year = Field(None, description="Started in this year", examples=[2008])
    status: Status | None = Field(None, description="Of this status", examples=["running"])
    programme: str | None = Field(None, max_length=300, description="Of this programme", examples=["Girl power"])
    after: After = None
    limit: Limit = 50


class FunderEntry(BaseModel):
    """A funder in a list."""

    funder: str
    kind: FunderKind
    name: str
    country: str


class FunderAnswer(FunderEntry):
    """A funder; of a private donor, also who they are, as far as the asker may see it."""

    donor: str | Redacted | None
    position: int


class ShowFunder(Query[FunderAnswer], context="projects", route="GET /funders/{funder}", roles=READS_BOOKS):
    """A funder, and who a private donor is."""

    funder: FunderId


class FunderPage(BaseModel):
    """Funders in the order they were registered."""

    funders: tuple[FunderEntry, ...]
    next: Next
    position: int


class ListFunders(Query[FunderPage], context="projects", route="GET /funders", roles=STAFF):
    """List funders."""

    kind: FunderKind | None = Field(None, description="Of this kind", examples=["embassy"])
    after: After = None
    limit: Limit = 50


On = Annotated[Day | None, Field(description="True then: entries that count up to this day", examples=["2008-06-30"])]
AsOf = Annotated[
    AwareDatetime | None,
    Field(description="Known then: entries recorded up to this time", examples=["2009-01-31T12:00:00+02:00"]),
]


class EntryKind(StrEnum):
    """What kind of entry in a grant's books."""

    AWARD = "award"
    AMENDMENT = "amendment"
    INSTALMENT = "instalment"
    INSTALMENT_REVERSAL = "instalment_reversal"
    RESERVATION = "reservation"
    RELEASE = "release"
    CHARGE = "charge"
    REVERSAL = "reversal"
    RETURN = "return"


class StatementLine(BaseModel):
    """One earmark."""

    line: str
    category: Category
    first_day: date
    last_day: date
    awarded: Decimal
    committed: Decimal = Field(description="Reserved and not yet charged")
    spent: Decimal
    left: Decimal
    entries: str = Field(description="Where the figures open to their entries; add &figure=spent and the like")


class StatementAnswer(BaseModel):
    """Where a grant stands, by earmark, in its own currency."""

    grant: str
    project: str
    funder: str
    currency: Currency
    on: date | None
    as_of: datetime | None
    lines: tuple[StatementLine, ...]
    awarded: Decimal
    committed: Decimal
    spent: Decimal
    left: Decimal
    received: Decimal = Field(description="Instalments of the funder, less those taken back")
    returned: Decimal = Field(description="Unspent rest that went back to the funder")
    closed_on: date | None
    position: int


class ShowStatement(
    Query[StatementAnswer], context="projects", route="GET /grants/{grant}/statement", roles=READS_BOOKS
):
    """A grant's statement by earmark: awarded, committed, spent, left."""

    grant: GrantId
    on: On = None
    as_of: AsOf = None


Figure = Literal["awarded", "committed", "spent", "received", "returned"]
FIGURES: tuple[Figure, ...] = get_args(Figure)


class Entry(BaseModel):
    """An entry in a grant's books: how it changed each figure."""

    kind: EntryKind
    line: str | None
    occurred: date
    recorded_at: datetime
    awarded: Decimal
    committed: Decimal
    spent: Decimal
    received: Decimal
    returned: Decimal
    original: Money | None = Field(description="What it was before it was converted")
    rate: Rate | None
    expense: str | None
    share: int | None
    reference: str | None
    entry: str | None = Field(description="The id of the reservation, charge, instalment or amendment")
    position: int = Field(description="Of the event that made it")


class EntryPage(BaseModel):
    """Entries in the order they were recorded."""

    entries: tuple[Entry, ...]
    next: Next
    position: int


class ListGrantEntries(Query[EntryPage], context="projects", route="GET /grants/{grant}/entries", roles=READS_BOOKS):
    """The entries behind a grant's figures."""

    grant: GrantId
    line: LineName | None = None
    figure: Figure | None = Field(None, description="Only those that change this figure", examples=["spent"])
    on: On = None
    as_of: AsOf = None
    after: After = None
    limit: Limit = 50


class RefusalLine(BaseModel):
    """Something that a grant was asked for and did not give."""

    asked_by: Literal["expense", "campaign"]
    record: str = Field(description="The expense or the campaign that asked")
    share: int | None = Field(description="Of an expense: which share of its split")
    line: str | None
    amount: Money
    rule: str = Field(description="The rule that did not allow it")
    left: Decimal | None = Field(description="What would have been given, where that was the reason")
    occurred: date
    position: int


class RefusalPage(BaseModel):
    """Refusals in the order they were made."""

    refusals: tuple[RefusalLine, ...]
    next: Next
    position: int


class ListGrantRefusals(
    Query[RefusalPage], context="projects", route="GET /grants/{grant}/refusals", roles=READS_BOOKS
):
    """What expenses and campaigns asked of a grant and did not get, and why."""

    grant: GrantId
    after: After = None
    limit: Limit = 50


class GrantLine(BaseModel):
    """A grant in a list."""

    grant: str
    project: str
    funder: str
    currency: Currency
    eligible_from: date
    eligible_until: date
    closed_on: date | None


class GrantPage(BaseModel):
    """Grants in the order they were awarded."""

    grants: tuple[GrantLine, ...]
    next: Next
    position: int


class ListGrants(Query[GrantPage], context="projects", route="GET /grants", roles=READS_BOOKS):
    """List grants."""

    project: str | None = Field(None, max_length=36, description="Of this project")
    funder: str | None = Field(None, max_length=36, description="Of this funder")
    after: After = None
    limit: Limit = 50
