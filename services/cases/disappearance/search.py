"""Search: what may be published, what is asked of the world outside, how far that came, and taking it back.

Nothing here is sent by the program. An action is requested; a person does it, and records that it was sent, confirmed
or failed. So replaying the log sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.intake import NO_116_000_BEFORE
from services.cases.disappearance.record import (
    LIVE,
    SEARCHERS,
    Action,
    ActionId,
    ActionKind,
    Disappearance,
    DisappearanceCommand,
    DisappearanceEvent,
    Stage,
    ThePerson,
    must_be_about,
    must_be_reported,
    must_be_sought,
)
from services.cases.vocabulary import CASE_TEAM, PersonId, Staff, Text
from shared.dates import Occurred, earliest, must_have_happened
from shared.errors import DomainError
from shared.messages import new_id
from shared.privacy.personal import About, Hidden, Retention

PUBLICATIONS = (ActionKind.POSTER, ActionKind.MEDIA, ActionKind.ONLINE)
"""What everybody sees, the danger included."""


class WhyFailed(StrEnum):
    """Why something could not be done outside."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    WRONG_DETAILS = "wrong_details"
    OTHER = "other"


Kind = Annotated[ActionKind, Field(description="What is to be done", examples=["poster"])]
Reason = Annotated[WhyFailed, Field(description="Why it could not be done", examples=["unreachable"])]


class CheckRisk(DisappearanceCommand, route="POST /disappearances/{disappearance}/risk-check", roles=CASE_TEAM):
    """Check whether publishing puts the person in danger: they may be hiding, and whoever looks may be the danger."""

    person: ThePerson
    safe: Annotated[bool, Field(description="Whether publishing is safe", examples=[True])]
    grounds: Annotated[
        Text, About("person"), Field(description="What that rests on", examples=["No sign of violence at home."])
    ]
    occurred: Occurred


class RecordPoliceAgreement(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/police-agreement", roles=SEARCHERS
):
    """Record whether the police agree that something is published."""

    person: ThePerson
    agreed: Annotated[bool, Field(description="Whether they agree", examples=[True])]
    reference: Annotated[
        Text | None,
        About("person", Retention.LEGAL),
        Field(description="Who agreed, under which number", examples=["The investigator, letter 0-0000"]),
    ] = None
    occurred: Occurred


class RequestSearchAction(DisappearanceCommand, route="POST /disappearances/{disappearance}/actions", roles=SEARCHERS):
    """Ask for something to be done to find the person. A publication needs a risk check and the police's agreement."""

    action: ActionId = new_id()
    person: ThePerson
    kind: Kind
    text: Annotated[
        Text | None,
        About("person", record="action"),
        Field(description="What is published or passed on", examples=["Last seen in Vilnius in a green coat."]),
    ] = None
    occurred: Occurred


class RecordActionSent(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/actions/{action}/sent", roles=SEARCHERS
):
    """Record that it was done: the poster went to print, the alert to the border."""

    action: ActionId
    occurred: Occurred


class ConfirmAction(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/actions/{action}/confirmation", roles=SEARCHERS
):
    """Record that it is seen outside, or was received."""

    action: ActionId
    occurred: Occurred


class RecordActionFailed(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/actions/{action}/failure", roles=SEARCHERS
):
    """Record that it could not be done."""

    action: ActionId
    reason: Reason
    occurred: Occurred


class WithdrawAction(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/actions/{action}/withdrawal", roles=SEARCHERS
):
    """Ask for it to be taken back. No reason is given to anybody."""

    action: ActionId
    occurred: Occurred


class ConfirmWithdrawal(
    DisappearanceCommand,
    route="POST /disappearances/{disappearance}/actions/{action}/withdrawal/confirmation",
    roles=SEARCHERS,
):
    """Record that it is no longer seen, or was never sent."""

    action: ActionId
    occurred: Occurred


class RecordWithdrawalFailed(
    DisappearanceCommand,
    route="POST /disappearances/{disappearance}/actions/{action}/withdrawal/failure",
    roles=SEARCHERS,
):
    """Record that it could not be taken back yet. It stays to be done."""

    action: ActionId
    reason: Reason
    occurred: Occurred


