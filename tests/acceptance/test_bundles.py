"""A bundle for a court over HTTP: one file that verifies offline, and opens only what its reader may see."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson

from tests.acceptance import records
from tests.acceptance.serving import Api
from tests.acceptance.test_forgetting import DPO

ROUTE = "/audit/bundles"
ACCOUNT = "An account of the intake."


def bundle(api: Api, role: str, asked: dict[str, Any], reason: str | None = None) -> zipfile.ZipFile:
    answer = api.request("POST", ROUTE, role, json=asked, headers={"X-Reason": reason} if reason else {})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def accounts(found: zipfile.ZipFile) -> list[Any]:
    events = orjson.loads(found.read("events.json"))
    return [event["facts"]["account"] for event in events if event["type"] == "cases.CaseOpened"]


def checked(found: zipfile.ZipFile, folder: Path, key: str, *more: str) -> str:
    """What the verifier says, in a folder with nothing of ours but what the bundle holds."""
    found.extractall(folder)
    command = [sys.executable, "-I", "verifier.py", "proof.json", "--vkey", key, *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_auditor_gets_a_record_that_verifies_offline_and_stays_closed(api: Api, tmp_path: Path) -> None:
    of = records.file(api)
    held = api.ask("auditor", "/audit/checkpoint")["note"]
    records.note(api, of, "Said later.")
    found = bundle(api, "auditor", {"stream": f"case-{of.case}", "held": [held]})
    assert accounts(found) == [{"hidden": "withheld"}]
    (tmp_path / "held.txt").write_text(held)
    key = api.ask("auditor", "/audit/verifier-key")["verifier_key"]
    assert "OK" in checked(found, tmp_path / "court", key, "--checkpoint", str(tmp_path / "held.txt"))
    assert ACCOUNT not in "".join(found.read(name).decode() for name in found.namelist())


def test_the_data_protection_officer_opens_a_persons_values_for_a_reason_and_on_record(api: Api) -> None:
    of = records.file(api)
    refused = api.request("POST", ROUTE, DPO, json={"people": [of.person]})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert accounts(bundle(api, DPO, {"people": [of.person]}, "The court asks.")) == [{"opened": ACCOUNT}]
    (seen,) = api.ask(DPO, f"/audit/access/{of.person}")["disclosures"]
    assert (seen["query"], seen["purpose"]) == ("audit.CompileBundle", "The court asks.")


def test_a_bundle_is_of_what_was_known_then(api: Api) -> None:
    of = records.file(api)
    then = api.head()
    records.note(api, of, "Said later.")
    found = bundle(api, "supervisor", {"stream": f"case-{of.case}", "as_of": str(then)})
    assert "cases.NoteAdded" not in {event["type"] for event in orjson.loads(found.read("events.json"))}


def test_bundles_are_for_those_who_oversee_and_of_one_thing(api: Api) -> None:
    of = records.file(api)
    asked = {"stream": f"case-{of.case}"}
    assert api.request("POST", ROUTE, "caseworker", json=asked).status_code == 403
    both = api.request("POST", ROUTE, "auditor", json={**asked, "first": 1})
    assert both.status_code in (400, 422), both.text
    nothing = api.request("POST", ROUTE, "auditor", json={"stream": "case-00000000-0000-4000-8000-000000000000"})
    assert nothing.status_code == 404
