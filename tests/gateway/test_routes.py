"""Which route answers a path."""

from __future__ import annotations

import pytest

from services.gateway.http.routes import Routes
from shared.messages import Route


@pytest.fixture
def routes() -> Routes[str]:
    routes: Routes[str] = Routes()
    for text in (
        "GET /cases",
        "POST /cases",
        "GET /cases/{case}",
        "POST /cases/{case}/closure",
        "POST /cases/search",
        "GET /cases/search/{name}/hits",
    ):
        routes.add(Route.parse(text), text)
    return routes


def found(routes: Routes[str], method: str, path: str) -> tuple[str, dict[str, str]] | None:
    match = routes.find(path)
    return (match.targets[method], match.parameters) if match and method in match.targets else None


def test_a_path_without_parameters(routes: Routes[str]) -> None:
    assert found(routes, "POST", "/cases") == ("POST /cases", {})


def test_a_path_with_a_parameter(routes: Routes[str]) -> None:
    assert found(routes, "POST", "/cases/c-1/closure") == ("POST /cases/{case}/closure", {"case": "c-1"})


def test_a_word_goes_before_a_parameter(routes: Routes[str]) -> None:
    assert found(routes, "POST", "/cases/search") == ("POST /cases/search", {})


def test_where_a_word_leads_nowhere_it_is_a_parameter(routes: Routes[str]) -> None:
    assert found(routes, "POST", "/cases/search/closure") == ("POST /cases/{case}/closure", {"case": "search"})


@pytest.mark.parametrize("path", ["/", "", "/case", "/cases/", "/cases//closure", "/cases/c-1/closure/x", "//cases"])
def test_nothing_else_is_found(routes: Routes[str], path: str) -> None:
    assert routes.find(path) is None


@pytest.mark.parametrize("text", ["GET /cases", "POST /cases/{other}/closure"])
def test_a_route_that_is_taken_is_refused(routes: Routes[str], text: str) -> None:
    with pytest.raises(ValueError, match="clashes"):
        routes.add(Route.parse(text), "another")
