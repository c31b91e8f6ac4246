"""Candidates: who may be the missing person, as the board counts them and the file of a search shows them."""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Column, Float, Index, String, Text, or_, select

from services.cases.match import Compared, MatchConfirmed, MatchId, MatchProposed, MatchReconsidered, MatchRejected
from services.cases.match import Status as MatchStatus
from services.cases.vocabulary import PersonId
from shared.codec import Recorded
from shared.projections.declaration import Asking, Projection, Rows, on, table


class Candidate(BaseModel):
    """Somebody who may be the missing person, and why."""

    model_config = ConfigDict(frozen=True)

    match: MatchId
    status: MatchStatus
    other: PersonId = Field(description="The other record of the pair")
    score: float
    explanation: tuple[Compared, ...]
    method: str


class WithCandidates(Projection):
    """A read model that knows of proposed matches, and what came of them."""

    matches = table(
        "matches",
        Column("match", String, primary_key=True),
        Column("missing", String),
        Column("found", String),
        Column("status", String),
        Column("score", Float),
        Column("explanation", Text),
        Column("method", String),
        Index("matches_of_missing", "missing", "status"),
        Index("matches_of_found", "found", "status"),
    )

    @on(MatchProposed)
    def proposed(self, e: Recorded[MatchProposed], rows: Rows) -> None:
        """Two records may be of one person."""
        proposed = e.event
        rows.put(
            self.matches,
            match=proposed.match,
            missing=proposed.missing,
            found=proposed.found,
            status=MatchStatus.PROPOSED,
            score=proposed.score,
            explanation=orjson.dumps([part.model_dump(mode="json") for part in proposed.explanation]).decode(),
            method=proposed.method,
        )

    @on(MatchConfirmed, MatchRejected, MatchReconsidered)
    def matched(self, e: Recorded[MatchConfirmed | MatchRejected | MatchReconsidered], rows: Rows) -> None:
        """They are, they are not, or it is open again."""
        match e.event:
            case MatchConfirmed():
                status = MatchStatus.CONFIRMED
            case MatchRejected():
                status = MatchStatus.REJECTED
            case _:
                status = MatchStatus.PROPOSED
        rows.change(self.matches, (e.event.match,), status=status)

    def open_candidates(self, people: list[str], asking: Asking) -> dict[str, int]:
        """Of each of these, how many proposed matches nobody has answered."""
        matches = asking.live(self.matches)
        found = asking.rows(
            select(matches.c.missing, matches.c.found).where(
                matches.c.status == MatchStatus.PROPOSED,
                or_(matches.c.missing.in_(people), matches.c.found.in_(people)),
            )
        )
        counts = dict.fromkeys(people, 0)
        for row in found:
            for end in {row["missing"], row["found"]} & counts.keys():
                counts[end] += 1
        return counts

    def candidates_of(self, person: str, asking: Asking) -> tuple[Candidate, ...]:
        """Every match with this record, the likeliest first; rejected ones are remembered."""
        matches = asking.live(self.matches)
        of_person = select(matches).where(or_(matches.c.missing == person, matches.c.found == person))
        return tuple(
            Candidate(
                match=row["match"],
                status=row["status"],
                other=row["found"] if row["missing"] == person else row["missing"],
                score=row["score"],
                explanation=tuple(Compared.model_validate(part) for part in orjson.loads(row["explanation"])),
                method=row["method"],
            )
            for row in asking.rows(of_person.order_by(matches.c.score.desc(), matches.c.match))
        )
