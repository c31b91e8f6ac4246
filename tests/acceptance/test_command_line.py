"""`forgetmenot` beside a server that runs, on its folder."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson

from tests.acceptance import records
from tests.acceptance.serving import Api, Server, clean_environment, command
from tests.acceptance.store import embedded_only


def test_token_prints_a_token_alone_and_it_is_who_it_says(server: Server, api: Api) -> None:
    made = server.run("token", "--role", "caseworker", "--actor", "w-5", "--ttl", "600")
    assert made.returncode == 0 and made.stderr == ""
    token = made.stdout.removesuffix("\n")
    assert token and not set(token) & set(" \n")
    body = {"kind": "missing_person", "channel": "police", "person": records.person(api), "occurred": records.DAY}
    opened = httpx.post(f"{server.url}/cases", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    trail = api.ask("auditor", "/audit/trail", params={"stream": opened.json()["stream"]}, wait_for=api.head())
    assert [(entry["actor"], entry["roles"]) for entry in trail["entries"]] == [("w-5", ["caseworker"])]


def test_a_name_is_no_actor_and_is_refused_in_one_sentence_without_it(server: Server) -> None:
    refused = server.run("token", "--role", "caseworker", "--actor", "Ona Onaitė")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "an id such as" in refused.stderr and "Ona" not in refused.stderr


def test_audit_trail_is_filtered_as_over_http(server: Server, api: Api) -> None:
    found = server.run("audit", "trail", "--type", "campaigns.CampaignHeld", "--actor", "camp-1", "--json")
    assert orjson.loads(found.stdout) == api.ask(
        "auditor", "/audit/trail", params={"type": "campaigns.CampaignHeld", "actor": "camp-1"}
    )
    table = server.run("audit", "trail", "--type", "projects.FunderRegistered", "--limit", "2", COLUMNS="200")
    assert "projects.FunderRegistered" in table.stdout and "There is more" in table.stdout


@embedded_only
def test_the_log_is_described_and_verified_beside_the_server_that_writes_it(server: Server) -> None:
    verified = server.run("log", "verify", "--json")
    assert orjson.loads(verified.stdout)["sound"] is True
    described = orjson.loads(server.run("log", "describe", "--json").stdout)
    assert (described["role"], described["owner_pid"]) == ("attached", server.log_owner())
    assert described["head"] > 3000


def test_master_keys_rotate_under_a_server_that_runs(server: Server, api: Api) -> None:
    before = records.file(api, account="Sealed before.")
    rotated = server.run("protection", "keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    assert "Taken out" in server.run("protection", "keys", "retire").stdout
    after = records.file(api, account="Sealed after.")
    for of, account in (before, "Sealed before."), (after, "Sealed after."):
        timeline = api.ask("caseworker", f"/cases/{of.case}", wait_for=api.head())["timeline"]
        assert records.said(timeline, "CaseOpened") == [{"account": account}]


def test_projections_policies_and_the_nightly_retention_tell_how_they_stand(server: Server, api: Api) -> None:
    standing = orjson.loads(server.run("projections", "status", "--json").stdout)
    assert {row["state"] for row in standing} == {"live"}
    policies = {row["name"]: row for row in orjson.loads(server.run("policies", "status", "--json").stdout)}
    assert {"erasure_execution", "referral_becomes_programme"} <= policies.keys()
    assert policies["retention_execution"]["deadlines"] == 1
    ran = api.ask("auditor", "/audit/trail", params={"type": "protection.RetentionRan"}, wait_for=api.head())
    assert ran["entries"][0]["actor"] == "system:schedule"


def test_a_folder_without_a_log_is_said_in_one_sentence(tmp_path: Path) -> None:
    refused = command("log", "verify", environment=clean_environment(tmp_path / "data"))
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert not (tmp_path / "data").exists()


def test_nothing_of_the_trail_is_cut_on_a_narrow_terminal_and_what_is_not_there_is_said(server: Server) -> None:
    trail = server.run("audit", "trail", "--type", "campaigns.CampaignHeld", "--limit", "2", COLUMNS="80").stdout
    assert (
        "…" not in trail and trail.count("campaigns.CampaignHeld") == 2 and trail.count("campaigns.HoldCampaign") == 2
    )
    assert server.run("audit", "trail", "--type", "nothing.Such").stdout == "No event fits.\n"


def test_help_names_every_command_and_the_one_to_begin_with_first(server: Server) -> None:
    said = server.run("--help", COLUMNS="100").stdout
    panels = [line.strip("╭─╮ ") for line in said.splitlines() if line.startswith("╭")]
    assert panels[:3] == ["Options", "Start here", "The work"] and "Commands" not in panels
    assert said.index("serve  ") < said.index("token  ") < said.index("cases  ") < said.index("probe  ")
