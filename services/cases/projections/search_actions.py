"""Search actions: what was done to find somebody, how far it came, and whether it is taken back."""

from __future__ import annotations

from typing import assert_never

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Column, Index, String, select

from services.cases.disappearance.record import ActionKind, Stage
from services.cases.disappearance.search import (
    SearchActionConfirmed,
    SearchActionFailed,
    SearchActionRequested,
    SearchActionSent,
    WithdrawalConfirmed,
    WithdrawalFailed,
    WithdrawalRequested,
)
from shared.messages import Id
from shared.projections.declaration import Asking, Projection, Rows, table

SearchActionEvents = (
    SearchActionRequested
    | SearchActionSent
    | SearchActionConfirmed
    | SearchActionFailed
    | WithdrawalRequested
    | WithdrawalConfirmed
    | WithdrawalFailed
)


class ActionShown(BaseModel):
    """A search action, and how far it came."""

    model_config = ConfigDict(frozen=True)

    action: Id
    kind: ActionKind
    stage: Stage


class WithSearchActions(Projection):
    """A read model that knows of search actions."""

    actions = table(
        "search_actions",
        Column("action", String, primary_key=True),
        Column("position", BigInteger),
        Column("disappearance", String),
        Column("kind", String),
        Column("stage", String),
        Index("actions_of_disappearance", "disappearance", "position"),
    )

    def act(self, event: SearchActionEvents, position: int, rows: Rows) -> None:
        """How far it came."""
        match event:
            case SearchActionRequested(disappearance=disappearance, action=action, kind=kind):
                rows.put(
                    self.actions,
                    action=action,
                    position=position,
                    disappearance=disappearance,
                    kind=kind,
                    stage=Stage.REQUESTED,
                )
            case SearchActionSent(action=action):
                row = rows.get(self.actions, (action,))
                if row and row["stage"] == Stage.REQUESTED:  # one that is being taken back stays so
                    rows.change(self.actions, (action,), stage=Stage.SENT)
            case SearchActionConfirmed(action=action):
                rows.change(self.actions, (action,), stage=Stage.CONFIRMED)
            case SearchActionFailed(action=action):
                rows.change(self.actions, (action,), stage=Stage.FAILED)
            case WithdrawalRequested(action=action):
                rows.change(self.actions, (action,), stage=Stage.WITHDRAWING)
            case WithdrawalConfirmed(action=action):
                rows.change(self.actions, (action,), stage=Stage.WITHDRAWN)
            case WithdrawalFailed():
                pass  # it stays to be taken back
            case _:
                assert_never(event)

    def actions_of(self, disappearance: str, asking: Asking) -> tuple[ActionShown, ...]:
        """In the order in which they were asked for."""
        actions = asking.live(self.actions)
        of_this = select(actions).where(actions.c.disappearance == disappearance).order_by(actions.c.position)
        return tuple(
            ActionShown(action=one["action"], kind=one["kind"], stage=one["stage"]) for one in asking.rows(of_this)
        )
