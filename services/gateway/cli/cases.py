"""`forgetmenot cases`: the case list, a file, the safety sheet, the board, in a terminal. What is opened is on record.

Whoever can read the data folder can be anybody: say truly who you are, for that is what the record will say.
"""

from __future__ import annotations

from typing import Annotated

import typer

from services.cases.case.record import CaseKind
from services.cases.projections.case_files import CaseFile, CasePage, CaseStatus, GetCase, ListCases
from services.cases.projections.disappearances import Board, ShowBoard
from services.cases.projections.outbox import EffectKind, EffectShown, EffectStatus, GetEffect, ListOutbox, Outbox
from services.cases.projections.person_search import PersonPage, SearchPersons
from services.cases.projections.safety_sheet import GetSafetySheet, SafetySheet
from services.gateway.cli import case_work, searches
from services.gateway.cli.asking import Actor, After, As, AsJson, Limit, Reason, ask, given, more
from services.gateway.cli.safety_sheet import names_of, page_of, page_of_effect, plain
from services.gateway.cli.terminal import console, emit, listing, one_sentence
from shared.dates import in_words
from shared.messages import Origin, Role
from shared.projections.timeline import TimelineEntry
from shared.wire import read_query

app = typer.Typer(no_args_is_help=True, help="Cases: the list, a file, the safety sheet, the board, the outbox.")
app.add_typer(case_work.app)
app.add_typer(searches.app)

CaseArgument = Annotated[str, typer.Argument(help="The case, by its id.")]


