"""Calendars go out as calendars: another program subscribes to them as they are."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import httpx
import icalendar

from services import cases, rehabilitation
from services.gateway.http import create_app
from services.gateway.http.openapi import describe
from services.gateway.tokens import open_tokens
from shared.messages import Role
from shared.settings import Settings
from tests.assembled import Assembled


def test_a_feed_is_served_as_a_calendar_and_refused_as_a_problem(tmp_path: Path) -> None:
    world = Assembled(tmp_path / "world", [cases.context, rehabilitation.context])
    world.projector.catch_up()
    tokens = open_tokens(tmp_path)
    app = create_app(world.bus, [rehabilitation.context], tokens, readiness=dict, settings=Settings(threads=2))

    async def answers() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://centre") as client:
            found = []
            for role in (Role.DUTY_OFFICER, Role.AUDITOR):
                bearer = {"Authorization": f"Bearer {tokens.issue('w-1', [role], timedelta(hours=1))}"}
                for path in ("court-calendar", "rota"):
                    since = {"since": date(2008, 1, 1).isoformat()}
                    answer = await client.get(f"/rehabilitation/{path}.ics", params=since, headers=bearer)
                    found.append(answer)
            return found

    *served, refused, _ = asyncio.run(answers())
    for answer in served:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
        calendar = icalendar.Calendar.from_ical(answer.content)
        assert calendar.errors == []
        assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"], "none at all is no calendar"
        assert "x-position" in answer.headers
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    world.close()


def test_the_document_says_that_it_is_a_calendar() -> None:
    paths = describe([rehabilitation.context])["paths"]
    content = paths["/rehabilitation/rota.ics"]["get"]["responses"]["200"]["content"]
    assert content == {"text/calendar": {"schema": {"type": "string"}}}
