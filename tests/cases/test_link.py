"""Records of one person are linked, never merged."""

from __future__ import annotations

from services.cases.link import LinkRecords, RecordsLinked, RecordsUnlinked, UnlinkRecords, link
from shared.testing import given
from tests.cases.examples import DAY, PERSON, SISTER, an_id

LINK = an_id(90)
LINKED = RecordsLinked(link=LINK, first=PERSON, second=SISTER, grounds="Same passport.", occurred=DAY)
UNLINKED = RecordsUnlinked(link=LINK, first=PERSON, second=SISTER, occurred=DAY)


def linking(**changes: str) -> LinkRecords:
    stated = {"link": LINK, "first": PERSON, "second": SISTER, "grounds": "Same passport.", "occurred": DAY}
    return LinkRecords.model_validate(stated | changes)


def test_two_records_of_one_person_are_linked() -> None:
    given(link).when(linking()).then(LINKED)


def test_a_link_is_made_once() -> None:
    given(link, LINKED).when(linking()).refused("linked-once")
    given(link, LINKED, UNLINKED).when(linking()).refused("linked-once")


def test_a_record_is_not_linked_with_itself() -> None:
    given(link).when(linking(second=PERSON)).refused("two-records")


def test_a_link_is_not_of_tomorrow() -> None:
    given(link).when(linking(occurred="2008-10-03")).refused("not-in-the-future")


def test_a_link_is_dissolved_once() -> None:
    dissolution = UnlinkRecords(link=LINK, occurred=DAY)
    given(link, LINKED).when(dissolution).then(UNLINKED)
    given(link, LINKED, UNLINKED).when(dissolution).then()
    given(link).when(dissolution).refused("not-found")
