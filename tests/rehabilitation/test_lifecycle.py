"""Whatever happens in a programme, in whatever order, what must always hold of it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.rehabilitation.programme import ProgrammeCommands, ProgrammeEvents, programme
from services.rehabilitation.programme.admission import (
    AdmitToProgramme,
    ProgrammeAdmitted,
    ProgrammeRefused,
    RefusalReason,
    RefuseProgramme,
    RequestWithdrawn,
    WithdrawRequest,
)
from services.rehabilitation.programme.ending import (
    BeginReintegration,
    CompleteProgramme,
    FollowedUp,
    FollowUp,
    LeaveProgramme,
    LeavingReason,
    ProgrammeCompleted,
    ProgrammeLeft,
    ReintegrationBegun,
    Situation,
)
from services.rehabilitation.programme.plan import GoalSet, ProgressRecorded, RecordProgress, SetGoal, Step
from services.rehabilitation.programme.record import Programme, ServiceKind, Stage
from services.rehabilitation.programme.services import (
    CorrectService,
    DeliverService,
    RetractService,
    ServiceCorrected,
    ServiceDelivered,
    ServiceRetracted,
)
from shared.decider import Decider
from shared.errors import DomainError
from shared.testing import NOW
from tests.rehabilitation.examples import OTHER, PERSON, PROGRAMME, REQUESTED, an_id

MARKER = "Marker-words"
ProgrammeDecider = Decider[ProgrammeCommands, ProgrammeEvents, Programme]

people = st.sampled_from([PERSON, PERSON, PERSON, OTHER])
goals = st.sampled_from([an_id(70), an_id(71)])
services = st.sampled_from([an_id(80), an_id(81), an_id(82)])
dates = st.sampled_from(["2008-01-20", "2008-02", "2008-03-01", "2008-01-01"])
of_programme = {"programme": st.just(PROGRAMME), "occurred": dates}
words = {"aim": st.just(MARKER)}
service = {
    "service": services,
    "beneficiary": people,
    "kind": st.sampled_from(ServiceKind),
    "minutes": st.integers(0, 60),
    "account": st.just(MARKER),
}
commands: st.SearchStrategy[ProgrammeCommands] = st.one_of(
    st.builds(AdmitToProgramme, **of_programme),
    st.builds(RefuseProgramme, reason=st.sampled_from(RefusalReason), **of_programme),
    st.builds(WithdrawRequest, **of_programme),
    st.builds(
        SetGoal, goal=goals, beneficiary=people, kind=st.just(ServiceKind.SOCIAL), aim=st.just(MARKER), **of_programme
    ),
    st.builds(RecordProgress, goal=goals, beneficiary=people, step=st.sampled_from(Step), **of_programme),
    st.builds(DeliverService, **service, **of_programme),
    st.builds(CorrectService, **service, **of_programme),
    st.builds(RetractService, service=services, programme=st.just(PROGRAMME)),
    st.builds(BeginReintegration, beneficiary=people, **of_programme),
    st.builds(CompleteProgramme, **of_programme),
    st.builds(LeaveProgramme, beneficiary=people, reason=st.sampled_from(LeavingReason), **of_programme),
    st.builds(FollowUp, beneficiary=people, situation=st.sampled_from(Situation), **of_programme),
)
lives = st.lists(commands, min_size=5, max_size=40)


def live(decider: ProgrammeDecider, life: Sequence[ProgrammeCommands]) -> list[ProgrammeEvents]:
    """What comes of a life; refusals name their rule and repeat nothing that was said."""
    history: list[ProgrammeEvents] = [REQUESTED]
    state = decider.fold(history)
    for number, command in enumerate(life):
        try:
            events = decider.decide(command.stamped(UUID(int=number), "w-1", NOW), state)
        except DomainError as refusal:
            assert refusal.facts["rule"]
            assert MARKER not in f"{refusal} {refusal.facts}"
            continue
        state = decider.fold(events, state)
        history += events
    return history


def must_hold(history: Sequence[ProgrammeEvents]) -> None:
    """What is true of every programme, told from its events alone."""
    open_now = ended = settled = reintegrating = False
    pursued: dict[str, bool] = {}
    delivered: dict[str, bool] = {}
    for event in history:
        match event:
            case ProgrammeAdmitted():
                assert not settled, "admitted after it was decided otherwise"
                open_now = settled = True
            case ProgrammeRefused() | RequestWithdrawn():
                assert not settled, "refused after it was decided otherwise"
                settled = True
            case ReintegrationBegun():
                assert open_now and not reintegrating
                reintegrating = True
            case ProgrammeCompleted():
                assert open_now and reintegrating, "completed without reintegration"
                open_now, ended = False, True
            case ProgrammeLeft():
                assert open_now, "left without being there"
                open_now, ended = False, True
            case FollowedUp():
                assert ended, "followed up before the end"
            case GoalSet(goal=goal):
                assert open_now and goal not in pursued
                pursued[goal] = True
            case ProgressRecorded(goal=goal):
                assert open_now and pursued[goal], "progress of a goal that was settled"
                pursued[goal] = event.step is Step.UNDER_WAY
            case ServiceDelivered(service=one):
                assert open_now, "a service while it is not open"
                assert event.beneficiary == PERSON, "a service to somebody else"
                assert one not in delivered, "two services of one id"
                delivered[one] = True
            case ServiceCorrected(service=one):
                assert (open_now or ended) and delivered[one], "corrected what does not stand"
            case ServiceRetracted(service=one):
                assert delivered[one], "retracted twice"
                delivered[one] = False
            case _:
                pass


@given(lives)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_in_a_programme_its_rules_hold(life: list[ProgrammeCommands]) -> None:
    must_hold(live(programme, life))


def services_any_time(command: ProgrammeCommands, state: Programme) -> Sequence[ProgrammeEvents]:
    """A mutant: services need no open programme."""
    open_state = replace(state, stage=Stage.ADMITTED, admitted=state.admitted or "2007")
    return programme.decide(command, open_state if isinstance(command, DeliverService) else state)


def completed_at_once(command: ProgrammeCommands, state: Programme) -> Sequence[ProgrammeEvents]:
    """A mutant: completing needs no reintegration."""
    admitted = isinstance(command, CompleteProgramme) and state.stage is Stage.ADMITTED
    return programme.decide(command, replace(state, stage=Stage.REINTEGRATING) if admitted else state)


def admitted_after_refusal(command: ProgrammeCommands, state: Programme) -> Sequence[ProgrammeEvents]:
    """A mutant: a refusal is forgotten."""
    refused = state.stage is Stage.REFUSED
    return programme.decide(command, replace(state, stage=Stage.REQUESTED) if refused else state)


@pytest.mark.parametrize("mutant", [services_any_time, completed_at_once, admitted_after_refusal])
def test_a_broken_rule_would_be_found(
    mutant: Callable[[ProgrammeCommands, Programme], Sequence[ProgrammeEvents]],
) -> None:
    broken: Any = replace(programme, decide=mutant)

    @given(lives)
    @settings(
        max_examples=10_000,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def lives_of_the_mutant(life: list[ProgrammeCommands]) -> None:
        must_hold(live(broken, life))

    with pytest.raises(AssertionError):
        lives_of_the_mutant()
