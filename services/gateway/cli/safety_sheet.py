"""The safety sheet in a terminal: one page, what must never be done at the top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table

from services.cases.person.channels import SPOKEN, ContactChannel, SafeTime
from services.cases.person.names import PersonName
from services.cases.projections.outbox import EffectKind, EffectShown
from services.cases.projections.person_files import NameShown
from services.cases.projections.safe_contact import SafeContactShown
from services.cases.projections.safety_sheet import PersonOnSheet, SafetySheet
from shared.dates import in_words
from shared.projections.declaration import Redacted


def page_of(sheet: SafetySheet) -> RenderableType:
    """One page, the most urgent first."""
    closed = ", closed" if sheet.closed else ""
    return Group(
        Panel(_grid(_never(sheet)), title="Never", border_style="bold red"),
        Panel(_grid(_reached("call", sheet.person)), title=names_of(sheet.person.names)),
        *(Panel(_grid(_reached("call", other)), title=f"also {names_of(other.names)}") for other in sheet.linked),
        Panel(_grid(_tonight(sheet)), title=f"{sheet.kind}{closed}"),
        Panel(_grid(_relatives(sheet)), title="Family who may be called"),
    )


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, text in rows:
        grid.add_row(name, text)
    return grid


def _never(sheet: SafetySheet) -> Iterator[tuple[str, str]]:
    for record in (sheet.person, *sheet.linked):
        if record.safe_contact and record.safe_contact.never:
            yield "never use", plain(record.safe_contact.never)
        if record.safe_contact:
            yield from _in_doubt(record.safe_contact)
    for other in sheet.never_tell:
        yield "never tell", f"{names_of(other.names)} ({other.person}): not even that the person is known here"
    for search in sheet.searches:
        if search.found:
            learns = search.family_learns or "nothing"
            yield "the family may learn", f"{learns} (found {search.found})"
    if sheet.person.safe_contact is None:
        yield "do not call", "nothing is agreed on how they can be reached safely"
    yield "never tell", "anybody where the shelter is"


def _in_doubt(contact: SafeContactShown) -> Iterator[tuple[str, str]]:
    if contact.in_doubt:
        yield "do not use", f"{plain(contact.in_doubt)}: somebody else answered; agree safe contact anew"


def page_of_effect(shown: EffectShown) -> RenderableType:
    """What is to be done outside, on one page: whether it may be done now, how, and its words."""
    effect = shown.effect
    rows = [("status", f"{effect.status}{f': {why}' if (why := effect.held_back or effect.failed) else ''}")]
    if shown.may_go_now is not None:
        rows.append(("may go now", "yes" if shown.may_go_now else "NO"))
        rows.extend(("at", time_of(one)) for one in shown.times)
    if effect.by_means:
        rows.append(("by", effect.by_means))
    people = ("to" if effect.kind is EffectKind.MESSAGE else "about", effect.person), ("about", effect.about)
    rows.extend((name, person) for name, person in people if person)
    panels = [Panel(_grid(rows), title=f"{effect.kind} {effect.effect}")]
    if contact := shown.safe_contact:
        never = [("never use", plain(contact.never))] if contact.never else []
        never += [("never tell", other) for other in contact.never_tell]
        reached = _channels("reach by", contact, spoken=effect.by_means in SPOKEN)
        panels.append(
            Panel(_grid([*never, *_in_doubt(contact), *reached]), title="Safe contact", border_style="bold red")
        )
    if shown.text is not None:
        panels.append(Panel(plain(shown.text), title="What to say"))
    return Group(*panels)


def _reached(label: str, person: PersonOnSheet) -> Iterator[tuple[str, str]]:
    if person.treated_as_child:
        yield "treat as", "a child"
    if person.safe_contact is None:
        yield label, "not agreed: do not"
        return
    yield from _channels(label, person.safe_contact)


def _channels(label: str, contact: SafeContactShown, *, spoken: bool = True) -> Iterator[tuple[str, str]]:
    if isinstance(contact.channels, Redacted):
        yield label, plain(contact.channels)
    else:
        for channel in contact.channels:
            doubt = "do not: " if channel.kind in contact.in_doubt else ""
            yield label, doubt + ", ".join(filter(None, (f"{channel.kind} {channel.address}", hours_of(channel))))
        if not contact.channels:
            yield label, "do not: they come by themselves"
    if contact.code_word is not None and spoken:
        yield "say first", plain(contact.code_word)


def hours_of(channel: ContactChannel) -> str:
    """When a channel may be used: its times, and what they do not say."""
    return ", ".join((*map(time_of, channel.times), *filter(None, (channel.hours,))))


def time_of(safe: SafeTime) -> str:
    """`mon/tue 09:00-11:00`, by the clock of the centre."""
    return f"{'/'.join(day[:3] for day in safe.days)} {safe.since:%H:%M}-{safe.until:%H:%M}"


def _tonight(sheet: SafetySheet) -> Iterator[tuple[str, str]]:
    yield "responsible", sheet.worker or "nobody: call the supervisor"
    if sheet.danger is None:
        yield "danger", "not assessed: assume the worst"
    else:
        yield "danger", f"{plain(sheet.danger.level)}, assessed {in_words(sheet.danger.assessed)}"
        yield "from", plain(sheet.danger.factors)


def _relatives(sheet: SafetySheet) -> Iterator[tuple[str, str]]:
    for one in sheet.may_be_called:
        yield f"{one.kind}", names_of(one.relative.names)
        yield from _reached("  call", one.relative)
    if not sheet.may_be_called:
        yield "nobody", ""


def plain(value: Any) -> str:
    """A value as a person reads it: what is hidden says why."""
    match value:
        case Redacted(hidden=why):
            return f"({why})"
        case None:
            return "-"
        case list() | tuple():
            return ", ".join(map(plain, value)) or "none"
        case dict():
            return ", ".join(f"{name}: {plain(part)}" for name, part in value.items())
        case BaseModel():
            return plain(value.model_dump(exclude_none=True))
        case _:
            return str(value)


def names_of(names: Iterable[NameShown]) -> str:
    """All names of a person, on one line."""
    return " / ".join(map(_name, names)) or "(no name)"


def _name(shown: NameShown) -> str:
    if not isinstance(shown.value, PersonName):
        return plain(shown.value)
    return " ".join(filter(None, (shown.value.given, shown.value.family)))
