"""What events lead to here: numbers for projects, grants asked for an expense's shares, reminders of reports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from services.projects.expense import (
    Answer,
    AnswerShare,
    DocumentKind,
    ExpenseRecorded,
    ExpenseReversed,
    ShareTaken,
)
from services.projects.grant.award import GrantAwarded
from services.projects.grant.reporting import (
    RecordReportOverdue,
    ReportRequired,
    ReportReturned,
    ReportSubmitted,
)
from services.projects.grant.requests import (
    ChargeRefused,
    ChargeShare,
    CommitBudget,
    FreeBudget,
    ReleaseShare,
    ReserveShare,
    ReversalRefused,
)
from services.projects.grant.spending import ChargeReversed, FundsReserved, ReservationReleased
from services.projects.grant.state import Share
from services.projects.project.life import ProjectStartCorrected, ProjectStarted
from services.projects.register import NumberProject, WithdrawNumber
from services.projects.terms import Day
from shared.codec import Recorded
from shared.dates import HERE, earliest
from shared.messages import View
from shared.money import Money
from shared.policies import Cancel, Deadline, Policy, Reaction, on


class StartedProjectsAreNumbered(Policy):
    """A project that has started gets its number from the register of its year, and only of that."""

    name = "started_projects_are_numbered"

    @on(ProjectStarted)
    def started(self, e: Recorded[ProjectStarted]) -> Iterable[Reaction]:
        """Asks for the next number."""
        yield NumberProject(year=e.event.year, project=e.event.project)

    @on(ProjectStartCorrected)
    def corrected(self, e: Recorded[ProjectStartCorrected]) -> Iterable[Reaction]:
        """It was another year: the old register lets go, the right one numbers it."""
        if e.event.year != e.event.year_before:
            yield WithdrawNumber(year=e.event.year_before, project=e.event.project)
            yield NumberProject(year=e.event.year, project=e.event.project)


class GrantsBearExpenses(Policy):
    """Each grant in an expense's split reserves its share, then charges it, or refuses; the expense hears the answer.

    One policy for the whole conversation, so that its events are taken in the order they happened.
    """

    name = "grants_bear_expenses"

    @on(ExpenseRecorded)
    def ask_for_shares(self, e: Recorded[ExpenseRecorded]) -> Iterable[Reaction]:
        """Each grant is asked to reserve."""
        of = e.event
        for part in of.shares:
            if part.grant and part.line:
                yield ReserveShare(
                    grant=part.grant,
                    share=Share(expense=of.expense, share=part.share),
                    line=part.line,
                    amount=part.amount,
                    rate=of.rate,
                    due_to_person=of.kind is DocumentKind.PAYROLL,
                    occurred=of.occurred,
                )

    @on(FundsReserved)
    def reserved(self, e: Recorded[FundsReserved]) -> Iterable[Reaction]:
        """The expense hears that there is money."""
        if share := e.event.share:
            yield AnswerShare(expense=share.expense, share=share.share, answer=Answer.RESERVED)

    @on(ShareTaken)
    def charge(self, e: Recorded[ShareTaken]) -> Iterable[Reaction]:
        """The expense still stands: what was reserved is charged."""
        yield ChargeShare(grant=e.event.grant, share=Share(expense=e.event.expense, share=e.event.share))

    @on(ChargeRefused)
    def refused(self, e: Recorded[ChargeRefused]) -> Iterable[Reaction]:
        """The expense hears that there is none."""
        share = e.event.share
        yield AnswerShare(expense=share.expense, share=share.share, answer=Answer.REFUSED, rule=e.event.rule)

    @on(ExpenseReversed)
    def take_back(self, e: Recorded[ExpenseReversed]) -> Iterable[Reaction]:
        """Each grant is asked to take its share back."""
        for part in e.event.shares:
            if part.grant:
                share = Share(expense=e.event.expense, share=part.share)
                yield ReleaseShare(grant=part.grant, share=share, occurred=e.event.occurred)

    @on(ReservationReleased, ChargeReversed)
    def given_back(self, e: Recorded[ReservationReleased | ChargeReversed]) -> Iterable[Reaction]:
        """The expense hears that a grant bears its share no longer."""
        if share := e.event.share:
            yield AnswerShare(expense=share.expense, share=share.share, answer=Answer.GIVEN_BACK)

    @on(ReversalRefused)
    def not_given_back(self, e: Recorded[ReversalRefused]) -> Iterable[Reaction]:
        """The expense hears that the grant's books do not allow it on that day."""
        share = e.event.share
        yield AnswerShare(expense=share.expense, share=share.share, answer=Answer.NOT_GIVEN_BACK, rule=e.event.rule)


class ReportsAreDue(Policy):
    """A report that is not with the funder by its last day is recorded as overdue."""

    name = "reports_are_due"

    @on(GrantAwarded)
    def awarded(self, e: Recorded[GrantAwarded]) -> Iterable[Reaction]:
        """The award's reports."""
        for owed in e.event.reports:
            yield _deadline(e.event.grant, owed.report, owed.due)

    @on(ReportRequired, ReportReturned)
    def due(self, e: Recorded[ReportRequired | ReportReturned]) -> Iterable[Reaction]:
        """One more report, or one to be submitted anew."""
        yield _deadline(e.event.grant, e.event.report, e.event.due)

    @on(ReportSubmitted)
    def submitted(self, e: Recorded[ReportSubmitted]) -> Iterable[Reaction]:
        """Nothing to remind of any more."""
        yield Cancel(_key(e.event.grant, e.event.report))


def _key(grant: str, report: str) -> str:
    return f"report/{grant}/{report}"


def _deadline(grant: str, report: str, due: Day) -> Deadline:
    """When the last day has ended, here."""
    end = datetime.combine(due + timedelta(days=1), time.min, HERE)
    return Deadline(_key(grant, report), end, RecordReportOverdue(grant=grant, report=report))


class CampaignPlanned(View, of="campaigns.CampaignPlanned"):
    """A campaign is planned, perhaps with a grant that pays for it."""

    campaign: str
    grant: str | None = None
    budget: Money | None = None
    occurred: str


class CampaignFinanced(View, of="campaigns.CampaignFinanced"):
    """A campaign has a grant that pays for it."""

    campaign: str
    grant: str
    budget: Money
    occurred: str


class CampaignCancelled(View, of="campaigns.CampaignCancelled"):
    """A campaign is off."""

    campaign: str
    grant: str | None = None
    occurred: str


class CampaignBudgetsAreCommitted(Policy):
    """A campaign's budget is reserved on the grant that it names, and given back when it is cancelled."""

    name = "campaign_budgets_are_committed"

    @on(CampaignPlanned, CampaignFinanced)
    def planned(self, e: Recorded[CampaignPlanned | CampaignFinanced]) -> Iterable[Reaction]:
        """On the day of planning; a day known only in part counts from its first."""
        of = e.event
        if of.grant and of.budget:
            yield CommitBudget(grant=of.grant, campaign=of.campaign, amount=of.budget, occurred=earliest(of.occurred))

    @on(CampaignCancelled)
    def cancelled(self, e: Recorded[CampaignCancelled]) -> Iterable[Reaction]:
        """What is left of it."""
        if e.event.grant:
            yield FreeBudget(grant=e.event.grant, campaign=e.event.campaign, occurred=earliest(e.event.occurred))


policies = (
    StartedProjectsAreNumbered(),
    GrantsBearExpenses(),
    ReportsAreDue(),
    CampaignBudgetsAreCommitted(),
)
