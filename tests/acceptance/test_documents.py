"""Documents over HTTP: encrypted beside the log, opened on the record, gone with their person."""

from __future__ import annotations

import os

import pytest

from tests.acceptance import records
from tests.acceptance.serving import Api
from tests.acceptance.test_forgetting import DPO, forget, plan

CONTENT = b"%PDF-1.7 an invented mandate " + bytes(range(256))


def keep(api: Api, of: records.File, content: bytes = CONTENT, **place: str) -> str:
    """Hand a document in; its id."""
    answer = api.request(
        "POST",
        "/documents",
        "caseworker",
        params={"subject": of.person, "record": f"case-{of.case}", **place},
        content=content,
        headers={"Content-Type": "application/pdf"},
    )
    assert answer.status_code == 201, answer.text
    document = str(answer.json()["ids"]["document"])
    assert answer.headers["location"] == f"/documents/{document}"
    return document


def test_a_document_comes_back_as_it_was_and_lies_on_the_disk_encrypted(api: Api) -> None:
    of = records.file(api)
    document = keep(api, of)
    hidden, absent = (api.request("GET", f"/documents/{one}", "lawyer") for one in (document, "0" * 64))
    assert (hidden.status_code, hidden.json()["detail"]) == (absent.status_code, absent.json()["detail"])
    records.join(api, of, "lawyer-1")
    answer = api.request("GET", f"/documents/{document}", "lawyer")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert (answer.headers["content-type"], answer.headers["content-disposition"]) == ("application/pdf", "attachment")
    (path,) = (api.server.data / "documents").glob(f"*/{document}")
    assert CONTENT[:20] not in path.read_bytes()


def test_that_it_is_kept_and_that_it_was_opened_are_on_record(api: Api) -> None:
    of = records.file(api)
    document = keep(api, of)
    trail = api.ask("auditor", "/audit/trail", params={"stream": f"document-{document}"}, wait_for=api.head())
    assert [(entry["type"], entry["actor"]) for entry in trail["entries"]] == [
        ("protection.DocumentKept", "caseworker-1")
    ]
    records.join(api, of, "psychologist-1")
    api.request("GET", f"/documents/{document}", "psychologist", headers={"X-Reason": "Before the session."})
    (seen,) = api.ask(DPO, f"/audit/access/{of.person}")["disclosures"]
    assert (seen["query"], seen["actor"]) == ("protection.FetchDocument", "psychologist-1")
    assert (seen["fields"], seen["purpose"]) == (["protection.DocumentKept.content"], "Before the session.")


def test_it_goes_with_its_person_and_its_file_too(api: Api) -> None:
    of = records.file(api)
    records.join(api, of, "lawyer-1")
    document = keep(api, of)
    assert api.request("GET", f"/documents/{document}", "lawyer").content == CONTENT
    forget(api, of.person)
    gone = api.request("GET", f"/documents/{document}", "lawyer")
    assert gone.status_code in (404, 410) and CONTENT[:20] not in gone.content
    assert not list((api.server.data / "documents").glob(f"*/{document}"))


def test_a_mandate_is_kept_as_long_as_the_law_says(api: Api) -> None:
    of = records.file(api)
    records.join(api, of, "lawyer-1")
    document = keep(api, of, keep="legal")
    (stays,) = plan(api, of.person)["stays"]
    assert (stays["keep"], stays["because"]) == ("legal", "retention_rule")
    (certified,) = forget(api, of.person)["certified"]
    assert [key["keep"] for key in certified["kept"]] == ["legal"]
    assert api.request("GET", f"/documents/{document}", "lawyer").content == CONTENT


def test_a_subjects_export_names_their_documents(api: Api) -> None:
    of = records.file(api)
    document = keep(api, of)
    entries = api.ask(DPO, f"/protection/subjects/{of.person}/export")["entries"]
    assert document in {entry["facts"].get("document") for entry in entries}


def test_a_large_one_is_kept_and_one_over_the_limit_refused(api: Api) -> None:
    of, large = records.file(api), os.urandom(3 * 2**20)
    records.join(api, of, "lawyer-1")
    assert api.request("GET", f"/documents/{keep(api, of, large)}", "lawyer").content == large
    place = {"subject": of.person, "record": f"case-{of.case}"}
    over = api.request("POST", "/documents", "caseworker", params=place, content=bytes(17 * 2**20))
    assert (over.status_code, over.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("role", ["analyst", "auditor", "administrator", "partner"])
def test_documents_are_for_those_who_work_with_people(api: Api, role: str) -> None:
    document = keep(api, records.file(api))
    assert api.request("GET", f"/documents/{document}", role).status_code == 403
    assert api.request("POST", "/documents", role, content=CONTENT).status_code == 403


@pytest.mark.parametrize(
    "place",
    [{}, {"subject": "her name"}, {"subject": "8d6b1a52-0c6f-4f0e-8a51-6f6f0f2f9b21"}, {"keep": "for ever"}],
)
def test_whose_it_is_and_where_it_belongs_has_to_be_said(api: Api, place: dict[str, str]) -> None:
    refused = api.request("POST", "/documents", "caseworker", params=place, content=CONTENT)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert "her name" not in refused.text and "for ever" not in refused.text


def test_an_empty_one_and_one_that_is_not_there_are_told_apart_from_others(api: Api) -> None:
    of = records.file(api)
    place = {"subject": of.person, "record": f"case-{of.case}"}
    assert api.request("POST", "/documents", "caseworker", params=place).status_code == 400
    assert api.request("GET", f"/documents/{'0' * 64}", "lawyer").status_code == 404
    assert api.request("GET", "/documents/her-name", "lawyer").status_code == 400