class RiskChecked(DisappearanceEvent):
    """It was checked whether publishing puts the person in danger."""

    person: PersonId
    safe: bool
    grounds: Annotated[str | Hidden, About("person")]
    checked_by: Staff
    occurred: Occurred


class PoliceAgreementRecorded(DisappearanceEvent):
    """The police agree that something is published, or do not, or not any more."""

    person: PersonId
    agreed: bool
    reference: Annotated[str | Hidden | None, About("person", Retention.LEGAL)] = None
    occurred: Occurred


class SearchActionRequested(DisappearanceEvent):
    """Something is to be done outside."""

    action: ActionId
    person: PersonId
    kind: ActionKind
    text: Annotated[str | Hidden | None, About("person", record="action")] = None
    occurred: Occurred


class SearchActionSent(DisappearanceEvent):
    """It was done."""

    action: ActionId
    occurred: Occurred


class SearchActionConfirmed(DisappearanceEvent):
    """It is seen outside, or was received."""

    action: ActionId
    occurred: Occurred


class SearchActionFailed(DisappearanceEvent):
    """It could not be done."""

    action: ActionId
    reason: WhyFailed
    occurred: Occurred


class WithdrawalRequested(DisappearanceEvent):
    """It is to be taken back. Why is nobody's business."""

    action: ActionId
    occurred: Occurred


class WithdrawalConfirmed(DisappearanceEvent):
    """It is no longer seen."""

    action: ActionId
    occurred: Occurred


class WithdrawalFailed(DisappearanceEvent):
    """It could not be taken back yet."""

    action: ActionId
    reason: WhyFailed
    occurred: Occurred


Fate = (
    RecordActionSent | ConfirmAction | RecordActionFailed | WithdrawAction | ConfirmWithdrawal | RecordWithdrawalFailed
)
Commands = CheckRisk | RecordPoliceAgreement | RequestSearchAction | Fate
Events = (
    RiskChecked
    | PoliceAgreementRecorded
    | SearchActionRequested
    | SearchActionSent
    | SearchActionConfirmed
    | SearchActionFailed
    | WithdrawalRequested
    | WithdrawalConfirmed
    | WithdrawalFailed
)


def decide(command: Commands, state: Disappearance) -> Sequence[Events]:
    """What follows from a command."""
    must_be_reported(state)
    must_have_happened(command.occurred, command.now)
    match command:
        case CheckRisk(safe=safe, by=by):
            must_be_sought(state)
            must_be_about(command.person, state)
            checked = RiskChecked(**command.stated(), checked_by=by)
            return [checked] if safe else [checked, *withdrawn(command, state, PUBLICATIONS)]
        case RecordPoliceAgreement(agreed=agreed):
            must_be_sought(state)
            must_be_about(command.person, state)
            recorded = PoliceAgreementRecorded(**command.stated())
            return [recorded] if agreed else [recorded, *withdrawn(command, state, PUBLICATIONS)]
        case RequestSearchAction(action=action):
            must_be_sought(state)
            must_be_about(command.person, state)
            if action in state.actions:
                raise DomainError(
                    "Each search action has an id of its own; this one is taken: leave it out.", rule="id-taken"
                )
            must_be_allowed(command, state)
            return [SearchActionRequested(**command.stated())]
        case _:
            return fate(command, state)


def must_be_allowed(command: RequestSearchAction, state: Disappearance) -> None:
    """Refuses what would be seen by the danger, or by an office that knows nothing of it."""
    if command.kind in PUBLICATIONS:
        if state.safe_to_publish is not True:
            looked = "the last check found danger" if state.safe_to_publish is False else "no check stands"
            raise DomainError(
                f"Publishing needs a check that it puts the person in no danger; {looked}: check the risk.",
                rule="publishing-needs-risk-check",
            )
        if not state.police_agree:
            raise DomainError(
                "Publishing needs the police's agreement, and there is none: record it once they agree.",
                rule="publishing-needs-police",
            )
    if command.kind is ActionKind.BORDER_ALERT and not state.police_report:
        raise DomainError(
            "An alert at the border goes through the police, and they have no report: record their report first.",
            rule="alert-needs-police-report",
        )
    if command.kind is ActionKind.HOTLINE_116_000 and earliest(command.occurred) < NO_116_000_BEFORE:
        raise DomainError(
            f"116 000 did not answer in Lithuania before {NO_116_000_BEFORE}, and this is dated {command.occurred}: "
            "name another action, or a later date.",
            rule="hotline-not-yet-open",
        )


