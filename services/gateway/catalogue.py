"""The catalogue of commands, queries and events, written from the code: `python -m services.gateway.catalogue --write`.

`--check` fails if what is written no longer says what the code says.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from services.gateway import installation  # so that every query is declared
from services.gateway.contexts import CONTEXTS
from shared.context import Context
from shared.messages import Command, Event, Query
from shared.privacy.personal import personal_fields

SERVICES = Path(installation.__file__).parent.parent
HEAD = "<!-- Written from the code by `make docs`; a check holds that it agrees with it. -->\n"


def api() -> str:
    """Every command and query, by context, as Markdown."""
    lines = [HEAD, "# Commands and queries", ""]
    lines += ["Each is declared once, in its context; route, permission, OpenAPI entry and RPC method follow.", ""]
    for context in CONTEXTS:
        messages: list[type[Command] | type[Query[Any]]] = [*context.commands(), *_queries_of(context)]
        if messages:
            lines += [f"## {context.title}", "", "| | route | for | what it does |", "|---|---|---|---|"]
            lines += [_message_row(message) for message in messages]
            lines.append("")
    return "\n".join(lines)


def events() -> str:
    """Every event with its fields, by context, as Markdown."""
    lines = [HEAD, "# Events", ""]
    lines += ["As they are stored. Fields marked ° are personal: sealed under the key of the subject named.", ""]
    for context in CONTEXTS:
        for kind in _events_of(context):
            lines += [f"## `{kind.type_name}` (version {kind.version})", "", _summary(kind), ""]
            lines += [*_field_rows(kind), ""]
    return "\n".join(lines)


DOCUMENTS = {"API.md": api, "EVENTS.md": events}


def stale() -> list[str]:
    """The documents that no longer say what the code says."""
    return [name for name, text in DOCUMENTS.items() if _written(name) != text()]


def _written(name: str) -> str | None:
    path = SERVICES / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def _queries_of(context: Context) -> Iterator[type[Query[Any]]]:
    """Those that its read models answer, and those that the log itself does."""
    answered = list(context.queries())
    yield from answered
    for kind in sorted(_declared(Query), key=lambda kind: kind.__name__):
        if kind.context == context.name and kind.route and kind not in answered:
            yield kind


def _declared(kind: type[Query[Any]]) -> set[type[Query[Any]]]:
    return {found for below in kind.__subclasses__() for found in (below, *_declared(below))}


def _events_of(context: Context) -> Iterator[type[Event]]:
    for decider in context.deciders:
        yield from decider.event_types()


def _message_row(message: type[Command] | type[Query[Any]]) -> str:
    route = f"`{message.route.method} {message.route.path}`" if message.route else "(internal)"
    roles = ", ".join(sorted(message.roles)) or "policies"
    return f"| `{message.wire_type()}` | {route} | {roles} | {_summary(message)} |"


def _field_rows(kind: type[Event]) -> Iterator[str]:
    yield from ("| field | type | |", "|---|---|---|")
    personal = personal_fields(kind)
    for name, field in kind.model_fields.items():
        mark = f"° of `{personal[name].subject}`, {personal[name].keep}" if name in personal else ""
        yield f"| `{name}` | {_type_name(field.annotation)} | {field.description or mark} |"


def _type_name(annotation: Any) -> str:
    if annotation is str:
        return "text"
    text = annotation.__name__ if inspect.isclass(annotation) else str(annotation)
    for noise in ("typing.", "datetime.", "shared.privacy.personal.", "shared.money.", "decimal."):
        text = text.replace(noise, "")
    return text.split("services.")[-1].replace("|", "\\|") if "Annotated" not in text else "text"


def _summary(kind: type[BaseModel]) -> str:
    return (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")


def main() -> int:
    """Write the documents, or check them."""
    if "--write" in sys.argv:
        for name, text in DOCUMENTS.items():
            (SERVICES / name).write_text(text(), encoding="utf-8")
        return 0
    for name in (found := stale()):
        print(f"services/{name} no longer says what the code says: run `make docs`.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
