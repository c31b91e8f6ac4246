"""The certificate of an erasure says what went and what stayed, and proves that the log holds it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services import protection
from services.audit.proofs import Proofs
from services.protection.certificate import Certificate, ShowCertificate, queries
from services.protection.erasure import (
    ApproveErasure,
    ErasureApproved,
    Ground,
    RequestErasure,
    RequestShredding,
)
from services.protection.execution import ErasureExecution, certificate_id
from services.protection.hold import CITED, HoldGround, PlaceHold
from services.protection.plan import ErasurePlan, plan_person
from services.protection.restoring import record_again
from shared.codec import Recorded, decode
from shared.context import Registry
from shared.errors import NotFound
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.handling import CommandHandler
from shared.merkle import verifier
from shared.messages import Command, Origin, Receipt, Role
from shared.privacy.personal import Retention
from shared.privacy.vault import open_vault
from tests.kernel.toy import OpenDiary, WriteEntry, toy

OFFICER = Origin("dpo-1", frozenset({Role.DATA_PROTECTION_OFFICER}))
SUPERVISOR = Origin("s-1", frozenset({Role.SUPERVISOR}))
TODAY = datetime(2026, 5, 25, 10, 0, tzinfo=UTC)
TEXT = "a-word-to-look-for"


class Centre:
    """A log, its keys and its proofs, with two diaries about one person."""

    def __init__(self, folder: Path) -> None:
        self.store: EmbeddedLog = open_store(folder / "log")
        self.vault = open_vault(folder)
        self.proofs = Proofs(folder / "proofs", self.store)
        self.handler = CommandHandler(self.store, Registry([toy, protection.context]), self.vault, clock=lambda: TODAY)
        self.policy = ErasureExecution(self.store, self.vault.keys, TODAY.date, sweep=lambda: None)
        self.person = str(uuid4())
        self.diaries = [self.send(OpenDiary(pages=3)).ids["diary"] for _ in range(2)]
        for diary in self.diaries:
            self.send(WriteEntry(diary=diary, person=self.person, text=TEXT))

    def send(self, command: Command, origin: Origin = OFFICER) -> Receipt:
        return self.handler.handle(command, origin, command_id=uuid4())

    def request(self) -> str:
        asked = RequestErasure(subject=self.person, ground=Ground.CONSENT_WITHDRAWN)
        return self.send(asked).ids["erasure"]

    def approve(self, erasure_id: str, digest: str | None = None, reason: str | None = None) -> None:
        """What the running policy does with the approval, done here."""
        approval = ApproveErasure(erasure=erasure_id, subjects=(self.person,), digest=digest)
        receipt = self.send(approval, replace(SUPERVISOR, reason=reason))
        raw = next(self.store.read_all(start=receipt.position))
        for reaction in self.policy.destroy(Recorded(decode(raw, ErasureApproved), raw)):
            assert isinstance(reaction, Command)
            self.send(reaction)

    def plan(self) -> ErasurePlan:
        return plan_person(self.store, self.vault.keys, self.person, TODAY.date())

    def certificate(self, erasure_id: str) -> Certificate:
        answer = queries(self.store, self.proofs.proof_of)[ShowCertificate]
        found = answer(ShowCertificate(erasure=erasure_id), OFFICER)
        assert isinstance(found, Certificate)
        return found

    def close(self) -> None:
        self.proofs.close()
        self.store.close()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened = Centre(tmp_path / "data")
    yield opened
    opened.close()


def check(folder: Path, document: dict[str, Any], key: str) -> str:
    """What the stand-alone verifier says, in an empty folder."""
    folder.mkdir()
    shutil.copy(Path(verifier.__file__), folder / "verifier.py")
    (folder / "proof.json").write_bytes(orjson.dumps(document))
    command = [sys.executable, "-I", "verifier.py", "proof.json", "--vkey", key]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    return checked.stdout


def test_there_is_no_certificate_until_the_erasure_is_done(centre: Centre) -> None:
    with pytest.raises(NotFound):
        centre.certificate(str(uuid4()))
    erasure_id = centre.request()
    with pytest.raises(NotFound):
        centre.certificate(erasure_id)
    centre.approve(erasure_id)
    assert centre.certificate(erasure_id).erasure == erasure_id


def test_the_certificate_names_the_keys_that_went_and_what_stayed_and_why(centre: Centre) -> None:
    held = f"diary-{centre.diaries[1]}"
    centre.send(PlaceHold(record=held, ground=HoldGround.LEGAL_CLAIMS))
    erasure_id = centre.request()
    centre.approve(erasure_id)
    (certified,) = centre.certificate(erasure_id).certified
    assert (certified.subject, certified.whole_person, certified.restored) == (centre.person, True, False)
    assert [key.record for key in certified.destroyed] == [f"diary-{centre.diaries[0]}"]
    assert [(key.record, key.ground) for key in certified.kept] == [(held, CITED[HoldGround.LEGAL_CLAIMS])]


def test_just_what_the_dry_run_named_is_destroyed_or_nothing(centre: Centre) -> None:
    erasure_id = centre.request()
    seen = centre.plan()
    centre.send(WriteEntry(diary=centre.send(OpenDiary(pages=3)).ids["diary"], person=centre.person, text=TEXT))
    centre.approve(erasure_id, seen.digest)
    with pytest.raises(NotFound):
        centre.certificate(erasure_id)
    assert all(key.destroyed is None for key in centre.vault.keys.keys_of(centre.person))
    anew = centre.plan()
    centre.approve(erasure_id, anew.digest, reason="It was checked.")
    (certified,) = centre.certificate(erasure_id).certified
    reason = {key for key in certified.destroyed if key.keep is Retention.REASON}
    assert set(certified.destroyed) - reason == set(anew.goes) != set(seen.goes)
    assert [key.record for key in reason] == [f"erasure-{erasure_id}"]


def test_the_certificate_proves_offline_that_the_log_holds_it(centre: Centre, tmp_path: Path) -> None:
    erasure_id = centre.request()
    centre.approve(erasure_id)
    (certified,) = centre.certificate(erasure_id).certified
    proven = check(tmp_path / "auditor", certified.proof, str(centre.proofs.verifier))
    assert f"'erasure-{erasure_id}' revision 2, 'protection.PersonForgotten'" in proven
    (event,) = certified.proof["events"]
    stored = orjson.loads(verifier.unbase64(event["data"]))
    assert [key["key"] for key in stored["destroyed"]] == [key.key for key in certified.destroyed]


def test_a_certificate_holds_nothing_of_what_was_forgotten(centre: Centre) -> None:
    erasure_id = centre.request()
    centre.approve(erasure_id)
    found = centre.certificate(erasure_id)
    (event,) = found.certified[0].proof["events"]
    everything = found.model_dump_json().encode() + verifier.unbase64(event["data"])
    assert TEXT.encode() not in everything + verifier.unbase64(event["metadata"])


def test_a_shredded_entry_has_a_certificate_of_its_own(centre: Centre) -> None:
    record = f"diary-{centre.diaries[0]}"
    erasure_id = centre.send(RequestShredding(subject=centre.person, record=record)).ids["erasure"]
    centre.approve(erasure_id)
    (certified,) = centre.certificate(erasure_id).certified
    assert (certified.whole_person, [key.record for key in certified.destroyed]) == (False, [record])


def test_what_was_destroyed_again_after_a_restore_is_certified_as_such(centre: Centre) -> None:
    names = [facts.name for facts in centre.vault.keys.keys_of(centre.person)]
    erasure_id = str(uuid4())  # the restored log has no trace of it; the erasure ledger has
    done = centre.vault.keys.forget(
        centre.person, destroy=names, keep=(), certificate=certificate_id(erasure_id, centre.person), at=TODAY
    )
    record_again(
        [done],
        centre.store,
        centre.vault.keys,
        lambda command, command_id: centre.handler.handle(command, OFFICER, command_id=command_id),
        TODAY.date(),
    )
    (certified,) = centre.certificate(erasure_id).certified
    assert certified.restored and len(certified.destroyed) == 2


def test_certificates_are_for_those_who_oversee() -> None:
    assert ShowCertificate.roles == {Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR, Role.AUDITOR}
