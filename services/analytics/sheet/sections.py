"""Parts of the sheet that other services tell: life in the shelter, in court, on duty.

Each is a query of another context, found by its wire type, that takes `from` and `to` and answers with figures by
name. Where no service answers such a query, the sheet says that there is no data. A new one needs its wire type here,
and a word for each figure in `terms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.analytics.report import ReportActivity
from services.analytics.sheet.words import mark
from shared.errors import Forbidden
from shared.messages import Query
from shared.wire import read_query


@dataclass(frozen=True, slots=True)
class Asked:
    """Who tells a part, and its heading."""

    wire_type: str
    title: str


ASKED = (
    Asked("rehabilitation.ReportSharedLife", mark("Living together in the shelter")),
    Asked("rehabilitation.ReportProceedings", mark("Preparing for trial, and in court")),
    Asked("rehabilitation.ReportPresence", mark("Presence day and night")),
)


class Told(BaseModel):
    """Another service's answer: figures by name, null where a count of persons is too small to be shown."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    figures: dict[str, int | None]
    synthetic: bool = False


def told(
    report: ReportActivity, kinds: Mapping[str, type[Query[Any]]], ask: Callable[[Query[Any]], BaseModel]
) -> dict[str, Told]:
    """What the services tell of the report's period, by wire type; without those that cannot be asked.

    `kinds` are the queries that are served, by wire type. What is closed to the asker is left out.
    """
    found = {}
    for asked in ASKED:
        if kind := kinds.get(asked.wire_type):
            query = read_query(kind, {"from": report.first.isoformat(), "to": report.last.isoformat()})
            try:
                found[asked.wire_type] = Told.model_validate(ask(query).model_dump(mode="json"))
            except Forbidden:
                continue
    return found
