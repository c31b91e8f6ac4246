"""A question, over HTTP."""

from __future__ import annotations

from datetime import date

import httpx

from tests.gateway.conftest import Bearer
from tests.gateway.visits import Kind, ListVisits, SearchVisits, World, a_visit


def test_an_answer_names_the_position_that_it_reflects(api: httpx.Client, bearer: Bearer, world: World) -> None:
    answer = api.get("/visits", headers=bearer())
    assert answer.status_code == 200
    assert int(answer.headers["X-Position"]) == world.store.head()
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_list_is_asked_for_by_repeating_a_parameter(api: httpx.Client, bearer: Bearer, world: World) -> None:
    answer = api.get("/visits?kind=home&kind=office", headers=bearer())
    assert answer.json()["kinds"] == ["home", "office"]
    query, _, _ = world.asked[-1]
    assert isinstance(query, ListVisits)
    assert query.kind == (Kind.HOME, Kind.OFFICE)


def test_a_parameter_goes_by_the_name_that_the_wire_gives_it(api: httpx.Client, bearer: Bearer, world: World) -> None:
    answer = api.get("/visits?from=2004-01-01&limit=7", headers=bearer())
    assert answer.json()["from"] == "2004-01-01"
    query, _, _ = world.asked[-1]
    assert isinstance(query, ListVisits)
    assert (query.from_, query.limit) == (date(2004, 1, 1), 7)


def test_a_reader_of_its_own_writes_names_the_position_to_wait_for(
    api: httpx.Client, bearer: Bearer, world: World
) -> None:
    position = api.post("/visits", headers=bearer(), json=a_visit()).headers["X-Position"]
    assert api.get("/visits", params={"wait_for": position}, headers=bearer()).status_code == 200
    assert world.asked[-1][2] == int(position)


def test_a_question_that_is_personal_goes_into_the_body(api: httpx.Client, bearer: Bearer, world: World) -> None:
    api.post("/visits", headers=bearer(), json=a_visit(note="Met her aunt in Alytus"))
    answer = api.post("/visits/search?wait_for=1", headers=bearer(), json={"words": "aunt in Alytus"})
    assert len(answer.json()["visits"]) == 1
    query, _, wait_for = world.asked[-1]
    assert isinstance(query, SearchVisits)
    assert wait_for == 1


def test_a_question_of_the_body_is_refused_in_the_url(api: httpx.Client, bearer: Bearer) -> None:
    assert api.post("/visits/search?words=aunt", headers=bearer(), json={}).status_code == 400


def test_what_is_not_there_is_not_found(api: httpx.Client, bearer: Bearer) -> None:
    answer = api.get("/visits/00000000-0000-4000-8000-000000000000", headers=bearer())
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"


def test_head_gives_the_headers_of_get_alone(api: httpx.Client, bearer: Bearer) -> None:
    full = api.get("/visits", headers=bearer())
    answer = api.head("/visits", headers=bearer())
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["Content-Length"] == full.headers["Content-Length"]


def test_options_says_which_methods_there_are_and_offers_no_other_origin_anything(api: httpx.Client) -> None:
    answer = api.options("/visits", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert not [name for name in answer.headers if name.startswith("access-control")]
