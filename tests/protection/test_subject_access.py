"""What a person gets who asks what is held on them: all of it, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from services import cases, protection, rehabilitation
from services.cases.case.intake import Channel, OpenCase
from services.cases.case.record import CaseKind
from services.cases.case.team import AddToTeam
from services.cases.person.names import RegisterPerson
from services.protection.subject_access import ANOTHER, SubjectExport, export
from services.rehabilitation.placement.carrying import BooksCarriedForward, CarriedStay
from services.rehabilitation.placement.record import AgeGroup
from shared.messages import Role
from tests.assembled import Assembled

DAY = "2008-03-01"
SHE, ANOTHER_GUEST, CENTRE = str(uuid4()), str(uuid4()), str(uuid4())


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Assembled]:
    assembled = Assembled(tmp_path, [cases.context, rehabilitation.context, protection.context])
    for person in SHE, ANOTHER_GUEST:
        assembled.send(RegisterPerson(person=person, occurred=DAY), Role.CASEWORKER)
    yield assembled
    assembled.close()


def exported(centre: Assembled) -> SubjectExport:
    return export(centre.store, centre.vault.keys, centre.vault, SHE, lambda place: None)


def test_of_what_is_told_of_all_who_live_in_a_house_only_what_is_about_her_is_given(centre: Assembled) -> None:
    def stay(person: str, bed: str) -> CarriedStay:
        return CarriedStay(stay=str(uuid4()), person=person, bed=bed, since=date(2007, 3, 1))

    books = BooksCarriedForward(
        centre=CENTRE,
        year=2007,
        opened=date(2007, 1, 1),
        capacities={},
        rooms={},
        beds=(),
        stays=(stay(SHE, "1A"), stay(ANOTHER_GUEST, "2B")),
        orders=(),
        ages={SHE: AgeGroup.ADULT, ANOTHER_GUEST: AgeGroup.CHILD},
        kin=(),
        links={},
        tasks=(),
    )
    centre.record(f"placement-{CENTRE}", books)
    (entry,) = [entry for entry in exported(centre).entries if entry.what.endswith("BooksCarriedForward")]
    assert [stay if stay == ANOTHER else stay["bed"] for stay in entry.facts["stays"]] == ["1A", ANOTHER]
    assert entry.facts["ages"] == {SHE: "adult"}
    assert ANOTHER_GUEST not in str(entry)


def test_why_something_was_done_about_her_is_given_and_by_whom_is_not(centre: Assembled) -> None:
    case = str(uuid4())
    opened = OpenCase(case=case, kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=SHE, occurred=DAY)
    centre.send(opened, Role.CASEWORKER)
    joins = AddToTeam(case=case, member="law-2", occurred=DAY)
    centre.send(joins, Role.CASEWORKER, actor="w-7", reason="She asked for a lawyer.")
    told = exported(centre)
    assert [entry.reason for entry in told.entries if entry.what == "cases.TeamJoined"] == ["She asked for a lawyer."]
    assert "She asked for a lawyer." in told.to_text()
    assert "w-7" not in str(told) and "law-2" not in str(told)
