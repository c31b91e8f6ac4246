"""A context's service under nameko's own commands, on a real broker."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from uuid import UUID, uuid4

import kombu
import pytest

from services.gateway.distributed.relay import BEAT_SECONDS
from services.gateway.telling import asked
from services.gateway.work import work_of
from shared.errors import DomainError, Forbidden, Invalid, NotFound, Unauthenticated, WrongExpectedRevision
from shared.messages import Role
from shared.metadata import Metadata
from tests.distributed.conftest import CONFIG, NAMEKO, Cases, eventually

pytestmark = pytest.mark.xdist_group("broker")

DAY = "2008-10-02"


def a_case(**more: object) -> dict[str, object]:
    return {"kind": "family_support", "channel": "telephone", "person": str(uuid4()), "occurred": DAY, **more}


def test_a_command_is_carried_out_and_what_it_did_can_be_asked_for(cases: Cases) -> None:
    who = str(uuid4())
    with cases.called() as rpc:
        receipt = rpc.cases.open_case(a_case(person=who), token=cases.token())
        found = rpc.cases.list_cases({"person": who}, wait_for=receipt["position"], token=cases.token())
    assert [case["case"] for case in found["answer"]["cases"]] == [receipt["ids"]["case"]]
    assert found["position"] >= receipt["position"]


def test_errors_arrive_as_themselves(cases: Cases) -> None:
    with cases.called() as rpc:
        with pytest.raises(Unauthenticated):
            rpc.cases.open_case(a_case())
        with pytest.raises(Forbidden):
            rpc.cases.open_case(a_case(), token=cases.token(Role.AUDITOR))
        with pytest.raises(Invalid) as refused:
            rpc.cases.open_case(a_case(colour="red"), token=cases.token())
        assert refused.value.facts["errors"][0]["field"] == "colour"
        with pytest.raises(NotFound):
            rpc.cases.assign_case({"case": str(uuid4()), "worker": "w-2", "occurred": DAY}, token=cases.token())
        case = rpc.cases.open_case(a_case(), token=cases.token())["ids"]["case"]
        with pytest.raises(WrongExpectedRevision) as stale:
            rpc.cases.assign_case({"case": case, "worker": "w-2", "occurred": DAY}, expected=7, token=cases.token())
        assert stale.value.facts["actual"] == 0
        with pytest.raises(DomainError):
            rpc.cases.withdraw_closing({"case": case, "occurred": DAY}, token=cases.token())


def test_who_for_whom_and_the_correlation_reach_the_log(cases: Cases) -> None:
    correlation = str(uuid4())
    with cases.called(auth_token=cases.token(actor="w-7"), on_behalf_of="w-9", correlation_id=correlation) as rpc:
        receipt = rpc.cases.open_case(a_case(), reason="It was late")
    raw = next(cases.installation.store.read_stream(receipt["stream"]))
    metadata = Metadata.from_json(raw.metadata)
    assert (metadata.actor, metadata.on_behalf_of, str(metadata.correlation_id)) == ("w-7", "w-9", correlation)
    assert b"late" not in raw.metadata


def test_what_is_said_of_people_is_sealed_on_the_brokers_disk(cases: Cases) -> None:
    os.kill(cases.process.pid, signal.SIGSTOP)  # so that the call stays on the broker
    with cases.called() as rpc:
        token = cases.token()
        rpc.cases.open_case.call_async(a_case(account="Marker-Ona-of-Alytus"), token=token)
    with kombu.Connection(cases.broker.url) as connection:  # what is not sealed is found where we look
        queue = kombu.Queue("plain", durable=True, channel=connection.channel())
        queue.declare()
        connection.Producer().publish({"said": "Marker-in-the-clear"}, routing_key="plain", delivery_mode=2)
    cases.broker.restart()
    kept = b"".join(path.read_bytes() for path in cases.broker.folder.rglob("*") if path.is_file())
    assert b"Marker-in-the-clear" in kept
    assert b"application/x-forgetmenot-sealed" in kept, "the call is not on the disk, so this looked at nothing"
    assert b"Marker-Ona-of-Alytus" not in kept and token.encode() not in kept
    before = cases.installation.store.head()
    os.kill(cases.process.pid, signal.SIGCONT)
    with cases.kept_running():
        eventually(lambda: cases.installation.store.head() == before + 1, "the call was lost with the broker's restart")
    cases.wait_until_ready()


def test_a_call_in_the_clear_is_dropped_and_the_service_goes_on(cases: Cases) -> None:
    who = str(uuid4())
    with kombu.Connection(cases.broker.url) as connection:
        connection.Producer().publish(
            {"args": [a_case(person=who)], "kwargs": {"token": cases.token()}},
            exchange="nameko-rpc",
            routing_key="cases.open_case",
            reply_to="nobody",
            correlation_id=str(uuid4()),
        )
    assert cases.answers()
    assert who.encode() not in b"".join(raw.data for raw in cases.installation.store.read_all())


def test_a_call_whose_service_is_killed_is_carried_out_once_by_the_next(cases: Cases) -> None:
    with cases.called() as rpc:
        who = str(uuid4())
        fields, token = a_case(person=who), cases.token()
        os.kill(cases.backends()[0], signal.SIGSTOP)  # the call is taken, and not answered
        reply = rpc.cases.open_case.call_async(fields, token=token)
        threading.Event().wait(0.5)
        backend = cases.backends()[0]
        cases.kill()
        os.kill(backend, signal.SIGCONT)  # the first try may yet come to its end: it is the same command
        cases.start()
        receipt = reply.result()
        found = rpc.cases.list_cases({"person": who}, wait_for=receipt["position"], token=token)
    assert len(found["answer"]["cases"]) == 1
    assert UUID(receipt["command_id"])
    cases.wait_until_ready()


def test_a_backend_that_dies_is_started_again_and_asked_again(cases: Cases) -> None:
    with cases.called() as rpc:
        (backend,) = cases.backends()
        os.kill(backend, signal.SIGSTOP)
        reply = rpc.cases.open_case.call_async(a_case(), token=cases.token())
        threading.Event().wait(0.5)
        os.kill(backend, signal.SIGKILL)
        assert reply.result()["events"] == ["cases.CaseOpened"]
        assert cases.backends() != [backend]
    processes = [told for told in asked(cases.settings.data_dir).values() if told]
    assert work_of(processes)["retries"]["call"] == 1


def test_a_process_whose_broker_is_gone_is_not_well_and_alive(cases: Cases) -> None:
    def probe(*asked: str) -> int:
        command = [str(Path(NAMEKO).with_name("forgetmenot")), "probe", *asked, "cases"]
        gone = {**cases.environment, "AMQP_URL": "amqp://nobody:nothing@127.0.0.1:9//"}
        return subprocess.run(command, env=gone, capture_output=True, check=False, timeout=60).returncode

    assert probe() == 1
    assert probe("--alive") == 0


def test_a_process_that_hangs_is_seen_to_hang(cases: Cases) -> None:
    def seconds_since_it_turned() -> float:
        (told,) = [told for told in asked(cases.settings.data_dir).values() if told]
        return told.loops["calls"]

    os.kill(cases.process.pid, signal.SIGSTOP)
    try:
        eventually(lambda: seconds_since_it_turned() > 2 * BEAT_SECONDS, "it was not seen to hang")
    finally:
        os.kill(cases.process.pid, signal.SIGCONT)
    eventually(lambda: seconds_since_it_turned() < 2 * BEAT_SECONDS, "it was not seen to go on")


def test_namekos_shell_speaks_to_the_service(cases: Cases) -> None:
    asked = f'print(n.rpc.cases.list_cases({{"limit": 1}}, token="{cases.token()}")["position"] > 0)\n'
    told = subprocess.run(
        [NAMEKO, "shell", "--config", CONFIG, "--interface", "plain"],
        input=asked,
        env=cases.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "True" in told.stdout, told.stdout + told.stderr
