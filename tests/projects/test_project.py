"""The life and the work of a project, and the numbers of a year."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.projects.project import project
from services.projects.project.life import (
    ApproveProject,
    CancelProject,
    CompleteProject,
    CorrectProject,
    CorrectProjectStart,
    ProjectApproved,
    ProjectCancelled,
    ProjectCompleted,
    ProjectCorrected,
    ProjectProposed,
    ProjectRejected,
    ProjectStartCorrected,
    ProjectStarted,
    ProposeProject,
    RejectProject,
    StartProject,
)
from services.projects.project.work import (
    AssignStaff,
    DefineIndicator,
    IndicatorDefined,
    JoinPartner,
    PartnerJoined,
    PartnerLeft,
    PartPartner,
    Precision,
    RecordResult,
    ReleaseStaff,
    ResultRecorded,
    ResultRetracted,
    RetractResult,
    StaffAssigned,
    StaffReleased,
)
from services.projects.register import (
    NumberProject,
    NumberWithdrawn,
    ProjectNumbered,
    WithdrawNumber,
    register,
)
from shared.messages import Command, Event
from shared.testing import given
from tests.projects.examples import PARTNER, PROJECT

RESULT = "3c1f5b7d-9e24-4a68-b0c2-6d8e1f3a5b79"
ABOUT: dict[str, Any] = {
    "project": PROJECT,
    "title": "A safe start",
    "programme": "Girl power",
    "objectives": ("Work",),
}

proposed = ProjectProposed(**ABOUT, occurred="2007-10")
approved = ProjectApproved(project=PROJECT, occurred="2007-12")
rejected = ProjectRejected(project=PROJECT, occurred="2007-12")
started = ProjectStarted(project=PROJECT, year=2008, occurred="2008-01-15")
completed = ProjectCompleted(project=PROJECT, occurred="2008-09-30")
cancelled = ProjectCancelled(project=PROJECT, occurred="2008-05")

approve = ApproveProject(project=PROJECT, occurred="2007-12")
reject = RejectProject(project=PROJECT, occurred="2007-12")
start = StartProject(project=PROJECT, occurred="2008-01-15")
complete = CompleteProject(project=PROJECT, occurred="2008-09-30")
cancel = CancelProject(project=PROJECT, occurred="2008-05")
correct = CorrectProjectStart(project=PROJECT, occurred="2007-12-20")

RUNNING = (proposed, approved, started)


def test_a_project_is_proposed_approved_started_and_completed() -> None:
    given(project).when(ProposeProject(**ABOUT, occurred="2007-10")).then(proposed)
    given(project, proposed).when(approve).then(approved)
    given(project, proposed, approved).when(start).then(started)
    given(project, *RUNNING).when(complete).then(completed)


def test_a_project_is_proposed_once() -> None:
    given(project, proposed).when(ProposeProject(**ABOUT, occurred="2007-10")).refused("conflict")


def test_what_was_recorded_of_a_project_is_corrected() -> None:
    other = {**ABOUT, "title": "A safer start"}
    given(project, proposed).when(CorrectProject(**other)).then(ProjectCorrected(**other))
    given(project, proposed).when(CorrectProject(**ABOUT)).then()
    given(project, proposed, ProjectCorrected(**other)).when(CorrectProject(**other)).then()


def test_a_proposed_project_may_be_rejected() -> None:
    given(project, proposed).when(reject).then(rejected)


@pytest.mark.parametrize("history", [(proposed,), (proposed, approved), RUNNING])
def test_a_project_that_is_not_over_may_be_cancelled(history: tuple[Event, ...]) -> None:
    given(project, *history).when(cancel).then(cancelled)


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((proposed,), start),
        ((proposed,), complete),
        ((proposed, approved), approve),
        ((proposed, approved), reject),
        ((proposed, rejected), approve),
        ((proposed, rejected), cancel),
        (RUNNING, start),
        ((*RUNNING, completed), complete),
        ((*RUNNING, completed), cancel),
        ((*RUNNING, cancelled), complete),
        ((proposed, approved), correct),
    ],
)
def test_a_step_out_of_order_is_refused(history: tuple[Event, ...], command: Command) -> None:
    given(project, *history).when(command).refused("project-in-order")


def test_a_step_is_not_before_the_one_that_it_follows() -> None:
    early = StartProject(project=PROJECT, occurred="2007-11-30")
    given(project, proposed, approved).when(early).refused("steps-in-order")


def test_steps_whose_order_is_not_known_for_sure_are_taken() -> None:
    assert given(project, proposed, approved).when(StartProject(project=PROJECT, occurred="2007")).events


def test_a_step_has_happened() -> None:
    given(project, proposed, approved).when(StartProject(project=PROJECT, occurred="2008-10-03")).refused(
        "not-in-the-future"
    )
    given(project).when(ProposeProject(**ABOUT, occurred="2009")).refused("not-in-the-future")


def test_a_project_counts_in_the_one_year_it_started() -> None:
    only_the_year = StartProject(project=PROJECT, occurred="2008")
    given(project, proposed, approved).when(only_the_year).then(started.model_copy(update={"occurred": "2008"}))
    either = StartProject(project=PROJECT, occurred="2007-12/2008-01")
    given(project, proposed, approved).when(either).refused("start-in-one-year")


def test_a_start_that_was_recorded_wrongly_is_put_right() -> None:
    corrected = ProjectStartCorrected(project=PROJECT, year=2007, year_before=2008, occurred="2007-12-20")
    given(project, *RUNNING).when(correct).then(corrected)
    given(project, *RUNNING, completed).when(correct).then(corrected)
    given(project, *RUNNING, corrected).when(correct).then()


def test_a_corrected_start_has_happened() -> None:
    given(project, *RUNNING).when(CorrectProjectStart(project=PROJECT, occurred="2008-12")).refused("not-in-the-future")


def test_the_year_gives_a_started_project_its_next_number() -> None:
    first = ProjectNumbered(year=2008, project=PARTNER, number=1)
    ask = NumberProject(year=2008, project=PROJECT)
    given(register, first).when(ask).then(ProjectNumbered(year=2008, project=PROJECT, number=2))


def test_a_project_has_one_number_in_a_year() -> None:
    numbered = ProjectNumbered(year=2008, project=PROJECT, number=1)
    given(register, numbered).when(NumberProject(year=2008, project=PROJECT)).then()


def test_a_withdrawn_number_is_not_given_again() -> None:
    numbered = ProjectNumbered(year=2008, project=PROJECT, number=1)
    withdrawn = NumberWithdrawn(year=2008, project=PROJECT, number=1)
    withdraw = WithdrawNumber(year=2008, project=PROJECT)
    given(register, numbered).when(withdraw).then(withdrawn)
    given(register, numbered, withdrawn).when(withdraw).then()
    given(register, numbered, withdrawn).when(NumberProject(year=2008, project=PARTNER)).then(
        ProjectNumbered(year=2008, project=PARTNER, number=2)
    )


INDICATOR: dict[str, Any] = {
    "project": PROJECT,
    "indicator": "trained",
    "text": "Women in vocational training",
    "unit": "persons",
    "target": Decimal(12),
}
define = DefineIndicator(**INDICATOR)
defined = IndicatorDefined(**INDICATOR)
REACHED: dict[str, Any] = {
    "project": PROJECT,
    "result": RESULT,
    "indicator": "trained",
    "value": Decimal(11),
    "precision": Precision.APPROXIMATE,
    "occurred": "2008-09",
}
result = ResultRecorded(**REACHED)


def test_an_indicator_is_defined_with_its_target_and_defined_anew_with_another() -> None:
    given(project, proposed).when(define).then(defined)
    given(project, proposed, defined).when(define).then()
    more = {**INDICATOR, "target": Decimal(15)}
    given(project, *RUNNING, defined).when(DefineIndicator(**more)).then(IndicatorDefined(**more))
    given(project, *RUNNING, completed).when(define).refused("project-in-order")


def test_a_result_is_recorded_with_how_sure_it_is() -> None:
    given(project, *RUNNING, defined).when(RecordResult(**REACHED)).then(result)
    given(project, *RUNNING, defined, completed).when(RecordResult(**REACHED)).then(result)


def test_a_result_is_of_an_indicator_that_is_defined() -> None:
    given(project, *RUNNING).when(RecordResult(**REACHED)).refused("indicator-is-defined")


def test_a_project_has_results_once_it_runs() -> None:
    given(project, proposed, defined).when(RecordResult(**REACHED)).refused("project-in-order")


def test_a_result_has_been_reached() -> None:
    later = {**REACHED, "occurred": "2009"}
    given(project, *RUNNING, defined).when(RecordResult(**later)).refused("not-in-the-future")


def test_a_result_recorded_in_error_is_taken_back_once() -> None:
    retract = RetractResult(project=PROJECT, result=RESULT)
    retracted = ResultRetracted(project=PROJECT, result=RESULT)
    given(project, *RUNNING, defined, result).when(retract).then(retracted)
    given(project, *RUNNING, defined, result, retracted).when(retract).then()


def test_staff_are_assigned_and_released_by_pseudonym() -> None:
    assign = AssignStaff(project=PROJECT, staff="w-7", task="social worker", occurred="2008-01")
    assigned = StaffAssigned(project=PROJECT, staff="w-7", task="social worker", occurred="2008-01")
    let_go = ReleaseStaff(project=PROJECT, staff="w-7", occurred="2008-05")
    released = StaffReleased(project=PROJECT, staff="w-7", occurred="2008-05")
    given(project, *RUNNING).when(assign).then(assigned)
    given(project, *RUNNING, assigned).when(assign).then()
    given(project, *RUNNING, assigned).when(let_go).then(released)
    given(project, *RUNNING, assigned, released).when(let_go).then()
    given(project, proposed).when(assign).refused("project-in-order")


def test_partners_join_and_leave() -> None:
    join = JoinPartner(project=PROJECT, partner=PARTNER, part="training places", occurred="2008-01")
    joined = PartnerJoined(project=PROJECT, partner=PARTNER, part="training places", occurred="2008-01")
    leave = PartPartner(project=PROJECT, partner=PARTNER, occurred="2008-05")
    left = PartnerLeft(project=PROJECT, partner=PARTNER, occurred="2008-05")
    given(project, proposed).when(join).then(joined)
    given(project, proposed, joined).when(join).then()
    given(project, proposed, joined).when(leave).then(left)
    given(project, proposed, joined, left).when(leave).then()
    given(project, *RUNNING, completed).when(join).refused("project-in-order")


@pytest.mark.parametrize(
    "command",
    [
        CorrectProject(**ABOUT),
        approve,
        reject,
        start,
        correct,
        complete,
        cancel,
        define,
        RecordResult(**REACHED),
        RetractResult(project=PROJECT, result=RESULT),
        ReleaseStaff(project=PROJECT, staff="w-7", occurred="2008-05"),
        PartPartner(project=PROJECT, partner=PARTNER, occurred="2008-05"),
    ],
)
def test_a_project_must_have_been_proposed(command: Command) -> None:
    given(project).when(command).refused("not-found")