def fate(command: Fate, state: Disappearance) -> Sequence[Events]:
    """How far an action came. What is told twice changes nothing."""
    if command.action not in state.actions:
        raise DomainError("There is no such search action here: name one of its own.", rule="no-such-action")
    stage = state.actions[command.action].stage
    stated = command.stated()
    match command:
        case RecordActionSent():
            must_be(stage, Stage.REQUESTED, Stage.SENT, Stage.WITHDRAWING)
            return [] if stage is Stage.SENT else [SearchActionSent(**stated)]
        case ConfirmAction():
            must_be(stage, Stage.SENT, Stage.CONFIRMED)
            return [] if stage is Stage.CONFIRMED else [SearchActionConfirmed(**stated)]
        case RecordActionFailed():
            must_be(stage, Stage.REQUESTED, Stage.SENT, Stage.FAILED)
            return [] if stage is Stage.FAILED else [SearchActionFailed(**stated)]
        case WithdrawAction():
            must_be(stage, *LIVE, Stage.WITHDRAWING, Stage.WITHDRAWN)
            return [WithdrawalRequested(**stated)] if stage in LIVE else []
        case ConfirmWithdrawal():
            must_be(stage, Stage.WITHDRAWING, Stage.WITHDRAWN)
            return [] if stage is Stage.WITHDRAWN else [WithdrawalConfirmed(**stated)]
        case RecordWithdrawalFailed():
            must_be(stage, Stage.WITHDRAWING)
            return [WithdrawalFailed(**stated)]
        case _:
            assert_never(command)


def must_be(stage: Stage, *accepted: Stage) -> None:
    """Refuses a step that an action cannot take from where it is."""
    if stage not in accepted:
        raise DomainError(
            f"This search action is {stage}; the step needs one that is {' or '.join(sorted(set(accepted)))}.",
            rule="action-step",
        )


def withdrawn(
    command: DisappearanceCommand, state: Disappearance, kinds: Iterable[ActionKind] = ()
) -> list[WithdrawalRequested]:
    """Everything of these kinds (of all, if none are named) that is seen outside is to be taken back."""
    occurred: str = getattr(command, "occurred")  # noqa: B009  (every command that ends a search has it)
    return [
        WithdrawalRequested(disappearance=command.disappearance, action=action, occurred=occurred)
        for action in state.live(*kinds)
    ]


def evolve(state: Disappearance, event: Events) -> Disappearance:
    """What is kept of a disappearance after an event."""
    match event:
        case RiskChecked(safe=safe):
            return replace(state, safe_to_publish=safe)
        case PoliceAgreementRecorded(agreed=agreed):
            return replace(state, police_agree=agreed)
        case SearchActionRequested(action=action, kind=kind):
            return replace(state, actions=state.actions.having(action, Action(kind, Stage.REQUESTED)))
        case SearchActionSent(action=action):
            # It may go out while it is being taken back: that is still to be done.
            stands = state.actions[action].stage is Stage.WITHDRAWING
            return state if stands else at(state, action, Stage.SENT)
        case SearchActionConfirmed(action=action):
            return at(state, action, Stage.CONFIRMED)
        case SearchActionFailed(action=action):
            return at(state, action, Stage.FAILED)
        case WithdrawalRequested(action=action):
            return at(state, action, Stage.WITHDRAWING)
        case WithdrawalConfirmed(action=action):
            return at(state, action, Stage.WITHDRAWN)
        case WithdrawalFailed():
            return state
        case _:
            assert_never(event)


def at(state: Disappearance, action: str, stage: Stage) -> Disappearance:
    """The disappearance with one action at this stage."""
    return replace(state, actions=state.actions.having(action, state.actions[action]._replace(stage=stage)))
