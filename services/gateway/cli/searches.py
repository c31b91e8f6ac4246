"""`forgetmenot cases disappearance`: one search, with its sightings, candidates and what was done outside."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cases.projections.disappearances import DisappearanceFile, GetDisappearance
from services.gateway.cli.asking import Actor, As, AsJson, Reason, ask
from services.gateway.cli.safety_sheet import plain
from services.gateway.cli.terminal import console, emit, listing, one_sentence
from shared.dates import in_words
from shared.messages import Origin, Role
from shared.wire import read_query

app = typer.Typer()


@app.command()
@one_sentence
def disappearance(
    disappearance: Annotated[str, typer.Argument(help="The disappearance, by its id.")],
    actor: Actor,
    role: As = Role.CASEWORKER,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """How a search stands: who may be the danger, sightings, candidates, and what is seen outside."""
    query = read_query(GetDisappearance, {"disappearance": disappearance})
    shown: DisappearanceFile = ask(query, Origin(actor, frozenset({role}), reason=reason))
    if as_json:
        emit(shown.model_dump(mode="json"))
        return
    entry = shown.disappearance
    told = [
        ("person", f"{entry.person}{' (treat as a child)' if entry.treated_as_child else ''}"),
        ("last seen", f"{in_words(entry.last_seen)}, {plain(shown.place)}"),
        ("how it came about", plain(shown.circumstances)),
        ("the police", f"{'have' if entry.police_report else 'have no'} report"),
        ("may be published", "yes" if entry.safe_to_publish and entry.police_agree and not entry.found else "no"),
        ("may be the danger", plain(shown.implicated)),
        ("found", f"{entry.found}; the family may learn: {shown.family_learns or 'nothing'}" if entry.found else "no"),
    ]
    for name, value in told:
        console.print(f"{name}: {value}", soft_wrap=True)
    sightings = listing("seen", "status", "where", "what", "sighting", title="Sightings")
    for one in shown.sightings:
        account = "" if one.account is None else plain(one.account)
        sightings.add_row(in_words(one.seen), one.status, plain(one.place), account, one.sighting)
    candidates = listing("score", "status", "who", "why", "match", title="Candidates: the likeliest first")
    for found in shown.candidates:
        why = ", ".join(f"{part.feature} {part.agreement}" for part in found.explanation)
        candidates.add_row(f"{found.score:.2f}", found.status, found.other, why, found.match)
    actions = listing("what", "how far", "action", title="Done outside")
    for action in shown.actions:
        actions.add_row(action.kind, action.stage, action.action)
    for table in (sightings, candidates, actions):
        if table.row_count:
            console.print(table)
