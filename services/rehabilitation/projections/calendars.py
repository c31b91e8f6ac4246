"""Calendars as iCalendar (RFC 5545): codes in place of names, no address, and the same UID wherever an event moves to.

SEQUENCE counts the changes, so that a calendar that has an older version of an event takes the newer one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from icalendar import Calendar, Event, Timezone

from shared.dates import HERE

PRODUCER = "-//Forget-me-not//Rehabilitation//EN"
MEDIA_TYPE = "text/calendar; charset=utf-8"


class CalendarEvent(NamedTuple):
    """One event of a feed."""

    id: str  # of the thing itself: it survives a move
    summary: str
    starts: datetime
    ends: datetime
    sequence: int
    changed: datetime
    cancelled: bool = False
    location: str | None = None


def calendar(name: str, events: Iterable[CalendarEvent]) -> str:
    """The text of a feed."""
    feed = Calendar()
    feed.add("prodid", PRODUCER)
    feed.add("version", "2.0")
    feed.add("x-wr-calname", name)
    for one in events:
        event = Event()
        event.add("uid", f"{one.id}@forget-me-not")
        event.add("dtstamp", one.changed)
        event.add("last-modified", one.changed)
        event.add("dtstart", one.starts)
        event.add("dtend", one.ends)
        event.add("summary", one.summary)
        event.add("sequence", one.sequence)
        event.add("status", "CANCELLED" if one.cancelled else "CONFIRMED")
        event.add("class", "CONFIDENTIAL")
        if one.location:
            event.add("location", one.location)
        feed.add_component(event)
    if not feed.subcomponents:  # a calendar holds at least one component (section 3.6); where nothing is, the time zone
        feed.add_component(Timezone.from_tzid(HERE.key))
    text: bytes = feed.to_ical()
    return text.decode()
