"""By what means, and at what times, somebody can be reached.

Means and times are known to the rules, and so are in the clear. Numbers, addresses and words are sealed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.dates import HERE

END_OF_DAY = time(0)


class ChannelKind(StrEnum):
    """By what means."""

    PHONE = "phone"
    MESSAGE = "message"
    EMAIL = "email"
    POST = "post"
    IN_PERSON = "in_person"
    THROUGH_SOMEBODY = "through_somebody"


SPOKEN = frozenset({ChannelKind.PHONE, ChannelKind.IN_PERSON, ChannelKind.THROUGH_SOMEBODY})
"""Where the code word is said first: before it, nobody knows who is at the other end."""


class Weekday(StrEnum):
    """A day of the week, in the order of `datetime.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEK = tuple(Weekday)


class SafeTime(BaseModel):
    """A time at which somebody can be reached, by the clock of the centre."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[
        tuple[Weekday, ...], Field(min_length=1, max_length=7, description="On which days", examples=[["monday"]])
    ]
    since: Annotated[time, Field(description="From when", examples=["09:00"])]
    until: Annotated[
        time,
        Field(description="Until when, which is too late already; 00:00 is the end of the day", examples=["11:00"]),
    ]

    @model_validator(mode="after")
    def _is_by_one_clock(self) -> SafeTime:
        if self.since.tzinfo or self.until.tzinfo:
            raise ValueError("safe times are by the clock of the centre: leave the offset out")
        if self.until <= self.since and self.until != END_OF_DAY:
            raise ValueError("a safe time ends after it begins: give one that goes over midnight as two")
        return self

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies within it."""
        here = at.astimezone(HERE)
        clock = here.time()
        ends = self.until == END_OF_DAY or clock < self.until
        return WEEK[here.weekday()] in self.days and self.since <= clock and ends


class ContactChannel(BaseModel):
    """One way to reach somebody, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[ChannelKind, Field(description="By what means", examples=["phone"])]
    address: Annotated[
        str, Field(min_length=1, max_length=200, description="Number or address", examples=["+370 600 00000"])
    ]
    times: Annotated[
        tuple[SafeTime, ...], Field(max_length=20, description="When; none: at any time. Nothing goes at another time")
    ] = ()
    hours: Annotated[
        str | None,
        Field(max_length=200, description="What times alone do not say", examples=["only while he is at work"]),
    ] = None


class Way(BaseModel):
    """By what means somebody can be reached, and when: of several numbers, at the times of any."""

    model_config = ConfigDict(frozen=True)

    kind: ChannelKind
    times: tuple[SafeTime, ...] = Field(default=(), description="None: at any time")


class Terms(NamedTuple):
    """On what terms a message can go."""

    by_means: ChannelKind
    times: tuple[SafeTime, ...]  # none: at any time
    say_code_word: bool  # whether one is said first


def ways_of(channels: Iterable[ContactChannel]) -> tuple[Way, ...]:
    """By what means somebody can be reached, each once."""
    times: dict[ChannelKind, list[tuple[SafeTime, ...]]] = {}
    for channel in channels:
        times.setdefault(channel.kind, []).append(channel.times)
    return tuple(
        Way(kind=kind, times=tuple(at for some in each for at in some) if all(each) else ())
        for kind, each in sorted(times.items())
    )


def may_go(times: Iterable[SafeTime], at: datetime) -> bool:
    """Whether an instant is one at which somebody can be reached."""
    agreed = tuple(times)
    return not agreed or any(one.holds(at) for one in agreed)
