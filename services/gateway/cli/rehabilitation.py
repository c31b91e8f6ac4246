"""`forgetmenot rehabilitation`: who sleeps where, beds that are looked for, the court calendar, duty with its gaps.

Whoever can read the data folder can be anybody: say truly who you are, for that is what the record will say.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from services.gateway.cli.asking import Actor, As, AsJson, Limit, Reason, ask, given
from services.gateway.cli.safety_sheet import plain
from services.gateway.cli.terminal import console, emit, listing, one_sentence
from services.rehabilitation.proceedings.record import HearingState
from services.rehabilitation.projections.assistance import (
    BeneficiariesAssisted,
    CountBeneficiaries,
    ListServicesDelivered,
    ServicesDelivered,
)
from services.rehabilitation.projections.bed_tasks import BedTaskPage, ListBedTasks
from services.rehabilitation.projections.court_calendar import CourtCalendar, ShowCourtCalendar
from services.rehabilitation.projections.duty import Duty, ShowDuty
from services.rehabilitation.projections.occupancy import CentreList, ListCentres, Occupancy, ShowOccupancy
from shared.dates import HERE
from shared.messages import Origin, Role
from shared.wire import read_query

app = typer.Typer(no_args_is_help=True, help="Rehabilitation: beds, tasks to find one, the court calendar, duty, help.")

Since = Annotated[str, typer.Option(help="The first day, such as 2004-01-01.")]
Until = Annotated[str, typer.Option(help="The last day, such as 2007-12-31.")]


@app.command()
@one_sentence
def centres(actor: Actor, role: As = Role.DUTY_OFFICER, as_json: AsJson = False) -> None:
    """Every centre, by code and id."""
    shown: CentreList = ask(ListCentres(), Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    table = listing("code", "centre", "opened", title="Centres")
    for one in shown.centres:
        table.add_row(one.code, one.centre, str(one.opened))
    console.print(table)


@app.command()
@one_sentence
def occupancy(
    centre: Annotated[str, typer.Argument(help="The centre, by its id.")],
    actor: Actor,
    role: As = Role.DUTY_OFFICER,
    on: Annotated[str | None, typer.Option(help="The night that begins on this day; left out: tonight.")] = None,
    shelter: Annotated[str | None, typer.Option(help="Only this shelter, by its code.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who sleeps where, tonight or on any night."""
    query = read_query(ShowOccupancy, given(centre=centre, on=on, shelter=shelter))
    shown: Occupancy = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    table = listing("shelter", "room", "bed", "person", "since", "until", title=f"The night of {shown.on}")
    for one in shown.shelters:
        for room in one.rooms:
            for bed in room.beds:
                closed = "out of service" if bed.in_service is False else ""
                for sleeper in bed.sleepers:
                    until = f"{sleeper.until or ''}{' overdue' if sleeper.overdue else ''}"
                    style = "bold red" if sleeper.overdue else ""
                    table.add_row(
                        one.shelter, room.room, bed.bed, sleeper.person, str(sleeper.arrived), until, style=style
                    )
                if not bed.sleepers:
                    table.add_row(one.shelter, room.room, bed.bed, closed, "", "", style="dim")
    console.print(table)
    for one in shown.shelters:
        room_for = "" if one.capacity is None else f" of at most {one.capacity}; beds to be had: {one.free}"
        console.print(f"{one.shelter}: {one.people} people{room_for}")


