"""The groups of campaigns: as they registered, and as they came."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Integer, RowMapping, String, case, func, select

from services.campaigns.campaign.groups import GroupAttended, GroupChanged, GroupRegistered, GroupWithdrawn
from services.campaigns.projections.counts import counted, quantity
from services.campaigns.projections.questions import GroupShown, ParticipationShown, TownShown
from services.campaigns.quantity import Precision
from shared.codec import Recorded
from shared.projections.declaration import Asking, Projection, Rows, on, table


class Groups(Projection):
    """The part of the campaigns' read model that is about groups."""

    groups = table(
        "campaign_groups",
        Column("campaign", String, primary_key=True),
        Column("grp", String, primary_key=True),
        Column("school", String),
        Column("town", String),
        Column("pupils", Integer),
        Column("pupils_precision", String),
        Column("teachers", Integer),
        Column("teachers_precision", String),
        Column("minors", Boolean),
        Column("attended", Boolean),
        Column("withdrawn", Boolean),
        Column("synthetic", Boolean),
    )

    @on(GroupRegistered)
    def registered(self, e: Recorded[GroupRegistered], rows: Rows) -> None:
        """A group will come."""
        rows.put(
            self.groups,
            campaign=e.event.campaign,
            grp=e.event.group,
            school=e.event.school,
            town=e.event.town,
            minors=e.event.minors,
            attended=False,
            withdrawn=False,
            synthetic=e.synthetic,
            **counted("pupils", e.event.pupils),
            **counted("teachers", e.event.teachers),
        )

    @on(GroupChanged, GroupAttended)
    def numbers_changed(self, e: Recorded[GroupChanged | GroupAttended], rows: Rows) -> None:
        """More or fewer will come, or came."""
        rows.change(
            self.groups,
            (e.event.campaign, e.event.group),
            attended=isinstance(e.event, GroupAttended),
            **counted("pupils", e.event.pupils),
            **counted("teachers", e.event.teachers),
        )

    @on(GroupWithdrawn)
    def withdrawn(self, e: Recorded[GroupWithdrawn], rows: Rows) -> None:
        """A group will not come."""
        rows.change(self.groups, (e.event.campaign, e.event.group), withdrawn=True)

    def groups_of(self, campaign: str, asking: Asking) -> tuple[GroupShown, ...]:
        """The groups of a campaign, by town and school."""
        live = asking.live(self.groups)
        of_it = select(live).where(live.c.campaign == campaign).order_by(live.c.town, live.c.school, live.c.grp)
        return tuple(_group(row) for row in asking.rows(of_it))

    def towns_of(self, campaign: str, asking: Asking) -> tuple[TownShown, ...]:
        """Who took part in a campaign, by town."""
        live = asking.live(self.groups).c
        of_it = select(live.town, *participation(live)).where(live.campaign == campaign)
        return tuple(
            TownShown(town=row["town"], participation=participation_of(row))
            for row in asking.rows(of_it.group_by(live.town).order_by(live.town))
        )


def _group(row: RowMapping) -> GroupShown:
    counts = {name: quantity(row, name) for name in ("pupils", "teachers")}
    return GroupShown.model_validate({**row, **counts, "group": row["grp"]})


def participation(groups: Any) -> list[Any]:
    """Sums over the columns of `groups`, for `participation_of`. Who withdrew does not count."""
    coming = groups.withdrawn.is_(False)

    def summed(condition: Any, value: Any = 1) -> Any:
        return func.coalesce(func.sum(case((condition, value), else_=0)), 0)

    def known(precision: Precision) -> Any:
        return summed(coming & ((groups.pupils_precision == precision) | (groups.teachers_precision == precision)))

    return [
        summed(coming).label("groups"),
        summed(coming, groups.pupils).label("pupils"),
        summed(coming, groups.teachers).label("teachers"),
        known(Precision.APPROXIMATE).label("approximate"),
        known(Precision.UNSTATED).label("unstated"),
        summed(coming & groups.attended.is_(False)).label("registered_only"),
        summed(coming & groups.synthetic.is_(True)).label("synthetic"),
    ]


def participation_of(row: RowMapping) -> ParticipationShown:
    """What `participation` summed."""
    return ParticipationShown.model_validate(dict(row))
