"""A context as a nameko service."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer, WorkerContext
from nameko.exceptions import deserialize, serialize
from nameko.testing.services import worker_factory

from services.analytics.service import AnalyticsService
from services.audit.service import AuditService
from services.campaigns.service import CampaignsService
from services.cases.service import CasesService
from services.gateway.contexts import CONTEXTS
from services.gateway.distributed import table
from services.gateway.installation import Installation
from services.projects.service import ProjectsService
from services.protection.service import ProtectionService
from services.rehabilitation.service import RehabilitationService
from shared.context import Context
from shared.errors import (
    CommandIdReused,
    DomainError,
    Forbidden,
    ForgetMeNotError,
    Invalid,
    NotAvailable,
    NotFound,
    Unauthenticated,
    WrongExpectedRevision,
)
from shared.messages import Role
from shared.metadata import Metadata
from shared.rpc import CONNECT, HEALTH, Caller, Calls, Crossing, DeclaredRpc, method_name, serves
from shared.settings import Settings
from tests.gateway.visits import CloseVisit, World, a_visit, context
from tests.rpc import connection

SERVICES = {
    service.name: service
    for service in (
        AnalyticsService,
        AuditService,
        CampaignsService,
        CasesService,
        ProjectsService,
        ProtectionService,
        RehabilitationService,
    )
}


@serves(context)
class VisitsService:
    """The toy context."""

    name = "visits"
    calls = Calls()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


Called = Callable[..., Any]


@pytest.fixture
def called(world: World) -> Called:
    """The service, called with this context data: `called(auth_token=...)`; by a caseworker if nothing is said."""

    def service(**data: Any) -> Any:
        data = data or {"auth_token": world.tokens.issue("w-1", [Role.CASEWORKER])}
        return worker_factory(VisitsService, calls=Caller(connection.connection_to(world), data))

    return service


def test_a_command_is_carried_out_and_answered_with_its_receipt(called: Called, world: World) -> None:
    receipt = called().record_visit(a_visit())
    assert receipt["events"] == ["visits.VisitRecorded"]
    assert receipt["position"] == world.store.head()
    assert json.loads(json.dumps(receipt)) == receipt


def test_a_query_is_answered_with_its_position(called: Called, world: World) -> None:
    receipt = called().record_visit(a_visit())
    answered = called().read_visit({"visit": receipt["ids"]["visit"]}, wait_for=receipt["position"])
    assert answered["answer"]["kind"] == "home"
    assert answered["position"] == world.store.head()
    assert world.asked[-1][2] == receipt["position"]
    assert json.loads(json.dumps(answered)) == answered


def test_an_answer_uses_the_names_of_the_wire(called: Called) -> None:
    assert called().list_visits({"from": "2004-01-01"})["answer"]["from"] == "2004-01-01"


def test_a_repeat_under_the_same_id_changes_nothing(called: Called) -> None:
    key = str(uuid4())
    first = called().record_visit(a_visit(), command_id=key)
    assert called().record_visit(a_visit(), command_id=key) == first | {"repeated": True}
    with pytest.raises(CommandIdReused):
        called().record_visit(a_visit(note="Something else"), command_id=key)


def test_a_stale_revision_is_a_conflict(called: Called) -> None:
    visit = called().record_visit(a_visit())["ids"]["visit"]
    called().recount({"visit": visit, "guests": 3}, expected=0)
    with pytest.raises(WrongExpectedRevision):
        called().recount({"visit": visit, "guests": 4}, expected=0)


def test_the_log_keeps_who_for_whom_and_the_correlation(called: Called, world: World) -> None:
    correlation = str(uuid4())
    token = world.tokens.issue("w-7", [Role.CASEWORKER])
    service = called(auth_token=token, on_behalf_of="w-9", correlation_id=correlation)
    receipt = service.record_visit(a_visit(), reason="It was late")
    raw = next(world.store.read_stream(receipt["stream"]))
    metadata = Metadata.from_json(raw.metadata)
    assert (metadata.actor, metadata.on_behalf_of, str(metadata.correlation_id)) == ("w-7", "w-9", correlation)
    assert metadata.reason is not None
    assert b"late" not in raw.metadata


@pytest.mark.parametrize("data", [{"actor": "w-1", "roles": ["caseworker"]}, {"auth_token": "a.b.c"}], ids=str)
def test_who_asks_is_what_a_good_token_says_and_nothing_else(called: Called, data: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        called(**data).record_visit(a_visit())


def test_the_token_may_come_with_the_arguments_where_the_broker_does_not_see_it(called: Called, world: World) -> None:
    token = world.tokens.issue("w-8", [Role.CASEWORKER])
    receipt = called(correlation_id=str(uuid4())).record_visit(a_visit(), token=token)
    raw = next(world.store.read_stream(receipt["stream"]))
    assert Metadata.from_json(raw.metadata).actor == "w-8"


def test_a_role_that_may_not_is_refused_before_anything_is_looked_at(called: Called, world: World) -> None:
    token = world.tokens.issue("w-1", [Role.AUDITOR])
    with pytest.raises(Forbidden):
        called(auth_token=token).record_visit("nothing that fits")


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        ((a_visit(guests="3"),), {}),
        ((a_visit(colour="red"),), {}),
        ((a_visit(by="w-9"),), {}),
        ((a_visit(guests=2**70),), {}),
        (([],), {}),
        ((a_visit(),), {"command_id": "mine"}),
        ((a_visit(),), {"command_id": 5}),
        ((a_visit(),), {"expected": -1}),
        ((a_visit(),), {"reason": ""}),
        ((a_visit(),), {"reason": 5}),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(called: Called, arguments: Any, more: Any) -> None:
    with pytest.raises(Invalid):
        called().record_visit(*arguments, **more)


def test_a_process_connects_to_what_its_configuration_names(world: World) -> None:
    connection.connected.append(connection.connection_to(world))
    container = ServiceContainer(VisitsService, {"AMQP_URI": "", CONNECT: "tests.rpc.connection:connect"})
    (calls,) = container.dependencies
    calls.setup()
    entrypoint = next(found for found in container.entrypoints if found.method_name == "record_visit")
    token = world.tokens.issue("w-1", [Role.CASEWORKER])
    worker = WorkerContext(container, None, entrypoint, data={"auth_token": token})
    service = worker_factory(VisitsService, calls=calls.get_dependency(worker))
    assert service.record_visit(a_visit())["position"] == world.store.head()


# Every context is a service, and every message a method of it.


def test_every_context_is_a_service() -> None:
    assert SERVICES.keys() == {found.name for found in CONTEXTS} == set(table.SERVICES)


@pytest.mark.parametrize("found", CONTEXTS, ids=lambda found: found.name)
def test_every_command_and_query_is_an_rpc_method(found: Any) -> None:
    container = ServiceContainer(SERVICES[found.name], {"AMQP_URI": ""})
    entrypoints = {entrypoint.method_name: entrypoint for entrypoint in container.entrypoints}
    more = getattr(sys.modules[SERVICES[found.name].__module__], "OF_THE_LOG", ())
    assert entrypoints.keys() == {
        HEALTH,
        *(method_name(kind) for kind in (*found.commands(), *found.queries(), *more)),
    }
    for entrypoint in entrypoints.values():
        assert isinstance(entrypoint, DeclaredRpc)
        assert {"fields", "token"} <= set(entrypoint.sensitive_arguments)


def test_every_query_that_no_read_model_answers_is_a_method_of_the_service_that_it_names(tmp_path: Path) -> None:
    with Installation(Settings(data_dir=tmp_path)) as installation:
        asked = [kind for kind in installation.log_queries if kind.route]
    assert asked
    for kind in asked:
        assert hasattr(SERVICES[kind.context], method_name(kind)), kind


def test_a_method_is_named_and_explained_like_its_message() -> None:
    assert method_name(CloseVisit) == "close_visit"
    method = inspect.getattr_static(VisitsService, "close_visit")
    assert (method.__name__, method.__doc__) == ("close_visit", "Close a visit.")


@pytest.mark.parametrize("found", CONTEXTS, ids=lambda found: found.name)
def test_a_method_says_which_fields_it_takes_and_of_which_types(found: Context) -> None:
    for kind in (*found.commands(), *found.queries()):
        method = inspect.getattr_static(SERVICES[found.name], method_name(kind))
        takes = inspect.signature(method).parameters["fields"].annotation
        declared = {
            field.alias or name: field
            for name, field in kind.model_fields.items()
            if name not in getattr(kind, "STAMPS", ())
        }
        assert takes.__name__ == kind.__name__
        assert takes.__annotations__.keys() == declared.keys()
        assert takes.__required_keys__ == {name for name, field in declared.items() if field.is_required()}


def test_two_methods_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two methods"):

        @serves(context)
        class Twice:
            calls = Calls()

            def close_visit(self) -> None:
                """In the way."""


# Errors cross the broker as those of our tree.


def crossed(error: BaseException) -> BaseException:
    """What a caller gets: through nameko's own serialisation and JSON."""
    arrived: BaseException = deserialize(json.loads(json.dumps(serialize(Crossing.of(error)))))
    return arrived


