"""The OpenAPI document says what the API does, for every context that there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from services.gateway.contexts import CONTEXTS
from services.gateway.http.openapi import describe
from services.gateway.http.schemas import referred
from shared.context import Context
from shared.messages import Command
from shared.wire import read_command
from tests.gateway.conftest import Bearer
from tests.gateway.visits import a_visit, context

Document = dict[str, Any]
ALL = (*CONTEXTS, context)
COMMANDS = [kind for found in ALL for kind in found.commands() if kind.route]

# Not among them: access that ends within hours of being asked for, as no written end does; what puts right.
NO_BEGINNINGS = {"/break-glass", "/organisation/description-correction"}
BEGINNINGS = {
    kind: decider
    for found in CONTEXTS
    for decider in found.deciders
    for kind in decider.command_types()
    if kind.route and "{" not in kind.route.path and kind.route.path not in NO_BEGINNINGS
}


@pytest.fixture(scope="module")
def document() -> Document:
    return describe(ALL)


def operation(document: Document, method: str, path: str) -> Any:
    return document["paths"][path][method]


def fits(document: Document, schema: Any, value: Any) -> None:
    """`value` is what `schema` says. References are into the document, so it stands around the schema."""
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_the_document_is_valid(document: Document) -> None:
    validate(document)


def test_every_declared_route_is_in_it_with_its_roles_and_words(document: Document) -> None:
    kinds = [kind for found in ALL for kind in (*found.commands(), *found.queries()) if kind.route]
    assert len(kinds) > len(CONTEXTS)
    for kind in kinds:
        assert kind.route is not None
        found = operation(document, kind.route.method.lower(), kind.route.path)
        assert found["operationId"] == kind.wire_type()
        assert found["x-roles"] == sorted(kind.roles)
        assert found["summary"] != kind.__name__, f"{kind.wire_type()} has no docstring"


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.wire_type())
def test_the_example_of_a_command_is_accepted(document: Document, kind: type[Command]) -> None:
    assert kind.route is not None
    found = operation(document, "post", kind.route.path)
    in_path = {part["name"]: part["example"] for part in found["parameters"] if part.get("in") == "path"}
    read_command(kind, {**body_of(found).get("example", {}), **in_path})


@pytest.mark.parametrize("kind", BEGINNINGS, ids=lambda kind: kind.wire_type())
def test_the_example_of_a_command_that_begins_something_begins_it(document: Document, kind: type[Command]) -> None:
    assert kind.route is not None
    decider = BEGINNINGS[kind]
    command = read_command(kind, body_of(operation(document, "post", kind.route.path))["example"])
    assert decider.decide(command.stamped(uuid4(), "w-1", datetime.now(UTC)), decider.initial)


def body_of(found: Any) -> Any:
    return found.get("requestBody", {"content": {"application/json": {}}})["content"]["application/json"]


def test_what_the_edge_stamps_and_what_is_in_the_path_is_not_in_the_body(document: Document) -> None:
    for path, methods in document["paths"].items():
        body = body_of(methods.get("post", {}))
        fields = body.get("schema", {}).get("properties", {})
        assert not fields.keys() & Command.STAMPS, path
        assert not [name for name in fields if f"{{{name}}}" in path], path


def test_nothing_is_listed_that_nothing_refers_to(document: Document) -> None:
    schemas = document["components"]["schemas"]
    rest = {name: part for name, part in document.items() if name != "components"}
    responses = document["components"]["responses"]
    assert referred([rest, responses], schemas).keys() == schemas.keys()


def test_a_receipt_is_what_the_document_says(document: Document, api: httpx.Client, bearer: Bearer) -> None:
    answer = api.post("/visits", headers=bearer(), json=a_visit())
    response = operation(document, "post", "/visits")["responses"]["201"]
    fits(document, response["content"]["application/json"]["schema"], answer.json())
    assert response["headers"].keys() <= {name.title() if name != "etag" else "ETag" for name in answer.headers}


def test_an_answer_is_what_the_document_says(document: Document, api: httpx.Client, bearer: Bearer) -> None:
    api.post("/visits", headers=bearer(), json=a_visit())
    answer = api.get("/visits?from=2004-01-01", headers=bearer()).json()
    schema = operation(document, "get", "/visits")["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["visits"]
    fits(document, schema, answer)


@pytest.mark.parametrize(
    ("body", "status"), [(a_visit(guests="many"), 400), (a_visit(guests=41), 422), (a_visit(guests=13), 500)]
)
def test_a_problem_is_what_the_document_says(
    document: Document, api: httpx.Client, bearer: Bearer, body: Any, status: int
) -> None:
    answer = api.post("/visits", headers=bearer(), json=body)
    assert answer.status_code == status
    fits(document, {"$ref": "#/components/schemas/Problem"}, answer.json())


def test_the_code_of_a_problem_is_explained(document: Document, api: httpx.Client) -> None:
    code = api.get("/visits").json()["code"]
    assert code in {problem["code"] for problem in document["x-problems"]}


def test_a_query_without_a_parameter_of_its_own_name_would_be_asked_by_its_alias(document: Document) -> None:
    names = {part.get("name") for part in operation(document, "get", "/visits")["parameters"]}
    assert {"kind", "from", "limit", "wait_for"} <= names
    assert "from_" not in names


def test_classes_of_one_name_are_told_apart_by_their_context() -> None:
    names = describe(CONTEXTS)["components"]["schemas"].keys()
    assert [name for name in names if "." in name]
    assert not [name for name in names if "__" in name]


def test_the_document_and_its_page_need_no_token_and_no_network(api: httpx.Client) -> None:
    assert api.get("/openapi.json").json()["openapi"] == "3.1.0"
    page = api.get("/docs")
    assert page.status_code == 200
    for content in (page.text, api.get("/docs/docs.js").text, api.get("/docs/docs.css").text):
        assert content
        assert "https://" not in content
        assert "http://" not in content
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert api.get("/").headers["Location"] == "/docs"


def test_a_context_without_routes_is_left_out() -> None:
    assert describe([Context("empty", "Empty")])["paths"].keys() == {"/health/live", "/health/ready"}
