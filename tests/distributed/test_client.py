"""Other programs: commands and queries as classes, sent again under the same id until they are answered."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from uuid import uuid4

import pytest

from services.cases.case.intake import OpenCase
from services.cases.projections.case_files import ListCases
from shared.client import BlockingClient, Client
from shared.errors import Forbidden, Unavailable
from shared.messages import Role
from shared.metadata import Metadata
from shared.transport import open_sealing
from tests.distributed.conftest import Cases

pytestmark = pytest.mark.xdist_group("broker")


def a_case(person: str) -> OpenCase:
    return OpenCase.model_validate(
        {"kind": "family_support", "channel": "telephone", "person": person, "occurred": "2008-10-02"}
    )


def test_a_command_and_a_query_are_classes_on_both_sides(cases: Cases) -> None:
    who = str(uuid4())
    with BlockingClient(cases.broker.url, open_sealing(cases.settings), cases.token()) as centre:
        receipt = centre.send(a_case(who), reason="A call at night")
        page = centre.ask(ListCases(person=who), wait_for=receipt.position)
        assert [case.case for case in page.cases] == [receipt.ids["case"]]
        key = uuid4()
        first = centre.send(a_case(who), command_id=key)
        assert centre.send(a_case(who), command_id=key) == first._replace(repeated=True)


def test_for_whom_and_under_which_correlation_is_said_with_the_call(cases: Cases) -> None:
    correlation = uuid4()
    with BlockingClient(cases.broker.url, open_sealing(cases.settings), cases.token(actor="w-7")) as centre:
        receipt = centre.send(a_case(str(uuid4())), on_behalf_of="w-9", correlation_id=correlation)
    raw = next(cases.installation.store.read_stream(receipt.stream))
    metadata = Metadata.from_json(raw.metadata)
    assert (metadata.actor, metadata.on_behalf_of, metadata.correlation_id) == ("w-7", "w-9", correlation)


def test_a_refusal_is_raised_at_once_as_what_it_is(cases: Cases) -> None:
    async def work() -> None:
        token = cases.token(Role.AUDITOR)
        async with Client(cases.broker.url, open_sealing(cases.settings), token, seconds=60) as centre:
            with pytest.raises(Forbidden):
                await centre.send(a_case(str(uuid4())))

    asyncio.run(work())


def test_a_client_gives_up_at_its_deadline(cases: Cases) -> None:
    os.kill(cases.process.pid, signal.SIGSTOP)
    try:
        with (
            BlockingClient(cases.broker.url, open_sealing(cases.settings), cases.token()) as centre,
            pytest.raises(Unavailable),
        ):
            centre.send(a_case(str(uuid4())), seconds=1)
    finally:
        os.kill(cases.process.pid, signal.SIGCONT)


@pytest.mark.long
def test_a_command_outlives_the_brokers_restart_and_takes_effect_once(cases: Cases) -> None:
    who = str(uuid4())
    restarting = threading.Thread(target=cases.broker.restart)
    with (
        cases.kept_running(),
        BlockingClient(cases.broker.url, open_sealing(cases.settings), cases.token(), seconds=90) as centre,
    ):
        centre.ask(ListCases(person=who))
        restarting.start()
        receipts = [centre.send(a_case(who)) for _ in range(5)]
        restarting.join()
        page = centre.ask(ListCases(person=who), wait_for=receipts[-1].position)
    assert sorted(case.case for case in page.cases) == sorted(receipt.ids["case"] for receipt in receipts)
