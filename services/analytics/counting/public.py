"""Campaigns and advocacy, as the report tells of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, or_, select

from services.analytics.counting.inquiry import Inquiry
from services.analytics.public import PublicWork
from services.analytics.reported import (
    AdvocacyReported,
    ArtefactReported,
    CampaignReported,
    OutcomeReported,
    Participants,
    StatementReported,
    TownReported,
)
from services.analytics.suppression import SMALLEST, hidden_cells

EXACT, APPROXIMATE, UNSTATED = "exact", "approximate", "unstated"
TEACHERS = "\0teachers"  # no town is called so


def campaigns(model: PublicWork, inquiry: Inquiry) -> tuple[CampaignReported, ...]:
    """Campaigns that were held in the period, by day."""
    live, aims = inquiry.live(model.campaigns), inquiry.live(model.aims)
    found = inquiry.rows(
        select(live, aims.c.aim)
        .outerjoin(aims, aims.c.campaign == live.c.campaign)
        .where(inquiry.within(live.c.day))
        .order_by(live.c.day, live.c.campaign)
    )
    inquiry.note("campaigns", found)
    return tuple(_campaign(model, index, row, inquiry) for index, row in enumerate(found))


def _campaign(model: PublicWork, index: int, row: RowMapping, inquiry: Inquiry) -> CampaignReported:
    groups, artefacts = inquiry.live(model.groups), inquiry.live(model.artefacts)
    came = inquiry.rows(select(groups).where(groups.c.campaign == row["campaign"]).order_by(groups.c.town))
    made = inquiry.rows(select(artefacts).where(artefacts.c.campaign == row["campaign"]).order_by(artefacts.c.artefact))
    figure = f"campaigns/{index}"
    participants = _shown(f"{figure}/participants", row["number"], row["precision"], inquiry)
    towns, teachers = _came(figure, came, row["number"] if participants else None, inquiry)
    return CampaignReported(
        campaign=row["campaign"],
        kind=row["kind"],
        title=row["title"],
        slogan=row["slogan"],
        aim=row["aim"],
        held_on=row["held_on"],
        venue=row["venue"],
        town=row["town"],
        participants=participants,
        towns=towns,
        teachers=teachers,
        artefacts=tuple(ArtefactReported.model_validate(dict(one)) for one in made),
        synthetic=row["synthetic"],
    )


def _shown(figure: str, number: int | None, precision: str, inquiry: Inquiry) -> Participants | None:
    if number is not None and inquiry.persons(figure, number) is None:
        return None
    if precision == APPROXIMATE:
        inquiry.approximate.append(figure)
    return Participants(number=number, precision=precision)


def _came(
    figure: str, groups: Sequence[RowMapping], attendance: int | None, inquiry: Inquiry
) -> tuple[tuple[TownReported, ...], Participants | None]:
    """Pupils by town, and the teachers with them; nothing that would tell of a few."""
    by_town: dict[str, list[RowMapping]] = defaultdict(list)
    for group in groups:
        by_town[group["town"]].append(group)
    pupils = {town: _sum(those, "pupils") for town, those in by_town.items()}
    teachers = _sum(groups, "teachers")
    cells = {town: count.number for town, count in pupils.items() if count.number is not None}
    if teachers.number is not None and sum(cells.values()) + teachers.number == attendance:
        cells[TEACHERS] = teachers.number  # the attendance, less the pupils, would tell how many they were
    hidden = hidden_cells(cells)
    towns = []
    for town, count in pupils.items():
        name = f"{figure}/towns/{town}"
        if town in hidden or count.number == 0:
            inquiry.hide(name)
        elif count.precision == APPROXIMATE:
            inquiry.approximate.append(name)
        if any(group["synthetic"] for group in by_town[town]):
            inquiry.synthetic.append(name)
        towns.append(TownReported(town=town, pupils=None if name in inquiry.suppressed else count))
    if not groups:
        return (), None
    few = teachers.number is not None and teachers.number < SMALLEST
    if few or TEACHERS in hidden:
        inquiry.hide(f"{figure}/teachers")
        return tuple(towns), None
    return tuple(towns), teachers


def _sum(groups: Sequence[RowMapping], column: str) -> Participants:
    """The sum of the numbers that are known, at least approximate if any is an estimate or is not known."""
    known = [group[column] for group in groups if group[column] is not None]
    if not known:
        return Participants(number=None, precision=UNSTATED)
    exact = all(group[f"{column}_precision"] == EXACT for group in groups)
    return Participants(number=sum(known), precision=EXACT if exact else APPROXIMATE)


def outcomes(model: PublicWork, inquiry: Inquiry) -> tuple[OutcomeReported, ...]:
    """What came of objectives in the period, by day."""
    live = inquiry.live(model.outcomes)
    found = inquiry.rows(select(live).where(inquiry.within(live.c.day)).order_by(live.c.day, live.c.position))
    inquiry.note("advocacy_outcomes", found)
    return tuple(OutcomeReported.model_validate(dict(row)) for row in found)


def advocacy(model: PublicWork, inquiry: Inquiry) -> tuple[AdvocacyReported, ...]:
    """Objectives that were begun, worked for or concluded on days of the period, in the order they were begun."""
    begun, actions, concluded = (inquiry.live(one) for one in (model.advocacies, model.actions, model.outcomes))
    acted = inquiry.rows(select(actions).where(_overlaps(actions.c, inquiry)))
    ended = inquiry.rows(select(concluded).where(concluded.c.day <= inquiry.last).order_by(concluded.c.position))
    outcome = {row["advocacy"]: row for row in ended}
    worked_for = {row["advocacy"] for row in acted} | {of for of, row in outcome.items() if row["day"] >= inquiry.first}
    found = inquiry.rows(
        select(begun)
        .where(or_(_overlaps(begun.c, inquiry), begun.c.advocacy.in_(worked_for)), begun.c.first_day <= inquiry.last)
        .order_by(begun.c.first_day, begun.c.advocacy)
    )
    reported = tuple(
        AdvocacyReported(
            **{name: row[name] for name in ("advocacy", "title", "objective", "addressee")},
            actions=sum(action["advocacy"] == row["advocacy"] for action in acted),
            outcome=outcome[row["advocacy"]]["outcome"] if row["advocacy"] in outcome else None,
            disputed=_disputed(model, row["advocacy"], inquiry),
            synthetic=row["synthetic"],
        )
        for row in found
    )
    if any(row["synthetic"] for row in (*found, *acted)):
        inquiry.synthetic.append("advocacy")
    return reported


def _overlaps(columns: Any, inquiry: Inquiry) -> Any:
    return (columns.first_day <= inquiry.last) & (columns.last_day >= inquiry.first)


def _disputed(model: PublicWork, of: str, inquiry: Inquiry) -> tuple[StatementReported, ...]:
    live = inquiry.live(model.facts)
    by_fact: dict[str, list[RowMapping]] = defaultdict(list)
    for row in inquiry.rows(select(live).where(live.c.advocacy == of).order_by(live.c.position)):
        by_fact[row["fact"]].append(row)
    return tuple(
        StatementReported(fact=fact, says=row["says"], source=row["source"])
        for fact, those in by_fact.items()
        if len({row["says"] for row in those}) > 1
        for row in those
    )