@app.command("list")
@one_sentence
def list_cases(
    actor: Actor,
    role: As = Role.CASEWORKER,
    kind: Annotated[CaseKind | None, typer.Option(help="Only of this kind.")] = None,
    status: Annotated[CaseStatus | None, typer.Option(help="Only with this status.")] = None,
    worker: Annotated[str | None, typer.Option(help="Only of this worker.")] = None,
    person: Annotated[str | None, typer.Option(help="Only about this person, by their id.")] = None,
    review_missed: Annotated[
        bool | None, typer.Option("--review-missed/--review-held", help="Only whose review was missed, or was not.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """Cases, the newest first: codes and pseudonyms, nothing personal."""
    wanted = given(kind=kind, status=status, worker=worker, person=person, review_missed=review_missed)
    query = read_query(ListCases, wanted | given(limit=limit, after=after))
    page: CasePage = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(page.model_dump(mode="json"))
        return
    table = listing("case", "kind", "opened", "status", "worker", "review due", "open items", title="Cases")
    for entry in page.cases:
        due = f"{entry.review_due or ''}{' missed' if entry.review_missed else ''}"
        status_text = f"{entry.status}{f': {entry.outcome}' if entry.outcome else ''}"
        items = str(entry.open_items or "")
        style = "bold red" if entry.review_missed else ""
        table.add_row(
            entry.case,
            entry.kind,
            in_words(entry.opened),
            status_text,
            entry.worker or "nobody",
            due,
            items,
            style=style,
        )
    console.print(table)
    more(page.next)


@app.command("file")
@one_sentence
def show_file(
    case: CaseArgument,
    actor: Actor,
    role: As = Role.CASEWORKER,
    reason: Reason = None,
    limit: Limit = 200,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """The file of a case: what holds now, and all that happened."""
    query = read_query(GetCase, given(case=case, limit=limit, after=after))
    file: CaseFile = ask(query, Origin(actor, frozenset({role}), reason=reason))
    if as_json:
        emit(file.model_dump(mode="json"))
        return
    entry = file.case
    console.print(
        f"{entry.kind}, {entry.status}, opened {in_words(entry.opened)}; responsible: {entry.worker or 'nobody'}; "
        f"review due: {entry.review_due or 'none'}",
        soft_wrap=True,
    )
    for item in file.waits_for:
        console.print(f"waits for {item.kind} {item.item}")
    table = listing("occurred", "recorded", "by", "what", "facts", "said", title=f"Case {entry.case}", show_lines=True)
    for line in file.timeline:
        table.add_row(
            in_words(line.occurred or ""),
            f"{line.recorded:%Y-%m-%d %H:%M}",
            line.by,
            _what(line),
            _facts(line),
            _said(line),
        )
    console.print(table)
    more(file.next)


@app.command("safety-sheet")
@one_sentence
def safety_sheet(
    case: CaseArgument,
    actor: Actor,
    role: As = Role.DUTY_OFFICER,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Whom to call, what never to do, what to avoid tonight: one page."""
    query = read_query(GetSafetySheet, {"case": case})
    sheet: SafetySheet = ask(query, Origin(actor, frozenset({role}), reason=reason))
    if as_json:
        emit(sheet.model_dump(mode="json"))
    else:
        console.print(page_of(sheet))


@app.command()
@one_sentence
def board(
    actor: Actor,
    role: As = Role.CASEWORKER,
    case: Annotated[str | None, typer.Option(help="Only of this case, by its id.")] = None,
    person: Annotated[str | None, typer.Option(help="Only of this person, by their id.")] = None,
    missing: Annotated[
        bool | None, typer.Option("--missing/--found", help="Only who is still missed, or only who was found.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """The disappearance board: who is missed, and what waits for an answer."""
    query = read_query(ShowBoard, given(case=case, person=person, missing=missing, limit=limit, after=after))
    shown: Board = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    table = listing(
        "disappearance",
        "last seen",
        "",
        "police",
        "may be published",
        "sightings",
        "candidates",
        title="Disappearances",
    )
    for one in shown.disappearances:
        published = one.safe_to_publish and one.police_agree and not one.found
        table.add_row(
            one.disappearance,
            in_words(one.last_seen),
            one.found or ("child" if one.treated_as_child else ""),
            "yes" if one.police_report else "no",
            "yes" if published else "no",
            str(one.open_sightings or ""),
            str(one.open_candidates or ""),
        )
    console.print(table)
    more(shown.next)


@app.command()
@one_sentence
def outbox(
    actor: Actor,
    role: As = Role.CASEWORKER,
    status: Annotated[EffectStatus | None, typer.Option(help="Only with this status.")] = None,
    kind: Annotated[EffectKind | None, typer.Option(help="Only of this kind.")] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """What is to be done outside: publish, take back, tell. Nothing is sent by itself."""
    query = read_query(ListOutbox, given(status=status, kind=kind, limit=limit, after=after))
    shown: Outbox = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    table = listing("asked for", "what", "status", "id", "for", title="To be done outside")
    for one in shown.effects:
        why = one.held_back or one.failed
        status_text = f"{one.status}{f': {why}' if why else ''}"
        table.add_row(
            in_words(one.requested),
            one.kind,
            status_text,
            one.effect,
            one.disappearance or one.case or one.person or "",
        )
    console.print(table)
    more(shown.next)


@app.command()
@one_sentence
def effect(
    effect: Annotated[str, typer.Argument(help="The message or search action, by its id.")],
    actor: Actor,
    role: As = Role.CASEWORKER,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """What exactly is to be said or published, whether it may go now, and how the person is reached safely."""
    shown: EffectShown = ask(read_query(GetEffect, {"effect": effect}), Origin(actor, frozenset({role}), reason=reason))
    if as_json:
        emit(shown.model_dump(mode="json"))
    else:
        console.print(page_of_effect(shown))


@app.command()
@one_sentence
def search(
    actor: Actor,
    role: As = Role.CASEWORKER,
    reason: Reason = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """Find a person by name, in any spelling. The name is asked for, so that it stays out of the shell's history."""
    name = typer.prompt("Name", err=True)
    query = read_query(SearchPersons, given(name=name, limit=limit, after=after))
    page: PersonPage = ask(query, Origin(actor, frozenset({role}), reason=reason))
    if as_json:
        emit(page.model_dump(mode="json"))
        return
    table = listing("person", "names", title="Persons")
    for entry in page.persons:
        table.add_row(entry.person, names_of(entry.names))
    console.print(table)
    more(page.next)


def _what(line: TimelineEntry) -> str:
    marks = [mark for mark, holds in (("corrected", line.corrected), ("retracted", line.retracted)) if holds]
    return f"{line.what} ({', '.join(marks)})" if marks else line.what


def _facts(line: TimelineEntry) -> str:
    return "\n".join(f"{name}: {plain(value)}" for name, value in line.facts.items() if name != "case")


def _said(line: TimelineEntry) -> str:
    return "\n".join(f"{name}: {plain(value)}" for name, value in line.said.items())
