"""The activity report over HTTP, as a page and as a PDF."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from services import analytics, campaigns
from services.campaigns.organisation import DescribeOrganisation, Description
from services.gateway.http import create_app
from services.gateway.tokens import Tokens, open_tokens
from shared.messages import Role
from shared.settings import Settings
from tests.assembled import Assembled
from tests.gateway.conftest import serving

PAGE = "/reports/activity/page"
IN_2008 = {"from": "2008-01-01", "to": "2008-12-31"}
CENTRE = Description(
    name="Centre <one>",
    legal_form="Public organisation",
    independent=True,
    non_profit=True,
    mission="To help.",
    country="LT",
)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return open_tokens(tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, tokens: Tokens) -> Iterator[httpx.Client]:
    contexts = [campaigns.context, analytics.context]
    folder: Path = tmp_path_factory.mktemp("centre")
    centre = Assembled(folder, contexts)
    centre.send(DescribeOrganisation(description=CENTRE, occurred="2004"), Role.SUPERVISOR)
    centre.projector.catch_up()
    app = create_app(centre.bus, contexts, tokens, readiness=dict, settings=Settings(threads=2))
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    centre.close()


def ask(client: httpx.Client, tokens: Tokens, role: Role = Role.ANALYST, **parameters: str) -> httpx.Response:
    token = tokens.issue("a-1", [role], timedelta(hours=1))
    return client.get(PAGE, params={**IN_2008, **parameters}, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("language", "title"), [("lt", "Veiklos ataskaita"), ("en", "Activity report"), ("fr", "Rapport d’activité")]
)
def test_the_page_comes_in_the_language_asked_for(
    client: httpx.Client, tokens: Tokens, language: str, title: str
) -> None:
    answer = ask(client, tokens, language=language)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == language
    assert title in answer.text and "Centre &lt;one&gt;" in answer.text


def test_the_page_may_use_its_own_style_and_nothing_else(client: httpx.Client, tokens: Tokens) -> None:
    policies = ask(client, tokens).headers.get_list("content-security-policy")
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'sha256-")


def test_the_pdf(client: httpx.Client, tokens: Tokens) -> None:
    answer = ask(client, tokens, format="pdf", language="fr")
    assert answer.headers["content-type"] == "application/pdf"
    assert "activity-2008-01-01-2008-12-31-fr.pdf" in answer.headers["content-disposition"]
    assert int(answer.headers["x-position"]) > 0
    assert answer.content.startswith(b"%PDF")


def test_who_may_not_see_the_report_may_not_see_its_page(client: httpx.Client, tokens: Tokens) -> None:
    assert client.get(PAGE, params=IN_2008).status_code == 401
    half = {"from": "2008-01-01", "to": "2008-06-30"}
    assert ask(client, tokens, **half).status_code == 403
    assert ask(client, tokens, Role.SUPERVISOR, **half).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"language": "de"}, {"format": "docx"}, {"to": "2007-12-31"}, {"to": "no day"}, {"wait_for": "x"}, {"more": "1"}],
    ids=str,
)
def test_what_cannot_be_answered_is_refused_as_a_problem(
    client: httpx.Client, tokens: Tokens, wrong: dict[str, str]
) -> None:
    answer = ask(client, tokens, **wrong)
    assert answer.status_code == 422 or answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_page_is_in_the_openapi_document(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"][PAGE]["get"]
    assert {parameter.get("name") for parameter in described["parameters"]} >= {"from", "to", "language", "format"}
