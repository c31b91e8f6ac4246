"""The access log: who saw whose personal data, in a log of its own.

One entry for each person whose values an answer holds, in that person's stream, so that their access history is one
stream. The entries of an answer, and of all answers under way, share one flush to disk, and are there before the
answer leaves. If that fails, so does the answer; but for the safety sheet, whose record then waits in a spool.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.audit.spool import Entries, Spool
from shared.errors import ForgetMeNotError, Forgotten
from shared.eventstore.port import NewEvent, RecordedEvent
from shared.eventstore.sqlite import EmbeddedLog
from shared.messages import Id, Origin, Query, Role
from shared.privacy.personal import FORGOTTEN, Place, Retention
from shared.privacy.port import KeyName, Vault

log = structlog.get_logger()

DISCLOSED = "access.PersonalDataDisclosed"
GONE = "(forgotten)"
"""Stands where a purpose was."""


class Disclosure(BaseModel):
    """One look at one person's data."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    actor: str
    roles: tuple[Role, ...]
    on_behalf_of: str | None
    query: str = Field(description="What was asked, such as cases.ShowCase")
    fields: tuple[str, ...] = Field(description="Which values were opened: event type and field")
    purpose: str | None = Field(description="Why, as the asker put it")
    correlation_id: str
    spooled: bool = Field(False, description="Recorded late, from the spool")


class AccessHistory(BaseModel):
    """Who has seen a person's data, the newest first."""

    model_config = ConfigDict(frozen=True)

    subject: Id
    disclosures: tuple[Disclosure, ...]
    next: str | None


class ShowAccessHistory(
    Query[AccessHistory],
    context="audit",
    route="GET /audit/access/{subject}",
    roles=[Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR, Role.AUDITOR],
):
    """Who has seen this person's data: when, in which role, which fields, for what purpose."""

    subject: Id
    as_of: AwareDatetime | None = Field(
        None, description="Only what had been seen by then", examples=["2008-10-02T10:00:00+03:00"]
    )
    after: str | None = Field(None, description="`next` of the page before", pattern=r"^\d+$")
    limit: int = Field(100, ge=1, le=500)


class AccessLog:
    """Records disclosures; the `Disclosures` of the read models. Safe to use from any thread."""

    def __init__(
        self,
        open_log: Callable[[], EmbeddedLog],
        vault: Vault,
        spool: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._open_log = open_log
        self._opening = threading.Lock()
        self._opened: EmbeddedLog | None = None
        self._vault = vault
        self._spool = Spool(spool)
        self._clock = clock
        try:
            _ = self._log
        except ForgetMeNotError as error:  # tried again at each use: the safety sheet opens without it
            log.error("the access log cannot be opened", error=type(error).__name__)

    def record(self, origin: Origin, query: Query[Any], revealed: Sequence[Place]) -> None:
        """Record an answer's disclosures; they are on disk when this returns. Raises what the log raises.

        A query that `opens_regardless` is refused only if its record cannot even wait, in the spool, until the log
        takes it.
        """
        entries = list(self._entries(origin, query, revealed))
        try:
            self._append(entries)
        except ForgetMeNotError as error:
            if not query.opens_regardless:
                raise
            self._spool.add(entries)
            log.error("the access log is out of order: a record waits in the spool", error=type(error).__name__)
            return
        try:
            with self._spool.take() as waiting:
                self._append(waiting)
        except (ForgetMeNotError, OSError) as error:  # what waits goes on waiting; this answer is on record
            log.warning("the spool of the access log was not emptied", error=type(error).__name__)

    def last_use(self, key: KeyName) -> date | None:
        """When this key, if it is one of the access log's own, may last have sealed a purpose; None if it is not."""
        if key.record != _stream(key.subject):
            return None
        newest = next(iter(self._log.read_stream(key.record, backwards=True, limit=1)), None)
        return datetime.fromisoformat(orjson.loads(newest.data)["at"]).date() if newest else None

    def show(self, query: ShowAccessHistory, origin: Origin) -> AccessHistory:
        """Answer `ShowAccessHistory`, on record itself where it tells a purpose: what staff wrote of the person."""
        told = self.history(query)
        if any(one.purpose and one.purpose != GONE for one in told.disclosures):
            stream = _stream(query.subject)
            self.record(origin, query, [Place(stream, "", DISCLOSED, "purpose", query.subject)])
        return told

    def history(self, query: ShowAccessHistory) -> AccessHistory:
        """Who has seen a person's data, a page of it."""
        start = int(query.after) if query.after else None
        newest_first = self._log.read_stream(_stream(query.subject), start=start, backwards=True)
        found = list(islice((raw for raw in newest_first if _seen_by(raw, query.as_of)), query.limit + 1))
        page = found[: query.limit]
        return AccessHistory(
            subject=query.subject,
            disclosures=tuple(self._read(raw.stream, raw.id, raw.data) for raw in page),
            next=str(found[-1].revision) if len(found) > query.limit else None,
        )

    def _entries(self, origin: Origin, query: Query[Any], revealed: Sequence[Place]) -> Iterator[tuple[str, NewEvent]]:
        fields: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for place in revealed:
            fields[place.subject][f"{place.type}.{place.field}"] = None
        for subject, names in fields.items():
            stream, event_id = _stream(subject), uuid4()
            data = {
                "at": self._clock().isoformat(),
                "actor": origin.actor,
                "roles": sorted(origin.roles),
                "on_behalf_of": origin.on_behalf_of,
                "query": query.wire_type(),
                "fields": list(names),
                "purpose": self._sealed(origin.reason, subject, stream, event_id, query) if origin.reason else None,
                "correlation_id": str(origin.correlation_id),
            }
            yield stream, NewEvent(event_id, DISCLOSED, orjson.dumps(data))

    def _sealed(
        self, purpose: str, subject: str, stream: str, event_id: UUID, query: Query[Any]
    ) -> dict[str, str] | None:
        name = KeyName(subject, Retention.REASON, stream)
        try:
            self._vault.prepare([name])
            token = self._vault.seal(purpose, name, Place(stream, str(event_id), DISCLOSED, "purpose", subject))
        except Forgotten:  # values that a hold keeps may still be seen, but nothing new is written about the person
            return None
        except ForgetMeNotError:  # no key could be made: what opens regardless is on record without its purpose
            if not query.opens_regardless:
                raise
            return None
        return {"sealed": token, "of": subject}

    @property
    def _log(self) -> EmbeddedLog:
        with self._opening:
            if self._opened is None:
                self._opened = self._open_log()
            return self._opened

    def _append(self, entries: Entries) -> None:
        for appended in [self._log.submit(stream, [event]) for stream, event in entries]:
            appended.result()

    def _read(self, stream: str, event_id: UUID, stored: bytes) -> Disclosure:
        data = orjson.loads(stored)
        if sealed := data["purpose"]:
            place = Place(stream, str(event_id), DISCLOSED, "purpose", sealed["of"])
            purpose = self._vault.open(sealed["sealed"], place)
            data["purpose"] = GONE if purpose is FORGOTTEN else purpose
        return Disclosure.model_validate(data)


def _seen_by(raw: RecordedEvent, as_of: datetime | None) -> bool:
    """By when it was looked at: what waited in the spool was recorded later."""
    return as_of is None or datetime.fromisoformat(orjson.loads(raw.data)["at"]) <= as_of


def _stream(subject: str) -> str:
    return f"access-{subject}"
