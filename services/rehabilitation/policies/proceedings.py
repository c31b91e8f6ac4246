"""What events mean for proceedings: counsel's register answers for mandates, and reminders follow hearings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.rehabilitation.centres import IdentifyParties, PartiesIdentified
from services.rehabilitation.counsel import ClientTaken, OpposingClientRefused, ReleaseClient, TakeClient
from services.rehabilitation.proceedings.hearings import (
    HearingAdjourned,
    HearingCancelled,
    HearingHeld,
    HearingMoved,
    HearingScheduled,
    RemindOfHearing,
)
from services.rehabilitation.proceedings.mandate import (
    ConfirmMandate,
    MandateGranted,
    MandateRevoked,
    RefuseMandate,
)
from shared.codec import Recorded
from shared.dates import earliest
from shared.policies import Cancel, Deadline, Policy, Reaction, on

REMIND_DAYS_BEFORE = (7, 1)


class MandatesAreChecked(Policy):
    """A mandate is in force once counsel's register has taken the client, and refused if it has not."""

    name = "mandates_are_checked"

    @on(MandateGranted)
    def granted(self, e: Recorded[MandateGranted]) -> Iterable[Reaction]:
        """First of the one who knows which records are of one person."""
        granted = e.event
        yield IdentifyParties(
            counsel=granted.counsel,
            mandate=granted.mandate,
            proceedings=granted.proceedings,
            client=granted.beneficiary,
            opponents=granted.opponents,
            since=earliest(granted.occurred),
            until=granted.until,
        )

    @on(PartiesIdentified)
    def identified(self, e: Recorded[PartiesIdentified]) -> Iterable[Reaction]:
        """Then of the one who knows all of counsel's clients."""
        parties = e.event
        yield TakeClient(
            counsel=parties.counsel,
            mandate=parties.mandate,
            proceedings=parties.proceedings,
            client=parties.client,
            client_records=parties.client_records,
            opponents=parties.opponent_records,
            since=parties.since,
            until=parties.until,
        )

    @on(ClientTaken)
    def taken(self, e: Recorded[ClientTaken]) -> Iterable[Reaction]:
        """In force."""
        yield ConfirmMandate(proceedings=e.event.proceedings, mandate=e.event.mandate)

    @on(OpposingClientRefused)
    def refused(self, e: Recorded[OpposingClientRefused]) -> Iterable[Reaction]:
        """Another counsel is needed."""
        yield RefuseMandate(proceedings=e.event.proceedings, mandate=e.event.mandate)

    @on(MandateRevoked)
    def revoked(self, e: Recorded[MandateRevoked]) -> Iterable[Reaction]:
        """Counsel is free."""
        yield ReleaseClient(counsel=e.event.counsel, mandate=e.event.mandate)


class HearingsAreRemembered(Policy):
    """Whoever prepares a person is reminded a week and a day before; a hearing that moves takes its reminders along."""

    name = "hearings_are_remembered"

    @on(HearingScheduled, HearingMoved)
    def set(self, e: Recorded[HearingScheduled | HearingMoved]) -> Iterable[Reaction]:
        """Each takes the place of the one for the time before."""
        yield from _reminders(e.event.proceedings, e.event.hearing, e.event.at, e.recorded_at)

    @on(HearingAdjourned)
    def adjourned(self, e: Recorded[HearingAdjourned]) -> Iterable[Reaction]:
        """To another time, or to none yet."""
        if e.event.at:
            yield from _reminders(e.event.proceedings, e.event.hearing, e.event.at, e.recorded_at)
        else:
            yield from _none(e.event.hearing)

    @on(HearingHeld, HearingCancelled)
    def over(self, e: Recorded[HearingHeld | HearingCancelled]) -> Iterable[Reaction]:
        """Nobody is reminded of what is over."""
        yield from _none(e.event.hearing)


def _reminders(proceedings: str, hearing: str, at: datetime, known: datetime) -> Iterable[Reaction]:
    for days in REMIND_DAYS_BEFORE:
        due = at - timedelta(days=days)
        if due > known:
            yield Deadline(
                _key(hearing, days), due, RemindOfHearing(proceedings=proceedings, hearing=hearing, at=at, days=days)
            )
        else:  # nearer than that when it was recorded: whoever recorded it knows
            yield Cancel(_key(hearing, days))


def _none(hearing: str) -> Iterable[Reaction]:
    return [Cancel(_key(hearing, days)) for days in REMIND_DAYS_BEFORE]


def _key(hearing: str, days: int) -> str:
    return f"hearing-{hearing}-{days}"


policies: tuple[Policy, ...] = (MandatesAreChecked(), HearingsAreRemembered())