@app.command("bed-tasks")
@one_sentence
def bed_tasks(
    actor: Actor,
    role: As = Role.DUTY_OFFICER,
    settled: Annotated[bool, typer.Option("--settled", help="Those that are settled instead.")] = False,
    limit: Limit = 50,
    after: Annotated[int | None, typer.Option(min=0, help="Go on after this.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who needs a bed, or another one: the longest wait first. Why is told to those who may know."""
    query = read_query(ListBedTasks, given(settled=settled, limit=limit, after=after))
    page: BedTaskPage = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(page.model_dump(mode="json"))
        return
    table = listing("since", "person", "what", "asked", "why", "settled", "task", title="Beds that are looked for")
    for task in page.tasks:
        why = task.why if isinstance(task.why, str) else ""
        table.add_row(str(task.since), task.person, task.kind, str(task.asked), why, task.settled or "", task.task)
    console.print(table)
    if page.next is not None:
        console.print(f"There is more: --after {page.next}")


@app.command("court-calendar")
@one_sentence
def court_calendar(
    actor: Actor,
    role: As = Role.CASEWORKER,
    since: Annotated[str | None, typer.Option(help="Only from this day on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only until this day.")] = None,
    state: Annotated[HearingState | None, typer.Option(help="Only these.")] = None,
    limit: Limit = 50,
    after: Annotated[str | None, typer.Option(help="Go on after this.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hearings in the order of their time. Codes in place of names."""
    query = read_query(ShowCourtCalendar, given(since=since, until=until, state=state, limit=limit, after=after))
    shown: CourtCalendar = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    table = listing("when", "minutes", "court", "proceedings", "state", "reminded", title="Court calendar")
    for one in shown.hearings:
        reminded = f"{one.reminded} days before" if one.reminded else ""
        style = "dim" if one.state is not HearingState.SCHEDULED else ""
        table.add_row(_moment(one.at), str(one.minutes), one.court, one.code, one.state, reminded, style=style)
    console.print(table)
    if shown.next is not None:
        console.print(f"There is more: --after {shown.next}")


@app.command()
@one_sentence
def duty(
    post: Annotated[str, typer.Argument(help="The post, such as shelter or hotline.")],
    since: Annotated[str, typer.Option(help="The first day.")],
    until: Annotated[str, typer.Option(help="The last day.")],
    actor: Actor,
    role: As = Role.DUTY_OFFICER,
    reason: Reason = None,
    at: Annotated[str | None, typer.Option(help="As if it were this moment; left out: now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who is on a post now, the plan and what became of it, and every uncovered minute."""
    query = read_query(ShowDuty, given(post=post, since=since, until=until, at=at))
    shown: Duty = ask(query, Origin(actor, frozenset({role}), reason=reason))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    there = ", ".join(f"{turn.worker} since {_moment(turn.since)}" for turn in shown.now) or "nobody"
    console.print(f"On {shown.post} at {_moment(shown.at)}: {there}", soft_wrap=True)
    turns = {turn.shift: turn for turn in shown.turns}
    table = listing("starts", "ends", "kind", "worker", "plan", "was there", title=f"Duty: {shown.post}")
    for shift in shown.shifts:
        turn = turns.get(shift.shift)
        was = f"{turn.worker}, {_moment(turn.since)} - {_moment(turn.until) if turn.until else ''}" if turn else ""
        alerted = f", {shift.fallback or 'nobody'} alerted" if shift.missed or (turn and turn.unrelieved) else ""
        plan = f"{shift.state}{', missed' if shift.missed else ''}{alerted}"
        style = "bold red" if shift.missed else ""
        table.add_row(_moment(shift.starts), _moment(shift.ends), shift.kind, shift.worker, plan, was, style=style)
    console.print(table)
    for turn in shown.turns:
        if turn.handed_over:
            over = f"there until {_moment(turn.until)}" if turn.until else "nobody has taken over yet"
            said = f": {plain(turn.summary)}" if turn.summary is not None else ""
            console.print(f"{turn.worker} handed over {_moment(turn.handed_over)}, {over}{said}", soft_wrap=True)
    if shown.gaps:
        gaps = listing("from", "until", "minutes", "", title="Nobody is there")
        for gap in shown.gaps:
            style = "bold red" if gap.kind == "past" else "red"
            gaps.add_row(_moment(gap.since), _moment(gap.until), f"{gap.minutes:,}", gap.kind, style=style)
        console.print(gaps)
    console.print(f"{shown.uncovered:,} of {shown.minutes:,} minutes uncovered.")


@app.command()
@one_sentence
def services(
    actor: Actor,
    since: Since,
    until: Until,
    role: As = Role.SUPERVISOR,
    project: Annotated[str | None, typer.Option(help="Only what is attributed to this project, by its id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Services delivered in a period, by kind: in programmes, in cases and in calls together."""
    query = read_query(ListServicesDelivered, given(since=since, until=until, project=project))
    shown: ServicesDelivered = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    console.print(f"Services delivered, {shown.since} to {shown.until}:")
    table = listing("kind", "services", "minutes")
    for one in shown.by_kind:
        table.add_row(one.kind, f"{one.services:,}", f"{one.minutes:,}")
    table.add_row("together", f"{shown.services:,}", f"{shown.minutes:,}", style="bold")
    console.print(table)


@app.command()
@one_sentence
def beneficiaries(
    actor: Actor, since: Since, until: Until, role: As = Role.SUPERVISOR, as_json: AsJson = False
) -> None:
    """How many people were assisted in a period, each once however many records they have."""
    query = read_query(CountBeneficiaries, {"since": since, "until": until})
    shown: BeneficiariesAssisted = ask(query, Origin(actor, frozenset({role})))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    console.print(f"Assisted, {shown.since} to {shown.until}:")
    table = listing("assisted as", "people")
    table.add_row("victims of trafficking", str(shown.trafficking_victims))
    table.add_row("family members, supported", str(shown.family_members_supported))
    table.add_row("missing persons, once found", str(shown.missing_persons))
    console.print(table)


def _moment(instant: datetime) -> str:
    """By the clock of the centre, with its offset: one hour in a year comes twice."""
    return f"{instant.astimezone(HERE):%Y-%m-%d %H:%M %z}"
