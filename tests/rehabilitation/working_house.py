"""A centre at work: the real log, its policies and its deadlines, for what its read models show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest

from services import cases, rehabilitation
from services.gateway.need_to_know import may_see
from services.rehabilitation.placement.house import OpenCentre
from services.rehabilitation.proceedings.hearings import (
    ScheduleHearing,
)
from services.rehabilitation.proceedings.mandate import GrantMandate, OpenProceedings
from services.rehabilitation.proceedings.record import Authority, MandateState, Standing
from services.rehabilitation.projections.court_calendar import CourtCalendar, ShowCourtCalendar
from services.rehabilitation.projections.duty import Duty, ShowDuty
from services.rehabilitation.projections.proceedings import GetProceedings, ProceedingsFile
from services.rehabilitation.rota import PlanShift
from services.rehabilitation.watch.turns import TakeOver
from shared.messages import NOBODY, Origin, Query, Role
from shared.projections.read_models import ReadModels
from tests.assembled import Assembled
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, CENTRE
from tests.rehabilitation.test_tension import NOTE as NOTE_TENSION

TENSION, FILE, OTHER_FILE, MANDATE, OTHER_MANDATE, HEARING, NOTE, ENTRY = (an_id(number) for number in range(80, 88))
NIGHT, DAY, STAND_BY, INCIDENT, CALL = (an_id(number) for number in range(90, 95))
MANAGER, OFFICER, LAWYER, SUPERVISOR = Role.SHELTER_MANAGER, Role.DUTY_OFFICER, Role.LAWYER, Role.SUPERVISOR
AT = datetime(2008, 12, 20, 8, 0, tzinfo=UTC)
NEW_YEAR = datetime(2008, 12, 31, 22, 0, tzinfo=UTC)  # midnight here


class House(Assembled):
    """A centre at work, with what the gateway lets whom see."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [cases.context, rehabilitation.context])
        self.read_models = ReadModels(self.engine, self.projections, self.vault, may_see=may_see)
        self.bus._answer = self.read_models.ask

    def as_actor(self, query: Query[Any], role: Role, actor: str) -> Any:
        self.projector.catch_up()
        return self.bus.ask(query, Origin(actor, frozenset({role}))).answer

    def later(self, now: datetime) -> None:
        """It becomes later; what is due happens."""
        self.settle()
        self.now = now
        self.policies.fire_due(now)
        self.settle()

    def parked(self) -> list[str | None]:
        return [one.rule for status in self.policies.status() for one in status.parked]

    def night(self) -> None:
        """The last night of the year has been watched, and it is morning."""
        starts = NEW_YEAR - timedelta(hours=2)
        self.plan(NIGHT, "w-1", starts)
        self.plan(DAY, "w-2", starts + timedelta(hours=8))
        self.later(starts)
        self.send(TakeOver(post="shelter", year=2008, shift=NIGHT, occurred=starts), OFFICER, actor="w-1")
        self.later(starts + timedelta(hours=8))

    def tension(self) -> None:
        self.send(OpenCentre(centre=CENTRE, code="VNO", occurred=date(2008, 1, 1)), MANAGER)
        self.send(NOTE_TENSION.model_copy(update={"tension": TENSION, "entry": NOBODY}), OFFICER)

    def proceedings(self, file: str = FILE, beneficiary: str = ANNA) -> None:
        opened = OpenProceedings(
            proceedings=file, beneficiary=beneficiary, standing=Standing.VICTIM, court="VNO-1", occurred="2008-05"
        )
        self.send(opened, LAWYER)

    def grant(
        self, file: str, mandate: str, beneficiary: str, *opponents: str, until: date = date(2150, 12, 31)
    ) -> MandateState:
        granted = GrantMandate(
            proceedings=file,
            mandate=mandate,
            beneficiary=beneficiary,
            counsel="l-3",
            scope=(Authority.COURT,),
            opponents=opponents,
            until=until,
            occurred="2008-06-01",
        )
        self.send(granted, LAWYER)
        self.settle()
        return self.file(file).mandates[0].state

    def file(self, file: str = FILE, role: Role = LAWYER) -> ProceedingsFile:
        answer = self.ask(GetProceedings(proceedings=file), role)
        assert isinstance(answer, ProceedingsFile)
        return answer

    def hearing(self, at: datetime = AT, hearing: str = HEARING) -> None:
        schedule = ScheduleHearing(proceedings=FILE, hearing=hearing, at=at, court="VNO-1", occurred="2008-10-01")
        self.send(schedule, LAWYER)

    def calendar(self, **more: Any) -> CourtCalendar:
        answer = self.ask(ShowCourtCalendar(**more), OFFICER)
        assert isinstance(answer, CourtCalendar)
        return answer

    def feed(self, query: Query[str]) -> dict[str, Any]:
        """The events of a feed by UID, as another program reads them."""
        text = self.ask(query, OFFICER)
        assert text.startswith("BEGIN:VCALENDAR\r\n")
        parsed = icalendar.Calendar.from_ical(text)
        assert parsed.errors == []
        return {str(event["uid"]): event for event in parsed.walk("VEVENT")}

    def plan(self, shift: str, worker: str, starts: datetime, hours: int = 8, **more: Any) -> None:
        here = starts + timedelta(hours=2)  # winter
        where = {"post": "shelter", "year": here.year, "month": here.month} | more
        self.send(
            PlanShift(**where, shift=shift, worker=worker, starts=starts, ends=starts + timedelta(hours=hours)), MANAGER
        )

    def duty(self, at: datetime, since: date = date(2008, 12, 31), until: date = date(2009, 1, 1)) -> Duty:
        answer = self.ask(ShowDuty(post="shelter", since=since, until=until, at=at), OFFICER)
        assert isinstance(answer, Duty)
        return answer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.close()
