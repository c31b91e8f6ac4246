"""Writes a report out as a sheet: what stands where, in the words of a language."""

from __future__ import annotations

from collections.abc import Mapping

from services.analytics.report import ActivityReport
from services.analytics.reported import OrganisationReported, WordingReported
from services.analytics.sheet.parts import Figure, Sheet
from services.analytics.sheet.sections import Told
from services.analytics.sheet.words import APPROXIMATE, HIDDEN, INVENTED, Words
from services.analytics.sheet.writing.marking import Marking
from services.analytics.sheet.writing.money import funders, programmes, projects, spending
from services.analytics.sheet.writing.people import cases, elsewhere, services
from services.analytics.sheet.writing.public import advocacy, campaigns, governance, partners


def write(report: ActivityReport, told: Mapping[str, Told], words: Words) -> Sheet:
    """The sheet of a report, with what other services told for it."""
    marking = Marking(report, words)
    wording = _wording(report.organisation, marking)
    sections = (
        projects(report, marking),
        funders(report, marking),
        spending(report, marking),
        *programmes(report, marking),
        services(report, marking),
        cases(report, marking),
        *elsewhere(told, marking),
        advocacy(report, marking),
        campaigns(report, marking),
        partners(report, marking),
        governance(report, marking),
    )
    return Sheet(
        language=words.language,
        organisation=wording.name if wording else words.say("The organisation has not been described yet"),
        title=words.say("Activity report"),
        period=_period(report, words),
        preliminary=words.say("Preliminary: the period has not ended") if report.preliminary else None,
        about=_about(report.organisation, wording, words),
        mission=wording.mission if wording else "",
        figures=_figures(report, marking),
        sections=sections,
        legend=_legend(report, words),
        reflects=words.say("Reflects the record up to position {position}.", position=words.number(report.position)),
    )


def _wording(of: OrganisationReported | None, marking: Marking) -> WordingReported | None:
    """The organisation in the language of the sheet, or in its own where it says nothing in that."""
    if of is None:
        return None
    return next(
        (one for one in of.in_other_languages if one.language == marking.words.language),
        WordingReported(
            language="",
            name=marking.recorded(of.name),
            legal_form=marking.recorded(of.legal_form),
            mission=marking.recorded(of.mission),
        ),
    )


def _about(of: OrganisationReported | None, wording: WordingReported | None, words: Words) -> str:
    if of is None or wording is None:
        return ""
    said = [wording.legal_form]
    if of.independent:
        said.append(words.say("independent"))
    if of.non_profit:
        said.append(words.say("non-profit"))
    if of.founded:
        said.append(words.say("founded {when}", when=words.when(of.founded)))
    said.append(", ".join(place for place in (of.seat, words.country(of.country)) if place))
    return " · ".join(said)


def _period(report: ActivityReport, words: Words) -> str:
    first, last = report.period["from"], report.period["to"]
    if (first.month, first.day, last.month, last.day) != (1, 1, 12, 31):
        return f"{words.day(first)} – {words.day(last)}"
    return str(first.year) if first.year == last.year else f"{first.year}–{last.year}"


def _figures(report: ActivityReport, marking: Marking) -> tuple[Figure, ...]:
    words = marking.words
    started = sum(
        number
        for year, number in report.projects_by_year.items()
        if report.period["from"].year <= int(year) <= report.period["to"].year
    )
    return (
        Figure(
            marking.number(report.projects_total, "projects_total"), words.say("projects from the beginnings to date")
        ),
        Figure(marking.number(started, "projects_by_year"), words.say("projects begun in the period")),
        Figure(
            marking.number(report.beneficiaries_assisted, "beneficiaries_assisted"),
            words.say("victims of trafficking assisted"),
        ),
        Figure(
            marking.number(report.family_members_supported, "family_members_supported"),
            words.say("family members supported"),
        ),
        Figure(marking.number(sum(report.services_by_kind.values()), "services_by_kind"), words.say("services given")),
    )


def _legend(report: ActivityReport, words: Words) -> tuple[str, ...]:
    """What the marks on this sheet mean; those that are not on it are not explained."""
    said = []
    if report.synthetic:
        said.append(
            words.say(
                "{mark} Some of the records behind it are invented, where the source leaves details open; a number "
                "that the source itself gives is exact.",
                mark=INVENTED,
            )
        )
    if report.approximate:
        said.append(words.say("{mark} An estimate, or dated too vaguely for the period.", mark=APPROXIMATE))
    if report.suppressed:
        said.append(
            words.say(
                "{mark}: fewer than 10 persons, or a number that would tell of so few; not published.", mark=HIDDEN
            )
        )
    return tuple(said)
