"""The read model of the activity report, told in parts: people, money, public work, and the organisation itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from services.analytics.counting import count
from services.analytics.money import Finances
from services.analytics.people import People
from services.analytics.profile import Profile
from services.analytics.public import PublicWork
from services.analytics.report import ActivityReport, ReportActivity, permit_period
from shared.dates import today
from shared.projections.declaration import Asking, answers


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
        return count(self, query, asking, today(self._clock()))
