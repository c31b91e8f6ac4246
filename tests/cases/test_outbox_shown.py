"""The outbox: what is to be done outside, and whether a person did it."""

from __future__ import annotations

from typing import Any

import pytest

from services.cases.disappearance.search import (
    SearchActionConfirmed,
    SearchActionSent,
    WhyFailed,
    WithdrawalConfirmed,
    WithdrawalFailed,
    WithdrawalRequested,
)
from services.cases.message import MessageFailed, MessageSent
from services.cases.projections.outbox import EffectKind, EffectStatus, GetEffect
from shared.errors import NotFound
from shared.messages import Role
from tests.cases.centre import Centre
from tests.cases.centre import centre as centre
from tests.cases.examples import (
    DAY,
    an_id,
)
from tests.cases.missing import ACTION, DISAPPEARANCE, published
from tests.cases.test_message import MESSAGE, NOTICE, REQUESTED


def statuses(outbox: Any) -> list[tuple[str, str, str | None]]:
    return [(effect.kind, effect.status, effect.failed) for effect in outbox.effects]


def test_what_is_to_be_done_outside_waits_until_a_person_did_it(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    centre.happened(*published(), REQUESTED)
    assert statuses(centre.outbox()) == [("poster", "requested", None), ("message", "requested", None)]
    centre.happened(SearchActionSent.model_validate(of))
    centre.happened(MessageFailed(message=MESSAGE, reason=WhyFailed.UNREACHABLE, occurred=DAY))
    assert statuses(centre.outbox()) == [("poster", "sent", None), ("message", "failed", "unreachable")]
    centre.happened(SearchActionConfirmed.model_validate(of), MessageSent(message=MESSAGE, occurred=DAY))
    assert statuses(centre.outbox()) == [("poster", "confirmed", None), ("message", "sent", None)]


def test_what_was_not_sent_yet_is_not_to_be_sent_once_it_is_taken_back(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    centre.happened(*published(), WithdrawalRequested.model_validate(of))
    assert statuses(centre.outbox()) == [("withdrawal", "requested", None)]


def test_what_was_sent_is_to_be_taken_back_until_it_is(centre: Centre) -> None:
    of = {"disappearance": DISAPPEARANCE, "action": ACTION, "occurred": DAY}
    centre.happened(*published(), SearchActionSent.model_validate(of), WithdrawalRequested.model_validate(of))
    assert statuses(centre.outbox()) == [("poster", "sent", None), ("withdrawal", "requested", None)]
    centre.happened(WithdrawalFailed.model_validate(of | {"reason": "unreachable"}))
    assert statuses(centre.outbox(kind=EffectKind.WITHDRAWAL)) == [("withdrawal", "failed", "unreachable")]
    centre.happened(WithdrawalConfirmed.model_validate(of))
    assert statuses(centre.outbox(kind=EffectKind.WITHDRAWAL)) == [("withdrawal", "confirmed", None)]
    assert statuses(centre.outbox(status=EffectStatus.REQUESTED)) == []


def test_the_words_of_an_effect_are_opened_one_by_one(centre: Centre) -> None:
    notice = NOTICE.model_copy(update={"message": an_id(81)})
    centre.happened(REQUESTED, notice)
    assert centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER).text == "Please call."
    assert centre.ask(GetEffect(effect=an_id(81)), Role.CASEWORKER).text is None
    with pytest.raises(NotFound):
        centre.ask(GetEffect(effect=an_id(82)), Role.CASEWORKER)
    page = centre.outbox(limit=1)
    assert [effect.effect for effect in centre.outbox(limit=1, after=page.next).effects] == [an_id(81)]
