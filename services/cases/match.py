"""Match: a missing person and somebody found may be the same. Proposed, confirmed, or rejected and remembered.

The stream follows from the pair, so a pair that was rejected is known wherever it is proposed from. Whatever compares
people, a person today and a program tomorrow, proposes with `ProposeMatch`: its name, its score, its reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.cases.disappearance.record import SEARCHERS
from services.cases.vocabulary import CASE_TEAM, PersonId, Staff, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id
from shared.privacy.personal import About, Hidden

MatchId = Annotated[Id, Field(description="The match", examples=["7b1e2d3c-4f5a-5b6c-8d7e-9f0a1b2c3d4e"])]
PAIRS = UUID("3f6f2c52-1d5e-5a0b-9b53-0c7d1a4e8f61")
"""The namespace of matches. A storage format: never change it."""


def match_of(one: PersonId, other: PersonId) -> MatchId:
    """The match of a pair, whichever of the two is named first."""
    return str(uuid5(PAIRS, "/".join(sorted((one, other)))))


class Feature(StrEnum):
    """What was compared."""

    NAME = "name"
    BIRTH = "birth"
    SEX = "sex"
    HEIGHT = "height"
    MARKS = "marks"
    CLOTHES = "clothes"
    PLACE = "place"
    TIME = "time"
    DOCUMENT = "document"
    FAMILY = "family"


class Agreement(StrEnum):
    """How the two compare in it."""

    SAME = "same"
    CLOSE = "close"
    UNKNOWN = "unknown"
    DIFFERENT = "different"


class Compared(BaseModel):
    """One part of the explanation: what was compared, how the two agree in it, how much it weighs."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"feature": "birth", "agreement": "close", "weight": 1.5}]},
    )

    feature: Feature
    agreement: Agreement
    weight: float = Field(
        default=0.0, ge=-100, le=100, allow_inf_nan=False, description="How much it speaks for the two being one"
    )


Pair = Annotated[PersonId, Field(description="The missing person")]
Other = Annotated[
    PersonId, Field(description="Who was found or seen", examples=["2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"])
]
Score = Annotated[
    float, Field(ge=0, le=1, allow_inf_nan=False, description="How likely it is that the two are one", examples=[0.82])
]
Method = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$"),
    Field(description="Who or what compared them: by_hand, or a program with its version", examples=["by_hand"]),
]
Grounds = Annotated[
    Text, About("missing"), Field(description="What shows it", examples=["The scar, and the sister knew her voice."])
]


class ProposeMatch(Command, context="cases", route="POST /matches", roles=SEARCHERS):
    """Propose that a missing person and somebody found are the same. A pair that was rejected stays so."""

    missing: Pair
    found: Other
    score: Score
    explanation: Annotated[tuple[Compared, ...], Field(min_length=1, description="What the score rests on")]
    method: Method = "by_hand"
    occurred: Occurred

    @property
    def match(self) -> MatchId:
        """The pair decides it."""
        return match_of(self.missing, self.found)


class MatchCommand(Command, context="cases"):
    """An instruction about one match."""

    match: MatchId


class MatchEvent(Event, context="cases"):
    """A fact of one match."""

    match: MatchId
    missing: PersonId
    found: PersonId


class ConfirmMatch(MatchCommand, route="POST /matches/{match}/confirmation", roles=CASE_TEAM):
    """Confirm, as somebody other than who proposed it, that the two are the same person."""

    missing: Pair
    grounds: Grounds
    occurred: Occurred


class RejectMatch(MatchCommand, route="POST /matches/{match}/rejection", roles=CASE_TEAM):
    """Reject a match. It is remembered, and the pair is not proposed again."""

    missing: Pair
    grounds: Grounds
    occurred: Occurred


class ReconsiderMatch(MatchCommand, route="POST /matches/{match}/reconsideration", roles=CASE_TEAM):
    """Take up a match again that was confirmed or rejected, for something new has come to light."""

    missing: Pair
    grounds: Grounds
    occurred: Occurred


class MatchProposed(MatchEvent):
    """Two people may be the same."""

    score: float
    explanation: tuple[Compared, ...]
    method: str
    proposed_by: Staff
    occurred: Occurred


