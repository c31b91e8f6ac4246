"""An installation moves to a cluster and back: what was signed holds, and who was forgotten stays forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.cases.case.intake import Channel, OpenCase
from services.cases.case.record import CaseKind
from services.cases.projections.case_files import GetCase
from services.gateway.installation import Installation
from services.protection.erasure import ApproveErasure, Ground, RequestErasure
from shared.eventstore.copying import compare, copy
from shared.eventstore.kurrent.store import open_cluster
from shared.eventstore.sqlite import open_store
from shared.merkle import split_checkpoints, verify_log
from shared.messages import Command, Receipt
from shared.settings import Settings
from tests.acceptance.records import said
from tests.kurrent.offsets import offsets
from tests.node.running import running
from tests.protection.histories import OFFICER, SUPERVISOR, WORKER

DAY = "2024-03-01"
ACCOUNT = "What was told."


class House:
    """An installation, in its folder or on a cluster."""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        self.settings = Settings.model_validate({"data_dir": folder, "eventstore_uri": address})
        self.it = Installation(self.settings)

    def send(self, command: Command, origin: Any = WORKER) -> Receipt:
        return self.it.bus().send(command, origin, command_id=uuid4())

    def settle(self) -> None:
        """Whatever follows, follows; all of it is read and signed."""
        self.it.policy_runner().catch_up()
        self.it.projector().catch_up()
        self.it.proofs.checkpoint()

    def open_case(self) -> tuple[str, str]:
        """A person, and a case about them."""
        person = str(uuid4())
        about = OpenCase(
            kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=person, account=ACCOUNT, occurred=DAY
        )
        return person, self.send(about).ids["case"]

    def account_of(self, case: str) -> Any:
        answer = self.it.ask(GetCase(case=case), WORKER, self.it.store.head()).answer
        return said(answer.model_dump(mode="json")["timeline"], "CaseOpened")[0]["account"]

    def verified(self) -> Any:
        """The whole log held against everything that was ever signed."""
        notes = split_checkpoints((self.settings.data_dir / "proofs" / "checkpoints.txt").read_bytes())
        assert notes
        return verify_log(self.it.store, notes, self.it.proofs.verifier)

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.it.close()


@pytest.mark.parametrize("stretched", [False, True], ids=["node", "offsets"])
def test_an_installation_moves_to_a_cluster_forgets_there_and_moves_back(tmp_path: Path, stretched: bool) -> None:
    data = tmp_path / "data"
    with House(data) as house:
        person, case = house.open_case()
        _, other = house.open_case()
        house.settle()
        assert house.account_of(case) == ACCOUNT
    with running(tmp_path / "node") as node, offsets(node.port) as port:
        address = f"esdb://127.0.0.1:{port if stretched else node.port}?tls=false"
        with open_store(data / "log") as file, open_cluster(address) as cluster:
            copy(file, cluster)
            assert compare(file, cluster).difference is None
        with House(data, address) as house:
            house.settle()
            assert house.account_of(case) == house.account_of(other) == ACCOUNT
            assert house.verified().ok
            position = house.open_case() and house.it.store.head()
            house.settle()
            assert house.it.proofs.proof_of(position)["events"]

            asked = house.send(RequestErasure(subject=person, ground=Ground.OBJECTION), OFFICER)
            house.send(ApproveErasure(erasure=asked.ids["erasure"], subjects=(person,)), SUPERVISOR)
            house.settle()
            assert house.account_of(case) == {"hidden": "forgotten"}
            assert house.account_of(other) == ACCOUNT
            assert house.verified().ok
        (data / "log").rename(tmp_path / "left behind")
        with open_cluster(address) as cluster, open_store(data / "log") as file:
            copy(cluster, file)
    with House(data) as house:
        house.settle()
        assert house.account_of(case) == {"hidden": "forgotten"}
        assert house.account_of(other) == ACCOUNT
        assert house.verified().ok


def test_an_installation_that_stays_keeps_its_read_models(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node:
        with House(tmp_path / "data", node.address) as house:
            house.open_case()
            house.settle()
            built = {row.name: row.position for row in house.it.projection_status()}
        with House(tmp_path / "data", node.address) as house:
            assert {row.name: row.position for row in house.it.projection_status()} == built


def test_of_two_processes_on_a_data_folder_the_first_takes_up_what_was_left(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, House(tmp_path / "data", node.address) as first:
        with House(tmp_path / "data", node.address) as second:
            assert (first.it.log.first, second.it.log.first) == (True, False)
        assert first.it.log.refusal is None
