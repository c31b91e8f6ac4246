"""Commands over HTTP, and what is read afterwards: files, timelines, policies across contexts, trail and replay."""

from __future__ import annotations

from uuid import uuid4

import orjson
import pytest

from tests.acceptance import records
from tests.acceptance.records import DAY
from tests.acceptance.serving import Api


def test_who_waits_for_the_position_of_their_receipt_reads_what_they_wrote(api: Api) -> None:
    who = records.person(api)
    for number in range(10):
        opened = api.send(
            "caseworker",
            "/cases",
            {"kind": "family_support", "channel": "telephone", "person": who, "occurred": DAY},
        )
        found = api.ask("caseworker", "/cases", params={"person": who}, wait_for=opened["position"])
        assert len(found["cases"]) == number + 1


def test_a_command_repeated_under_its_id_is_answered_with_its_first_receipt(api: Api) -> None:
    who, key = records.person(api), {"Idempotency-Key": str(uuid4())}
    body = {"kind": "missing_person", "channel": "police", "person": who, "occurred": DAY}
    first = api.send("caseworker", "/cases", body, headers=key)
    again = api.send("caseworker", "/cases", body, headers=key)
    assert again == {**first, "repeated": True}
    found = api.ask("caseworker", "/cases", params={"person": who}, wait_for=api.head())
    assert len(found["cases"]) == 1


def test_a_command_id_is_not_used_for_something_else(api: Api) -> None:
    of, key = records.file(api), {"Idempotency-Key": str(uuid4())}
    body = {"about": of.person, "note": str(uuid4()), "text": "The first.", "occurred": DAY}
    api.send("caseworker", f"/cases/{of.case}/notes", body, headers=key)
    other = api.request("POST", f"/cases/{of.case}/notes", "caseworker", json={**body, "text": "Other."}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "command-id-reused")


