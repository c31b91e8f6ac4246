"""Closing: asked for with an outcome, approved by a second person, with everything still open named; and reopening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.record import (
    Case,
    CaseCommand,
    CaseEvent,
    CaseKind,
    Closing,
    Outcome,
    PersonOfCase,
    must_be_about,
    must_be_open,
)
from services.cases.vocabulary import CASE_TEAM, PersonId, Staff, Text
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, Role, StaffId
from shared.privacy.personal import About, Hidden

ANY_KIND = frozenset({Outcome.NEEDS_MET, Outcome.REFERRED, Outcome.DECLINED_HELP, Outcome.LOST_CONTACT})
OUTCOMES = {
    CaseKind.MISSING_PERSON: frozenset(
        {Outcome.FOUND_ALIVE, Outcome.FOUND_DEAD, Outcome.RETURNED, Outcome.NOT_MISSING, Outcome.LOST_CONTACT}
    ),
    CaseKind.TRAFFICKING: ANY_KIND | {Outcome.REINTEGRATED, Outcome.NOT_A_VICTIM},
    CaseKind.FAMILY_SUPPORT: ANY_KIND,
}
"""How a case of each kind can end. The search for a missing person does not end because somebody was referred."""


class OpenItemKind(StrEnum):
    """What a case still waits for."""

    REFERRAL = "referral"
    SIGHTING = "sighting"


Item = Annotated[Id, Field(description="A referral or a sighting", examples=["b2a4c7d0-5f3e-4c1b-9a77-0d1e2f3a4b5c"])]


class KeepOpenItem(CaseCommand, roles=[Role.POLICY]):
    """Remember something that the case waits for. Sent by policy."""

    item: Item
    kind: OpenItemKind
    occurred: Occurred


class SettleOpenItem(CaseCommand, roles=[Role.POLICY]):
    """Stop waiting for it. Sent by policy."""

    item: Item
    occurred: Occurred


class AskToClose(CaseCommand, route="POST /cases/{case}/closure", roles=CASE_TEAM):
    """Ask for a case to be closed. A second person has to approve it."""

    person: PersonOfCase
    outcome: Annotated[Outcome, Field(description="How the case ended", examples=["needs_met"])]
    summary: Annotated[
        Text, About("person"), Field(description="What was reached", examples=["Lives with her sister, has work."])
    ]
    acknowledged: Annotated[
        tuple[Id, ...],
        Field(description="Every referral and sighting that is still open, named", examples=[[]]),
    ] = ()
    occurred: Occurred


class ApproveClosing(CaseCommand, route="POST /cases/{case}/closure/approval", roles=CASE_TEAM):
    """Approve, as a second person, that a case is closed."""

    occurred: Occurred


class RefuseClosing(CaseCommand, route="POST /cases/{case}/closure/refusal", roles=CASE_TEAM):
    """Refuse, as a second person, that a case is closed."""

    person: PersonOfCase
    grounds: Annotated[
        Text, About("person"), Field(description="Why not", examples=["The court hearing is still to come."])
    ]
    occurred: Occurred


class WithdrawClosing(CaseCommand, route="POST /cases/{case}/closure/withdrawal", roles=CASE_TEAM):
    """Take back one's own request to close a case."""

    occurred: Occurred


class ReopenCase(CaseCommand, route="POST /cases/{case}/reopening", roles=CASE_TEAM):
    """Open a closed case again, under a responsible worker."""

    person: PersonOfCase
    worker: StaffId
    grounds: Annotated[
        Text, About("person"), Field(description="Why", examples=["She called again: the threats have come back."])
    ]
    occurred: Occurred


class OpenItemKept(CaseEvent):
    """The case waits for something more."""

    item: Item
    kind: OpenItemKind
    occurred: Occurred


class OpenItemSettled(CaseEvent):
    """The case no longer waits for it."""

    item: Item
    occurred: Occurred


class ClosingAsked(CaseEvent):
    """Somebody asked for the case to be closed."""

    person: PersonId
    outcome: Outcome
    summary: Annotated[str | Hidden, About("person")]
    acknowledged: tuple[Id, ...] = ()
    asked_by: Staff
    occurred: Occurred


class ClosingRefused(CaseEvent):
    """A second person refused the closing."""

    person: PersonId
    grounds: Annotated[str | Hidden, About("person")]
    occurred: Occurred


class ClosingWithdrawn(CaseEvent):
    """Who asked for the closing took that back."""

    occurred: Occurred


class CaseClosed(CaseEvent):
    """A case was closed, by two people. `left_open` is what both knew to be still open."""

    outcome: Outcome
    asked_by: Staff
    approved_by: Staff
    left_open: tuple[Id, ...] = ()
    occurred: Occurred


class CaseReopened(CaseEvent):
    """A closed case was opened again."""

    person: PersonId
    worker: Staff
    grounds: Annotated[str | Hidden, About("person")]
    occurred: Occurred


