"""How long an event that belongs to a trace was on its way into read models: from its delivery to the commit."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from shared.eventstore.port import RecordedEvent
from shared.projections.generations import Generation
from shared.tracing import Kind, mark, traceparent_in


class _Taken(NamedTuple):
    traceparent: str
    type_name: str
    position: int
    began_ns: int
    takers: Sequence[Generation]


class TracedEvents:
    """The events since the last commit that were recorded in a trace. What is only built anew is none of theirs."""

    def __init__(self) -> None:
        self._taken: list[_Taken] = []

    def note(self, raw: RecordedEvent, takers: Iterable[Generation]) -> None:
        """These take the event, now."""
        if (found := traceparent_in(raw.metadata)) and (live := [one for one in takers if one.live]):
            self._taken.append(_Taken(found, raw.type, raw.position, time.time_ns(), live))

    def committed(self, moved: Collection[Generation]) -> None:
        """The rows of these are there for all to see; the others have not taken their events."""
        taken, self._taken = self._taken, []
        ended_ns = time.time_ns()
        for one in taken:
            failed = sorted(taker.projection.name for taker in one.takers if taker not in moved)
            mark(
                f"project {one.type_name}",
                Kind.CONSUMER,
                one.traceparent,
                one.began_ns,
                ended_ns,
                failed="not-taken" if failed else "",
                position=one.position,
                read_models=tuple(sorted(taker.projection.name for taker in one.takers if taker in moved)),
                **({"not_taken": tuple(failed)} if failed else {}),
            )
