"""Makes the sheet of a period out of what the services answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from services.analytics.report import ActivityReport, ReportActivity
from services.analytics.sheet.parts import Sheet
from services.analytics.sheet.sections import told
from services.analytics.sheet.words import Language, words_in
from services.analytics.sheet.writing import write
from shared.bus import Answered
from shared.messages import Query


def sheet_of(
    query: ReportActivity,
    language: Language,
    served: Iterable[type[Query[Any]]],
    ask: Callable[[Query[Any]], Answered],
) -> tuple[Sheet, int]:
    """The sheet, and the position that its figures reflect. `served` are the queries that `ask` can ask.

    Raises what asking for the report raises: who may not see the report may not see its sheet.
    """
    answered = ask(query)
    report: ActivityReport = answered.answer
    parts = told(query, {kind.wire_type(): kind for kind in served}, lambda asked: ask(asked).answer)
    return write(report, parts, words_in(language)), answered.position
