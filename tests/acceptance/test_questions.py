"""What the source says, asked over HTTP of the history that `serve --with-history` loads."""

from __future__ import annotations

from typing import Any

import pytest

from services.analytics.suppression import SMALLEST
from services.history.source import FAMILIES_BY_YEAR, GIRL_POWER, SOURCE
from shared.messages import Role
from tests.acceptance.serving import Api, Server


def report(api: Api, first: str, last: str, role: str = "analyst") -> Any:
    return api.ask(role, "/reports/activity", params={"from": first, "to": last})


def campaign(api: Api, *key: str) -> Any:
    return api.ask("campaigner", f"/campaigns/{SOURCE.id('campaign', *key)}")


def test_the_history_is_whole_though_its_loading_was_killed_once(server: Server) -> None:
    assert "Loaded the history data set" in server.said()
    assert not (server.data / "history.loading").exists()


def test_s1_there_were_77_projects_to_the_end_of_2008(api: Api) -> None:
    found = report(api, "1996-01-01", "2008-12-31")
    assert found["projects_total"] == 77 == sum(found["projects_by_year"].values())
    assert api.ask("analyst", "/portfolio")["projects_total"] >= 77


def test_s2_projects_were_funded_by_government_foreign_organisations_and_embassies(api: Api) -> None:
    kinds = report(api, "2008-01-01", "2008-12-31")["projects_by_funder_kind"]
    assert {kind for kind, projects in kinds.items() if projects} == {"government", "foreign_organisation", "embassy"}
    funders = api.ask("accountant", "/portfolio")["by_funder"]
    assert {"Emmaüs Europe", "Government of the Republic of Lithuania"} <= {funder["name"] for funder in funders}


def test_s3_56_victims_of_trafficking_were_helped_from_2004_to_2007_and_their_families_are_counted_apart(
    api: Api,
) -> None:
    found = report(api, "2004-01-01", "2007-12-31")
    assert found["beneficiaries_assisted"] == 56
    assert found["family_members_supported"] > 0
    counted = api.ask(
        "supervisor", "/rehabilitation/beneficiaries", params={"since": "2004-01-01", "until": "2007-12-31"}
    )
    assert counted["trafficking_victims"] == 56


def test_s4_eight_projects_started_in_2008(api: Api) -> None:
    assert report(api, "2008-01-01", "2008-12-31")["projects_by_year"]["2008"] == 8
    assert api.ask("analyst", "/portfolio")["by_year"]["2008"] == 8
    started = api.ask("project_manager", "/projects", params={"year": 2008})["projects"]
    assert len(started) == 8


def test_s5_girl_power_went_to_food_salaries_and_utilities(api: Api) -> None:
    statement = api.ask("accountant", f"/grants/{SOURCE.id('grant', GIRL_POWER.key)}/statement")
    assert {line["category"] for line in statement["lines"]} == {"food", "salaries", "utilities"}
    for line in statement["lines"]:
        cents = {name: round(float(line[name]) * 100) for name in ("awarded", "committed", "spent", "left")}
        assert cents["awarded"] == cents["committed"] + cents["spent"] + cents["left"]
        assert cents["spent"] > 0


def test_s6_crisis_assistance_is_counted_by_kind_and_period(api: Api) -> None:
    by_kind = report(api, "2004-01-01", "2007-12-31")["services_by_kind"]
    assert by_kind["crisis"] > 0
    years = [report(api, f"{year}-01-01", f"{year}-12-31")["services_by_kind"]["crisis"] for year in range(2004, 2008)]
    assert sum(years) == by_kind["crisis"]
    delivered = api.ask("auditor", "/rehabilitation/services", params={"since": "2004-01-01", "until": "2007-12-31"})
    assert {row["kind"]: row["services"] for row in delivered["by_kind"]}["crisis"] == by_kind["crisis"]