Commands = KeepOpenItem | SettleOpenItem | AskToClose | ApproveClosing | RefuseClosing | WithdrawClosing | ReopenCase
Events = OpenItemKept | OpenItemSettled | ClosingAsked | ClosingRefused | ClosingWithdrawn | CaseClosed | CaseReopened


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.kind is not None, "case")
    must_have_happened(command.occurred, command.now)
    match command:
        case KeepOpenItem(case=case, item=item, kind=kind, occurred=occurred):
            # A closed case takes it too: a sighting after the closing must not get lost.
            return (
                [] if item in state.open_items else [OpenItemKept(case=case, item=item, kind=kind, occurred=occurred)]
            )
        case SettleOpenItem(case=case, item=item, occurred=occurred):
            return [OpenItemSettled(case=case, item=item, occurred=occurred)] if item in state.open_items else []
        case AskToClose():
            must_be_open(state)
            must_be_closable(command, state)
            return [ClosingAsked(**command.stated(), asked_by=command.by)]
        case ApproveClosing(case=case, by=by, occurred=occurred):
            if state.closed:
                return []
            asked = must_be_asked(state)
            if by == asked.asked_by:
                raise DomainError(
                    "A closing needs a second person, and you asked for this one: let another approve it.",
                    rule="approver-is-not-the-author",
                )
            must_name_open_items(asked.acknowledged, state)
            return [
                CaseClosed(
                    case=case,
                    outcome=asked.outcome,
                    asked_by=asked.asked_by,
                    approved_by=by,
                    left_open=tuple(sorted(state.open_items)),
                    occurred=occurred,
                )
            ]
        case RefuseClosing(case=case, person=person, grounds=grounds, by=by, occurred=occurred):
            asked = must_be_asked(state)
            must_be_about(person, state)
            if by == asked.asked_by:
                raise DomainError(
                    "A closing is refused by a second person, and you asked for this one: withdraw it.",
                    rule="approver-is-not-the-author",
                )
            return [ClosingRefused(case=case, person=person, grounds=grounds, occurred=occurred)]
        case WithdrawClosing(case=case, by=by, occurred=occurred):
            if by != must_be_asked(state).asked_by:
                raise DomainError(
                    "Only who asked for a closing withdraws it, and that was another: refuse it.",
                    rule="withdrawn-by-the-author",
                )
            return [ClosingWithdrawn(case=case, occurred=occurred)]
        case ReopenCase(case=case, person=person, worker=worker, grounds=grounds, occurred=occurred):
            if not state.closed:
                raise DomainError("Only a closed case is reopened; this one is open.", rule="case-is-not-closed")
            must_be_about(person, state)
            return [CaseReopened(case=case, person=person, worker=worker, grounds=grounds, occurred=occurred)]
        case _:
            assert_never(command)


def must_be_closable(closing: AskToClose, state: Case) -> None:
    """Refuses a closing that is asked for twice, too early, without a worker, or with the wrong outcome."""
    must_be_about(closing.person, state)
    if state.closing is not None:
        raise DomainError(
            "This case's closing is already asked for: have it approved, refused or withdrawn first.",
            rule="closing-asked-once",
        )
    if state.worker is None:
        raise DomainError(
            "A case is closed under a responsible worker, and this one has none: assign it.",
            rule="closing-needs-worker",
        )
    if latest(closing.occurred) < earliest(state.opened):
        raise DomainError(
            f"A case closes after it opens ({state.opened}), not on {closing.occurred}: give a later date.",
            rule="closes-after-opening",
        )
    accepted = OUTCOMES[state.kind] if state.kind else frozenset()
    if closing.outcome not in accepted:
        raise DomainError(
            f"A {state.kind} case does not end as {closing.outcome}: name one of {', '.join(sorted(accepted))}.",
            rule="outcome-fits-the-case",
        )
    must_name_open_items(frozenset(closing.acknowledged), state)


def must_be_asked(state: Case) -> Closing:
    """The closing that waits for a second person."""
    if state.closing is None:
        raise DomainError("Nobody has asked to close this case: ask first.", rule="closing-not-asked")
    return state.closing


def must_name_open_items(named: frozenset[str], state: Case) -> None:
    """Refuses to close over something open that was not named, so that nothing is closed unnoticed."""
    if unnamed := state.open_items - named:
        raise DomainError(
            f"Closing names everything that is still open; {len(unnamed)} referrals or sightings are not named: "
            "settle them, or ask to close and acknowledge them.",
            rule="open-items-are-named",
            open=sorted(state.open_items),
        )


def evolve(state: Case, event: Events) -> Case:
    """What a case is after an event."""
    match event:
        case OpenItemKept(item=item):
            return replace(state, open_items=state.open_items | {item})
        case OpenItemSettled(item=item):
            return replace(state, open_items=state.open_items - {item})
        case ClosingAsked(outcome=outcome, acknowledged=acknowledged, asked_by=asked_by):
            return replace(state, closing=Closing(outcome, asked_by, frozenset(acknowledged)))
        case ClosingRefused() | ClosingWithdrawn():
            return replace(state, closing=None)
        case CaseClosed():
            return replace(state, closed=True, closing=None, worker=None, review_due=None, review_missed=False)
        case CaseReopened(worker=worker):
            return replace(state, closed=False, worker=worker)
        case _:
            assert_never(event)
