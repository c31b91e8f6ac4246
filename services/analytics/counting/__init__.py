"""Counts a report: what was done in a period, and how good each figure is."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from services.analytics.counting import money, people, profile, public
from services.analytics.counting.inquiry import Inquiry
from services.analytics.report import ActivityReport, ReportActivity
from services.analytics.views.people import FAMILY_MEMBER, VICTIM
from shared.projections.declaration import Asking

if TYPE_CHECKING:
    from services.analytics.activity import Activity


def count(model: Activity, query: ReportActivity, asking: Asking, today: date) -> ActivityReport:
    """The report of one period."""
    inquiry = Inquiry(query, asking)
    by_year = money.projects_by_year(model, inquiry)
    assisted, assisted_by_year = people.persons_helped(model, VICTIM, "beneficiaries_assisted", inquiry)
    supported, supported_by_year = people.persons_helped(model, FAMILY_MEMBER, "family_members_supported", inquiry)
    parts: dict[str, Any] = {
        "projects_by_funder_kind": money.projects_by_funder_kind(model, inquiry),
        "cases_by_kind": people.cases_by_kind(model, inquiry),
        "cases_from_partners": people.cases_from_partners(model, inquiry),
        "referrals_to_partners": people.referrals_to_partners(model, inquiry),
        "services_by_kind": people.services_by_kind(model, inquiry),
        "funders": money.funders(model, inquiry),
        "spent_by_category": money.spent_by_category(model, inquiry),
        "programmes": money.programmes(model, inquiry),
        "campaigns": public.campaigns(model, inquiry),
        "advocacy_outcomes": public.outcomes(model, inquiry),
        "advocacy": public.advocacy(model, inquiry),
        "organisation": profile.organisation(model, inquiry),
        "partners": profile.partners(model, inquiry),
        "remarks": profile.remarks(model, inquiry),
    }
    parts["texts"] = profile.texts(model, inquiry, parts)
    return ActivityReport(
        period={"from": query.first, "to": query.last},
        preliminary=query.last >= today,
        projects_total=sum(by_year.values()),
        projects_by_year=by_year,
        beneficiaries_assisted=assisted,
        family_members_supported=supported,
        beneficiaries_by_year=assisted_by_year,
        family_members_by_year=supported_by_year,
        suppressed=tuple(inquiry.suppressed),
        approximate=tuple(inquiry.approximate),
        synthetic=tuple(inquiry.synthetic),
        position=asking.position,
        **parts,
    )
