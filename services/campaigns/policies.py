"""What happened, and what this context does about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

from services.campaigns.advocacy import AdvocacyConcluded
from services.campaigns.campaign.planning import CampaignDrafted, DraftCommemoration
from shared.codec import Recorded
from shared.dates import HERE, earliest
from shared.policies import Deadline, Policy, on

MORNING = time(9, tzinfo=HERE)


class ObservanceIsKept(Policy):
    """An outcome with an observance puts next year's commemoration on the calendar, and each year's puts the next."""

    name = "observance_is_kept"

    @on(AdvocacyConcluded)
    def draft_next_year(self, e: Recorded[AdvocacyConcluded]) -> Iterable[DraftCommemoration]:
        """A draft for the year after the outcome."""
        if kept := e.event.observance:
            year = earliest(e.event.occurred).year + 1
            yield DraftCommemoration(
                campaign=commemoration_id(kept.observance, year),
                title=kept.name,
                aim=kept.aim,
                planned_for=date(year, kept.month, kept.day).isoformat(),
                observance=kept.observance,
                occurred=e.event.occurred,
            )

    @on(CampaignDrafted)
    def draft_the_year_after(self, e: Recorded[CampaignDrafted]) -> Iterable[Deadline]:
        """Once the day has passed, a draft for the year after it, whatever became of this one."""
        day = earliest(e.event.planned_for)
        due = datetime.combine(day + timedelta(days=1), MORNING)
        following = DraftCommemoration(
            campaign=commemoration_id(e.event.observance, day.year + 1),
            title=e.event.title,
            aim=e.event.aim,
            planned_for=day.replace(year=day.year + 1).isoformat(),
            observance=e.event.observance,
            occurred=due.date().isoformat(),
        )
        yield Deadline(f"commemoration/{following.campaign}", due, following)


def commemoration_id(observance: str, year: int) -> str:
    """One commemoration of an observance a year, however often it is asked for: its id follows from both."""
    return str(uuid5(UUID(observance), str(year)))
