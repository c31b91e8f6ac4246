"""A person is forgotten, end to end: asked, approved by a second person, carried out by the worker, proven offline."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from shared.merkle import verifier
from tests.acceptance import records
from tests.acceptance.records import DAY, File
from tests.acceptance.serving import Api

DPO = "data_protection_officer"
FORGOTTEN = {"hidden": "forgotten"}


def plan(api: Api, who: str) -> Any:
    return api.ask(DPO, f"/protection/subjects/{who}/erasure-plan")


def request(api: Api, who: str) -> str:
    asked = api.send(DPO, "/protection/erasures", {"subject": who, "ground": "consent_withdrawn"})
    return str(asked["ids"]["erasure"])


def approve(api: Api, erasure: str, subjects: list[str], digest: str | None = None) -> Any:
    """A second person approves; the answer is the certificate, once the worker is done."""
    api.send("supervisor", f"/protection/erasures/{erasure}/approval", {"subjects": subjects, "digest": digest})

    def certificate() -> Any:
        answer = api.request("GET", f"/protection/erasures/{erasure}/certificate", DPO)
        return answer.json() if answer.status_code == 200 else None

    return api.server.eventually(certificate, "the erasure was not carried out")


def forget(api: Api, who: str) -> Any:
    """From the dry run to the certificate."""
    erasure, seen = request(api, who), plan(api, who)
    return approve(api, erasure, seen["subjects"], seen["digest"])


def timeline(api: Api, of: File) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ask("caseworker", f"/cases/{of.case}", wait_for=api.head())["timeline"]
    return found


def verified(folder: Path, proof: dict[str, Any], key: str) -> str:
    """What the stand-alone verifier says, with nothing of ours to import."""
    folder.mkdir()
    shutil.copy(Path(verifier.__file__), folder / "verifier.py")
    (folder / "proof.json").write_bytes(orjson.dumps(proof))
    command = [sys.executable, "-I", "verifier.py", "proof.json", "--vkey", key]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout


def test_the_dry_run_changes_nothing(api: Api) -> None:
    of = records.file(api, "Aldona")
    found = plan(api, of.person)
    assert found["subjects"] == [of.person]
    assert {key["keep"] for key in found["goes"]} == {"identity", "case_file"} and found["stays"] == []
    assert f"case-{of.case}" in {key["record"] for key in found["goes"]}
    assert records.said(timeline(api, of), "CaseOpened")[0]["account"] == "An account of the intake."


def test_every_read_after_it_says_that_the_value_is_forgotten(api: Api) -> None:
    of = records.file(api, "Aldona")
    records.note(api, of, "A note about her.")
    forget(api, of.person)
    shown = timeline(api, of)
    assert records.said(shown, "CaseOpened") == [{"account": FORGOTTEN}]
    assert records.said(shown, "NoteAdded") == [{"text": FORGOTTEN}]
    found = api.ask("caseworker", f"/persons/{of.person}", wait_for=api.head())
    assert [name["value"] for name in found["names"]] == [FORGOTTEN]
    exported = api.request("GET", f"/protection/subjects/{of.person}/export", DPO).text
    assert "Aldona" not in exported and "A note about her." not in exported


def test_what_happened_stays_on_record_without_the_person(api: Api) -> None:
    of = records.file(api)
    forget(api, of.person)
    trail = api.ask("auditor", "/audit/trail", params={"stream": f"case-{of.case}"}, wait_for=api.head())
    assert [entry["type"] for entry in trail["entries"]] == ["cases.CaseOpened", "cases.CaseAssigned"]
    listed = api.ask("caseworker", "/cases", params={"person": of.person}, wait_for=api.head())["cases"]
    assert [case["case"] for case in listed] == [of.case]


def test_nothing_new_is_recorded_of_somebody_who_was_forgotten(api: Api) -> None:
    of = records.file(api)
    forget(api, of.person)
    body = {"about": of.person, "text": "Once more.", "occurred": DAY}
    refused = api.request("POST", f"/cases/{of.case}/notes", "caseworker", json=body)
    assert (refused.status_code, refused.json()["code"]) == (410, "forgotten")


def test_it_takes_two_people(api: Api) -> None:
    of = records.file(api)
    erasure, body = request(api, of.person), {"subjects": [of.person]}
    alone = api.request("POST", f"/protection/erasures/{erasure}/approval", DPO, json=body)
    assert (alone.status_code, alone.json()["rule"]) == (422, "second-person")
    assert api.request("POST", f"/protection/erasures/{erasure}/approval", "caseworker", json=body).status_code == 403
    assert "An account" in str(timeline(api, of))


def test_the_certificate_proves_itself_to_an_outsider(api: Api, tmp_path: Path) -> None:
    of = records.file(api)
    doomed = plan(api, of.person)["goes"]
    (certified,) = forget(api, of.person)["certified"]
    assert {key["key"] for key in certified["destroyed"]} == {key["key"] for key in doomed}
    assert certified["whole_person"] and not certified["restored"] and len(certified["ledger"]) == 64
    key = api.ask("auditor", "/audit/verifier-key")["verifier_key"]
    assert "protection.PersonForgotten" in verified(tmp_path / "outside", certified["proof"], key)


def test_what_was_recorded_after_the_dry_run_is_not_destroyed_unseen(api: Api) -> None:
    of = records.file(api)
    erasure, seen = request(api, of.person), plan(api, of.person)
    note = records.note(api, of, "Recorded since.")
    approval = {"subjects": seen["subjects"], "digest": seen["digest"]}
    api.send("supervisor", f"/protection/erasures/{erasure}/approval", approval)

    def failed() -> bool:
        asked = {"stage": "requested"}
        rows = api.ask("auditor", "/protection/erasures", params=asked, wait_for=api.head())["erasures"]
        return any(row["erasure"] == erasure and row["why_failed"] for row in rows)

    api.server.eventually(failed, "the erasure did not fail")
    assert "Recorded since." in str(timeline(api, of))
    anew = plan(api, of.person)
    assert note in {key["record"] for key in anew["goes"]}
    (certified,) = approve(api, erasure, anew["subjects"], anew["digest"])["certified"]
    assert note in {key["record"] for key in certified["destroyed"]}


def test_a_legal_hold_keeps_its_record_and_no_other(api: Api) -> None:
    who = records.person(api, "Birutė")
    held, free = (File(who, records.case(api, who, account)) for account in ("What is held.", "What is free."))
    hold = {"record": f"case-{held.case}", "ground": "legal_claims"}
    placed = api.send("lawyer", "/protection/holds", hold)["ids"]["hold"]
    stays = plan(api, who)["stays"]
    assert [(key["record"], key["because"]) for key in stays] == [(f"case-{held.case}", "legal_hold")]
    (certified,) = forget(api, who)["certified"]
    assert [key["record"] for key in certified["kept"]] == [f"case-{held.case}"]
    assert records.said(timeline(api, held), "CaseOpened") == [{"account": "What is held."}]
    assert records.said(timeline(api, free), "CaseOpened") == [{"account": FORGOTTEN}]
    listed = api.ask("lawyer", "/protection/holds", wait_for=api.head())["holds"]
    assert placed in {one["hold"] for one in listed}


def test_an_entry_in_the_wrong_file_is_retracted_and_shredded_alone(api: Api) -> None:
    of = records.file(api)
    wrong, right = records.note(api, of, "Of somebody else."), records.note(api, of, "Of her.")
    api.send("caseworker", f"/cases/{of.case}/entries/{wrong}/retraction", {})
    assert [key["record"] for key in api.ask(
        DPO, f"/protection/subjects/{of.person}/entries/{wrong}/erasure-plan"
    )["goes"]] == [wrong]  # fmt: skip
    shred = {"subject": of.person, "record": wrong, "ground": "wrong_file"}
    asked = api.send("caseworker", "/protection/shreddings", shred)["ids"]["erasure"]
    (certified,) = approve(api, asked, [of.person])["certified"]
    assert not certified["whole_person"] and [key["record"] for key in certified["destroyed"]] == [wrong]
    shown = {entry["entry"]: entry for entry in timeline(api, of) if entry["what"] == "NoteAdded"}
    assert shown[wrong]["said"] == {} and shown[wrong]["retracted"]
    assert shown[right]["said"] == {"text": "Of her."}
    entries = api.ask(DPO, f"/protection/subjects/{of.person}/export")["entries"]
    facts = {entry["facts"]["note"]: entry["facts"]["text"] for entry in entries if entry["what"] == "cases.NoteAdded"}
    assert facts == {wrong: FORGOTTEN, right: "Of her."}
    records.note(api, of, "The file goes on.")


def test_linked_records_go_together_and_unlinking_revives_nothing(api: Api) -> None:
    first, second = records.file(api, "Daiva"), records.file(api, "Daiva")
    body = {"first": first.person, "second": second.person, "grounds": "The same passport.", "occurred": DAY}
    link = api.send("caseworker", "/links", body)["ids"]["link"]
    assert set(plan(api, first.person)["subjects"]) == {first.person, second.person}
    certified = forget(api, first.person)["certified"]
    assert {one["subject"] for one in certified} == {first.person, second.person}
    api.send("caseworker", f"/links/{link}/dissolution", {"occurred": DAY})
    for of in first, second:
        assert records.said(timeline(api, of), "CaseOpened") == [{"account": FORGOTTEN}]


def test_forgetting_changes_no_figure(api: Api) -> None:
    of = records.file(api)
    programme = api.send(
        "caseworker",
        "/programmes",
        {"beneficiary": of.person, "case": of.case, "ground": "trafficking_victim", "occurred": DAY},
    )["ids"]["programme"]
    api.send("caseworker", f"/programmes/{programme}/admission", {"occurred": DAY})
    service = {"beneficiary": of.person, "kind": "crisis", "minutes": 30, "staff": "w-1", "occurred": DAY}
    api.send("caseworker", f"/programmes/{programme}/services", service)
    period = {"since": "2024-01-01", "until": "2024-12-31"}

    def counted() -> Any:
        return api.ask("supervisor", "/rehabilitation/beneficiaries", params=period, wait_for=api.head())

    before = counted()
    forget(api, of.person)
    assert counted() == before and before["trafficking_victims"] >= 1


def test_a_subject_gets_all_that_is_held_on_them_with_others_protected(api: Api) -> None:
    of = records.file(api, "Elena", account="Elena tells.")
    other = records.person(api, "Fausta")
    records.note(api, of, "About Elena.")
    records.note(api, of, "About her friend.", about=other)
    grounds = {"first": of.person, "second": other, "grounds": "They look alike.", "occurred": DAY}
    link = api.send("caseworker", "/links", grounds)["ids"]["link"]
    api.send("caseworker", f"/links/{link}/dissolution", {"occurred": DAY})  # it names both, and was a mistake
    api.send("caseworker", f"/cases/{of.case}/notes", {"about": of.person, "text": "Last.", "occurred": DAY})
    answer = api.request("GET", f"/protection/subjects/{of.person}/export", DPO, headers={"X-Reason": "GDPR 15"})
    exported = answer.json()
    told = str(exported)
    assert "Elena tells." in told and "About Elena." in told
    assert "About her friend." not in told and other not in told and "Fausta" not in told
    assert "caseworker-1" not in told  # who on the staff wrote what is theirs
    assert exported["entries"] and all(entry["recorded_by"] for entry in exported["entries"])
    history = api.ask(DPO, f"/audit/access/{of.person}")["disclosures"]
    assert history[0]["query"] == "protection.ExportSubject" and history[0]["purpose"] == "GDPR 15"


def test_the_export_is_printed_to_read(api: Api, tmp_path: Path) -> None:
    of = records.file(api, "Genovaitė", account="What she told us.")
    written = tmp_path / "export.md"
    made = api.server.run("protection", "export", of.person, "--output", str(written))
    assert made.returncode == 0, made.stderr
    text = written.read_text(encoding="utf-8")
    assert "Genovaitė" in text and "What she told us." in text
    assert "What she told us." not in made.stdout + made.stderr


def test_the_access_history_shows_who_saw_which_fields_and_for_what(api: Api) -> None:
    of = records.file(api, "Halina")
    records.join(api, of, "law-9", "psy-9")
    looking = {"X-Reason": "Preparing the hearing."}
    api.ask("lawyer", f"/cases/{of.case}", wait_for=api.head(), actor="law-9", headers=looking)
    api.ask("psychologist", f"/persons/{of.person}", wait_for=api.head(), actor="psy-9")
    history = api.ask(DPO, f"/audit/access/{of.person}")["disclosures"]
    assert [(one["actor"], one["query"]) for one in history] == [
        ("psy-9", "cases.GetPerson"),
        ("law-9", "cases.GetCase"),
    ]
    assert history[1]["purpose"] == "Preparing the hearing." and "cases.CaseOpened.account" in history[1]["fields"]
    assert history[0]["fields"] == ["cases.NameAdded.value"]
    printed = api.server.run("protection", "seen", of.person, "--json")
    actors = [one["actor"] for one in orjson.loads(printed.stdout)["disclosures"]]
    assert actors == ["data-protection-officer-1", "psy-9", "law-9"]  # a purpose was shown, which is on record too


def test_who_may_not_see_a_value_is_told_that_it_is_withheld_and_nothing_is_disclosed(api: Api) -> None:
    of = records.file(api)
    api.ask("duty_officer", "/cases", params={"person": of.person}, wait_for=api.head())
    assert api.ask(DPO, f"/audit/access/{of.person}")["disclosures"] == []


def test_erasures_are_listed_with_where_they_stand(api: Api) -> None:
    of = records.file(api)
    erasure = request(api, of.person)
    api.send("supervisor", f"/protection/erasures/{erasure}/refusal", {})
    rows = api.ask("auditor", "/protection/erasures", params={"stage": "refused"}, wait_for=api.head())["erasures"]
    assert erasure in {row["erasure"] for row in rows}
    assert api.request("GET", f"/protection/erasures/{erasure}/certificate", DPO).status_code == 404
