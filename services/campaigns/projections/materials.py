"""What campaigns made and showed, and what the media made of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import JSON, Column, Integer, RowMapping, String, Table, Text, select

from services.campaigns.campaign.materials import ArtefactMade, ArtefactWithdrawn, CoverageRecorded
from services.campaigns.projections.counts import counted, quantity
from services.campaigns.projections.questions import ArtefactShown, CoverageShown
from shared.codec import Recorded
from shared.projections.declaration import Asking, Projection, Rows, on, table


class Materials(Projection):
    """The part of the campaigns' read model that is about things and reports."""

    artefacts = table(
        "campaign_artefacts",
        Column("campaign", String, primary_key=True),
        Column("artefact", String, primary_key=True),
        Column("kind", String),
        Column("message", Text),
        Column("measures", JSON),
        Column("made_by", JSON),
        Column("withdrawn", String),
        Column("occurred", String),
    )
    coverage = table(
        "campaign_coverage",
        Column("campaign", String, primary_key=True),
        Column("coverage", String, primary_key=True),
        Column("outlet", String),
        Column("medium", String),
        Column("headline", Text),
        Column("audience", Integer),
        Column("audience_precision", String),
        Column("occurred", String),
    )

    @on(ArtefactMade)
    def made(self, e: Recorded[ArtefactMade], rows: Rows) -> None:
        """A thing was made. Whom it shows stays in the log."""
        rows.put(
            self.artefacts,
            campaign=e.event.campaign,
            artefact=e.event.artefact,
            kind=e.event.kind,
            message=e.event.message,
            measures=[measure.model_dump(mode="json") for measure in e.event.measures],
            made_by=list(e.event.made_by),
            occurred=e.event.occurred,
        )

    @on(ArtefactWithdrawn)
    def artefact_withdrawn(self, e: Recorded[ArtefactWithdrawn], rows: Rows) -> None:
        """A thing is not shown any more."""
        rows.change(self.artefacts, (e.event.campaign, e.event.artefact), withdrawn=e.event.why)

    @on(CoverageRecorded)
    def covered(self, e: Recorded[CoverageRecorded], rows: Rows) -> None:
        """The media reported."""
        rows.put(
            self.coverage,
            campaign=e.event.campaign,
            coverage=e.event.coverage,
            outlet=e.event.outlet,
            medium=e.event.medium,
            headline=e.sealed("headline"),
            occurred=e.event.occurred,
            **counted("audience", e.event.audience),
        )

    def artefacts_of(self, campaign: str, asking: Asking) -> tuple[ArtefactShown, ...]:
        """The things of a campaign, in the order of their days."""
        return tuple(ArtefactShown.model_validate(dict(row)) for row in of_campaign(self.artefacts, campaign, asking))

    def coverage_of(self, campaign: str, asking: Asking) -> tuple[CoverageShown, ...]:
        """The reports of a campaign, in the order of their days."""
        return tuple(
            CoverageShown(
                outlet=row["outlet"],
                medium=row["medium"],
                headline=asking.reveal(row["headline"]),
                audience=quantity(row, "audience"),
                occurred=row["occurred"],
            )
            for row in of_campaign(self.coverage, campaign, asking)
        )


def of_campaign(declared: Table, campaign: str, asking: Asking) -> Sequence[RowMapping]:
    """The rows of one campaign by day, then by what the second part of their key says."""
    live = asking.live(declared)
    _, own = live.primary_key.columns
    return asking.rows(select(live).where(live.c.campaign == campaign).order_by(live.c.occurred, own))
