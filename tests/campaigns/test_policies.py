"""An observance is kept every year."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.campaigns.advocacy import (
    ActionKind,
    BeginAdvocacy,
    ConcludeAdvocacy,
    RecordAdvocacyAction,
    Result,
)
from services.campaigns.campaign.state import Status
from services.campaigns.projections.questions import CampaignCalendar
from shared.messages import Role
from tests.assembled import Assembled
from tests.campaigns.examples import ACT, ADVOCACY, MISSING_CHILDRENS_DAY, OBSERVANCE, SEIMAS

DECADES = CampaignCalendar(since=date(2008, 1, 1), until=date(2030, 12, 31))


def recognise(centre: Assembled, *, with_observance: bool = True) -> None:
    observance = MISSING_CHILDRENS_DAY if with_observance else None
    for command in (
        BeginAdvocacy(advocacy=ADVOCACY, title="25 May", objective="Recognised", addressee=SEIMAS, occurred="2007"),
        RecordAdvocacyAction(advocacy=ADVOCACY, kind=ActionKind.LETTER, occurred="2007-11"),
        ConcludeAdvocacy(
            advocacy=ADVOCACY, outcome=Result.ADOPTED, legal_act=ACT, observance=observance, occurred="2008"
        ),
    ):
        centre.send(command, Role.CAMPAIGNER)
    centre.settle()


def days(centre: Assembled) -> list[str]:
    return [one.planned_for for one in centre.ask(DECADES, Role.CAMPAIGNER).campaigns]


def test_an_observance_puts_next_years_commemoration_on_the_calendar_as_a_draft(centre: Assembled) -> None:
    recognise(centre)
    (draft,) = centre.ask(DECADES, Role.CAMPAIGNER).campaigns
    assert (draft.planned_for, draft.status, draft.observance) == ("2009-05-25", Status.DRAFT, OBSERVANCE)
    assert draft.title == "International Missing Children's Day"


def test_an_outcome_without_an_observance_drafts_nothing(centre: Assembled) -> None:
    recognise(centre, with_observance=False)
    assert days(centre) == []


def test_once_the_day_has_passed_the_next_year_is_drafted(centre: Assembled) -> None:
    recognise(centre)
    assert centre.policies.fire_due(datetime(2009, 5, 25, 12, tzinfo=UTC)) == 0
    centre.now = datetime(2009, 5, 26, 12, tzinfo=UTC)
    assert centre.policies.fire_due(centre.now) == 1
    centre.settle()
    assert days(centre) == ["2009-05-25", "2010-05-25"]


def test_years_that_were_over_when_a_history_was_loaded_are_left_out(centre: Assembled) -> None:
    centre.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    recognise(centre)
    assert centre.policies.fire_due(centre.now) == 1
    centre.settle()
    assert days(centre) == ["2009-05-25", "2026-05-25"]
