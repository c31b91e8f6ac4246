"""`forgetmenot rehabilitation` over a whole installation: what a person at the desk reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from typer.testing import CliRunner, Result

from services.gateway.cli.rehabilitation import app
from services.gateway.installation import Installation
from services.rehabilitation.placement.house import AddRoom, AddShelter, OpenCentre
from services.rehabilitation.placement.record import AgeGroup
from services.rehabilitation.placement.stays import CheckIn
from services.rehabilitation.proceedings.hearings import ScheduleHearing
from services.rehabilitation.proceedings.mandate import OpenProceedings
from services.rehabilitation.proceedings.record import Standing
from services.rehabilitation.rota import PlanShift
from services.rehabilitation.watch.turns import HandOver, TakeOver
from shared.errors import NotAvailable
from shared.messages import Command, Origin, Role
from shared.settings import Settings
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, BERTA, CENTRE, OTHER_STAY, STAY

DAY, NIGHT = date(2008, 9, 1), datetime(2008, 10, 25, 17, 0, tzinfo=UTC)  # 20:00 here, before clocks are put back
FILE, HEARING, SHIFT = (an_id(number) for number in (300, 301, 302))
HOUSE = {"centre": CENTRE, "occurred": DAY}
SHIFT_PLAN = {"post": "shelter", "year": 2008, "shift": SHIFT}
KNOWN: tuple[tuple[Command, Role], ...] = (
    (OpenCentre(**HOUSE, code="VNO"), Role.SHELTER_MANAGER),
    (AddShelter(**HOUSE, shelter="A", capacity=5), Role.SHELTER_MANAGER),
    (AddRoom(**HOUSE, shelter="A", room="A1", beds=("A1-1", "A1-2")), Role.SHELTER_MANAGER),
    (
        CheckIn(**HOUSE, stay=STAY, person=ANNA, bed="A1-1", age=AgeGroup.ADULT, until=DAY + timedelta(days=1)),
        Role.DUTY_OFFICER,
    ),
    (OpenProceedings(proceedings=FILE, beneficiary=ANNA, standing=Standing.VICTIM, occurred="2008-05"), Role.LAWYER),
    (
        ScheduleHearing(
            proceedings=FILE,
            hearing=HEARING,
            at=datetime(2008, 11, 5, 8, 0, tzinfo=UTC),
            court="VNO-1",
            occurred="2008-10-01",
        ),
        Role.LAWYER,
    ),
    (
        PlanShift(**SHIFT_PLAN, month=10, worker="w-1", starts=NIGHT, ends=NIGHT + timedelta(hours=13)),
        Role.SHELTER_MANAGER,
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("house")
    with Installation(Settings(data_dir=made)) as installation:
        bus = installation.bus()

        def send(command: Command, role: Role) -> None:
            bus.send(command, Origin("w-1", frozenset({role}), synthetic=True), command_id=uuid4())

        for command, role in KNOWN:
            send(command, role)
        with pytest.raises(NotAvailable):
            taken = CheckIn(**HOUSE, stay=OTHER_STAY, person=BERTA, bed="A1-1", age=AgeGroup.ADULT)
            send(taken, Role.DUTY_OFFICER)
        installation.policy_runner().catch_up()
        send(TakeOver(**SHIFT_PLAN, occurred=NIGHT), Role.DUTY_OFFICER)
        over = HandOver(**SHIFT_PLAN, summary="The yard door does not lock.", occurred=NIGHT + timedelta(hours=9))
        send(over, Role.DUTY_OFFICER)
    return made


def run(folder: Path, *arguments: str) -> Result:
    environment = {"DATA_DIR": str(folder), "COLUMNS": "180"}
    shown = CliRunner().invoke(app, [*arguments, "--actor", "d-1"], env=environment)
    assert shown.exit_code == 0, shown.output
    return shown


def test_occupancy_shows_who_sleeps_where_and_more_to_those_who_may_know(folder: Path) -> None:
    told = run(folder, "occupancy", CENTRE, "--on", "2008-09-03").stdout
    assert ANNA in told and "overdue" in told and "A: 1 people\n" in told
    known = run(folder, "occupancy", CENTRE, "--on", "2008-09-03", "--role", "shelter_manager").stdout
    assert "A: 1 people of at most 5; beds to be had: 1\n" in known
    assert orjson.loads(run(folder, "occupancy", CENTRE, "--on", "2008-08-01", "--json").stdout)["people"] == 0


def test_centres_are_found_by_their_code(folder: Path) -> None:
    shown = run(folder, "centres").stdout
    assert "VNO" in shown and CENTRE in shown


def test_who_needs_a_bed_is_shown_and_why_to_those_who_may_know(folder: Path) -> None:
    assert "taken" not in run(folder, "bed-tasks").stdout
    known = run(folder, "bed-tasks", "--role", "supervisor").stdout
    assert BERTA in known and "taken" in known


def test_the_court_calendar_is_by_the_clock_here_and_in_codes(folder: Path) -> None:
    shown = run(folder, "court-calendar", "--since", "2008-11-01").stdout
    assert "2008-11-05 10:00 +0200" in shown and "P-00000000" in shown and ANNA not in shown


def test_duty_names_every_uncovered_minute_of_a_night_in_which_an_hour_comes_twice(folder: Path) -> None:
    of_the_night = ("--since", "2008-10-25", "--until", "2008-10-26", "--at", "2008-10-26T04:30:00+02:00")
    shown = run(folder, "duty", "shelter", *of_the_night).stdout
    assert "w-1 since 2008-10-25 20:00 +0300" in shown
    assert "2008-10-26 08:00 +0200" in shown
    assert "of 2,940 minutes uncovered" in shown
    assert "w-1 handed over 2008-10-26 04:00 +0200, nobody has taken over yet: The yard door does not lock." in shown
    told = orjson.loads(run(folder, "duty", "shelter", *of_the_night, "--json").stdout)
    assert [gap["minutes"] for gap in told["gaps"]] == [20 * 60, 16 * 60]


def test_services_and_beneficiaries_of_a_year_are_counted(folder: Path) -> None:
    year = ("--since", "2008-01-01", "--until", "2008-12-31")
    services = run(folder, "services", *year).stdout
    assert "Services delivered, 2008-01-01 to 2008-12-31" in services and "together" in services
    people = run(folder, "beneficiaries", *year).stdout
    assert "victims of trafficking" in people
    assert orjson.loads(run(folder, "beneficiaries", *year, "--json").stdout)["trafficking_victims"] == 0
