"""Whatever is sent to whatever command of whatever context, the answer is a receipt or a problem, never a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway.contexts import CONTEXTS, registry
from services.gateway.http import create_app
from services.gateway.http.openapi import describe
from services.gateway.tokens import open_tokens
from shared.bus import Answered, DirectBus
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Role
from shared.privacy.vault import AesGcmVault
from shared.settings import Settings
from tests.gateway.conftest import serving

COMMANDS = {kind.wire_type() for found in CONTEXTS for kind in found.commands()}
OPERATIONS = [
    (path, methods["post"])
    for path, methods in describe(CONTEXTS)["paths"].items()
    if methods.get("post", {}).get("operationId") in COMMANDS
]

TEXTS = st.text(max_size=20) | st.sampled_from(["2008-02-31", "1e999", "\x00", "NaN", "null", "../..", "5" * 40])
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, Any]:
    """A command's own example, of which some fields are left out, changed or made up."""
    path, operation = draw(st.sampled_from(OPERATIONS))
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = dict(content.get("example", {}))
    names = [*content.get("schema", {}).get("properties", {}), "unknown"]
    for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)):
        if name in body and draw(st.booleans()):
            del body[name]
        else:
            body[name] = draw(VALUES)
    for parameter in operation["parameters"]:
        if parameter.get("in") == "path":
            odd = draw(st.none() | st.sampled_from(["x", "-1", "%00", "%C4%85"]))
            path = path.replace(f"{{{parameter['name']}}}", odd or str(parameter["example"]))
    return path, body


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Every context over one log; a caller in every role."""
    folder = tmp_path_factory.mktemp("everything")
    tokens = open_tokens(folder)
    token = tokens.issue("w-1", set(Role) - {Role.POLICY})
    with open_store(folder / "log") as store:
        handler = CommandHandler(store, registry(), AesGcmVault.in_memory())
        bus = DirectBus(handler, lambda *_: Answered(None, 0))
        app = create_app(bus, CONTEXTS, tokens, readiness=dict, settings=Settings())
        with (
            serving(app) as port,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as client,
        ):
            yield client


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request=requests())
def test_the_answer_is_a_receipt_or_a_problem(everything: httpx.Client, request: tuple[str, Any]) -> None:
    path, body = request
    answer = everything.post(path, json=body)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"]
    else:
        assert answer.json()["events"]
