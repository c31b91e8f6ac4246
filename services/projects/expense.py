"""An expense: an invoice or a payroll, and its split over grants, own funds and lines, to the cent.

The document is always recorded. Each grant is asked for its share, and reserves it, or refuses. What a grant refuses
falls to own funds, flagged. Nothing is edited: what was wrong is reversed, and recorded again.

A document is unique by its supplier and number, for its stream's id follows from the two: the same invoice twice is
the same stream, and no register of invoices is needed. Suppliers are named by their registration code, which says who
an organisation is and is nobody's name, so that the id gives away nothing that a guess could find.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.projects.terms import KEEPS_BOOKS, Day, ExpenseId, GrantId, LineName, ProjectId
from shared.dates import must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, StaffId
from shared.money import CENT, Money, Rate, split
from shared.privacy.personal import About, Hidden, Retention

DOCUMENTS = UUID("0c7e5c0e-6d53-4c0f-9a52-3b8f5f1f2008")  # a storage format: the ids of all expenses follow from it


class DocumentKind(StrEnum):
    """What kind of document a cost is proved by."""

    INVOICE = "invoice"
    PAYROLL = "payroll"


def _an_organisation(code: str) -> str:
    if sum(character.isdigit() for character in code) == 11:
        raise ValueError("11 digits are a personal code: give the organisation's registration code")
    return code


SupplierCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}[0-9A-Z]{4,20}$"),
    AfterValidator(_an_organisation),
    Field(
        description="The supplier's country and registration code; for a payroll, the organisation's own",
        examples=["LT302512345"],
    ),
]
DocumentNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z./ -]{0,39}$"),
    Field(description="The document's number, as the supplier wrote it", examples=["SF-2008/118"]),
]
Minutes = Annotated[int, Field(gt=0, le=60_000, description="Minutes worked", examples=[9600])]


class Part(BaseModel):
    """Where a part of a cost goes: a line of a grant, or own funds if it names none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grant: GrantId | None = None
    line: LineName | None = None
    weight: int = Field(gt=0, le=10**15, description="Its weight beside the others: per cent, minutes", examples=[60])


class TimeSheet(BaseModel):
    """Hours behind a payroll: who, by a pseudonymous id, worked how long on which project. They are not money."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    staff: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="The staff member's pseudonymous id", examples=["w-7"]
    )
    project: ProjectId | None = None
    month: Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = Field(
        description="The month", examples=["2008-03"]
    )
    minutes: Minutes


class StatedTimeSheet(TimeSheet):
    """The same, as it is handed in."""

    staff: StaffId


class SplitShare(BaseModel):
    """What one part comes to. Shares of a document are counted from 0, and on when it is recorded again."""

    model_config = ConfigDict(frozen=True)

    share: int
    grant: Id | None = None
    line: str | None = None
    amount: Money


class ExpenseCommand(Command, context="projects"):
    """To one expense."""


class ExpenseEvent(Event, context="projects"):
    """Of one expense."""

    expense: Id


class RecordExpense(ExpenseCommand, route="POST /expenses", roles=KEEPS_BOOKS):
    """Record an invoice or a payroll, with its split over grants and lines. Answers with its id."""

    kind: DocumentKind = Field(description="What proves the cost", examples=["invoice"])
    supplier: SupplierCode
    supplier_name: Annotated[str | None, About("expense", Retention.ACCOUNTS), Field(max_length=200)] = Field(
        None, description="The supplier's name, kept sealed: it may be a person's", examples=["UAB Duona"]
    )
    number: DocumentNumber
    amount: Money = Field(description="The whole document", examples=[{"amount": "345.28", "currency": "LTL"}])
    rate: Rate | None = Field(None, description="For a currency other than euro and litas")
    description: Annotated[str | None, About("expense", Retention.ACCOUNTS), Field(max_length=2000)] = Field(
        None, description="What it was for, kept sealed", examples=["Food for the shelter, March"]
    )
    document: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="The encrypted document's id"
    )
    time_sheets: tuple[StatedTimeSheet, ...] = Field(
        (), max_length=1000, description="For a payroll: the hours behind it"
    )
    split: tuple[Part, ...] = Field(
        min_length=1,
        max_length=100,
        description="Where it goes, by weight",
        examples=[[{"grant": "c3a91f7d-20b8-4e6c-a1d4-7f5e9b0c6d28", "line": "food", "weight": 60}, {"weight": 40}]],
    )
    occurred: Day = Field(description="When the cost was incurred", examples=["2008-03-12"])

    @property
    def expense(self) -> str:
        """The id that follows from supplier and number, however they are spaced or written large."""
        number = "".join(unicodedata.normalize("NFKC", self.number).casefold().split())
        return str(uuid5(DOCUMENTS, f"{self.supplier}/{number}"))

    @classmethod
    def new_ids(cls) -> tuple[str, ...]:
        """The receipt tells the expense's id, though nobody chose it."""
        return ("expense",)


