"""What happened, and what this context does about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

from services.campaigns.advocacy import AdvocacyConcluded
from services.campaigns.campaign.materials import ArtefactMade, WhyWithdrawn, WithdrawArtefact
from services.campaigns.campaign.planning import CampaignDrafted, DraftCommemoration
from services.campaigns.shown import Material, NoteShown, ShowAgain, ShowingStopped, StopShowing
from shared.codec import Recorded
from shared.dates import HERE, earliest, today
from shared.messages import View
from shared.policies import Deadline, Policy, Reaction, on

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
    def draft_the_next(self, e: Recorded[CampaignDrafted]) -> Iterable[Deadline]:
        """A draft for the year after, once the day has passed, whatever became of this one.

        Years that were over when this draft was recorded (a history was loaded) get none.
        """
        drafted = earliest(e.event.planned_for)
        recorded = today(e.recorded_at)
        day = _a_year_later(drafted)
        while day < recorded:
            day = _a_year_later(day)
        due = datetime.combine(day.replace(year=day.year - 1) + timedelta(days=1), MORNING)
        following = DraftCommemoration(
            campaign=commemoration_id(e.event.observance, day.year),
            title=e.event.title,
            aim=e.event.aim,
            planned_for=day.isoformat(),
            observance=e.event.observance,
            occurred=due.date().isoformat(),
        )
        yield Deadline(f"commemoration/{following.campaign}", max(due, e.recorded_at), following)


class MissingPersonFound(View, of="cases.MissingPersonFound"):
    """A search has ended. How is not this context's business."""

    person: str
    occurred: str


class FindingRetracted(View, of="cases.FindingRetracted"):
    """It has not: somebody else was found."""

    person: str
    occurred: str


class FoundAreNotShown(Policy):
    """Whatever shows a person is withdrawn once they are found, and nobody is told why."""

    name = "found_are_not_shown"

    @on(ArtefactMade)
    def made(self, e: Recorded[ArtefactMade]) -> Iterable[Reaction]:
        """What shows a person is noted with them."""
        made = e.event
        if made.shows:
            material = Material(campaign=made.campaign, artefact=made.artefact)
            yield NoteShown(person=made.shows, material=material, occurred=made.occurred)

    @on(MissingPersonFound)
    def found(self, e: Recorded[MissingPersonFound]) -> Iterable[Reaction]:
        """They are found."""
        yield StopShowing(person=e.event.person, occurred=e.event.occurred)

    @on(FindingRetracted)
    def not_found(self, e: Recorded[FindingRetracted]) -> Iterable[Reaction]:
        """They are not, after all."""
        yield ShowAgain(person=e.event.person, occurred=e.event.occurred)

    @on(ShowingStopped)
    def stopped(self, e: Recorded[ShowingStopped]) -> Iterable[Reaction]:
        """Each of the materials is withdrawn from its campaign, and not even that file tells that they were found."""
        for material in e.event.materials:
            yield WithdrawArtefact(
                campaign=material.campaign,
                artefact=material.artefact,
                why=WhyWithdrawn.ASKED_FOR,
                occurred=e.event.occurred,
            )


def _a_year_later(day: date) -> date:
    return day.replace(year=day.year + 1)  # an observance is never on 29 February


def commemoration_id(observance: str, year: int) -> str:
    """One commemoration of an observance a year, however often it is asked for: its id follows from both."""
    return str(uuid5(UUID(observance), str(year)))
