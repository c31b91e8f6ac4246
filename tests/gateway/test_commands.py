"""A command, over HTTP."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx
import orjson

from shared.codec import place_of
from shared.metadata import Metadata
from shared.privacy.port import reveal
from tests.gateway.conftest import Bearer
from tests.gateway.visits import World, a_visit


def test_what_a_command_makes_has_an_id_and_a_place(api: httpx.Client, bearer: Bearer) -> None:
    answer = api.post("/visits", headers=bearer(), json=a_visit())
    receipt = answer.json()
    assert answer.status_code == 201
    assert receipt["events"] == ["visits.VisitRecorded"]
    assert receipt["stream"] == f"visit-{receipt['ids']['visit']}"
    assert receipt["revision"] == 0
    assert receipt["repeated"] is False
    assert answer.headers["Location"] == f"/visits/{receipt['ids']['visit']}"
    assert api.get(answer.headers["Location"], headers=bearer()).json()["visit"] == receipt["ids"]["visit"]


def test_the_answer_says_where_in_the_log_its_effect_stands(api: httpx.Client, bearer: Bearer, world: World) -> None:
    answer = api.post("/visits", headers=bearer(), json=a_visit())
    assert answer.json()["position"] == int(answer.headers["X-Position"]) == world.store.head()
    assert answer.headers["ETag"] == '"0"'


def test_a_command_that_makes_nothing_new_is_answered_200(api: httpx.Client, bearer: Bearer) -> None:
    place = api.post("/visits", headers=bearer(), json=a_visit()).headers["Location"]
    answer = api.post(f"{place}/closure", headers=bearer())
    assert answer.status_code == 200
    assert answer.json()["events"] == ["visits.VisitClosed"]


def test_a_number_in_the_path_is_a_number(api: httpx.Client, bearer: Bearer) -> None:
    place = api.post("/visits", headers=bearer(), json=a_visit()).headers["Location"]
    assert api.post(f"{place}/guests/3", headers=bearer()).status_code == 200
    assert api.post(f"{place}/guests/three", headers=bearer()).status_code == 400
    assert api.post(f"{place}/guests/{'9' * 5000}", headers=bearer()).status_code == 400


def test_a_repeat_under_the_same_key_changes_nothing(api: httpx.Client, bearer: Bearer, world: World) -> None:
    headers = bearer() | {"Idempotency-Key": str(uuid4())}
    first = api.post("/visits", headers=headers, json=a_visit())
    head = world.store.head()
    second = api.post("/visits", headers=headers, json=a_visit())
    assert world.store.head() == head
    assert second.status_code == first.status_code
    assert second.json() == first.json() | {"repeated": True}


def test_a_key_that_is_left_out_is_made_and_told(api: httpx.Client, bearer: Bearer) -> None:
    answer = api.post("/visits", headers=bearer(), json=a_visit())
    assert UUID(answer.headers["Idempotency-Key"]) == UUID(answer.json()["command_id"])


def test_a_revision_that_still_stands_is_accepted_in_every_spelling(api: httpx.Client, bearer: Bearer) -> None:
    place = api.post("/visits", headers=bearer(), json=a_visit()).headers["Location"]
    for revision in ('"0"', 'W/"1"', "2"):
        answer = api.post(f"{place}/guests/2", headers=bearer() | {"If-Match": revision})
        assert answer.status_code == 200, answer.text


def test_the_log_keeps_who_for_whom_why_and_the_correlation(api: httpx.Client, bearer: Bearer, world: World) -> None:
    correlation = str(uuid4())
    headers = {"X-Correlation-ID": correlation, "X-On-Behalf-Of": "w-9", "X-Reason": "Budi%20vien%C4%85%20nakt%C4%AF"}
    answer = api.post("/visits", headers=bearer("caseworker", actor="w-7") | headers, json=a_visit())
    assert answer.headers["X-Correlation-ID"] == correlation
    raw = next(world.store.read_stream(answer.json()["stream"]))
    metadata = Metadata.from_json(raw.metadata)
    assert (metadata.actor, metadata.roles, metadata.on_behalf_of) == ("w-7", ("caseworker",), "w-9")
    assert str(metadata.correlation_id) == correlation
    assert metadata.reason is not None
    assert reveal(world.vault, metadata.reason, place_of(raw, "reason", metadata.reason.of)) == "Budi vieną naktį"


def test_a_reason_in_bare_utf_8_is_understood(api: httpx.Client, bearer: Bearer, world: World) -> None:
    headers = {**bearer(), "X-Reason": "vieną naktį".encode()}
    answer = api.post("/visits", headers=headers, json=a_visit())
    raw = next(world.store.read_stream(answer.json()["stream"]))
    reason = Metadata.from_json(raw.metadata).reason
    assert reason is not None
    assert reveal(world.vault, reason, place_of(raw, "reason", reason.of)) == "vieną naktį"


def test_what_is_personal_is_sealed_before_it_is_stored(api: httpx.Client, bearer: Bearer, world: World) -> None:
    answer = api.post("/visits", headers=bearer(), json=a_visit(note="She lives with her aunt"))
    raw = next(world.store.read_stream(answer.json()["stream"]))
    assert b"aunt" not in raw.data
    assert orjson.loads(raw.data)["note"].keys() == {"sealed", "of"}
