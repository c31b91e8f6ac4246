"""Counts of persons, of what they were helped with, and of how they came."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    RowMapping,
    Select,
    cast,
    func,
    literal,
    select,
    true,
    union,
    union_all,
)

from services.analytics.counting.inquiry import Inquiry
from services.analytics.dating import marks
from services.analytics.people import People
from services.analytics.report import CASE_KINDS, SERVICE_KINDS
from services.analytics.suppression import (
    SMALLEST,
    hidden_cells,
    hidden_kinds,
    range_may_be_shown,
    years_may_be_shown,
)
from services.analytics.views.people import PARTNER


def persons_helped(
    model: People, ground: str, figure: str, inquiry: Inquiry
) -> tuple[int | None, dict[str, int | None]]:
    """How many distinct persons were helped on a ground in the period, and in each year of several whole ones."""
    patterns, found = _patterns(model, ground, inquiry)
    inquiry.note(figure, found)
    number = sum(patterns.values())
    first, last = inquiry.query.first.year, inquiry.query.last.year
    if not inquiry.query.whole_years:
        return inquiry.persons(figure, number), {}
    years = last - first + 1
    total = number if range_may_be_shown(patterns, years) else None
    if total is None:
        inquiry.hide(figure)
    if years == 1:
        return total, {}
    by_year: dict[str, int | None] = {}
    for year in range(years):
        in_year = sum(count for pattern, count in patterns.items() if pattern >> year & 1)
        by_year[str(first + year)] = in_year if in_year >= SMALLEST else None
    return total, by_year


def _patterns(model: People, ground: str, inquiry: Inquiry) -> tuple[Counter[int], Sequence[RowMapping]]:
    """How many persons were helped in which years of the period (bit 0 for the first), with the marks of the figure."""
    services, programmes = inquiry.live(model.services).c, inquiry.live(model.programmes).c
    bit = literal(1, BigInteger)

    def helped(columns: Any) -> Select[Any]:
        year = cast(columns.day // 1_00_00, Integer) - inquiry.query.first.year
        return (
            select(columns.person.label("person"), bit.bitwise_lshift(year).label("bit"), *marks(columns))
            .where(columns.ground == ground, inquiry.within(columns.day))
            .group_by(columns.person, year)
        )

    either = union_all(helped(services), helped(programmes)).subquery()
    by_year = select(either.c.person, either.c.bit, *marks(either.c)).group_by(either.c.person, either.c.bit).subquery()
    person = (
        select(by_year.c.person, func.sum(by_year.c.bit).label("pattern"), *marks(by_year.c))
        .group_by(by_year.c.person)
        .subquery()
    )
    found = inquiry.rows(
        select(person.c.pattern, func.count().label("number"), *marks(person.c)).group_by(person.c.pattern)
    )
    patterns = Counter({int(row["pattern"]): int(row["number"]) for row in found})
    links = inquiry.live(model.links).c
    if pairs := [(row["first"], row["second"]) for row in inquiry.rows(select(links.first, links.second))]:
        linked = union(select(links.first.label("person")), select(links.second)).subquery()
        records = select(person.c.person, person.c.pattern).where(person.c.person.in_(select(linked.c.person)))
        _join(patterns, pairs, {row["person"]: int(row["pattern"]) for row in inquiry.rows(records)})
    return patterns, found


def _join(patterns: Counter[int], pairs: Iterable[tuple[str, str]], records: Mapping[str, int]) -> None:
    """Count persons of several records once, helped in the years of all of them."""
    same = one_for_each(pairs)
    persons: dict[str, int] = {}
    for record, pattern in records.items():
        patterns[pattern] -= 1
        persons[same[record]] = persons.get(same[record], 0) | pattern
    patterns.update(persons.values())


def one_for_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For records that are linked, directly or through others, one record that stands for all of the person's."""
    leads: dict[str, str] = {}

    def lead(record: str) -> str:
        while leads.setdefault(record, record) != record:
            leads[record] = record = leads[leads[record]]
        return record

    for first, second in pairs:
        leads[lead(first)] = lead(second)
    return {record: lead(record) for record in leads}


def services_by_kind(model: People, inquiry: Inquiry) -> dict[str, int]:
    """Each delivery, as last corrected."""
    live = inquiry.live(model.services).c
    found = inquiry.rows(
        select(live.kind, func.count().label("number"), *marks(live))
        .where(inquiry.within(live.day))
        .group_by(live.kind)
    )
    inquiry.note("services_by_kind", found)
    return dict.fromkeys(SERVICE_KINDS, 0) | {row["kind"]: int(row["number"]) for row in found}


def cases_by_kind(model: People, inquiry: Inquiry) -> dict[str, int | None]:
    """Cases opened in the period. Each is about somebody, so that small counts are hidden."""
    live = inquiry.live(model.cases).c
    found = inquiry.rows(
        select(live.kind, func.count().label("number"), *marks(live))
        .where(inquiry.within(live.day))
        .group_by(live.kind)
    )
    inquiry.note("cases_by_kind", found)
    counted = dict.fromkeys(CASE_KINDS, 0) | {row["kind"]: int(row["number"]) for row in found}
    hidden = _hidden_kinds(live, counted, inquiry)
    inquiry.suppressed += [f"cases_by_kind/{kind}" for kind in counted if kind in hidden]
    return {kind: None if kind in hidden else number for kind, number in counted.items()}


def _hidden_kinds(cases: Any, counted: Mapping[str, int], inquiry: Inquiry) -> frozenset[str]:
    if not inquiry.query.whole_years:
        return hidden_cells(counted)
    by_year: dict[int, dict[str, int]] = defaultdict(dict)
    year = _year(cases)
    for row in inquiry.rows(select(year, cases.kind, func.count().label("number")).group_by(year, cases.kind)):
        by_year[row["year"]][row["kind"]] = row["number"]
    return hidden_kinds(tuple(counted), by_year, inquiry.years)


def cases_from_partners(model: People, inquiry: Inquiry) -> int | None:
    """Cases that a partner brought."""
    live = inquiry.live(model.cases).c
    return _counted("cases_from_partners", live, live.channel == PARTNER, inquiry)


def referrals_to_partners(model: People, inquiry: Inquiry) -> int | None:
    """Persons who were sent on to a partner."""
    return _counted("referrals_to_partners", inquiry.live(model.referrals).c, true(), inquiry)


def _counted(figure: str, facts: Any, wanted: ColumnElement[bool], inquiry: Inquiry) -> int | None:
    """How many of the facts there were in the period, unless that would tell of a few."""
    number_of: Select[Any] = select(func.count().label("number"), *marks(facts))
    found = inquiry.rows(number_of.where(inquiry.within(facts.day), wanted))
    inquiry.note(figure, found)
    number = inquiry.persons(figure, found[0]["number"])
    if number is None or not inquiry.query.whole_years:
        return number
    year = _year(facts)
    in_years = inquiry.rows(select(year, func.count().label("number")).where(wanted).group_by(year))
    if years_may_be_shown({row["year"]: row["number"] for row in in_years}, inquiry.years):
        return number
    inquiry.hide(figure)
    return None


def _year(facts: Any) -> Any:
    return cast(facts.day // 1_00_00, Integer).label("year")
