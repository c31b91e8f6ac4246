"""The page of a bundle that people read: the events in order, what is proven and what is not, how to check it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from services.audit.bundle import Reading

_HEAD = """\
# Events of a Forget-me-not log, with proofs

This bundle holds {count} of the {size} events that the log *{origin}* had recorded when it was made: {chosen}.

## How to check it

With Python 3.11 or later and its package `cryptography`, in an empty folder with these files:

    python -I verifier.py proof.json --vkey "$(cat verifier-key.txt)"

It ends with OK, or says what does not hold. The key must be the log's own. Do not take it from this bundle alone:
compare `verifier-key.txt` with a copy that you were given by another way. It is

    {key}

Whoever holds an earlier checkpoint of this log (its size must be among those that `proof.json` extends) adds
`--checkpoint FILE`, and finds out if the log was rolled back or if others were shown another history.

## What is proven, and what is not

- **Proven**: each event in `proof.json` stands in the log, bit for bit, at its place in the order of all events,
  under a root that the holder of the key has signed. Whatever in `events.json` and below is not marked *opened*,
  *withheld* or *forgotten* is taken from these bytes, and can be compared with them: `data` and `metadata` in
  `proof.json` are base64 of JSON. (The position alone is how this installation counts; the proof has `index`.)
- **Not proven by mathematics**: values marked *opened*. The log holds personal values encrypted; the proof covers the
  encrypted form, and that it opens to the text shown is the word of whoever made this bundle. To check it, have the
  value opened again from the log in the presence of somebody whom the court trusts.
- *withheld*: there is a value, which is closed to whoever asked for this bundle. *forgotten*: its key was destroyed for
  good, and nobody can open it any more.
- **Not proven**: that what an event says is true; that it happened at the time recorded (the log's own clock says so);
  that nothing was left unrecorded; that no other event belongs to the matter. Events are chosen, not all of them.
- Copies of this bundle are not erased when a person is forgotten. Whoever holds one answers for it.

## The events, in order
"""


def summary(chosen: str, readings: Sequence[Reading], checkpoint: str, key: str) -> str:
    """The whole page, Markdown. Whatever comes from events stands in code spans, so none of it acts as markup."""
    origin, size = checkpoint.split("\n")[:2]
    head = _HEAD.format(count=len(readings), origin=origin, size=size, chosen=chosen, key=key)
    return "\n".join([head, *(line for number, reading in enumerate(readings, 1) for line in _told(number, reading))])


def _told(number: int, reading: Reading) -> Iterator[str]:
    yield f"### {number}. {_code(reading.type)}"
    yield ""
    yield f"- recorded: {_moment(reading.recorded_at)}, at position {reading.position}"
    yield f"- where: {_code(reading.stream)}, revision {reading.revision}, event {_code(reading.id)}"
    if reading.actor is not None:
        behalf = f", on behalf of {_code(reading.on_behalf_of)}" if reading.on_behalf_of else ""
        yield f"- by: {_code(reading.actor)} ({_code(', '.join(reading.roles) or 'no role')}){behalf}"
    if reading.command is not None:
        yield f"- through the command {_code(reading.command)} {_code(reading.command_id or '')}"
    if reading.reason is not None:
        yield f"- for the reason: {_value(reading.reason)}"
    yield from _facts(reading.facts.items())
    yield ""


def _facts(facts: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for name, value in facts:
        yield f"- {_code(name)}: {_value(value)}"


def _value(value: Any) -> str:
    match value:
        case {"opened": plain, **rest} if not rest:
            return f"{_code(_json(plain))} (*opened*)"
        case {"hidden": "withheld" | "forgotten" as why, **rest} if not rest:
            return f"*{why}*"
        case _:
            return _code(_json(value))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()  # line breaks in it are escaped


def _code(text: str) -> str:
    """A code span that nothing in `text` can end (CommonMark 6.1)."""
    text = " ".join(text.splitlines())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