def test_who_has_seen_an_older_revision_is_told_that_the_record_has_changed(api: Api) -> None:
    of = records.file(api)
    body = {"about": of.person, "text": "A note.", "occurred": DAY}
    seen = {"If-Match": '"0"'}  # it has got its worker since
    stale = api.request("POST", f"/cases/{of.case}/notes", "caseworker", json=body, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (409, "wrong-expected-revision")
    assert stale.json()["facts"]["actual"] == 1
    api.send("caseworker", f"/cases/{of.case}/notes", body, headers={"If-Match": '"1"'})


def test_a_case_has_a_file_with_its_timeline_page_by_page(api: Api) -> None:
    of = records.file(api, account="Came on foot.")
    texts = [f"Note {number}." for number in range(5)]
    for text in texts:
        records.note(api, of, text)
    shown, after = [], None
    while True:
        page = api.ask(
            "caseworker",
            f"/cases/{of.case}",
            params={"limit": 3, **({"after": after} if after else {})},
            wait_for=api.head(),
        )
        shown += page["timeline"]
        if (after := page["next"]) is None:
            break
    assert [entry["what"] for entry in shown] == ["CaseOpened", "CaseAssigned", *["NoteAdded"] * 5]
    assert [said["text"] for said in records.said(shown, "NoteAdded")] == texts
    assert records.said(shown, "CaseOpened") == [{"account": "Came on foot."}]
    assert page["case"]["worker"] == "caseworker-1"


def test_a_referral_requests_a_programme_and_its_admission_comes_back_as_the_referrals_acceptance(api: Api) -> None:
    of = records.file(api)
    referral = records.refer(api, of)

    def programmes() -> list[dict[str, str]]:
        found: list[dict[str, str]] = api.ask("caseworker", "/programmes", params={"referral": referral})["programmes"]
        return found

    (requested,) = api.server.eventually(programmes, "no programme was requested")
    assert (requested["stage"], requested["beneficiary"], requested["case"]) == ("requested", of.person, of.case)
    api.send("caseworker", f"/programmes/{requested['programme']}/admission", {"occurred": DAY})

    def accepted() -> bool:
        found = api.ask("caseworker", "/referrals", params={"case": of.case})["referrals"]
        return [one["status"] for one in found] == ["accepted"]

    api.server.eventually(accepted, "the referral was not accepted")
    trail = api.ask("auditor", "/audit/trail", params={"stream": f"referral-{referral}"}, wait_for=api.head())
    assert [entry["type"] for entry in trail["entries"]] == ["cases.ReferralMade", "cases.ReferralAccepted"]
    assert trail["entries"][1]["actor"] == "policy:rehabilitation_answers_referral"


def test_all_that_a_request_led_to_is_found_by_its_correlation(api: Api) -> None:
    of, correlation = records.file(api), str(uuid4())
    body = {
        "case": of.case,
        "person": of.person,
        "to": "rehabilitation",
        "ground": "family_member",
        "legal_basis": "emergency",
        "until": "2030-01-01",
        "occurred": DAY,
    }
    api.send("caseworker", "/referrals", body, headers={"X-Correlation-ID": correlation})

    def followed() -> set[str]:
        page = api.ask("auditor", "/audit/trail", params={"correlation": correlation}, wait_for=api.head())
        found = {entry["type"] for entry in page["entries"]}
        wanted = {"cases.ReferralMade", "cases.OpenItemKept", "rehabilitation.ProgrammeRequested"}
        return found if wanted <= found else set()

    api.server.eventually(followed, "what followed does not carry the correlation")


def test_the_trail_says_who_did_what_when_on_whose_behalf_and_from_which_command(api: Api) -> None:
    who, on_behalf = records.person(api), "w-77"
    opened = api.send(
        "duty_officer",
        "/cases",
        {"kind": "missing_person", "channel": "police", "person": who, "occurred": DAY},
        headers={"X-On-Behalf-Of": on_behalf, "X-Reason": "She asked me to."},
    )
    page = api.ask("auditor", "/audit/trail", params={"stream": opened["stream"]}, wait_for=opened["position"])
    (entry,) = page["entries"]
    assert (entry["actor"], entry["roles"], entry["on_behalf_of"]) == ("duty-officer-1", ["duty_officer"], on_behalf)
    assert (entry["command"], entry["command_id"]) == ("cases.OpenCase", opened["command_id"])
    assert entry["has_reason"] and not entry["synthetic"]
    assert "She asked me to." not in str(page)


def test_the_trail_is_filtered_by_actor_type_and_time_and_paged_by_position(api: Api) -> None:
    asked = {"type": "projects.ProjectStarted", "limit": 30}
    pages, after = [], 0
    while True:
        page = api.ask("auditor", "/audit/trail", params={**asked, "after": after})
        pages.append(page["entries"])
        if page["next"] is None:
            break
        after = page["next"]
    positions = [entry["position"] for entries in pages for entry in entries]
    assert len(pages) > 2 and positions == sorted(set(positions)) and len(positions) >= 77
    by_actor = api.ask("auditor", "/audit/trail", params={**asked, "actor": "acc-1"})
    assert by_actor["entries"] == []
    moment = pages[0][9]["recorded_at"]
    before = api.ask("auditor", "/audit/trail", params={**asked, "until": moment})["entries"]
    since = api.ask("auditor", "/audit/trail", params={**asked, "since": moment})["entries"]
    assert [entry["position"] for entry in before] == positions[: len(before)]
    assert since[0]["position"] == positions[len(before)]


def test_trail_and_records_are_asked_as_of_an_earlier_position(api: Api) -> None:
    of = records.file(api)
    then = api.head()
    records.note(api, of, "Written later.")
    stream = f"case-{of.case}"
    now = api.ask("auditor", f"/audit/records/{stream}")
    earlier = api.ask("auditor", f"/audit/records/{stream}", params={"as_of": str(then)})
    assert (now["events"], now["later"], earlier["events"], earlier["later"]) == (3, 0, 2, 1)
    assert len(now["state"]["entries"]) == 1 and earlier["state"]["entries"] == {}
    trail = {"stream": stream, "as_of": str(then)}
    page = api.ask("auditor", "/audit/trail", params=trail, wait_for=api.head())
    assert [entry["type"] for entry in page["entries"]] == ["cases.CaseOpened", "cases.CaseAssigned"]


def test_a_record_is_replayed_to_what_had_happened_by_a_day(api: Api) -> None:
    of = records.file(api)  # opened on 1 March; the note is dated the day after
    records.note(api, of, "On the second of March.")
    stream = f"case-{of.case}"
    by_then = api.ask("auditor", f"/audit/records/{stream}", params={"on": DAY})
    assert (by_then["events"], by_then["later"]) == (2, 1)
    assert api.ask("auditor", f"/audit/records/{stream}", params={"on": "2024-02-01"})["exists"] is False


@pytest.mark.parametrize(("role", "may"), [("caseworker", True), ("auditor", False), ("administrator", False)])
def test_a_file_is_for_those_who_work_on_it(api: Api, role: str, may: bool) -> None:
    of = records.file(api)
    answer = api.request("GET", f"/cases/{of.case}", role, params={"wait_for": api.head()})
    assert answer.status_code == (200 if may else 403)


def test_nothing_is_parked_after_all_this(api: Api) -> None:
    assert api.ask("administrator", "/policies/parked") == {"parked": []}
    assert api.request("GET", "/policies/parked", "caseworker").status_code == 403


def test_a_reaction_that_a_rule_refuses_is_parked_where_people_see_it(api: Api) -> None:
    of = records.file(api)
    referral = records.refer(api, of)

    def programmes() -> list[dict[str, str]]:
        found: list[dict[str, str]] = api.ask("caseworker", "/programmes", params={"referral": referral})["programmes"]
        return found

    (requested,) = api.server.eventually(programmes, "no programme was requested")
    api.send("caseworker", f"/referrals/{referral}/declination", {"reason": "no_place", "occurred": DAY})
    api.send("caseworker", f"/programmes/{requested['programme']}/admission", {"occurred": DAY})
    parked = api.server.eventually(
        lambda: api.ask("supervisor", "/policies/parked")["parked"], "the refused acceptance was not parked"
    )
    (found,) = [one for one in parked if one["command"] == "cases.AcceptReferral"]
    assert (found["policy"], found["error"]) == ("rehabilitation_answers_referral", "rule") and found["rule"]
    status = api.server.run("policies", "status", "--json")
    assert found["id"] in {one["id"] for policy in orjson.loads(status.stdout) for one in policy["parked"]}
    again = api.server.run("policies", "retry", found["id"])
    assert again.returncode == 1 and again.stderr.count("\n") == 1
