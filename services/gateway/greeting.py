"""What a person reads when everything runs: where it answers, a token, three questions with their answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import orjson
from rich.console import Console
from rich.text import Text

from services.analytics.report import ReportActivity
from services.audit.trail import ReadTrail
from services.gateway.cli.terminal import console
from services.gateway.http.app import Readiness
from services.gateway.installation import Installation
from services.gateway.tokens import open_tokens
from services.history.source import GIRL_POWER, SOURCE
from services.projects.projections.questions import ShowStatement
from shared.errors import ForgetMeNotError, NotFound
from shared.messages import Origin, Query, Role

TOKEN_LIFE = timedelta(days=1)
READY_SECONDS = 60.0
SHOWN_ROWS = 3


class Question(NamedTuple):
    """Something to ask at first, and what of the answer to show: these fields of it, or of its rows."""

    words: str
    path: str
    query: Query[Any]
    fields: tuple[str, ...]
    rows: str | None = None


def greet(installation: Installation, waiting_for: Readiness, host: str, port: int, to: Console = console) -> None:
    """Say what to try next, once everything is ready. Nothing that is there to be copied is cut, framed or indented."""
    give_up = time.monotonic() + READY_SECONDS
    while waiting_for() and time.monotonic() < give_up:
        time.sleep(0.1)
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    token = open_tokens(installation.folder).issue("trial", [Role.SUPERVISOR], TOKEN_LIFE)
    said = Text()
    said.append(f"\nForget-me-not answers at {at}\n", style="bold")
    said.append(f"All that it can do, to read and to try: {at}/docs\n")
    said.append("\nFor a first look from another terminal (a supervisor's token, for a day):\n\n")
    said.append(f"TOKEN={token}\n", style="cyan")
    said.append(f'ask() {{ curl -s -H "Authorization: Bearer $TOKEN" "{at}$1"; }}\n', style="cyan")
    said.append("\nWhat to ask, and of what it answers now:\n")
    for question in _first_questions():
        if answer := _answer(installation, question):
            said.append(f"\n{question.words}\n", style="bold")
            said.append(f'ask "{question.path}"\n', style="cyan")
            said.append("".join(f"  {line}\n" for line in answer))
    said.append("\nThis is a trial, without accounts yet. No real person's data belongs in it.\n")
    said.append("Ctrl-C stops it; the next start goes on from here.\n")
    to.print(said, soft_wrap=True)


def _first_questions() -> Iterator[Question]:
    yield Question(
        "What was done in 2004-2007?",
        "/reports/activity?from=2004-01-01&to=2007-12-31",
        ReportActivity.model_validate({"from": "2004-01-01", "to": "2007-12-31"}),
        ("projects_total", "beneficiaries_assisted"),
    )
    grant = SOURCE.id("grant", GIRL_POWER.key)
    yield Question(
        "What became of a grant?",
        f"/grants/{grant}/statement",
        ShowStatement(grant=grant),
        ("line", "awarded", "spent", "left"),
        rows="lines",
    )
    yield Question(
        "Who recorded what, when, and from which command?",
        "/audit/trail?type=campaigns.CampaignHeld&limit=1",
        ReadTrail(type="campaigns.CampaignHeld", limit=1),
        ("recorded_at", "actor", "command"),
        rows="entries",
    )


def _answer(installation: Installation, question: Question) -> Sequence[str]:
    """Some lines of the answer, as the API gives it; none about what is not there, as on an empty log."""
    origin = Origin("trial", frozenset({Role.SUPERVISOR}))
    try:
        answered = installation.ask(question.query, origin, wait_for=installation.store.head())
    except NotFound:
        return []
    except ForgetMeNotError as error:
        return [str(error)]
    given = answered.answer.model_dump(mode="json")
    rows = [given] if question.rows is None else given[question.rows]
    return [orjson.dumps({field: row[field] for field in question.fields}).decode() for row in rows[:SHOWN_ROWS]]
