"""Safe contact: by what means, at what times, with which word first, and who must never be told."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import pytest
from pydantic import ValidationError

from services.cases.person import person
from services.cases.person.channels import ChannelKind, ContactChannel, SafeTime, Way, Weekday
from services.cases.person.checking import (
    BarRecipient,
    CheckMessage,
    CheckRecipient,
    DoubtWay,
    MessageFoundSafe,
    MessageFoundUnsafe,
    RecipientBarred,
    RecipientFoundSafe,
    RecipientUnbarred,
    UnbarRecipient,
    WayDoubted,
    WhyUnsafe,
)
from services.cases.person.contact import AgreeSafeContact, CorrectSafeContact, SafeContactAgreed, SafeContactCorrected
from shared.testing import given
from tests.cases.examples import DAY, DOCUMENT, PERSON, SISTER, an_id, registered
from tests.cases.missing import BROTHER

MORNINGS = SafeTime(days=(Weekday.MONDAY, Weekday.THURSDAY), since=time(9), until=time(11))
PHONE = ContactChannel(
    kind=ChannelKind.PHONE, address="+370 600 00000", times=(MORNINGS,), hours="only while he is at work"
)
SAFE = SafeContactAgreed(
    person=PERSON,
    ways=(Way(kind=ChannelKind.PHONE, times=(MORNINGS,)),),
    channels=(PHONE,),
    code_word="the library",
    never=(),
    never_tell=(SISTER,),
    occurred=DAY,
)


def agreeing(*channels: ContactChannel, **changes: Any) -> AgreeSafeContact:
    return AgreeSafeContact.model_validate({"person": PERSON, "channels": channels, "occurred": DAY} | changes)


def test_safe_contact_is_agreed_with_channels_times_a_code_word_and_whom_never_to_tell() -> None:
    agreement = agreeing(PHONE, code_word="the library", never_tell=(SISTER,))
    given(person, registered()).when(agreement).then(SAFE)


def test_safe_contact_may_be_that_there_is_no_way_at_all() -> None:
    assert len(given(person, registered()).when(agreeing(never=("+370 600 11111",))).events) == 1


def test_what_must_never_be_used_is_no_safe_channel() -> None:
    error = given(person, registered()).when(agreeing(PHONE, never=(PHONE.address,))).refused("safe-and-never")
    assert PHONE.address not in str(error)
    corrected = CorrectSafeContact(person=PERSON, channels=(PHONE,), never=(PHONE.address,))
    given(person, registered(), SAFE).when(corrected).refused("safe-and-never")


def test_hours_in_words_alone_are_refused_for_nobody_could_hold_a_message_against_them() -> None:
    words = PHONE.model_copy(update={"times": ()})
    given(person, registered()).when(agreeing(words)).refused("hours-as-times")


def test_nobody_is_kept_from_what_is_about_themselves() -> None:
    given(person, registered()).when(agreeing(never_tell=(PERSON,))).refused("never-tell-another")


def test_safe_contact_written_down_wrongly_is_corrected() -> None:
    correction = CorrectSafeContact(person=PERSON, channels=(), never=())
    given(person, registered()).when(correction).refused("nothing-to-correct")
    corrected = SafeContactCorrected(person=PERSON, ways=(), channels=(), never=())
    given(person, registered(), SAFE).when(correction).then(corrected)


def test_safe_contact_is_not_agreed_tomorrow() -> None:
    given(person, registered()).when(agreeing(PHONE, occurred="2008-10-03")).refused("not-in-the-future")


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2008-10-02T09:00:00+03:00", True),  # a Thursday
        ("2008-10-02T07:59:00+00:00", True),
        ("2008-10-02T11:00:00+03:00", False),
        ("2008-10-02T08:59:59+03:00", False),
        ("2008-10-03T09:30:00+03:00", False),
        ("2008-10-27T09:30:00+02:00", True),  # the clock was put back in between
        ("2008-10-27T08:30:00+02:00", False),
    ],
)
def test_a_safe_time_holds_by_the_clock_of_the_centre(at: str, holds: bool) -> None:
    assert MORNINGS.holds(datetime.fromisoformat(at)) is holds


def test_a_safe_time_may_last_until_the_end_of_its_day_and_no_further() -> None:
    night = SafeTime(days=(Weekday.THURSDAY,), since=time(22), until=time(0))
    assert night.holds(datetime.fromisoformat("2008-10-02T23:59:59+03:00"))
    assert not night.holds(datetime.fromisoformat("2008-10-03T00:00:00+03:00"))
    short = SafeTime(days=(Weekday.THURSDAY,), since=time(0), until=time(0, 30))
    assert not short.holds(datetime.fromisoformat("2008-10-02T00:30:00+03:00"))


@pytest.mark.parametrize(("since", "until"), [("11:00", "09:00"), ("11:00", "11:00"), ("09:00+03:00", "11:00+03:00")])
def test_a_safe_time_ends_after_it_begins_by_one_clock(since: str, until: str) -> None:
    with pytest.raises(ValidationError):
        SafeTime.model_validate({"days": ["monday"], "since": since, "until": until})


def checking(by_means: ChannelKind = ChannelKind.PHONE) -> CheckMessage:
    return CheckMessage(person=PERSON, message=DOCUMENT, by_means=by_means)


def unsafe(reason: WhyUnsafe) -> MessageFoundUnsafe:
    return MessageFoundUnsafe(person=PERSON, message=DOCUMENT, reason=reason)


FOUND_SAFE = MessageFoundSafe(
    person=PERSON, message=DOCUMENT, by_means=ChannelKind.PHONE, times=(MORNINGS,), say_code_word=True
)


def test_a_message_by_agreed_means_is_safe_on_its_terms_and_by_any_other_is_not() -> None:
    given(person, registered(), SAFE).when(checking()).then(FOUND_SAFE)
    given(person, registered(), SAFE).when(checking(ChannelKind.POST)).then(unsafe(WhyUnsafe.NOT_THIS_WAY))


def test_what_is_written_needs_no_code_word() -> None:
    post = ContactChannel(kind=ChannelKind.POST, address="Poste restante")
    agreed = given(person, registered()).when(agreeing(post, code_word="the library")).events
    (found,) = given(person, registered(), *agreed).when(checking(ChannelKind.POST)).events
    assert isinstance(found, MessageFoundSafe) and not found.say_code_word


def test_of_two_numbers_one_that_is_safe_at_any_time_lets_a_message_go_at_any_time() -> None:
    always = ContactChannel(kind=ChannelKind.PHONE, address="+370 600 22222")
    evenings = SafeTime(days=(Weekday.SUNDAY,), since=time(18), until=time(20))
    for other, times in ((always, ()), (PHONE.model_copy(update={"times": (evenings,)}), (MORNINGS, evenings))):
        agreed = given(person, registered()).when(agreeing(PHONE, other)).events
        assert isinstance(agreed[0], SafeContactAgreed) and agreed[0].ways
        assert [(way.kind, way.times) for way in agreed[0].ways] == [(ChannelKind.PHONE, times)]


def test_no_message_is_safe_where_nothing_was_agreed() -> None:
    given(person, registered()).when(checking()).then(unsafe(WhyUnsafe.NOTHING_AGREED))


@pytest.mark.parametrize("version", [1, 2])
def test_what_was_agreed_before_means_and_times_were_kept_is_agreed_anew_before_a_message(version: int) -> None:
    before = SafeContactAgreed.upcast(SAFE.model_dump(exclude={"ways", "never_tell"}), version)
    given(person, registered(), SafeContactAgreed.model_validate(before)).when(checking()).then(
        unsafe(WhyUnsafe.AGREE_ANEW)
    )


def test_who_was_not_to_be_reached_before_times_were_kept_is_not_to_be_reached_now() -> None:
    data = SAFE.model_dump(exclude={"ways"}) | {"by_means": [], "channels": ()}
    before = SafeContactAgreed.model_validate(SafeContactAgreed.upcast(data, 2))
    given(person, registered(), before).when(checking()).then(unsafe(WhyUnsafe.NOT_THIS_WAY))


def test_a_message_that_waits_since_before_code_words_were_kept_goes_by_what_is_agreed_now() -> None:
    data = FOUND_SAFE.model_dump(exclude={"times", "say_code_word"})
    before = MessageFoundSafe.model_validate(MessageFoundSafe.upcast(data, 1))
    agreed = (
        given(person, registered(), SAFE, before)
        .when(agreeing(PHONE.model_copy(update={"times": (), "hours": None})))
        .events
    )
    assert agreed[1:] == [FOUND_SAFE.model_copy(update={"times": (), "say_code_word": False})]


def test_a_message_that_was_safe_is_so_no_longer_once_its_means_are_not_agreed_any_more() -> None:
    none = agreeing()
    agreed = given(person, registered(), SAFE, FOUND_SAFE).when(none).events
    assert agreed[1:] == [unsafe(WhyUnsafe.NOT_THIS_WAY)]
    assert len(given(person, registered(), SAFE, FOUND_SAFE, *agreed).when(none).events) == 1


def test_a_message_that_waits_goes_by_the_times_that_are_agreed_now() -> None:
    other = PHONE.model_copy(update={"times": (), "hours": None})
    agreed = given(person, registered(), SAFE, FOUND_SAFE).when(agreeing(other)).events
    assert agreed[1:] == [FOUND_SAFE.model_copy(update={"times": (), "say_code_word": False})]
    same = agreeing(PHONE, code_word="the library", never_tell=(SISTER,))
    assert len(given(person, registered(), SAFE, FOUND_SAFE).when(same).events) == 1


def test_where_somebody_else_answered_nothing_goes_until_safe_contact_is_agreed_anew() -> None:
    doubt = DoubtWay(person=PERSON, by_means=ChannelKind.PHONE)
    doubted = given(person, registered(), SAFE, FOUND_SAFE).when(doubt).events
    assert doubted == [WayDoubted(person=PERSON, by_means=ChannelKind.PHONE), unsafe(WhyUnsafe.IN_DOUBT)]
    now = (registered(), SAFE, FOUND_SAFE, *doubted)
    given(person, *now).when(doubt).then()
    given(person, *now).when(checking()).then(unsafe(WhyUnsafe.IN_DOUBT))
    again = agreeing(PHONE, code_word="the library")
    given(person, *now, *given(person, *now).when(again).events).when(checking()).then(FOUND_SAFE)


def test_a_word_that_was_spelt_wrongly_does_not_put_the_telephone_where_somebody_else_answered_back_into_use() -> None:
    now = (registered(), SAFE, WayDoubted(person=PERSON, by_means=ChannelKind.PHONE))
    correction = CorrectSafeContact(person=PERSON, channels=(PHONE,), code_word="the libraries", never_tell=(SISTER,))
    corrected = given(person, *now).when(correction).events
    given(person, *now, *corrected).when(checking()).then(unsafe(WhyUnsafe.IN_DOUBT))


def telling(recipient: str) -> CheckRecipient:
    return CheckRecipient(person=PERSON, message=DOCUMENT, recipient=recipient, by_means=ChannelKind.PHONE)


def told(recipient: str) -> RecipientFoundSafe:
    return RecipientFoundSafe(person=PERSON, message=DOCUMENT, recipient=recipient, by_means=ChannelKind.PHONE)


def test_whom_a_person_names_is_told_nothing_about_them() -> None:
    given(person, registered(), SAFE).when(telling(SISTER)).then(unsafe(WhyUnsafe.NEVER_TELL))
    given(person, registered(), SAFE).when(telling(BROTHER)).then(told(BROTHER))


def test_what_waits_for_somebody_is_not_safe_once_they_are_named() -> None:
    history = (registered(), SAFE, told(BROTHER))
    agreed = given(person, *history).when(agreeing(PHONE, code_word="the library", never_tell=(BROTHER,))).events
    assert agreed[1:] == [unsafe(WhyUnsafe.NEVER_TELL)]
    again = agreeing(PHONE, code_word="the library", never_tell=(BROTHER, SISTER))
    assert len(given(person, *history, *agreed).when(again).events) == 1


def test_who_may_be_the_danger_is_told_nothing_until_they_are_cleared_everywhere() -> None:
    def barring(kind: type[Any], disappearance: str) -> Any:
        return kind(person=PERSON, recipient=BROTHER, disappearance=disappearance)

    first, second = an_id(71), an_id(72)
    barred = given(person, registered(), told(BROTHER)).when(barring(BarRecipient, first)).events
    assert barred == [barring(RecipientBarred, first), unsafe(WhyUnsafe.NEVER_TELL)]
    now: list[Any] = [registered(), *barred, barring(RecipientBarred, second)]
    given(person, *now).when(barring(BarRecipient, first)).then()
    unbarred = given(person, *now).when(barring(UnbarRecipient, first)).events
    assert unbarred == [barring(RecipientUnbarred, first)]
    given(person, *now, *unbarred).when(barring(UnbarRecipient, first)).then()
    given(person, *now, *unbarred).when(telling(BROTHER)).then(unsafe(WhyUnsafe.NEVER_TELL))
    given(person, *now, *unbarred, barring(RecipientUnbarred, second)).when(telling(BROTHER)).then(told(BROTHER))