class ReverseExpense(ExpenseCommand, route="POST /expenses/{expense}/reversal", roles=KEEPS_BOOKS):
    """Reverse a document, on a day of the reversal's own. Every grant takes its share back; it can be recorded anew."""

    expense: ExpenseId
    occurred: Day = Field(description="The reversal's own day", examples=["2008-04-02"])


class Answer(StrEnum):
    """What a grant says of a share."""

    RESERVED = "reserved"
    REFUSED = "refused"
    GIVEN_BACK = "given_back"
    NOT_GIVEN_BACK = "not_given_back"


class AnswerShare(ExpenseCommand):
    """A grant's answer to what it was asked for."""

    expense: ExpenseId
    share: int
    answer: Answer
    rule: str | None = None


class ExpenseRecorded(ExpenseEvent):
    """A document is in the books. The shares add up to its amount, to the cent."""

    kind: DocumentKind
    supplier: str
    supplier_name: Annotated[str | Hidden | None, About("expense", Retention.ACCOUNTS)] = None
    number: str
    amount: Money
    rate: Rate | None = None
    description: Annotated[str | Hidden | None, About("expense", Retention.ACCOUNTS)] = None
    document: str | None = None
    time_sheets: tuple[TimeSheet, ...] = ()
    shares: tuple[SplitShare, ...]
    occurred: Day


class ShareTaken(ExpenseEvent):
    """A grant has reserved its share, and is to charge it."""

    share: int
    grant: Id


class ShareFellToOwnFunds(ExpenseEvent):
    """A grant does not bear its share, by this rule: own funds do. Somebody has to look at it."""

    share: int
    grant: Id
    line: str
    amount: Money
    rule: str


class ExpenseReversed(ExpenseEvent):
    """A document was taken back. The grants of `shares` are asked to do the same; own funds bore those of `borne`."""

    shares: tuple[SplitShare, ...]
    borne: tuple[int, ...] = ()
    occurred: Day


class ShareGivenBack(ExpenseEvent):
    """A grant has taken its share of a reversed document back."""

    share: int
    grant: Id


class ShareStillCharged(ExpenseEvent):
    """A grant could not take its share of a reversed document back, by this rule. Somebody has to reverse it there."""

    share: int
    grant: Id
    rule: str


ExpenseCommands = RecordExpense | ReverseExpense | AnswerShare
ExpenseEvents = (
    ExpenseRecorded | ShareTaken | ShareFellToOwnFunds | ExpenseReversed | ShareGivenBack | ShareStillCharged
)


class ShareStatus(StrEnum):
    """Where a share stands."""

    OWN_FUNDS = "own_funds"
    ASKED = "asked"
    TAKEN = "taken"
    FELL_TO_OWN_FUNDS = "fell_to_own_funds"
    GIVEN_BACK = "given_back"
    STILL_CHARGED = "still_charged"


TO_TAKE_BACK = frozenset({ShareStatus.ASKED, ShareStatus.TAKEN})
BY_OWN_FUNDS = frozenset({ShareStatus.OWN_FUNDS, ShareStatus.FELL_TO_OWN_FUNDS})


@dataclass(frozen=True, slots=True)
class ShareState:
    """A share as the rules see it."""

    part: SplitShare
    status: ShareStatus


@dataclass(frozen=True, slots=True)
class Expense:
    """A document as the rules see it. `shares` has those of every time it was recorded, `first` begins the last."""

    stands: bool = False
    first: int = 0
    amount: Money | None = None  # None: never recorded
    day: Day | None = None
    shares: tuple[ShareState, ...] = ()


def decide(command: ExpenseCommands, expense: Expense) -> Sequence[ExpenseEvents]:
    """The rules of an expense."""
    match command:
        case RecordExpense():
            return [_record(command, expense)]
        case ReverseExpense(expense=of, occurred=occurred):
            must_exist(expense.day is not None, "expense")
            if not expense.stands:
                return []
            must_have_happened(str(occurred), command.now)
            if expense.day and occurred < expense.day:
                raise DomainError(
                    f"A document is reversed after its cost was incurred; that was on {expense.day}; "
                    "give that day or a later one.",
                    rule="not-before-the-entry",
                )
            back = tuple(share.part for share in expense.shares if share.status in TO_TAKE_BACK)
            borne = tuple(share.part.share for share in expense.shares if share.status in BY_OWN_FUNDS)
            return [ExpenseReversed(expense=of, shares=back, borne=borne, occurred=occurred)]
        case AnswerShare(share=number):
            must_exist(number < len(expense.shares), "share")
            return _take_answer(command, expense, expense.shares[number])
        case _:
            assert_never(command)


