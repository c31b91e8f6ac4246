"""Hearings: reminders that follow them, the court calendar, and its feed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.rehabilitation.proceedings.hearings import (
    AdjournHearing,
    CancelHearing,
    MoveHearing,
    RecordHearingHeld,
)
from services.rehabilitation.proceedings.record import HearingState
from services.rehabilitation.projections.court_calendar import ShowCourtFeed
from shared.errors import Invalid
from shared.messages import Command
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA
from tests.rehabilitation.working_house import AT, FILE, HEARING, LAWYER, OFFICER, House
from tests.rehabilitation.working_house import house as house


def test_reminders_follow_a_hearing_that_moves(house: House) -> None:
    house.proceedings()
    house.hearing()
    house.later(AT - timedelta(days=7))
    assert house.calendar().hearings[0].reminded == 7
    later = AT + timedelta(days=30)
    house.send(MoveHearing(proceedings=FILE, hearing=HEARING, at=later, occurred="2008-12-13"), LAWYER)
    house.later(AT - timedelta(days=1))
    assert house.calendar().hearings[0].reminded is None
    house.later(later - timedelta(days=7))
    house.later(later - timedelta(days=1))
    assert house.calendar().hearings[0].reminded == 1
    reminders = [event for event in house.store.read_stream(f"proceedings-{FILE}") if "Reminded" in event.type]
    assert len(reminders) == 3


def test_a_hearing_that_is_recorded_late_is_reminded_of_only_if_there_is_time(house: House) -> None:
    house.proceedings()
    house.now = AT - timedelta(days=3)
    house.hearing()
    house.hearing(AT - timedelta(days=30), an_id(97))
    house.later(house.now)
    assert [one.reminded for one in house.calendar().hearings] == [None, None]
    house.later(AT - timedelta(days=1))
    assert [one.reminded for one in house.calendar().hearings] == [None, 1]
    house.later(AT)
    reminders = [event for event in house.store.read_stream(f"proceedings-{FILE}") if "Reminded" in event.type]
    assert len(reminders) == 1


def test_another_courtroom_at_the_same_time_reminds_nobody_twice(house: House) -> None:
    house.proceedings()
    house.hearing()
    house.later(AT - timedelta(days=5))
    house.send(MoveHearing(proceedings=FILE, hearing=HEARING, at=AT, court="KNS-2", occurred="2008-12-15"), LAWYER)
    house.later(AT - timedelta(days=4))
    (shown,) = house.calendar().hearings
    assert (shown.court, shown.reminded, shown.sequence) == ("KNS-2", 7, 1)
    reminders = [event for event in house.store.read_stream(f"proceedings-{FILE}") if "Reminded" in event.type]
    assert len(reminders) == 1


def test_nobody_is_reminded_of_a_hearing_that_is_over_or_has_no_day(house: House) -> None:
    house.proceedings()
    house.hearing()
    house.hearing(hearing=an_id(97))
    house.send(CancelHearing(proceedings=FILE, hearing=HEARING, occurred="2008-11-01"), LAWYER)
    house.send(AdjournHearing(proceedings=FILE, hearing=an_id(97), occurred="2008-11-01"), LAWYER)
    house.later(AT)
    assert [one.reminded for one in house.calendar().hearings] == [None, None]


def test_the_court_calendar_is_in_the_order_of_time_and_paged(house: House) -> None:
    house.proceedings()
    for number, days_later in enumerate((5, 0, 0)):
        house.hearing(AT + timedelta(days=days_later), an_id(200 + number))
    first = house.calendar(limit=1)
    second = house.calendar(limit=1, after=first.next)
    third = house.calendar(limit=1, after=second.next)
    shown = [one.hearings[0].hearing for one in (first, second, third)]
    assert (shown, third.next) == ([an_id(201), an_id(202), an_id(200)], None)
    assert len(house.calendar(since=date(2008, 12, 21)).hearings) == 1
    assert len(house.calendar(until=date(2008, 12, 20)).hearings) == 2
    assert house.calendar(state=HearingState.HELD).hearings == ()
    with pytest.raises(Invalid):
        house.calendar(after="nonsense")


def test_a_hearing_that_moves_keeps_its_uid_and_its_sequence_grows(house: House) -> None:
    house.proceedings()
    house.hearing()
    feed = ShowCourtFeed(since=date(2008, 1, 1))
    (uid,) = house.feed(feed)
    seen = [house.feed(feed)[uid]]
    changes: list[Command] = [
        MoveHearing(proceedings=FILE, hearing=HEARING, at=AT + timedelta(days=1), occurred="2008-11-01"),
        AdjournHearing(proceedings=FILE, hearing=HEARING, occurred="2008-11-02"),
        MoveHearing(proceedings=FILE, hearing=HEARING, at=AT, court="KNS-2", occurred="2008-11-03"),
    ]
    for command in changes:
        house.send(command, LAWYER)
        seen.append(house.feed(feed)[uid])
    assert [int(event["sequence"]) for event in seen] == [0, 1, 2, 3]
    assert [str(event["status"]) for event in seen] == ["CONFIRMED", "CONFIRMED", "CANCELLED", "CONFIRMED"]
    assert [event.decoded("dtstart") for event in seen] == [AT, AT + timedelta(days=1), AT + timedelta(days=1), AT]
    assert [str(event["location"]) for event in seen] == ["VNO-1", "VNO-1", "VNO-1", "KNS-2"]
    house.now = AT + timedelta(hours=2)
    held = RecordHearingHeld(
        proceedings=FILE, hearing=HEARING, beneficiary=ANNA, attended=True, account="In words.", occurred="2008-12-20"
    )
    house.send(held, LAWYER)
    assert int(house.feed(feed)[uid]["sequence"]) == 4


def test_a_calendar_says_nothing_of_anybody(house: House) -> None:
    house.proceedings()
    house.hearing()
    text = house.ask(ShowCourtFeed(since=date(2008, 1, 1)), OFFICER)
    assert ANNA not in text
    assert {name.split(":")[0] for name in text.split("\r\n") if name} == {
        "BEGIN", "VERSION", "PRODID", "X-WR-CALNAME", "UID", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY",
        "SEQUENCE", "STATUS", "CLASS", "LOCATION", "END",
    }  # fmt: skip
    assert "SUMMARY:Hearing P-00000000\r\n" in text


def test_a_feed_leaves_out_what_is_long_past(house: House) -> None:
    house.proceedings()
    house.hearing()
    assert house.feed(ShowCourtFeed()) == {}
