"""What does not fit gets a clear answer (RFC 9457), quotes nothing of what was sent, and changes nothing."""

from __future__ import annotations

import socket
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway.tokens import AUDIENCE, ISSUER
from shared.errors import StoreFull
from tests.gateway.conftest import Bearer, Log
from tests.gateway.visits import PERSON, World, a_visit

MARKER = "Marytė-Zeligaitė"
"""Stands where a personal value would, and must come back nowhere."""


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document that `answer` is, checked for what all of them have."""
    document: dict[str, Any] = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code), document
    assert document["type"] == f"/docs#problem-{code}"
    assert document["title"]
    assert document["detail"].endswith(".")
    assert document["correlation_id"] == answer.headers["X-Correlation-ID"]
    return document


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("occurred", "2008-02-31", "edtf_date"),
        ("occurred", "31.10.2008", "edtf_date"),
        ("occurred", 2008, "string_type"),
        ("guests", "3", "int_type"),
        ("guests", 2.5, "int_type"),
        ("guests", -1, "greater_than_equal"),
        ("guests", True, "int_type"),
        ("guests", 10**30, "int_type"),
        ("kind", "castle", "enum"),
        ("kind", None, "enum"),
        ("note", "x" * 501, "string_too_long"),
        ("note", ["All", "is", "well"], "string_type"),
        ("person", "b3a3f6de", "string_pattern_mismatch"),
        ("visit", "mine", "string_pattern_mismatch"),
        ("command_id", "6f1c9d7e-0b1a-4c55-9a53-2f6f0d0c2008", "stamp"),
        ("by", "w-9", "stamp"),
        ("now", "2008-10-02T10:00:00Z", "stamp"),
        ("secret", MARKER, "extra_forbidden"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_its_rule(
    api: httpx.Client, bearer: Bearer, world: World, field: str, value: Any, rule: str
) -> None:
    head = world.store.head()
    answer = api.post("/visits", headers=bearer(), json=a_visit(**{field: value}))
    document = problem(answer, 400, "invalid")
    assert [(error["field"], error["rule"]) for error in document["errors"]] == [(field, rule)]
    assert world.store.head() == head


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("-1.00", "greater_than_equal"),
        ("1.005", "decimal_max_places"),
        (1.005, "decimal_max_places"),
        ("1e3000", "decimal_max_digits"),
        ("NaN", "finite_number"),
        ("twelve", "decimal_parsing"),
        (None, "decimal_type"),
    ],
)
def test_money_is_nothing_or_more_to_the_cent(api: httpx.Client, bearer: Bearer, amount: Any, rule: str) -> None:
    answer = api.post("/visits", headers=bearer(), json=a_visit(cost={"amount": amount, "currency": "EUR"}))
    assert problem(answer, 400, "invalid")["errors"][0] | {"message": ""} == {
        "field": "cost.amount",
        "rule": rule,
        "message": "",
    }


def test_every_field_that_is_wrong_or_missing_is_named_at_once(api: httpx.Client, bearer: Bearer) -> None:
    answer = api.post("/visits", headers=bearer(), json={"kind": "castle", "guests": -1})
    fields = {error["field"] for error in problem(answer, 400, "invalid")["errors"]}
    assert fields == {"person", "kind", "note", "occurred", "guests"}


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"note": "All is well', b"note=well", b"[1, 2]", b'"text"', b"null", b"\xff\xfe", b'{"guests": NaN}'],
    ids=str,
)
def test_a_body_that_is_no_json_object_is_refused(api: httpx.Client, bearer: Bearer, body: bytes) -> None:
    problem(api.post("/visits", headers=bearer(), content=body), 400, "invalid")


def test_json_nested_without_end_is_refused(api: httpx.Client, bearer: Bearer) -> None:
    body = b'{"note":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    problem(api.post("/visits", headers=bearer(), content=body), 400, "invalid")


def test_a_field_that_is_in_the_path_is_not_taken_from_the_body(api: httpx.Client, bearer: Bearer) -> None:
    answer = api.post(f"/visits/{PERSON}/closure", headers=bearer(), json={"visit": PERSON})
    assert problem(answer, 400, "invalid")["errors"][0]["rule"] == "in-path"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("kind=castle", "kind[0]"),
        ("from=2004-02-31", "from"),
        ("limit=0", "limit"),
        ("limit=5&limit=6", "limit"),
        ("limit=many", "limit"),
        ("colour=red", "colour"),
        ("from_=2004-01-01", "from_"),
        ("wait_for=soon", "wait_for"),
        ("wait_for=-1", "wait_for"),
        (f"{MARKER}=1&{MARKER}=2", "(a key)"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(api: httpx.Client, bearer: Bearer, query: str, field: str) -> None:
    answer = api.get(f"/visits?{query}", headers=bearer())
    assert problem(answer, 400, "invalid")["errors"][0]["field"] == field


@pytest.mark.parametrize("query", ["limit=%ff", "&".join("kind=home" for _ in range(300))], ids=["bytes", "many"])
def test_a_query_string_that_is_none_is_refused(api: httpx.Client, bearer: Bearer, query: str) -> None:
    problem(api.get(f"/visits?{query}", headers=bearer()), 400, "invalid")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency-Key", MARKER),
        ("Idempotency-Key", "00000000-0000-0000-0000-000000000000"),
        ("X-Correlation-ID", MARKER),
        ("If-Match", MARKER),
        ("If-Match", "*"),
        ("If-Match", '"-1"'),
        ("X-On-Behalf-Of", "Ona Petrauskaite"),
        ("X-Reason", ""),
        ("X-Reason", "%ff%fe"),
        ("X-Reason", "x" * 1001),
    ],
)
def test_a_header_that_does_not_fit_is_refused(api: httpx.Client, bearer: Bearer, header: str, value: str) -> None:
    answer = api.post("/visits", headers={**bearer(), header: value.encode()}, json=a_visit())
    document = problem(answer, 400, "invalid")
    assert header in document["detail"]
    assert value == "" or value not in answer.text


def test_a_stale_revision_is_a_conflict_and_says_where_the_record_is(api: httpx.Client, bearer: Bearer) -> None:
    place = api.post("/visits", headers=bearer(), json=a_visit()).headers["Location"]
    api.post(f"{place}/guests/3", headers=bearer())
    answer = api.post(f"{place}/guests/4", headers=bearer() | {"If-Match": '"0"'})
    facts = problem(answer, 409, "wrong-expected-revision")["facts"]
    assert (facts["expected"], facts["actual"]) == (0, 1)


def test_a_key_with_another_content_is_a_conflict(api: httpx.Client, bearer: Bearer) -> None:
    headers = bearer() | {"Idempotency-Key": str(uuid4())}
    api.post("/visits", headers=headers, json=a_visit())
    answer = api.post("/visits", headers=headers, json=a_visit(note="Something else"))
    problem(answer, 409, "command-id-reused")


def test_a_command_to_what_was_never_there_is_not_found(api: httpx.Client, bearer: Bearer) -> None:
    problem(api.post(f"/visits/{uuid4()}/closure", headers=bearer()), 404, "not-found")


def test_a_rule_is_named_with_its_facts(api: httpx.Client, bearer: Bearer) -> None:
    document = problem(api.post("/visits", headers=bearer(), json=a_visit(guests=41)), 422, "rule")
    assert document["rule"] == "at-most-forty-guests"
    assert document["facts"] == {"most": 40}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dzox", "Bearer a.b.c", "Bearer \xe9"])
def test_without_a_good_token_nothing_is_answered(api: httpx.Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    for answer in (api.post("/visits", headers=headers, json=a_visit()), api.get("/visits", headers=headers)):
        problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_of_another_key_is_not_believed(api: httpx.Client) -> None:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "w-1", "roles": ["caseworker"], "iat": now, "exp": now + 60}
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA")
    problem(api.get("/visits", headers={"Authorization": f"Bearer {forged}"}), 401, "unauthenticated")


def test_an_expired_token_is_not_believed(api: httpx.Client, bearer: Bearer) -> None:
    headers = bearer("caseworker", life=timedelta(seconds=1))
    deadline = time.monotonic() + 10
    while (answer := api.get("/visits", headers=headers)).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "expired" in problem(answer, 401, "unauthenticated")["detail"]


def test_a_role_that_may_not_is_refused_before_anything_is_looked_at(api: httpx.Client, bearer: Bearer) -> None:
    document = problem(api.post("/visits", headers=bearer("auditor"), content=b"{"), 403, "forbidden")
    assert document["facts"] == {"allowed": ["caseworker"]}
    assert api.get("/visits", headers=bearer("auditor")).status_code == 200


def test_an_address_that_is_none_is_not_found(api: httpx.Client) -> None:
    problem(api.get("/vists"), 404, "not-found")


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/visits"), ("POST", "/health/live"), ("PATCH", "/visits")])
def test_a_method_that_is_not_taken_is_refused_with_those_that_are(api: httpx.Client, method: str, path: str) -> None:
    answer = api.request(method, path)
    document = problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == ", ".join(document["facts"]["allowed"])


def test_a_bug_is_answered_without_what_it_knows(log: Log, api: httpx.Client, bearer: Bearer, world: World) -> None:
    head = world.store.head()
    answer = api.post("/visits", headers=bearer(), json=a_visit(guests=13, note=MARKER))
    document = problem(answer, 500, "failed")
    assert MARKER not in answer.text
    assert world.store.head() == head
    lines = [orjson.loads(line) for line in log.text.splitlines()]
    failure = next(line for line in lines if line["event"] == "a request failed")
    assert failure["correlation_id"] == document["correlation_id"]
    assert failure["exception"]["class"] == "RuntimeError"
    assert MARKER not in log.text


@pytest.mark.parametrize("at_once", [False, True], ids=["in a thread", "at once"])
def test_a_full_disk_is_said_to_be_full(
    at_once: bool, api: httpx.Client, bearer: Bearer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        failure = StoreFull("The disk is full: nothing was written.")

        def handle(self, *_: Any, **__: Any) -> None:
            raise self.failure

        def begin(self, command: Any, origin: Any, then: Any, **_: Any) -> bool:
            if at_once:
                then(self.failure)
            return at_once

    monkeypatch.setattr(world.bus, "_commands", Full())
    problem(api.post("/visits", headers=bearer(), json=a_visit()), 507, "store-full")


# Bodies over the limit (1 MiB).


def test_ten_megabytes_are_answered_413_while_the_client_still_sends(
    api: httpx.Client, bearer: Bearer, world: World
) -> None:
    head = world.store.head()
    answer = api.post("/visits", headers=bearer(), content=b'{"note":"' + b"x" * 10_000_000 + b'"}')
    assert problem(answer, 413, "too-large")["facts"] == {"limit": 2**20}
    assert world.store.head() == head


def test_ten_megabytes_that_do_not_say_how_long_they_are_are_answered_413(api: httpx.Client, bearer: Bearer) -> None:
    answer = api.post("/visits", headers=bearer(), content=(b"x" * 100_000 for _ in range(100)))
    problem(answer, 413, "too-large")


def test_a_body_that_is_said_to_be_too_large_is_refused_before_it_is_sent(port: int, bearer: Bearer) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"POST /visits HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Authorization: " + bearer()["Authorization"].encode() + b"\r\nContent-Length: 10000000\r\n\r\n"
        )
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in received.lower()


def test_a_body_just_under_the_limit_is_read(api: httpx.Client, bearer: Bearer) -> None:
    body = orjson.dumps(a_visit()).ljust(2**20)
    assert api.post("/visits", headers=bearer(), content=body).status_code == 201
    problem(api.post("/visits", headers=bearer(), content=body + b" "), 413, "too-large")


def test_a_client_that_leaves_in_the_middle_of_its_body_does_no_harm(
    log: Log, api: httpx.Client, port: int, bearer: Bearer
) -> None:
    correlation = str(uuid4())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"POST /visits HTTP/1.1\r\nHost: localhost\r\nX-Correlation-ID: " + correlation.encode() + b"\r\n"
            b"Authorization: " + bearer()["Authorization"].encode() + b'\r\nContent-Length: 100\r\n\r\n{"note"'
        )
    assert log.line_of(correlation)["status"] is None
    assert api.get("/health/live").status_code == 200
    assert '"level":"error"' not in log.text


# Nothing of what was sent comes back.


@pytest.mark.parametrize("field", ["person", "kind", "note", "occurred", "guests", "visit", "cost", "unknown"])
@pytest.mark.parametrize("value", [MARKER, [MARKER], {MARKER: MARKER}, {"amount": MARKER, "currency": MARKER}], ids=str)
def test_no_problem_and_no_log_line_quotes_a_value(
    log: Log, api: httpx.Client, bearer: Bearer, field: str, value: Any
) -> None:
    headers = {**bearer(), "X-Reason": MARKER.encode()}
    answer = api.post("/visits", headers=headers, json=a_visit(**{field: value}))
    assert log.line_of(answer.headers["X-Correlation-ID"])["status"] == answer.status_code
    assert "Zeligait" not in answer.text
    assert "Zeligait" not in log.text


def test_no_log_line_holds_a_path(log: Log, api: httpx.Client, bearer: Bearer) -> None:
    for path, route in (
        (f"/visits/{MARKER}", "/visits/{visit}"),
        (f"/{MARKER}", "none"),
        (f"/visits?kind={MARKER}", "/visits"),
    ):
        answer = api.get(path, headers=bearer())
        assert log.line_of(answer.headers["X-Correlation-ID"])["route"] == route
    assert "Zeligait" not in log.text
