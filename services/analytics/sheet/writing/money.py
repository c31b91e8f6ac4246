"""Projects, funders and money on the sheet."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from services.analytics.report import ActivityReport
from services.analytics.reported import FunderReported, ProgrammeReported
from services.analytics.sheet.parts import Bar, Block, Chart, Note, Section, Table
from services.analytics.sheet.terms import term
from services.analytics.sheet.writing.marking import Marking

MOST_YEARS, MOST_FUNDERS, MOST_PROGRAMMES = 16, 7, 2
"""What fits; what came before, or is smaller, is summed."""


def projects(report: ActivityReport, marking: Marking) -> Section:
    """How many began in which year."""
    words = marking.words
    first, last = report.period["from"].year, report.period["to"].year
    years = sorted(report.projects_by_year.items())
    bars = [
        Bar(year, number, words.number(number), strong=first <= int(year) <= last)
        for year, number in years[-MOST_YEARS:]
    ]
    if before := sum(number for _, number in years[:-MOST_YEARS]):
        bars.insert(0, Bar(words.say("before"), before, words.number(before), strong=False))
    in_words = words.listed(words.pair(bar.label, bar.value) for bar in bars)
    heading = marking.heading(words.say("Projects by the year they began"), "projects_by_year")
    blocks: list[Block] = [Chart(heading, in_words, tuple(bars), "columns")] if bars else [nothing(marking)]
    for remark in report.remarks:
        otherwise = remark.says[0]
        blocks.append(Note(marking.said(remark.says, otherwise.text, otherwise.language)))
    return Section(words.say("Projects"), "left", tuple(blocks))


def funders(report: ActivityReport, marking: Marking) -> Section:
    """Who gave how much: how independent the organisation is."""
    words = marking.words
    shown, rest = report.funders[:MOST_FUNDERS], report.funders[MOST_FUNDERS:]
    rows = [_funder(funder, marking) for funder in shown]
    if rest:
        others = words.count("{number} other", "{number} others", len(rest))
        rows.append((others, "", *_sums(rest, marking)))
    table = Table(
        marking.heading(words.say("Funders, from the beginnings to date and in the period"), "funders"),
        (
            words.say("Funder"),
            words.say("Projects"),
            words.say("Awarded"),
            words.say("Share"),
            words.say("In the period"),
            words.say("Share"),
        ),
        tuple(rows),
    )
    blocks: list[Block] = [table] if rows else [nothing(marking)]
    kinds = [
        words.pair(term(words, "funder", kind), words.number(number))
        for kind, number in report.projects_by_funder_kind.items()
        if number
    ]
    if kinds:
        blocks.append(Note(words.say("Projects by kind of funder: {kinds}.", kinds=words.listed(kinds))))
    return Section(words.say("Funders"), "left", tuple(blocks))


def _funder(funder: FunderReported, marking: Marking) -> tuple[str, ...]:
    words = marking.words
    where = f"{term(words, 'funder', funder.kind)}, {words.country(funder.country)}"
    return (f"{marking.recorded(funder.name)}\n{where}", words.number(funder.projects), *_sums((funder,), marking))


def _sums(of: tuple[FunderReported, ...], marking: Marking) -> tuple[str, ...]:
    words = marking.words
    return (
        words.round_money(sum((funder.awarded for funder in of), Decimal(0)), "EUR"),
        words.percent(sum((funder.share for funder in of), Decimal(0))),
        words.round_money(sum((funder.awarded_in_period for funder in of), Decimal(0)), "EUR"),
        words.percent(sum((funder.share_in_period for funder in of), Decimal(0))),
    )


def spending(report: ActivityReport, marking: Marking) -> Section:
    """What the money went to."""
    words = marking.words
    bars = tuple(
        Bar(term(words, "category", category), float(spent), words.round_money(spent, "EUR"))
        for category, spent in report.spent_by_category.items()
        if spent > 0
    )
    heading = marking.heading(words.say("Charged to grants in the period, by category"), "spent_by_category")
    in_words = words.listed(words.pair(bar.label, bar.value) for bar in bars)
    block: Block = Chart(heading, in_words, bars, "rows") if bars else nothing(marking)
    return Section(words.say("Spending"), "left", (block,))


def programmes(report: ActivityReport, marking: Marking) -> Iterator[Section]:
    """How the grants of programmes stand, by earmark; the largest where there are many."""
    words = marking.words
    largest = sorted(report.programmes, key=lambda one: -sum(earmark.awarded for earmark in one.earmarks))
    for programme in largest[:MOST_PROGRAMMES]:
        yield Section(_named(programme, marking), "left", (_statement(programme, marking),))
    if left := len(largest[MOST_PROGRAMMES:]):
        more = words.count(
            "{number} more grant of a programme is in the figures of the report, not on this page.",
            "{number} more grants of programmes are in the figures of the report, not on this page.",
            left,
        )
        yield Section(words.say("Other programmes"), "left", (Note(more),))


def _named(programme: ProgrammeReported, marking: Marking) -> str:
    own = "" if programme.project == programme.programme else f": {marking.recorded(programme.project)}"
    return f"{marking.recorded(programme.programme)}{own} ({marking.recorded(programme.funder)})"


def _statement(programme: ProgrammeReported, marking: Marking) -> Table:
    words = marking.words
    dates = f"{words.day(programme.first_day)} – {words.day(programme.last_day)}"
    amounts = [(earmark.awarded, earmark.committed, earmark.spent, earmark.left) for earmark in programme.earmarks]
    total = [sum(column, Decimal(0)) for column in zip(*amounts, strict=True)]

    def money(row: tuple[Decimal, ...] | list[Decimal]) -> tuple[str, ...]:
        return tuple(words.money(amount, programme.currency) for amount in row)

    return Table(
        marking.invented(
            words.say("Statement by earmark at the end of the period; {dates}", dates=dates), programme.synthetic
        ),
        (
            words.say("Earmark"),
            words.say("Awarded"),
            words.say("Committed"),
            words.say("Spent"),
            words.say("Left"),
        ),
        tuple(
            (term(words, "category", earmark.category), *money(row))
            for earmark, row in zip(programme.earmarks, amounts, strict=True)
        ),
        total=(words.say("Total"), *money(total)),
    )


def nothing(marking: Marking) -> Note:
    """What stands where there is nothing to tell."""
    return Note(marking.words.say("No data for this period."), quiet=True)
