"""The history data set says what its source says, exactly, and marks what is invented."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import orjson
import pytest

from services.analytics.report import ActivityReport, ReportActivity
from services.analytics.sheet.html import page
from services.analytics.sheet.making import sheet_of
from services.analytics.sheet.pdf import pdf
from services.analytics.sheet.words import Language
from services.campaigns.projections.organisation import ShowOrganisation
from services.campaigns.projections.partners import ListPartners
from services.gateway.contexts import CONTEXTS
from services.history.loading import load
from services.history.source import GIRL_POWER, SOURCE, steps_in_source, the_source
from services.projects.projections.questions import ListGrantEntries, ShowStatement
from shared.messages import Origin, Query, Role
from tests.history.conftest import Told


def ask(told: Told, query: Query[Any], role: Role = Role.AUDITOR) -> Any:
    return told.installation.bus().ask(query, Origin("a-1", frozenset({role}))).answer


def report(told: Told, first: int, last: int) -> ActivityReport:
    query = ReportActivity.model_validate({"from": f"{first}-01-01", "to": f"{last}-12-31"})
    answer = ask(told, query, Role.ANALYST)
    assert isinstance(answer, ActivityReport)
    return answer


def test_loading_it_again_changes_nothing(told: Told) -> None:
    head = told.installation.store.head()
    again = load(the_source(), told.installation.bus(), told.installation.settle())
    assert (again.events, again.commands) == (0, told.loaded.commands)
    assert told.installation.store.head() == head
    assert steps_in_source() == told.loaded.commands


def test_the_projects_are_77_to_the_end_of_2008_and_8_in_that_year(told: Told) -> None:
    in_2008 = report(told, 2008, 2008)
    assert in_2008.projects_total == 77
    assert in_2008.projects_by_year["2008"] == 8
    assert [remark.figure for remark in in_2008.remarks] == ["projects_total"]
    assert report(told, 2007, 2007).remarks == ()


def test_the_funders_are_of_the_three_kinds_that_the_source_names(told: Told) -> None:
    kinds = {kind for kind, number in report(told, 2008, 2008).projects_by_funder_kind.items() if number}
    assert kinds == {"government", "foreign_organisation", "embassy"}
    shares = [funder.share for funder in report(told, 2008, 2008).funders]
    assert abs(sum(shares) - 100) <= Decimal("0.3")


def test_56_victims_were_assisted_from_2004_to_2007(told: Told) -> None:
    of_four_years = report(told, 2004, 2007)
    assert of_four_years.beneficiaries_assisted == 56
    assert sum(of_four_years.beneficiaries_by_year.values(), 0) == 56  # type: ignore[arg-type]


def test_girl_powers_statement_rests_on_documents(told: Told) -> None:
    grant = SOURCE.id("grant", GIRL_POWER.key)
    statement = ask(told, ShowStatement(grant=grant))
    spent = {line.category: (line.awarded, line.committed, line.spent) for line in statement.lines}
    assert spent == {
        "food": (Decimal(6000), Decimal(0), Decimal(6000)),
        "salaries": (Decimal(12000), Decimal(600), Decimal(10800)),
        "utilities": (Decimal(4000), Decimal(500), Decimal(3000)),
    }
    charges = ask(told, ListGrantEntries(grant=grant, figure="spent", limit=500)).entries
    assert len(charges) == 9
    assert all(entry.expense and entry.original.currency == "LTL" and entry.rate for entry in charges)


def test_the_organisation_is_public_independent_and_non_profit(told: Told) -> None:
    described = ask(told, ShowOrganisation()).description
    assert (described.independent, described.non_profit, described.country) == (True, True, "LT")
    assert {one.language for one in described.in_other_languages} == {"lt", "fr"}


def test_partners_are_in_lithuania_and_elsewhere_and_all_of_them_invented(told: Told) -> None:
    assert ask(told, ListPartners()).by_country == {"FR": 1, "GB": 1, "LT": 3, "SE": 1}
    partners = report(told, 2008, 2008).partners
    assert all(partner.synthetic and partner.agreements == 1 for partner in partners)
    assert sum(partner.joint_works for partner in partners) == 4


def test_what_the_source_tells_of_2008_in_public(told: Told) -> None:
    in_2008 = report(told, 2008, 2008)
    commemoration, campaign = in_2008.campaigns
    assert commemoration.held_on == "2008-05-25"
    assert (campaign.title, campaign.held_on, campaign.town) == ("Don't sell yourself", "2008-10-02", "Vilnius")
    assert campaign.participants is not None
    assert (campaign.participants.number, campaign.participants.precision) == (100, "approximate")
    (poster,) = campaign.artefacts
    assert [(one.dimension, one.value, one.unit) for one in poster.measures] == [("length", 20, "m")]
    assert len(in_2008.advocacy) == 2
    assert [outcome.outcome for outcome in in_2008.advocacy_outcomes] == ["adopted"]
    assert {one.says for one in in_2008.advocacy[1].disputed} >= {
        "Recognised by a growing number of nations since 1983"
    }


def test_everything_about_single_persons_is_marked_as_invented(told: Told) -> None:
    about_persons = 0
    for event in told.installation.store.read_all():
        if event.type.startswith(("cases.", "rehabilitation.")):
            metadata = orjson.loads(event.metadata)
            assert metadata.get("synthetic") or "system" in metadata["actor"] or "policy" in metadata["roles"]
            about_persons += 1
    assert about_persons > 1000


@pytest.mark.parametrize("language", list(Language))
def test_its_report_is_a_page_in_every_language(told: Told, language: Language) -> None:
    query = ReportActivity.model_validate({"from": "2008-01-01", "to": "2008-12-31"})
    served = [kind for context in CONTEXTS for kind in context.queries()]
    bus = told.installation.bus()
    sheet, _ = sheet_of(query, language, served, lambda asked: bus.ask(asked, Origin("a-1", frozenset({Role.ANALYST}))))
    assert b"77" in page(sheet)
    assert b"/Type/Pages/Count 1/" in pdf(sheet)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("year", [2004, 2007, 2008])
def test_every_text_of_a_years_page_is_in_its_language_but_for_a_name(
    told: Told, language: Language, year: int
) -> None:
    query = ReportActivity.model_validate({"from": f"{year}-01-01", "to": f"{year}-12-31"})
    bus = told.installation.bus()
    sheet, _ = sheet_of(query, language, (), lambda asked: bus.ask(asked, Origin("a-1", frozenset({Role.ANALYST}))))
    foreign = set(re.findall(r'<span lang="([a-z]+)">([^<]*)', page(sheet).decode()))
    assert foreign <= {("fr", "Emmaüs Europe")}
