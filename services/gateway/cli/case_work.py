"""`forgetmenot cases`: who works on what, the family around a person, and what was referred to whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from services.cases.projections.caseload import CaseloadPage, ListCaseloads
from services.cases.projections.circles import ShowTeam, Team
from services.cases.projections.family import Family, GetFamily, HelpGiven
from services.cases.projections.referrals import ListReferrals, ReferralPage, SecondLook
from services.cases.referral.record import Status
from services.cases.vocabulary import RecipientKind
from services.gateway.cli.asking import Actor, After, As, AsJson, Limit, Reason, ask, given, more
from services.gateway.cli.safety_sheet import plain
from services.gateway.cli.terminal import console, emit, listing, one_sentence
from shared.dates import in_words
from shared.messages import Origin, Role
from shared.wire import read_query

app = typer.Typer()


@app.command()
@one_sentence
def team(
    case: Annotated[str, typer.Argument(help="The case, by its id.")],
    actor: Actor,
    role: As = Role.CASEWORKER,
    as_json: AsJson = False,
) -> None:
    """Who works on a case: to them its records are open."""
    shown: Team = ask(read_query(ShowTeam, {"case": case}), Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    console.print(f"The team of {shown.case}:", soft_wrap=True)
    table = listing("member", "")
    for one in shown.members:
        table.add_row(one.member, "responsible" if one.responsible else "")
    console.print(table)


@app.command()
@one_sentence
def family(
    person: Annotated[str, typer.Argument(help="The person, by their id.")],
    actor: Actor,
    role: As = Role.CASEWORKER,
    reason: Reason = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """The family around a person, in both directions, with the help that each has had."""
    query = read_query(GetFamily, given(person=person, limit=limit, after=after))
    shown: Family = ask(query, Origin(actor, frozenset({role}), reason=reason))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    if linked := shown.records[1:]:
        console.print(f"The same person: {', '.join(linked)}", soft_wrap=True)
    console.print(f"Their own help: {_help(shown.help) or 'none'}", soft_wrap=True)
    table = listing("is their", "person", "since", "until", "help", "note", title=f"The family around {shown.person}")
    for one in shown.members:
        note = plain(one.note) if one.note is not None else ""
        table.add_row(one.kind, one.person, in_words(one.since or ""), in_words(one.until or ""), _help(one.help), note)
    console.print(table)
    more(shown.next)


@app.command()
@one_sentence
def caseload(
    actor: Actor,
    role: As = Role.SUPERVISOR,
    worker: Annotated[str | None, typer.Option(help="Only this worker's.")] = None,
    limit: Limit = 50,
    after: Annotated[str | None, typer.Option(help="Go on after this worker.")] = None,
    as_json: AsJson = False,
) -> None:
    """How many open cases each worker has, and what waits in them."""
    query = read_query(ListCaseloads, given(worker=worker, limit=limit, after=after))
    shown: CaseloadPage = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    columns = ("worker", "cases", "missing", "trafficking", "family", "next review", "reviews missed", "open items")
    table = listing(*columns, title="Open cases")
    for one in shown.caseloads:
        table.add_row(
            one.worker or "nobody",
            *(str(number) for number in (one.cases, one.missing_person, one.trafficking, one.family_support)),
            str(one.next_review or ""),
            str(one.reviews_missed or ""),
            str(one.open_items or ""),
            style="bold red" if one.reviews_missed or one.worker is None else "",
        )
    console.print(table)
    more(shown.next)


@app.command()
@one_sentence
def referrals(
    actor: Actor,
    role: As = Role.CASEWORKER,
    status: Annotated[Status | None, typer.Option(help="Only with this status.")] = None,
    to: Annotated[RecipientKind | None, typer.Option(help="Only to this kind of recipient.")] = None,
    case: Annotated[str | None, typer.Option(help="Only of this case, by its id.")] = None,
    second_look: Annotated[SecondLook | None, typer.Option(help="Only whose disclosure stands so.")] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """The referral pipeline: to whom, on which legal basis, how it was answered."""
    wanted = given(status=status, to=to, case=case, second_look=second_look)
    query = read_query(ListReferrals, wanted | given(limit=limit, after=after))
    shown: ReferralPage = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    table = listing("made", "to", "status", "legal basis", "until", "referral", title="Referrals")
    for one in shown.referrals:
        stopped = f" (shares nothing more: {one.sharing_stopped})" if one.sharing_stopped else ""
        look = "" if one.second_look is SecondLook.NOT_NEEDED else f", second look: {one.second_look}"
        waits = one.second_look in {SecondLook.DUE, SecondLook.MISSED}
        table.add_row(
            in_words(one.made),
            one.to,
            f"{one.status}{stopped}",
            f"{one.legal_basis}{look}",
            str(one.until),
            one.referral,
            style="bold red" if waits else "",
        )
    console.print(table)
    console.print(", ".join(f"{status}: {number}" for status, number in sorted(shown.by_status.items())) or "None.")
    more(shown.next)


def _help(given_to: Iterable[HelpGiven]) -> str:
    return ", ".join(f"{one.kind} {one.services}x, {one.minutes} min" for one in given_to)
