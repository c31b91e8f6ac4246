"""Help in a call counts as a service; as a person only who said who they are, and each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from services import analytics, cases, rehabilitation
from services.analytics.report import ReportActivity
from services.cases.contact import ContactSupportRetracted, CrisisSupportGiven
from services.rehabilitation.projections.assistance import CountBeneficiaries, ListServicesDelivered
from shared.messages import Role
from tests.assembled import Assembled
from tests.cases.examples import an_id
from tests.cases.test_contact import ANONYMOUS, CONTACT, HELPED

YEAR = {"since": date(2008, 1, 1), "until": date(2008, 12, 31)}


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Assembled]:
    opened = Assembled(tmp_path, [cases.context, rehabilitation.context, analytics.context])
    yield opened
    opened.close()


def helped(centre: Assembled, number: int, person: str | None) -> CrisisSupportGiven:
    given = HELPED.model_copy(update={"support": an_id(400 + number), "person": person})
    centre.record(f"contact-{CONTACT}", given)
    return given


def services(centre: Assembled) -> int:
    answer: int = centre.ask(ListServicesDelivered(**YEAR), Role.CASEWORKER).services
    return answer


def family_members(centre: Assembled) -> int:
    answer: int = centre.ask(CountBeneficiaries(**YEAR), Role.CASEWORKER).family_members_supported
    return answer


def test_an_anonymous_caller_is_a_service_and_no_person(centre: Assembled) -> None:
    centre.record(f"contact-{CONTACT}", ANONYMOUS)
    helped(centre, 0, None)
    helped(centre, 1, an_id(300))
    helped(centre, 2, an_id(300))
    assert (services(centre), family_members(centre)) == (3, 1)


def test_help_that_was_taken_back_does_not_count(centre: Assembled) -> None:
    given = helped(centre, 0, an_id(300))
    centre.record(f"contact-{CONTACT}", ContactSupportRetracted(contact=CONTACT, support=given.support))
    assert (services(centre), family_members(centre)) == (0, 0)


def test_the_activity_report_counts_calls_in_the_same_way(centre: Assembled) -> None:
    for number in range(12):
        helped(centre, number, an_id(300 + number))
    taken_back = helped(centre, 12, an_id(350))
    centre.record(f"contact-{CONTACT}", ContactSupportRetracted(contact=CONTACT, support=taken_back.support))
    for number in range(20, 35):
        helped(centre, number, None)
    report = centre.ask(ReportActivity.model_validate({"from": "2008-01-01", "to": "2008-12-31"}), Role.ANALYST)
    assert report.family_members_supported == 12
    assert report.services_by_kind["crisis"] == 27
