"""Public work, partners and who governs, on the sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.analytics.report import ActivityReport
from services.analytics.reported import (
    ActReported,
    AdvocacyReported,
    ArtefactReported,
    CampaignReported,
    OutcomeReported,
)
from services.analytics.sheet.parts import Block, Entry, Note, Section, Table
from services.analytics.sheet.terms import term
from services.analytics.sheet.writing.marking import Marking
from services.analytics.sheet.writing.money import nothing

MOST_ENTRIES = 4


def advocacy(report: ActivityReport, marking: Marking) -> Section:
    """Objectives, what was done for them, what came of them."""
    outcomes = {outcome.advocacy: outcome for outcome in report.advocacy_outcomes}
    entries: list[Block] = [
        Entry(
            marking.invented(marking.recorded(objective.title), objective.synthetic),
            tuple(_objective(objective, outcomes.get(objective.advocacy), marking)),
        )
        for objective in report.advocacy
    ]
    return Section(marking.words.say("Advocacy"), "right", _as_many_as_fit(entries, marking))


def _objective(of: AdvocacyReported, outcome: OutcomeReported | None, marking: Marking) -> Iterator[str]:
    words = marking.words
    done = words.count("{number} action", "{number} actions", of.actions)
    state = term(words, "outcome", of.outcome) if of.outcome else words.say("Under way")
    yield words.say(
        "{objective}. Addressed to {addressee}; {done}. {state}.",
        objective=marking.recorded(of.objective),
        addressee=marking.recorded(of.addressee),
        done=done,
        state=state,
    )
    if outcome and outcome.legal_act:
        yield f"{_act(outcome.legal_act, marking)}."
    if outcome and outcome.observance:
        day = outcome.observance
        yield words.say(
            "Kept every year on {day}. {origin}.",
            day=words.day_of_year(day.month, day.day),
            origin=marking.recorded(day.origin).rstrip("."),
        )
    if of.disputed:
        said = words.listed(f"{marking.recorded(one.says)} ({marking.recorded(one.source)})" for one in of.disputed)
        yield words.say("Sources differ: {said}.", said=said)


def _act(act: ActReported, marking: Marking) -> str:
    """Who adopted what, and when."""
    told = [marking.recorded(text) for text in (act.title, act.reference) if text]
    return ", ".join(
        [
            marking.words.pair(marking.words.say("Legal act"), marking.recorded(act.body)),
            *told,
            marking.words.when(act.adopted),
        ]
    )


def campaigns(report: ActivityReport, marking: Marking) -> Section:
    """What was held in public."""
    words = marking.words
    entries: list[Block] = [
        Entry(
            marking.invented(marking.recorded(campaign.title), campaign.synthetic),
            tuple(_campaign(campaign, f"campaigns/{index}", marking)),
        )
        for index, campaign in enumerate(report.campaigns)
    ]
    return Section(words.say("Campaigns and commemorations"), "right", _as_many_as_fit(entries, marking))


def _campaign(campaign: CampaignReported, figure: str, marking: Marking) -> Iterator[str]:
    words = marking.words
    venue = marking.recorded(campaign.venue) if campaign.venue else None
    place = ", ".join(part for part in (venue, campaign.town) if part)
    yield " · ".join(
        part for part in (term(words, "campaign", campaign.kind), words.when(campaign.held_on), place) if part
    )
    if campaign.aim:
        yield words.say("Aim: {aim}.", aim=marking.recorded(campaign.aim).rstrip("."))
    came = words.say("Taking part: {count}", count=marking.participants(campaign.participants))
    if campaign.towns:
        towns = ", ".join(
            f"{one.town} {marking.participants(one.pupils, marking.is_invented(f'{figure}/towns/{one.town}'))}"
            for one in campaign.towns
        )
        came = words.say("{came}; pupils: {towns}", came=came, towns=towns)
        came = words.say("{came}; teachers: {count}", came=came, count=marking.participants(campaign.teachers))
    yield f"{came}."
    for made in campaign.artefacts:
        yield _artefact(made, marking)


def _artefact(made: ArtefactReported, marking: Marking) -> str:
    words = marking.words
    measures = [
        term(words, "dimension", one.dimension, measure=f"{words.number(one.value)} {term(words, 'unit', one.unit)}")
        for one in made.measures
    ]
    said = ", ".join([term(words, "artefact", made.kind), *measures])
    return (
        words.say("{what}: “{message}”.", what=said, message=marking.recorded(made.message))
        if made.message
        else f"{said}."
    )


def partners(report: ActivityReport, marking: Marking) -> Section:
    """With whom, and where."""
    words = marking.words
    if not report.partners:
        return Section(words.say("Partners"), "left", (nothing(marking),))
    by_country = Counter(partner.country for partner in report.partners)
    countries = ", ".join(
        f"{words.country(country)} {words.number(number)}" for country, number in by_country.most_common()
    )
    known = words.count(
        "{number} partner: {countries}.", "{number} partners: {countries}.", len(report.partners), countries=countries
    )
    agreements = sum(partner.agreements for partner in report.partners)
    works = sum(partner.joint_works for partner in report.partners)
    in_force = words.count("{number} agreement in force", "{number} agreements in force", agreements)
    together = words.count("{number} thing done together", "{number} things done together", works)
    shared = words.listed((in_force, together)) + "."
    return Section(
        words.say("Partners in Lithuania and elsewhere"),
        "left",
        (Note(marking.heading(known, "partners")), Note(marking.heading(shared, "partners"))),
    )


def governance(report: ActivityReport, marking: Marking) -> Section:
    """Who governs, by seats, and whose they are."""
    words = marking.words
    bodies = report.organisation.bodies if report.organisation else ()
    if not bodies:
        return Section(words.say("Who governs"), "left", (nothing(marking),))
    table = Table(
        words.say("Seats of the bodies that govern, at the end of the period"),
        (words.say("Body"), words.say("Seats"), words.say("Of authorities"), words.say("Of funders")),
        tuple(
            (
                marking.invented(term(words, "body", body.kind), body.synthetic),
                *(words.number(seats) for seats in (body.seats, body.of_public_authorities, body.of_funders)),
            )
            for body in bodies
        ),
    )
    return Section(words.say("Who governs"), "left", (table,))


def _as_many_as_fit(entries: Iterable[Block], marking: Marking) -> tuple[Block, ...]:
    """The first few, and how many more there are."""
    every = tuple(entries)
    if not every:
        return (nothing(marking),)
    if len(every) <= MOST_ENTRIES:
        return every
    left = len(every) - MOST_ENTRIES
    more = marking.words.count("{number} more in the report’s data.", "{number} more in the report’s data.", left)
    return (*every[:MOST_ENTRIES], Note(more))