def test_s10_parliament_recognised_25_may_and_both_accounts_of_it_stand_beside_each_other(api: Api) -> None:
    found = api.ask("campaigner", f"/advocacies/{SOURCE.id('advocacy', '25-may')}")
    assert (found["outcome"], found["concluded"], found["legal_act"]["adopted"]) == ("adopted", "2008", "2008")
    (observance,) = found["observances"]
    assert (observance["month"], observance["day"]) == (5, 25)
    assert "Etan Patz" in observance["origin"] and "1979" in observance["origin"]
    (fact,) = found["facts"]
    assert fact["disputed"]
    assert len({statement["source"] for statement in fact["statements"]}) == 2


def test_s10_an_end_to_trafficking_is_an_objective_of_its_own(api: Api) -> None:
    found = api.ask("campaigner", f"/advocacies/{SOURCE.id('advocacy', 'trafficking')}")
    assert found["outcome"] is None and found["taken"]
    (reported,) = report(api, "2008-01-01", "2008-12-31")["advocacy_outcomes"]
    assert reported["observance"]["name"] == "International Missing Children's Day"


def test_s11_a_commemoration_was_held_that_day_and_next_years_is_drafted(api: Api) -> None:
    held = campaign(api, "25-may-2008")
    assert (held["kind"], held["status"], held["held_on"]) == ("commemoration", "held", "2008-05-25")
    assert "fewer children go missing" in held["aim"]
    drafts = api.ask("campaigner", "/campaigns", params={"kind": "commemoration", "status": "draft"})["campaigns"]
    assert "2009-05-25" in {draft["planned_for"] for draft in drafts}


def test_s12_about_100_pupils_of_two_towns_made_a_poster_20_metres_long_on_2_october_2008(api: Api) -> None:
    held = campaign(api, "dont-sell-yourself")
    assert (held["held_on"], held["venue"], held["town"]) == ("2008-10-02", "City hall", "Vilnius")
    assert held["attendance"] == {"number": 100, "precision": "approximate"}
    assert {row["town"]: row["participation"]["pupils"] for row in held["by_town"]} == {"Vilnius": 60, "Alytus": 40}
    assert {group["teachers"]["precision"] for group in held["groups"]} == {"unstated"}
    (poster,) = held["artefacts"]
    (length,) = poster["measures"]
    assert (poster["kind"], length["value"], length["unit"]) == ("poster", "20", "m")
    assert "in their own way" in poster["message"]
    rows = api.ask("auditor", "/participation", params={"year": 2008})["rows"]
    assert sum(row["participation"]["pupils"] for row in rows) == 100


@pytest.mark.parametrize("kind", ["trafficking", "missing_person"])
def test_s14_cases_of_each_kind_are_listed_to_the_last_page(api: Api, kind: str) -> None:
    found, after = [], None
    while True:
        asked = {"kind": kind, "limit": 20, **({"after": after} if after else {})}
        page = api.ask("supervisor", "/cases", params=asked)  # a worker sees the cases of their own teams
        found += page["cases"]
        if (after := page["next"]) is None:
            break
    victims_and_families = {"trafficking": 56, "missing_person": sum(FAMILIES_BY_YEAR.values())}
    assert len([case for case in found if case["synthetic"]]) >= victims_and_families[kind]
    assert len({case["case"] for case in found}) == len(found)
    assert {case["kind"] for case in found} == {kind}


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.POLICY}))
def test_whole_years_are_open_to_every_role_and_other_ranges_only_to_supervisors(api: Api, role: str) -> None:
    whole = {"from": "2004-01-01", "to": "2007-12-31"}
    assert api.ask(role, "/reports/activity", params=whole)["beneficiaries_assisted"] == 56
    part = api.request("GET", "/reports/activity", role, params={"from": "2004-01-01", "to": "2007-12-30"})
    assert part.status_code == (200 if role == "supervisor" else 403)


def test_counts_of_persons_are_suppressed_when_they_are_small_and_other_counts_are_not(api: Api) -> None:
    hidden = []
    for year in range(1996, 2009):
        found = report(api, f"{year}-01-01", f"{year}-12-31")
        for name in "beneficiaries_assisted", "family_members_supported":
            assert (found[name] is None) == (name in found["suppressed"])
            assert found[name] is None or found[name] == 0 or found[name] >= SMALLEST
            hidden += [name] if found[name] is None else []
        assert found["projects_by_year"]["1996"] == 2
    assert hidden, "nothing was small enough to be hidden"