@pytest.mark.parametrize(
    "error",
    [
        NotAvailable("No bed is free: ask for another shelter.", rule="bed-is-free"),
        NotFound("There is no such case."),
        DomainError("At most 40.", rule="at-most-forty-guests", most=40),
        WrongExpectedRevision("case-1", 3, 4),
        Invalid("kind: Input should be 'home'.", errors=[{"field": "kind", "rule": "enum", "message": "x"}]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_as_itself(error: ForgetMeNotError) -> None:
    arrived = crossed(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert isinstance(arrived, ForgetMeNotError)
    assert arrived.facts == error.facts


def test_any_other_error_arrives_without_what_it_says() -> None:
    arrived = crossed(ValueError("Ona was seen in Alytus"))
    assert type(arrived) is ForgetMeNotError
    assert "Ona" not in str(arrived)


def test_an_entrypoint_answers_with_what_may_cross() -> None:
    class Consumer:
        def handle_result(self, message: Any, result: Any, exc_info: Any) -> Any:
            return result, exc_info

    entrypoint = DeclaredRpc()
    entrypoint.rpc_consumer = Consumer()
    refused = NotFound("There is no such visit.")
    _, exc_info = entrypoint.handle_result(None, None, None, (NotFound, refused, None))
    assert isinstance(exc_info[1], Crossing)
    assert isinstance(deserialize(serialize(exc_info[1])), NotFound)
    assert entrypoint.handle_result(None, None, {"position": 1}, None) == ({"position": 1}, None)
