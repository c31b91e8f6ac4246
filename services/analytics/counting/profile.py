"""The organisation, its partners, and remarks on figures, as the report tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, select

from services.analytics.counting.inquiry import Inquiry
from services.analytics.profile import Profile
from services.analytics.reported import (
    BodyReported,
    OrganisationReported,
    PartnerReported,
    RemarkReported,
    TextReported,
)


def organisation(model: Profile, inquiry: Inquiry) -> OrganisationReported | None:
    """The organisation at the end of the period; None if it was not described by then."""
    descriptions, bodies = inquiry.live(model.descriptions), inquiry.live(model.bodies)
    found = inquiry.rows(
        select(descriptions).where(descriptions.c.day <= inquiry.last).order_by(descriptions.c.day.desc()).limit(1)
    )
    if not found:
        return None
    governing = inquiry.rows(
        select(bodies)
        .where(bodies.c.first_day <= inquiry.last, bodies.c.last_day > inquiry.last)
        .order_by(bodies.c.position)
    )
    if found[0]["synthetic"] or any(body["synthetic"] for body in governing):
        inquiry.synthetic.append("organisation")
    return OrganisationReported(
        **found[0]["description"],
        bodies=tuple(
            BodyReported(
                kind=body["kind"],
                seats=body["seats"]["all"],
                of_public_authorities=body["seats"]["of_public_authorities"],
                of_funders=body["seats"]["of_funders"],
                appointed_by=body["appointed_by"],
                synthetic=body["synthetic"],
            )
            for body in governing
        ),
        synthetic=found[0]["synthetic"],
    )


def partners(model: Profile, inquiry: Inquiry) -> tuple[PartnerReported, ...]:
    """Those known by the end of the period, by country and name."""
    live, agreements, works = map(inquiry.live, (model.partners, model.agreements, model.works))
    in_force = inquiry.rows(
        select(agreements.c.partner, func.count().label("number"))
        .where(agreements.c.first_day <= inquiry.last, agreements.c.last_day >= inquiry.first)
        .group_by(agreements.c.partner)
    )
    done = inquiry.rows(
        select(works.c.partner, func.count().label("number"))
        .where(inquiry.within(works.c.day))
        .group_by(works.c.partner)
    )
    signed, together = ({row["partner"]: row["number"] for row in rows} for rows in (in_force, done))
    found = inquiry.rows(
        select(live).where(live.c.day <= inquiry.last).order_by(live.c.country, live.c.name, live.c.partner)
    )
    if any(row["synthetic"] for row in found):
        inquiry.synthetic.append("partners")
    return tuple(
        PartnerReported(
            **{name: row[name] for name in ("partner", "name", "kind", "country", "synthetic")},
            agreements=signed.get(row["partner"], 0),
            joint_works=together.get(row["partner"], 0),
        )
        for row in found
    )


def remarks(model: Profile, inquiry: Inquiry) -> tuple[RemarkReported, ...]:
    """What readers of this report's figures are to know."""
    live = inquiry.live(model.remarks)
    year = inquiry.query.last.year
    found = inquiry.rows(
        select(live).where(live.c.first_year <= year, live.c.last_year >= year).order_by(live.c.position)
    )
    return tuple(RemarkReported.model_validate(dict(row)) for row in found)


def texts(model: Profile, inquiry: Inquiry, parts: Any) -> tuple[TextReported, ...]:
    """Those texts within the parts of the report that were translated."""
    live = inquiry.live(model.texts)
    within = frozenset(_texts(parts))
    return tuple(
        TextReported.model_validate(dict(row))
        for row in inquiry.rows(select(live).order_by(live.c.text))
        if row["text"] in within
    )


def _texts(part: Any) -> Iterator[str]:
    match part:
        case str():
            yield part
        case BaseModel():
            yield from _texts(dict(part))
        case dict():
            yield from _texts(tuple(part.values()))
        case tuple():
            for one in part:
                yield from _texts(one)
