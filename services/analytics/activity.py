"""The read model of the activity report, told in parts: people, money, public work, and the organisation itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from services.analytics.counting import count
from services.analytics.money import Finances
from services.analytics.people import People
from services.analytics.profile import Profile
from services.analytics.public import PublicWork
from services.analytics.report import ActivityReport, ReportActivity, permit_period
from shared.dates import today
from shared.projections.declaration import Asking, answers

log = structlog.get_logger()


class Activity(People, Finances, PublicWork, Profile):
    """The figures of the activity report, for any period."""

    name = "activity"
    version = 4

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    @answers(ReportActivity)
    def report(self, query: ReportActivity, asking: Asking) -> ActivityReport:
        """The report of one period."""
        permit_period(query, asking.origin)
        if not query.whole_years:  # figures of two such periods may tell of a day: who asked for which is on record
            log.info(
                "a report of other than whole years",
                actor=asking.origin.actor,
                first=query.first.isoformat(),
                last=query.last.isoformat(),
            )
        return count(self, query, asking, today(self._clock()))
