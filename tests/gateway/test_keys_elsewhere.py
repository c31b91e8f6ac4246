"""The master key and the erasure ledger may lie apart from the data folder, so that a copy of it is not enough."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.cases.case.intake import Channel, OpenCase
from services.cases.case.record import CaseKind
from services.gateway.installation import Installation
from services.protection.erasure import ApproveErasure, Ground, RequestErasure
from shared.codec import open_data
from shared.errors import Tampered, Unavailable
from shared.messages import Command, Origin
from shared.privacy.master import new_master_key
from shared.privacy.personal import FORGOTTEN
from shared.settings import Settings, load_settings
from tests.acceptance.serving import clean_environment, command
from tests.protection.histories import OFFICER, SUPERVISOR, WORKER

ACCOUNT = "Said in confidence."


def send(it: Installation, message: Command, origin: Origin) -> dict[str, str]:
    return dict(it.bus().send(message, origin, command_id=uuid4()).ids)


def case_of(settings: Settings, person: str) -> str:
    with Installation(settings) as it:
        opened = OpenCase(
            kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=person, account=ACCOUNT, occurred="2024-03-01"
        )
        return send(it, opened, WORKER)["case"]


def account_of(settings: Settings, case: str) -> Any:
    with Installation(settings) as it:
        (opened,) = it.store.read_stream(f"case-{case}", limit=1)
        return open_data(opened, it.vault)["account"]


def forget(settings: Settings, person: str) -> None:
    with Installation(settings) as it:
        erasure = send(it, RequestErasure(subject=person, ground=Ground.OBJECTION), OFFICER)["erasure"]
        send(it, ApproveErasure(erasure=erasure, subjects=(person,)), SUPERVISOR)
        it.policy_runner().catch_up()


def test_a_master_key_in_the_environment_is_not_on_the_disk(tmp_path: Path) -> None:
    key = new_master_key()
    given = Settings(data_dir=tmp_path, master_key=SecretStr(key))
    case = case_of(given, str(uuid4()))
    assert account_of(given, case) == ACCOUNT
    assert not (tmp_path / "master.key").exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert key not in repr(given)


def test_another_master_key_opens_nothing_and_is_said_at_the_start(tmp_path: Path) -> None:
    case_of(Settings(data_dir=tmp_path, master_key=SecretStr(new_master_key())), str(uuid4()))
    with pytest.raises(Unavailable, match="is not here"):
        Installation(Settings(data_dir=tmp_path, master_key=SecretStr(new_master_key())))


def test_a_master_key_file_is_made_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MASTER_KEY_FILE", str(tmp_path / "apart" / "master.key"))
    case = case_of(load_settings(), str(uuid4()))
    assert account_of(load_settings(), case) == ACCOUNT
    assert (tmp_path / "apart" / "master.key").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "data" / "master.key").exists()


def test_a_copy_of_the_whole_folder_that_is_put_back_forgets_again(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", erasure_ledger=tmp_path / "apart" / "erasures.ledger")
    person = str(uuid4())
    case = case_of(settings, person)
    assert account_of(settings, case) == ACCOUNT
    shutil.copytree(settings.data_dir, tmp_path / "backup", ignore=shutil.ignore_patterns("*.sock"))
    forget(settings, person)
    shutil.rmtree(settings.data_dir)
    (tmp_path / "backup").rename(settings.data_dir)
    assert account_of(settings, case) is FORGOTTEN


def test_a_ledger_that_was_not_moved_to_where_it_should_be_stops_the_start(tmp_path: Path) -> None:
    settings, person = Settings(data_dir=tmp_path / "data"), str(uuid4())
    case_of(settings, person)
    forget(settings, person)
    with pytest.raises(Tampered, match="ledger"):
        Installation(Settings(data_dir=tmp_path / "data", erasure_ledger=tmp_path / "elsewhere.ledger"))


def test_a_key_in_the_environment_is_rotated_by_naming_the_new_one_behind_it(tmp_path: Path) -> None:
    old, new = new_master_key(), new_master_key()
    case = case_of(Settings(data_dir=tmp_path, master_key=SecretStr(old)), str(uuid4()))
    both = clean_environment(tmp_path, MASTER_KEY=f"{old} {new}")
    rotated = command("protection", "keys", "rotate", environment=both)
    assert rotated.returncode == 0, rotated.stderr
    refused = command("protection", "keys", "retire", environment=both)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1) and "leave only the last key" in refused.stderr
    assert account_of(Settings(data_dir=tmp_path, master_key=SecretStr(new)), case) == ACCOUNT


def test_a_key_that_was_put_into_the_file_by_hand_is_what_keys_are_wrapped_with(tmp_path: Path) -> None:
    path, data = tmp_path / "master.key", tmp_path / "data"
    settings = Settings(data_dir=data, master_key_file=path)
    case = case_of(settings, str(uuid4()))
    new = new_master_key()
    path.write_text(f"{path.read_text()}{new}\n")
    environment = clean_environment(data, MASTER_KEY_FILE=str(path))
    rotated = command("protection", "keys", "rotate", "--added", environment=environment)
    assert rotated.returncode == 0, rotated.stderr
    assert path.read_text().split()[-1] == new
    path.write_text(new)
    assert account_of(settings, case) == ACCOUNT
