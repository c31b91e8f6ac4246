"""What is kept of a disappearance, and what every command to one must respect."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from services.cases.vocabulary import CASE_TEAM, CaseId, PersonId
from shared.decider import must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id, Role

DisappearanceId = Annotated[
    Id, Field(description="The disappearance", examples=["6a1f0c9e-3d7b-4b52-8e4d-1c2b3a4f5e60"])
]
ActionId = Annotated[Id, Field(description="The search action", examples=["c0a8012e-7f1b-4a39-9d1e-5b6c7d8e9f00"])]
ThePerson = Annotated[PersonId, Field(description="The person who disappeared")]

SEARCHERS = (*CASE_TEAM, Role.DUTY_OFFICER)
"""Who searches. Somebody is also missed, and found, at night."""


class DisappearanceCommand(Command, context="cases"):
    """An instruction about one disappearance."""

    disappearance: DisappearanceId


class DisappearanceEvent(Event, context="cases"):
    """A fact of one disappearance."""

    disappearance: DisappearanceId


class ActionKind(StrEnum):
    """What is done to find somebody."""

    POSTER = "poster"
    MEDIA = "media"
    ONLINE = "online"
    BORDER_ALERT = "border_alert"
    HOTLINE_116_000 = "hotline_116_000"


class Stage(StrEnum):
    """How far a search action has come in the world outside."""

    REQUESTED = "requested"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


LIVE = frozenset({Stage.REQUESTED, Stage.SENT, Stage.CONFIRMED})
"""What may be seen outside, or is about to be."""


class Action(NamedTuple):
    """One search action."""

    kind: ActionKind
    stage: Stage


class FoundAs(StrEnum):
    """How a search ended."""

    ALIVE = "alive"
    DECEASED = "deceased"
    RETURNED = "returned"
    NOT_MISSING = "not_missing"


class Learns(StrEnum):
    """What a family learns, each step including those before it; of a death, that is all there is to learn."""

    NOTHING = "nothing"
    ALIVE = "alive"
    MESSAGE = "message"
    WHEREABOUTS = "whereabouts"
    DEATH = "death"


@dataclass(frozen=True, slots=True)
class Disappearance:
    """One disappearance. `person` is empty before it is reported."""

    case: CaseId = ""
    person: PersonId = ""
    last_seen: str = ""
    adult: bool = False  # shown to be one: until then, a child
    police_report: bool = False
    safe_to_publish: bool | None = None  # None: nobody has looked, or not since something changed
    police_agree: bool = False
    implicated: frozenset[PersonId] = frozenset()
    actions: Growing[str, Action] = field(default_factory=Growing)
    found: FoundAs | None = None
    identified: bool = False
    wishes: Learns | None = None
    family_told: bool = False
    told: frozenset[str] = frozenset()

    def live(self, *kinds: ActionKind) -> tuple[str, ...]:
        """The actions that are seen outside, of these kinds or of all."""
        return tuple(
            action for action, (kind, stage) in self.actions.items() if stage in LIVE and (not kinds or kind in kinds)
        )


def must_be_reported(state: Disappearance) -> None:
    """Raises `NotFound` for a disappearance that nobody reported."""
    must_exist(bool(state.person), "disappearance")


def must_be_sought(state: Disappearance) -> None:
    """Refuses a step of a search that is over."""
    must_be_reported(state)
    if state.found is not None:
        raise DomainError(
            "The search has ended, for the person was found: retract the finding if it was wrong.",
            rule="search-has-ended",
        )


def must_be_found(state: Disappearance) -> FoundAs:
    """Refuses what follows only once somebody is found."""
    must_be_reported(state)
    if state.found is None:
        raise DomainError("This person is not found yet: record the finding first.", rule="not-found-yet")
    return state.found


def must_be_about(person: PersonId, state: Disappearance) -> None:
    """Refuses what is said of somebody else."""
    if person != state.person:
        raise DomainError(
            "This is about the person who disappeared, and another is named: record it in their own file.",
            rule="about-the-missing-person",
        )