class MatchConfirmed(MatchEvent):
    """They are: their records are to be linked, under this id."""

    link: Id

    grounds: Annotated[str | Hidden, About("missing")]
    occurred: Occurred


class MatchRejected(MatchEvent):
    """They are not."""

    grounds: Annotated[str | Hidden, About("missing")]
    occurred: Occurred


class MatchReconsidered(MatchEvent):
    """It is open again. The link of a confirmation that stood is to be dissolved."""

    link: Id | None = None

    grounds: Annotated[str | Hidden, About("missing")]
    occurred: Occurred


Commands = ProposeMatch | ConfirmMatch | RejectMatch | ReconsiderMatch
Events = MatchProposed | MatchConfirmed | MatchRejected | MatchReconsidered


class Status(StrEnum):
    """How a match stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Match:
    """One pair. `status` is None before it is proposed."""

    status: Status | None = None
    missing: PersonId = ""
    found: PersonId = ""
    score: float = 0.0
    explanation: tuple[Compared, ...] = ()
    proposed_by: str = ""
    confirmations: int = 0

    def link(self, match: MatchId) -> Id:
        """The link of the confirmation that stands or comes next: a link is made once, so each has its own."""
        return str(uuid5(PAIRS, f"{match}/{self.confirmations}"))


def decide(command: Commands, state: Match) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    if isinstance(command, ProposeMatch):
        return propose(command, state)
    must_exist(state.status is not None, "match")
    if command.missing != state.missing:
        raise DomainError(
            "A match is answered for the missing person of the pair; another is named: name them.",
            rule="about-the-missing-person",
        )
    stated = command.stated() | {"found": state.found}
    match command:
        case ConfirmMatch(by=by):
            if state.status is Status.CONFIRMED:
                return []
            must_be_proposed(state)
            if by == state.proposed_by:
                raise DomainError(
                    "A match is confirmed by somebody other than who proposed it, and you did: let another look.",
                    rule="confirmed-by-another",
                )
            return [MatchConfirmed(**stated, link=state.link(command.match))]
        case RejectMatch():
            if state.status is Status.REJECTED:
                return []
            must_be_proposed(state)
            return [MatchRejected(**stated)]
        case ReconsiderMatch():
            if state.status is Status.PROPOSED:
                return []
            link = state.link(command.match) if state.status is Status.CONFIRMED else None
            return [MatchReconsidered(**stated, link=link)]
        case _:
            assert_never(command)


def propose(command: ProposeMatch, state: Match) -> Sequence[Events]:
    """A proposal, unless the pair was answered already. The same once more changes nothing; a new score is news."""
    if command.missing == command.found:
        raise DomainError("A match is of two records; the same is named twice.", rule="two-records")
    if state.status is Status.REJECTED:
        raise DomainError(
            "This pair was rejected, and is not proposed again: reconsider it if something new has come to light.",
            rule="rejected-is-remembered",
        )
    if state.status is Status.CONFIRMED:
        return []
    if (state.score, state.explanation) == (command.score, command.explanation) and state.status is not None:
        return []
    return [MatchProposed(**command.stated(), match=command.match, proposed_by=command.by)]


def must_be_proposed(state: Match) -> None:
    """Refuses another answer than the one that was given."""
    if state.status is not Status.PROPOSED:
        raise DomainError(
            f"A match is answered once, and this one is {state.status}: reconsider it first.", rule="answered-once"
        )


def evolve(state: Match, event: Events) -> Match:
    """What is kept of a match after an event."""
    match event:
        case MatchProposed():
            return replace(
                state,
                status=Status.PROPOSED,
                missing=event.missing,
                found=event.found,
                score=event.score,
                explanation=event.explanation,
                proposed_by=event.proposed_by,
            )
        case MatchConfirmed():
            return replace(state, status=Status.CONFIRMED)
        case MatchRejected():
            return replace(state, status=Status.REJECTED)
        case MatchReconsidered(link=link):
            return replace(state, status=Status.PROPOSED, confirmations=state.confirmations + (link is not None))
        case _:
            assert_never(event)


match = Decider(
    category="match",
    key="match",
    initial=Match(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)
