"""What is to be told: requested, sent after a look at safe contact, confirmed or failed."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from services.cases.message import (
    ClearMessage,
    ConfirmMessage,
    HoldMessageBack,
    MessageCleared,
    MessageConfirmed,
    MessageFailed,
    MessageHeldBack,
    MessageRequested,
    MessageSent,
    Notice,
    NoticeRequested,
    RecordMessageFailed,
    RecordMessageSent,
    RequestMessage,
    RequestNotice,
    WhyNotReached,
    message,
)
from services.cases.person.channels import ChannelKind, SafeTime, Weekday
from services.cases.person.checking import WhyUnsafe
from shared.messages import Event
from shared.testing import given
from tests.cases.examples import CASE, DAY, PERSON, REFERRAL, an_id

MESSAGE = an_id(45)
REQUESTED = MessageRequested(
    message=MESSAGE, person=PERSON, by_means=ChannelKind.PHONE, text="Please call.", occurred=DAY
)
NOTICE = NoticeRequested(message=MESSAGE, case=CASE, referral=REFERRAL, notice=Notice.SHARING_STOPPED, occurred=DAY)
CLEARED, CLEAR = MessageCleared(message=MESSAGE), ClearMessage(message=MESSAGE)
HELD = MessageHeldBack(message=MESSAGE, reason=WhyUnsafe.NOT_THIS_WAY)
HOLD = HoldMessageBack(message=MESSAGE, reason=WhyUnsafe.NOT_THIS_WAY)
SENT = MessageSent(message=MESSAGE, occurred=DAY)
CONFIRMED = MessageConfirmed(message=MESSAGE, occurred=DAY)
FAILED = MessageFailed(
    message=MESSAGE, reason=WhyNotReached.UNREACHABLE, person=PERSON, by_means=ChannelKind.PHONE, occurred=DAY
)
SEND = RecordMessageSent(message=MESSAGE, safe_contact_checked=True, occurred=DAY)
CONFIRM = ConfirmMessage(message=MESSAGE, occurred=DAY)
FAIL = RecordMessageFailed(message=MESSAGE, reason=WhyNotReached.UNREACHABLE, occurred=DAY)


def requesting(**changes: Any) -> RequestMessage:
    return RequestMessage.model_validate(REQUESTED.model_dump() | changes)


def test_a_message_is_requested_once() -> None:
    given(message).when(requesting()).then(REQUESTED)
    given(message, REQUESTED).when(requesting()).refused("requested-once")
    given(message).when(requesting(occurred="2008-10-03")).refused("not-in-the-future")


def test_a_message_in_a_case_says_whom_it_is_about_so_that_who_may_be_the_danger_to_them_is_not_told() -> None:
    given(message).when(requesting(case=CASE)).refused("about-whom")
    of_the_case = {"case": CASE, "about": PERSON}
    given(message).when(requesting(**of_the_case)).then(REQUESTED.model_copy(update=of_the_case))


def test_a_notice_that_is_asked_for_again_changes_nothing() -> None:
    notice = RequestNotice.model_validate(NOTICE.model_dump())
    given(message).when(notice).then(NOTICE)
    given(message, NOTICE).when(notice).then()


def test_safe_contact_is_looked_at_before_every_message_to_a_person() -> None:
    unchecked = SEND.model_copy(update={"safe_contact_checked": False})
    given(message, REQUESTED).when(SEND).refused("safe-contact-first")
    given(message, REQUESTED, CLEARED).when(unchecked).refused("safe-contact-first")
    given(message, REQUESTED, CLEARED).when(SEND).then(SENT)
    given(message, NOTICE).when(unchecked).then(SENT)


MORNINGS = SafeTime(days=(Weekday.MONDAY,), since=time(9), until=time(11))


@pytest.mark.parametrize(
    ("occurred", "accepted"),
    [
        ("2008-09-01T09:30:00+03:00", True),  # a Monday
        ("2008-09-01T06:30:00+00:00", True),
        ("2008-09-01T11:00:00+03:00", False),
        ("2008-08-31T09:30:00+03:00", False),
        ("2008-09-01", False),  # nobody can tell
    ],
)
def test_a_message_goes_at_an_agreed_time_and_at_no_other(occurred: str, accepted: bool) -> None:
    cleared = MessageCleared(message=MESSAGE, times=(MORNINGS,))
    send = SEND.model_copy(update={"occurred": occurred})
    outcome = given(message, REQUESTED, cleared).when(send)
    if accepted:
        outcome.then(MessageSent(message=MESSAGE, occurred=occurred))
    else:
        error = outcome.refused("at-a-safe-time")
        assert "09:00" not in str(error)


def test_the_code_word_is_said_before_anything_else() -> None:
    cleared = MessageCleared(message=MESSAGE, say_code_word=True)
    given(message, REQUESTED, cleared).when(SEND).refused("code-word-first")
    given(message, REQUESTED, cleared).when(SEND.model_copy(update={"code_word_said": True})).then(SENT)


def test_a_message_that_waits_is_cleared_again_on_other_terms() -> None:
    again = CLEAR.model_copy(update={"times": (MORNINGS,), "say_code_word": True})
    cleared = MessageCleared(message=MESSAGE, times=(MORNINGS,), say_code_word=True)
    given(message, REQUESTED, CLEARED).when(again).then(cleared)
    given(message, REQUESTED, cleared).when(again).then()
    given(message, REQUESTED, CLEARED, SENT).when(again).then()


def test_what_was_cleared_before_it_was_kept_whether_there_is_a_code_word_goes_with_one_said() -> None:
    before = MessageCleared.model_validate(MessageCleared.upcast({"message": MESSAGE}, 1))
    given(message, REQUESTED, before).when(SEND).refused("code-word-first")
    given(message, REQUESTED, before).when(SEND.model_copy(update={"code_word_said": True})).then(SENT)
    by_post = REQUESTED.model_copy(update={"by_means": ChannelKind.POST})
    given(message, by_post, before).when(SEND).then(SENT)


def test_a_message_arrives_or_does_not_and_a_repeat_changes_nothing() -> None:
    given(message, REQUESTED, SENT).when(SEND).then()
    given(message, REQUESTED, SENT).when(CONFIRM).then(CONFIRMED)
    given(message, REQUESTED, SENT, CONFIRMED).when(CONFIRM).then()
    given(message, REQUESTED, SENT).when(FAIL).then(FAILED)
    given(message, REQUESTED, FAILED).when(FAIL).then()


def test_a_second_try_that_fails_for_another_reason_is_recorded_too() -> None:
    answered = {"reason": WhyNotReached.SOMEBODY_ELSE_ANSWERED}
    again, failed_again = FAIL.model_copy(update=answered), FAILED.model_copy(update=answered)
    given(message, REQUESTED, CLEARED, FAILED).when(again).then(failed_again)
    given(message, REQUESTED, CLEARED, FAILED, failed_again).when(again).then()
    given(message, REQUESTED, CLEARED, FAILED, failed_again).when(FAIL).then(FAILED)


def test_a_message_that_failed_can_be_sent_again() -> None:
    given(message, REQUESTED, CLEARED, FAILED).when(SEND).then(SENT)


def test_what_is_not_in_keeping_with_safe_contact_is_held_back_and_not_sent() -> None:
    given(message, REQUESTED).when(HOLD).then(HELD)
    given(message, REQUESTED, CLEARED).when(HOLD).then(HELD)
    given(message, REQUESTED, CLEARED, HELD).when(SEND).refused("held-back-by-safe-contact")
    given(message, REQUESTED, HELD).when(CLEAR).then()


def test_what_is_out_already_is_not_held_back_any_more() -> None:
    given(message, REQUESTED, CLEARED, SENT).when(HOLD).then()


def test_a_message_is_cleared_once() -> None:
    given(message, REQUESTED).when(CLEAR).then(CLEARED)
    given(message, REQUESTED, CLEARED).when(CLEAR).then()
    given(message).when(CLEAR).refused("not-found")


@pytest.mark.parametrize(
    ("history", "command"),
    [((), CONFIRM), ((FAILED,), CONFIRM), ((SENT, CONFIRMED), FAIL), ((SENT, CONFIRMED), SEND)],
)
def test_a_message_takes_no_step_that_does_not_follow(history: tuple[Event, ...], command: Any) -> None:
    given(message, REQUESTED, *history).when(command).refused("message-step")


@pytest.mark.parametrize("command", [SEND, CONFIRM, FAIL])
def test_only_a_message_that_was_requested_has_a_fate(command: Any) -> None:
    given(message).when(command).refused("not-found")
    given(message, REQUESTED).when(command.model_copy(update={"occurred": "2008-10-03"})).refused("not-in-the-future")
