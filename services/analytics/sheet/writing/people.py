"""Persons helped, and what they were helped with, on the sheet. Only ever as counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.analytics.report import ActivityReport
from services.analytics.sheet.parts import Bar, Block, Chart, Note, Section, Table
from services.analytics.sheet.sections import ASKED, Told
from services.analytics.sheet.terms import term
from services.analytics.sheet.words import HIDDEN
from services.analytics.sheet.writing.marking import Marking
from services.analytics.sheet.writing.money import nothing


def services(report: ActivityReport, marking: Marking) -> Section:
    """What was done for people, by kind; and whom, by year, where the period has several."""
    words = marking.words
    bars = tuple(
        Bar(term(words, "service", kind), number, words.number(number))
        for kind, number in sorted(report.services_by_kind.items(), key=lambda of: -of[1])
        if number
    )
    heading = marking.heading(words.say("Services given, by kind"), "services_by_kind")
    in_words = words.listed(words.pair(bar.label, bar.value) for bar in bars)
    blocks: list[Block] = [Chart(heading, in_words, bars, "rows") if bars else nothing(marking)]
    if report.beneficiaries_by_year:
        blocks.append(_by_year(report, marking))
    return Section(words.say("Assistance and rehabilitation"), "right", tuple(blocks))


def _by_year(report: ActivityReport, marking: Marking) -> Table:
    words = marking.words
    years = tuple(report.beneficiaries_by_year)[-8:]
    return Table(
        words.say("Persons helped in each year; who was helped in two years counts in both"),
        ("", *years),
        (
            (
                words.say("Victims of trafficking"),
                *(marking.number(report.beneficiaries_by_year[year], "beneficiaries_assisted") for year in years),
            ),
            (
                words.say("Family members"),
                *(marking.number(report.family_members_by_year[year], "family_members_supported") for year in years),
            ),
        ),
    )


def cases(report: ActivityReport, marking: Marking) -> Section:
    """Families of missing persons, victims of trafficking and their families: cases by kind, and how they came."""
    words = marking.words
    by_kind = [
        words.pair(term(words, "case", kind), marking.number(number, "cases_by_kind"))
        for kind, number in report.cases_by_kind.items()
    ]
    ways = words.say(
        "Brought by partners: {brought}; sent on to partners: {sent}.",
        brought=marking.number(report.cases_from_partners, "cases_from_partners"),
        sent=marking.number(report.referrals_to_partners, "referrals_to_partners"),
    )
    return Section(words.say("Cases opened"), "right", (Note(words.listed(by_kind) + "."), Note(ways)))


def elsewhere(told: Mapping[str, Told], marking: Marking) -> Iterator[Section]:
    """What other services tell; that there is nothing, where they do not."""
    words = marking.words
    for asked in ASKED:
        answer = told.get(asked.wire_type)
        if answer is None or not any(number != 0 for number in answer.figures.values()):
            yield Section(words.say(asked.title), "right", (nothing(marking),))
            continue
        said = [
            words.pair(
                term(words, "section", name),
                HIDDEN if number is None else marking.invented(words.number(number), answer.synthetic),
            )
            for name, number in answer.figures.items()
        ]
        yield Section(words.say(asked.title), "right", (Note(words.listed(said) + "."),))
