"""An older backup is put back, of the log, the keys or both: what was forgotten is forgotten before it is served."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.cases.case.intake import Channel, OpenCase
from services.cases.case.record import CaseKind
from services.gateway.installation import Installation
from services.protection.erasure import ApproveErasure, Ground, RequestErasure
from shared.messages import Command, Origin, Receipt
from shared.settings import Settings
from tests.acceptance import records
from tests.acceptance.records import File
from tests.acceptance.serving import PATIENCE_SECONDS, Api, Server
from tests.acceptance.test_forgetting import DPO, FORGOTTEN, verified
from tests.protection.histories import OFFICER, SUPERVISOR, WORKER

SECRET = "What nobody may read again."


class Forgetting:
    """A folder in which somebody was forgotten after it was copied, and a server on it, not started."""

    def __init__(self, server: Server, backup: Path) -> None:
        self.server = server
        self.backup = backup
        with Installation(Settings(data_dir=server.data)) as it:
            self.forgotten, self.other = self._file(it, SECRET), self._file(it, "What stays.")
            self._settle(it)
        shutil.copytree(server.data, backup)
        with Installation(Settings(data_dir=server.data)) as it:
            asked = RequestErasure(subject=self.forgotten.person, ground=Ground.OBJECTION)
            self.erasure = self._send(it, asked, OFFICER).ids["erasure"]
            approval = ApproveErasure(erasure=self.erasure, subjects=(self.forgotten.person,))
            self._send(it, approval, SUPERVISOR)
            self._settle(it)

    @staticmethod
    def _send(it: Installation, command: Command, origin: Origin) -> Receipt:
        return it.bus().send(command, origin, command_id=uuid4())

    def _file(self, it: Installation, account: str) -> File:
        who = str(uuid4())
        opened = OpenCase(
            kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=who, account=account, occurred=records.DAY
        )
        return File(who, self._send(it, opened, WORKER).ids["case"])

    @staticmethod
    def _settle(it: Installation) -> None:
        it.policy_runner().catch_up()
        it.projector().catch_up()
        it.proofs.checkpoint()

    def serve(self) -> None:
        self.server.start()
        self.server.wait_until_ready()
        self.api = Api(self.server)

    def stop(self) -> None:
        self.api.close()
        assert self.server.interrupt() == 0

    def restore(self, *parts: str) -> None:
        """Put these parts of the backup in the place of what is there."""
        for part in parts:
            for target in [self.server.data / part, *self.server.data.glob(f"{part}-*")]:
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
            found = self.backup / part
            if found.is_dir():
                shutil.copytree(found, self.server.data / part)
            elif found.exists():
                shutil.copy(found, self.server.data / part)

    def account(self, of: File) -> Any:
        """As who opened the case, which is for its team to know, reads it."""
        asked = self.api.ask("caseworker", f"/cases/{of.case}", actor=WORKER.actor, wait_for=self.api.head())
        return records.said(asked["timeline"], "CaseOpened")[0]["account"]


@pytest.fixture(scope="module")
def forgetting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("restoring")
    server = Server(folder)
    try:
        yield Forgetting(server, folder / "backup")
    finally:
        server.close()


@pytest.fixture
def after(forgetting: Forgetting) -> Any:
    """The same, put back as it was after the erasure when a test is done with it."""
    kept = forgetting.server.data.with_name("kept")
    shutil.copytree(forgetting.server.data, kept, ignore=shutil.ignore_patterns("*.sock"))
    yield forgetting
    forgetting.server.close()
    shutil.rmtree(forgetting.server.data)
    kept.rename(forgetting.server.data)


def test_a_log_put_back_gets_its_certificate_again_and_is_accepted_on_the_record(
    after: Forgetting, tmp_path: Path
) -> None:
    after.restore("log")
    after.serve()
    assert after.account(after.forgotten) == FORGOTTEN
    assert after.account(after.other) == "What stays."
    types = {entry["type"] for entry in after.api.ask("auditor", "/audit/trail", params={"limit": 1000})["entries"]}
    assert "protection.PersonForgotten" in types and "protection.ErasureApproved" not in types
    refused = after.api.request("GET", "/audit/checkpoint", "auditor")
    assert refused.json()["code"] == "log-diverged"
    after.stop()

    assert after.server.run("audit", "verify").returncode == 1
    accepted = after.server.run("audit", "accept-restored")
    assert accepted.returncode == 0, accepted.stderr
    after.serve()
    (certified,) = after.api.ask(DPO, f"/protection/erasures/{after.erasure}/certificate")["certified"]
    assert certified["restored"] and certified["subject"] == after.forgotten.person
    listed = after.api.ask(DPO, "/protection/erasures", wait_for=after.api.head())["erasures"]
    assert [(one["erasure"], one["subject"], one["stage"], one["restored"], one["ground"]) for one in listed] == [
        (after.erasure, after.forgotten.person, "done", True, None)
    ]
    key = after.api.ask("auditor", "/audit/verifier-key")["verifier_key"]
    assert "protection.PersonForgotten" in verified(tmp_path / "outside", certified["proof"], key)
    after.stop()


def test_log_and_keys_put_back_together_forget_again(after: Forgetting) -> None:
    after.restore("log", "keys", "read-models.db", "proofs")
    after.serve()
    assert after.account(after.forgotten) == FORGOTTEN
    assert after.account(after.other) == "What stays."
    (certified,) = after.api.ask(DPO, f"/protection/erasures/{after.erasure}/certificate")["certified"]
    assert certified["restored"]
    after.stop()


def test_keys_and_ledger_put_back_together_are_not_served(after: Forgetting) -> None:
    after.restore("keys", "erasures.ledger")
    after.server.start()
    assert after.server.process is not None and after.server.process.wait(PATIENCE_SECONDS) == 1
    last = after.server.said().splitlines()[-1]
    assert "erasures.ledger knows nothing" in last and "restore its newest copy" in last