def _record(command: RecordExpense, expense: Expense) -> ExpenseRecorded:
    if expense.stands:
        raise DomainError(
            f"A supplier's document is recorded once; this number is recorded, of {expense.day} and over "
            f"{expense.amount}; reverse that first, or check the number.",
            rule="document-is-recorded-once",
        )
    must_have_happened(str(command.occurred), command.now)
    for part in command.split:
        if (part.grant is None) != (part.line is None):
            raise DomainError(
                "A part names a grant and a line of it, or neither for own funds; one is given without the other.",
                rule="grant-and-line",
            )
    if (command.kind is DocumentKind.PAYROLL) != bool(command.time_sheets):
        raise DomainError(
            f"A payroll has time sheets behind it, another document none; this is of kind {command.kind} with "
            f"{len(command.time_sheets)}; {'leave them out' if command.time_sheets else 'give them'}.",
            rule="payroll-has-time-sheets",
        )
    amounts = split(command.amount.amount, [part.weight for part in command.split])
    if min(amounts) < CENT:
        raise DomainError(
            f"Each part comes to at least a cent; of {command.amount} one comes to nothing; leave it out.",
            rule="at-least-a-cent",
        )
    before = len(expense.shares)
    return ExpenseRecorded(
        expense=command.expense,
        kind=command.kind,
        supplier=command.supplier,
        supplier_name=command.supplier_name,
        number=command.number,
        amount=command.amount,
        rate=command.rate,
        description=command.description,
        document=command.document,
        time_sheets=command.time_sheets,
        shares=tuple(
            SplitShare(
                share=share,
                grant=part.grant,
                line=part.line,
                amount=Money(amount=amount, currency=command.amount.currency),
            )
            for share, (part, amount) in enumerate(zip(command.split, amounts, strict=True), before)
        ),
        occurred=command.occurred,
    )


def _take_answer(command: AnswerShare, expense: Expense, share: ShareState) -> Sequence[ExpenseEvents]:
    """An answer that comes late, or twice, changes nothing: what was asked meanwhile gets an answer of its own."""
    of, number, part = command.expense, command.share, share.part
    if part.grant is None or part.line is None:
        return []
    current = expense.stands and number >= expense.first
    match command.answer, share.status:
        case Answer.RESERVED, ShareStatus.ASKED if current:
            return [ShareTaken(expense=of, share=number, grant=part.grant)]
        case ((Answer.REFUSED | Answer.GIVEN_BACK), (ShareStatus.ASKED | ShareStatus.TAKEN)) if current:
            rule = command.rule or "given-back-by-hand"
            return [
                ShareFellToOwnFunds(
                    expense=of, share=number, grant=part.grant, line=part.line, amount=part.amount, rule=rule
                )
            ]
        case (
            (Answer.REFUSED | Answer.GIVEN_BACK),
            (ShareStatus.ASKED | ShareStatus.TAKEN | ShareStatus.STILL_CHARGED),
        ):
            return [ShareGivenBack(expense=of, share=number, grant=part.grant)]
        case Answer.NOT_GIVEN_BACK, (ShareStatus.ASKED | ShareStatus.TAKEN) if not current:
            return [ShareStillCharged(expense=of, share=number, grant=part.grant, rule=command.rule or "")]
        case _:
            return []


def evolve(expense: Expense, event: ExpenseEvents) -> Expense:
    """An expense after `event`."""
    match event:
        case ExpenseRecorded(amount=amount, shares=shares, occurred=occurred):
            asked = (ShareState(part, ShareStatus.ASKED if part.grant else ShareStatus.OWN_FUNDS) for part in shares)
            return Expense(True, len(expense.shares), amount, occurred, (*expense.shares, *asked))
        case ShareTaken(share=share):
            return _with_status(expense, share, ShareStatus.TAKEN)
        case ShareFellToOwnFunds(share=share):
            return _with_status(expense, share, ShareStatus.FELL_TO_OWN_FUNDS)
        case ShareGivenBack(share=share):
            return _with_status(expense, share, ShareStatus.GIVEN_BACK)
        case ShareStillCharged(share=share):
            return _with_status(expense, share, ShareStatus.STILL_CHARGED)
        case ExpenseReversed(borne=borne):
            for share in borne:
                expense = _with_status(expense, share, ShareStatus.GIVEN_BACK)
            return replace(expense, stands=False)
        case _:
            assert_never(event)


def _with_status(expense: Expense, number: int, status: ShareStatus) -> Expense:
    shares = tuple(replace(share, status=status) if at == number else share for at, share in enumerate(expense.shares))
    return replace(expense, shares=shares)


expense = Decider("expense", "expense", Expense(), decide, evolve, ExpenseCommands, ExpenseEvents)
