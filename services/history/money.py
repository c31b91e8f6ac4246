"""Funders, projects and grants of a history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.history.invoices import document
from services.history.steps import Steps, Story
from services.projects.funder import FunderKind, RegisterFunder
from services.projects.grant.award import AwardGrant, EarmarkedLine, ReceiveInstalment, ReportOwed
from services.projects.grant.reporting import AcceptReport, SubmitReport
from services.projects.grant.spending import ChargeGrant, ReserveFunds
from services.projects.project.life import ApproveProject, CompleteProject, ProposeProject, StartProject
from services.projects.project.work import DefineIndicator, RecordResult
from services.projects.terms import Category
from shared.messages import Role
from shared.money import Money

MANAGER, ACCOUNTANT = "pm-1", "acc-1"
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Funder:
    """Somebody who gives money."""

    key: str
    kind: FunderKind
    name: str
    country: str
    from_source: bool = False


@dataclass(frozen=True, slots=True)
class Earmark:
    """A line of a grant, and how much of it is spent by the end, in hundredths."""

    category: Category
    amount: Decimal
    spent: int = 100


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """One project with its grant."""

    key: str
    title: str
    programme: str | None
    funder: str
    starts: date
    ends: date
    earmarks: tuple[Earmark, ...]
    completed: bool = True
    from_source: bool = False
    by_documents: bool = False  # its spending rests on invoices and payrolls


def funders(story: Story, all_of_them: tuple[Funder, ...], known_since: date) -> Steps:
    """Register them."""
    for funder in all_of_them:
        command = RegisterFunder(
            funder=story.id("funder", funder.key),
            kind=funder.kind,
            name=funder.name,
            country=funder.country,
            occurred=known_since.isoformat(),
        )
        yield story.step(command, Role.PROJECT_MANAGER, by=MANAGER, from_source=funder.from_source)


def project(story: Story, plan: ProjectPlan) -> Steps:
    """From proposal to completion, with its grant awarded, received, charged and reported on."""
    key, grant = story.id("project", plan.key), story.id("grant", plan.key)
    proposed, awarded = plan.starts - timedelta(days=90), plan.starts - timedelta(days=30)
    yield story.step(
        ProposeProject(project=key, title=plan.title, programme=plan.programme, occurred=proposed.isoformat()),
        Role.PROJECT_MANAGER,
        by=MANAGER,
        from_source=plan.from_source,
    )
    yield story.step(ApproveProject(project=key, occurred=awarded.isoformat()), Role.PROJECT_MANAGER, by=MANAGER)
    yield from _grant_awarded(story, plan, key, grant, awarded)
    yield story.step(StartProject(project=key, occurred=plan.starts.isoformat()), Role.PROJECT_MANAGER, by=MANAGER)
    yield from _grant_spent(story, plan, grant)
    yield from _counted(story, plan, key)
    if plan.completed:
        yield story.step(CompleteProject(project=key, occurred=plan.ends.isoformat()), Role.PROJECT_MANAGER, by=MANAGER)


def _grant_awarded(story: Story, plan: ProjectPlan, key: str, grant: str, awarded: date) -> Steps:
    whole = sum((earmark.amount for earmark in plan.earmarks), Decimal(0))
    yield story.step(
        AwardGrant(
            grant=grant,
            project=key,
            funder=story.id("funder", plan.funder),
            amount=Money(amount=whole),
            eligible_from=plan.starts,
            eligible_until=plan.ends,
            lines=tuple(
                EarmarkedLine(
                    line=earmark.category.value, category=earmark.category, amount=Money(amount=earmark.amount)
                )
                for earmark in plan.earmarks
            ),
            reports=(
                ReportOwed(
                    report="final", first_day=plan.starts, last_day=plan.ends, due=plan.ends + timedelta(days=60)
                ),
            ),
            occurred=awarded,
        ),
        Role.ACCOUNTANT,
        by=ACCOUNTANT,
    )
    half = (whole / 2).quantize(CENT)
    for number, amount in enumerate((half, whole - half), 1):
        received = ReceiveInstalment(
            grant=grant,
            instalment=story.id("instalment", plan.key, number),
            amount=Money(amount=amount),
            occurred=plan.starts + (plan.ends - plan.starts) * (number - 1) // 2,
        )
        yield story.step(received, Role.ACCOUNTANT, by=ACCOUNTANT)


def _grant_spent(story: Story, plan: ProjectPlan, grant: str) -> Steps:
    for number, earmark in enumerate(plan.earmarks):
        line = earmark.category.value
        spent = (earmark.amount * earmark.spent / 100).quantize(CENT)
        parts = _in_parts(spent, 3)
        for part, amount in enumerate(parts, 1):
            day = plan.starts + (plan.ends - plan.starts) * part // (len(parts) + 1)
            if plan.by_documents:
                yield from document(story, plan.key, grant, earmark.category, part, amount, day, ACCOUNTANT)
                continue
            charge = ChargeGrant(
                grant=grant,
                charge=story.id("charge", plan.key, line, part),
                line=line,
                amount=Money(amount=amount),
                reference=f"invoice {number + 1}-{part}",
                occurred=day,
            )
            yield story.step(charge, Role.ACCOUNTANT, by=ACCOUNTANT)
        if earmark.spent < 100:
            yield story.step(
                ReserveFunds(
                    grant=grant,
                    reservation=story.id("reservation", plan.key, line),
                    line=line,
                    amount=Money(amount=((earmark.amount - spent) / 2).quantize(CENT)),
                    occurred=plan.ends - timedelta(days=20),
                ),
                Role.ACCOUNTANT,
                by=ACCOUNTANT,
            )
    if plan.completed:
        after = plan.ends + timedelta(days=30)
        submitted = SubmitReport(grant=grant, report="final", occurred=after)
        accepted = AcceptReport(grant=grant, report="final", occurred=after + timedelta(days=20))
        yield story.step(submitted, Role.PROJECT_MANAGER, by=MANAGER)
        yield story.step(accepted, Role.PROJECT_MANAGER, by=MANAGER)


def _counted(story: Story, plan: ProjectPlan, key: str) -> Steps:
    aim, reached = Decimal(12), Decimal(12 if plan.completed else 10)
    defined = DefineIndicator(
        project=key, indicator="activities", text="Activities held", unit="activities", target=aim
    )
    yield story.step(defined, Role.PROJECT_MANAGER, by=MANAGER)
    result = story.id("result", plan.key)
    counted = RecordResult(
        project=key, result=result, indicator="activities", value=reached, occurred=plan.ends.isoformat()
    )
    yield story.step(counted, Role.PROJECT_MANAGER, by=MANAGER)


def _in_parts(amount: Decimal, count: int) -> list[Decimal]:
    part = (amount / count).quantize(CENT)
    return [*[part] * (count - 1), amount - part * (count - 1)]
