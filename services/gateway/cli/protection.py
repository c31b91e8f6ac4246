"""`forgetmenot protection`: what is held on a person, what forgetting them would do, who has seen them, the keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from services.gateway.cli.terminal import console, emit, one_sentence
from shared.errors import Invalid
from shared.messages import Origin, Role
from shared.privacy.master import add_master_key, retire_master_keys
from shared.settings import load_settings

if TYPE_CHECKING:
    from services.audit.access import Disclosure
    from services.gateway.installation import Installation

app = typer.Typer(no_args_is_help=True, help="Data protection: what is held on a person, and what forgetting would do.")
keys = typer.Typer(no_args_is_help=True, help="The master key that all others are wrapped with.")
app.add_typer(keys, name="keys")
Person = Annotated[str, typer.Argument(help="The person's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Actor = Annotated[str, typer.Option(help="Who asks, by an id such as w-17: never a name.")]
Reason = Annotated[str | None, typer.Option(help="For what; kept sealed beside what was opened.")]
OFFICER = Origin("operator", frozenset({Role.DATA_PROTECTION_OFFICER}))


@app.command()
@one_sentence
def plan(person: Person, as_json: AsJson = False) -> None:
    """The dry run: what forgetting a person would destroy, what stays, and why."""
    from services.gateway.installation import Installation
    from services.protection.queries import PlanErasure

    with Installation(load_settings()) as installation:
        found = installation.ask(PlanErasure(subject=person), OFFICER).answer
    if as_json:
        emit(found.model_dump(mode="json"))
        return
    table = Table("", "kept as", "record", "why it stays", "until", title=f"If {person} were forgotten today")
    for key in found.goes:
        table.add_row("goes", key.keep, key.record, "", "")
    for key in found.stays:
        table.add_row("stays", key.keep, key.record, f"{key.because}: {key.ground}", key.until or "", style="bold")
    console.print(table)
    console.print(f"Approve it with its digest: {found.digest}", soft_wrap=True)
    if len(found.subjects) > 1:
        console.print(f"Linked records of the same person go too: {', '.join(found.subjects[1:])}")


@app.command()
@one_sentence
def export(
    person: Person,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write: .json for machines, .md to read.")],
    actor: Actor = "operator",
    reason: Reason = None,
) -> None:
    """All that is held on a person, for their access request, with others protected. It is recorded as a disclosure."""
    from services.gateway.installation import Installation
    from services.protection.queries import ExportSubject

    with Installation(load_settings()) as installation:
        found = installation.ask(ExportSubject(subject=person), _officer(actor, reason)).answer
    text = found.to_text() if output.suffix == ".md" else found.model_dump_json(indent=2)
    output.touch(mode=0o600)
    output.write_text(text, encoding="utf-8")
    console.print(f"{len(found.entries)} entries written to {output}. Hand it over safely, then delete it.")


@app.command()
@one_sentence
def seen(person: Person, actor: Actor = "operator", reason: Reason = None, as_json: AsJson = False) -> None:
    """Who has seen a person's data, linked records with it: when, in which role, what and for what. All of it."""
    from services.gateway.installation import Installation
    from services.protection.usage import linked

    with Installation(load_settings()) as installation:
        subjects = linked(installation.store, person)
        found = [one for subject in subjects for one in _seen(installation, subject, _officer(actor, reason))]
    found.sort(key=lambda one: one.at, reverse=True)
    if as_json:
        emit({"subjects": list(subjects), "disclosures": [one.model_dump(mode="json") for one in found]})
        return
    table = Table("when", "who", "as", "asked", "saw", "for", title=f"Who has seen {' or '.join(subjects)}")
    for one in found:
        when = f"{one.at:%Y-%m-%d %H:%M:%S}"
        who = f"{one.actor} for {one.on_behalf_of}" if one.on_behalf_of else one.actor
        table.add_row(when, who, ", ".join(one.roles), one.query, "\n".join(one.fields), one.purpose or "")
    console.print(table)


def _seen(installation: Installation, subject: str, officer: Origin) -> Iterator[Disclosure]:
    from services.audit.access import ShowAccessHistory

    after = None
    while True:
        page = installation.ask(ShowAccessHistory(subject=subject, after=after, limit=500), officer).answer
        yield from page.disclosures
        if (after := page.next) is None:
            return


def _officer(actor: str, reason: str | None) -> Origin:
    return Origin(actor, frozenset({Role.DATA_PROTECTION_OFFICER}), reason=reason)


@keys.command()
@one_sentence
def rotate(
    added: Annotated[bool, typer.Option("--added", help="A new key was put at the end of the file by hand.")] = False,
) -> None:
    """Add a new master key and wrap every key with it. The log is not touched; after a break, run it with --added.

    Running processes learn of the new master by themselves. Back the key file up, then retire the old one. Where the
    key is in MASTER_KEY, set that to "OLD NEW", start everything again, and then run this.
    """
    from services.gateway.installation import Installation

    settings = load_settings()
    with Installation(settings) as installation:
        if settings.master_key is None and not added:
            add_master_key(installation.master_key_file)
        moved = installation.keys.rewrap()
        kept = "the last key of MASTER_KEY" if settings.master_key else str(installation.master_key_file)
    console.print(f"{moved:,} keys are wrapped with the newest master key. Back up {kept} now.", soft_wrap=True)


@keys.command()
@one_sentence
def retire() -> None:
    """Take old master keys out of the key file. Backups of the key store from before the rotation then open nothing."""
    from services.gateway.installation import Installation

    settings = load_settings()
    if settings.master_key is not None:
        raise Invalid("The master key is in MASTER_KEY: once rotate has run, leave only the last key in it.")
    with Installation(settings) as installation:
        gone = retire_master_keys(installation.master_key_file, installation.keys.masters_in_use())
    if gone:
        console.print(f"Taken out: {', '.join(gone)}. Destroy their copies when no backup needs them any more.")
    else:
        console.print("Every master key is in use; nothing was taken out.")
