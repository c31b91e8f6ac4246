"""The outbox: what is to be done in the world outside, how far it came, and what failed.

Nothing is sent by the program: a person does what stands here and records that it was done. Reading the log again
sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, RowMapping, String, Text, select

from services.cases.disappearance.search import (
    SearchActionConfirmed,
    SearchActionFailed,
    SearchActionRequested,
    SearchActionSent,
    WhyFailed,
    WithdrawalConfirmed,
    WithdrawalFailed,
    WithdrawalRequested,
)
from services.cases.message import (
    MessageCleared,
    MessageConfirmed,
    MessageFailed,
    MessageHeldBack,
    MessageRequested,
    MessageSent,
    NoticeRequested,
    WhyNotReached,
)
from services.cases.person.channels import SafeTime, may_go
from services.cases.person.checking import WayDoubted, WhyUnsafe
from services.cases.person.contact import SafeContactAgreed, SafeContactCorrected
from services.cases.projections import safe_contact
from services.cases.projections.safe_contact import SafeContactShown
from services.cases.vocabulary import HELPERS, CaseId, PersonId, ReferralId
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class EffectKind(StrEnum):
    """What is to be done outside."""

    POSTER = "poster"
    MEDIA = "media"
    ONLINE = "online"
    BORDER_ALERT = "border_alert"
    HOTLINE_116_000 = "hotline_116_000"
    WITHDRAWAL = "withdrawal"
    MESSAGE = "message"
    NOTICE = "notice"


class EffectStatus(StrEnum):
    """How far it came."""

    REQUESTED = "requested"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    HELD_BACK = "held_back"


WAITS = frozenset({EffectStatus.REQUESTED, EffectStatus.FAILED})
"""What has yet to be done."""


class Effect(BaseModel):
    """One thing to be done outside."""

    model_config = ConfigDict(frozen=True)

    effect: Id = Field(description="The search action or the message; a withdrawal has the id of what it takes back")
    kind: EffectKind
    status: EffectStatus
    failed: WhyFailed | WhyNotReached | None = Field(description="Why the last try failed")
    held_back: WhyUnsafe | None = Field(description="Why a message is not in keeping with safe contact")
    disappearance: Id | None
    case: CaseId | None
    referral: ReferralId | None
    person: PersonId | None = Field(
        description="Whom it is about, or to whom it goes: look at their safe contact first"
    )
    about: PersonId | None = Field(description="Whom a message is about, for those who may know of them")
    by_means: str | None = Field(description="By what means a message goes", examples=["phone"])
    cleared: bool = Field(description="Whether it was found to be in keeping with safe contact")
    requested: str = Field(description="When it was asked for (EDTF)", examples=["2008-10-02"])


class EffectShown(BaseModel):
    """One thing to be done outside, with its words."""

    effect: Effect
    text: str | Redacted | None = Field(description="What to publish, or to say")
    safe_contact: SafeContactShown | None = Field(
        description="How a message reaches the person, and what must never be used: look here before you send"
    )
    times: tuple[SafeTime, ...] = Field(description="When a message that is cleared can go; none: at any time")
    say_code_word: bool = Field(description="Whether the code word is said before anything else")
    may_go_now: bool | None = Field(
        description="Whether a message may go at this moment; null: it is no message that waits to be sent"
    )


class Outbox(BaseModel):
    """Things to be done outside, those asked for first at the top."""

    effects: tuple[Effect, ...]
    next: Next


class ListOutbox(Query[Outbox], context="cases", route="GET /outbox", roles=HELPERS):
    """What is to be done outside: publications, alerts, withdrawals, messages. Oldest first: it has waited longest."""

    status: Annotated[EffectStatus | None, Field(description="Only with this status", examples=["requested"])] = None
    kind: Annotated[EffectKind | None, Field(description="Only of this kind", examples=["withdrawal"])] = None
    after: After = None
    limit: Limit = 50


class GetEffect(Query[EffectShown], context="cases", route="GET /outbox/{effect}", roles=HELPERS):
    """What exactly is to be published or said, for whoever does it now. If it is to be taken back, that goes first."""

    effect: Annotated[Id, Field(description="The search action or the message")]


class OutboxModel(Projection):
    """Every effect that was asked for."""

    name = "outbox"
    version = 4

    effects = table(
        "effects",
        Column("effect", String, primary_key=True),
        Column("takes_back", String, primary_key=True),  # "yes" for a withdrawal, which has the id of what it undoes
        Column("position", BigInteger),
        Column("kind", String),
        Column("status", String),
        Column("failed", String),
        Column("held_back", String),
        Column("disappearance", String),
        Column("case", String),
        Column("referral", String),
        Column("person", String),
        Column("about", String),
        Column("by_means", String),
        Column("cleared", Boolean),
        Column("times", JSON),
        Column("say_code_word", Boolean),
        Column("text", Text),
        Column("requested", String),
        Index("effects_in_order", "position"),
        Index("effects_by_status", "status", "position"),
        Index("effects_by_kind", "kind", "position"),
    )

    reachable = table(
        "reachable_persons",
        Column("person", String, primary_key=True),
        *safe_contact.columns(),
    )

    @on(SafeContactAgreed, SafeContactCorrected)
    def safe_contact_agreed(self, e: Recorded[SafeContactAgreed | SafeContactCorrected], rows: Rows) -> None:
        """How somebody can be reached."""
        changed = safe_contact.agreed(e)
        if isinstance(e.event, SafeContactAgreed):
            rows.put(self.reachable, person=e.event.person, **changed)
        else:
            rows.change(self.reachable, (e.event.person,), **changed)

    @on(WayDoubted)
    def doubted(self, e: Recorded[WayDoubted], rows: Rows) -> None:
        """Somebody else answered there."""
        key = (e.event.person,)
        rows.change(self.reachable, key, **safe_contact.doubted(rows.get(self.reachable, key), e.event.by_means))

    @on(MessageCleared)
    def cleared(self, e: Recorded[MessageCleared], rows: Rows) -> None:
        """It may go, on these terms."""
        times = [one.model_dump(mode="json") for one in e.event.times]
        rows.change(self.effects, (e.event.message, ""), cleared=True, times=times, say_code_word=e.event.say_code_word)

    @on(MessageHeldBack)
    def held_back(self, e: Recorded[MessageHeldBack], rows: Rows) -> None:
        """It would not be safe."""
        changed = {"status": EffectStatus.HELD_BACK, "held_back": e.event.reason}
        rows.change(self.effects, (e.event.message, ""), cleared=False, **changed)

    @on(SearchActionRequested)
    def action(self, e: Recorded[SearchActionRequested], rows: Rows) -> None:
        """Something is to be done to find somebody."""
        event = e.event
        rows.put(
            self.effects,
            effect=event.action,
            takes_back="",
            position=e.position,
            kind=event.kind,
            status=EffectStatus.REQUESTED,
            disappearance=event.disappearance,
            person=event.person,
            text=e.sealed("text"),
            requested=event.occurred,
        )

    @on(WithdrawalRequested)
    def withdrawal(self, e: Recorded[WithdrawalRequested], rows: Rows) -> None:
        """Something is to be taken back; what was not sent yet is not to be sent any more."""
        event = e.event
        was = rows.get(self.effects, (event.action, ""))
        if was and was["status"] == EffectStatus.REQUESTED:
            rows.drop(self.effects, (event.action, ""))
        rows.put(
            self.effects,
            effect=event.action,
            takes_back="yes",
            position=e.position,
            kind=EffectKind.WITHDRAWAL,
            status=EffectStatus.REQUESTED,
            disappearance=event.disappearance,
            person=was["person"] if was else None,
            requested=event.occurred,
        )

    @on(MessageRequested)
    def message(self, e: Recorded[MessageRequested], rows: Rows) -> None:
        """Somebody is to be told something."""
        event = e.event
        rows.put(
            self.effects,
            effect=event.message,
            takes_back="",
            position=e.position,
            kind=EffectKind.MESSAGE,
            status=EffectStatus.REQUESTED,
            case=event.case,
            person=event.person,
            about=event.about,
            by_means=event.by_means,
            text=e.sealed("text"),
            requested=event.occurred,
        )

    @on(NoticeRequested)
    def notice(self, e: Recorded[NoticeRequested], rows: Rows) -> None:
        """A recipient of somebody's data is to be told."""
        event = e.event
        rows.put(
            self.effects,
            effect=event.message,
            takes_back="",
            position=e.position,
            kind=EffectKind.NOTICE,
            status=EffectStatus.REQUESTED,
            case=event.case,
            referral=event.referral,
            requested=event.occurred,
        )

    @on(SearchActionSent, SearchActionConfirmed, MessageSent, MessageConfirmed)
    def went_out(
        self,
        e: Recorded[SearchActionSent | SearchActionConfirmed | MessageSent | MessageConfirmed],
        rows: Rows,
    ) -> None:
        """It was sent, or it arrived."""
        event = e.event
        sent = isinstance(event, SearchActionSent | MessageSent)
        status = EffectStatus.SENT if sent else EffectStatus.CONFIRMED
        effect = event.action if isinstance(event, SearchActionSent | SearchActionConfirmed) else event.message
        rows.change(self.effects, (effect, ""), status=status, failed=None)

    @on(SearchActionFailed, MessageFailed)
    def failed(self, e: Recorded[SearchActionFailed | MessageFailed], rows: Rows) -> None:
        """It could not be done."""
        event = e.event
        effect = event.action if isinstance(event, SearchActionFailed) else event.message
        rows.change(self.effects, (effect, ""), status=EffectStatus.FAILED, failed=event.reason)

    @on(WithdrawalConfirmed)
    def withdrawn(self, e: Recorded[WithdrawalConfirmed], rows: Rows) -> None:
        """It is no longer seen."""
        rows.change(self.effects, (e.event.action, "yes"), status=EffectStatus.CONFIRMED, failed=None)

    @on(WithdrawalFailed)
    def not_withdrawn(self, e: Recorded[WithdrawalFailed], rows: Rows) -> None:
        """It could not be taken back yet."""
        rows.change(self.effects, (e.event.action, "yes"), status=EffectStatus.FAILED, failed=e.event.reason)

    @answers(ListOutbox)
    def list_outbox(self, query: ListOutbox, asking: Asking) -> Outbox:
        """Filtered, and paged by the position at which each was asked for."""
        effects = asking.live(self.effects)
        statement = select(effects).where(asking.sight.within(case=effects.c.case, person=effects.c.person))
        statement = statement.order_by(effects.c.position).limit(query.limit + 1)
        for column in ("status", "kind"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(effects.c[column] == wanted)
        if query.after is not None:
            statement = statement.where(effects.c.position > query.after)
        rows, more = page(asking.rows(statement), query.limit, lambda row: row)
        return Outbox(effects=_known(rows, asking), next=more)

    @answers(GetEffect)
    def get_effect(self, query: GetEffect, asking: Asking) -> EffectShown:
        """Its words, opened for the asker."""
        effects = asking.live(self.effects)
        statement = select(effects).where(effects.c.effect == query.effect).order_by(effects.c.takes_back.desc())
        found = asking.rows(statement.limit(1))
        if not found:
            raise NotFound("There is nothing of this id to be done.")
        row, (effect,) = found[0], _known(found, asking)
        is_message = effect.kind is EffectKind.MESSAGE
        contact = self._safe_contact(effect, asking) if is_message else None
        withheld = contact is not None and isinstance(contact.channels, Redacted)
        shown = EffectShown(
            effect=effect,
            text=asking.reveal(row["text"]),
            safe_contact=contact,
            times=() if withheld else row["times"] or (),
            say_code_word=not withheld and bool(row["say_code_word"]),
            may_go_now=None,
        )
        if not is_message or withheld or effect.status not in WAITS:
            return shown
        return shown.model_copy(update={"may_go_now": effect.cleared and may_go(shown.times, datetime.now(UTC))})

    def _safe_contact(self, effect: Effect, asking: Asking) -> SafeContactShown | None:
        reachable = asking.live(self.reachable)
        rows = asking.rows(select(reachable).where(reachable.c.person == effect.person))
        return safe_contact.shown(rows[0], asking) if rows else None


def _known(rows: Sequence[RowMapping], asking: Asking) -> tuple[Effect, ...]:
    """As far as the asker may know: why a message is held back tells of the person, and of whom it is about."""
    people = {row[name] for row in rows for name in ("person", "about")} - {None}
    asking.sight.look_at(people)
    hidden = {person for person in people if asking.sight.hides(person)}
    return tuple(_effect(row, hidden) for row in rows)


def _effect(row: RowMapping, hidden: Collection[str]) -> Effect:
    told = {name: row[name] for name in Effect.model_fields} | {"cleared": bool(row["cleared"])}
    if row["about"] in hidden:
        told |= {"about": None, "held_back": None}
    elif row["person"] in hidden:
        told |= {"held_back": None}
    return Effect(**told)
