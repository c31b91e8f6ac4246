"""A call or a visit, anonymous if the caller wishes, and the help given in it without any case."""

from __future__ import annotations

from typing import Any

import pytest

from services.cases.case.intake import Channel
from services.cases.case.support import Recipient
from services.cases.contact import (
    WITHOUT_A_CASE,
    AnonymousContactMade,
    AttachContact,
    ContactAttached,
    ContactKind,
    ContactMade,
    ContactSupportRetracted,
    CrisisSupportGiven,
    GiveCrisisSupport,
    RecordAnonymousContact,
    RecordContact,
    RetractContactSupport,
    contact,
)
from services.cases.vocabulary import ServiceKind
from shared.testing import given
from tests.cases.examples import CASE, DAY, PERSON, SUPPORT, an_id

CONTACT = an_id(92)
CALLED = ContactMade(
    contact=CONTACT,
    kind=ContactKind.CALL,
    channel=Channel.TELEPHONE,
    person=PERSON,
    minutes=10,
    account="Asked for news.",
    staff="w-1",
    occurred=DAY,
)
ANONYMOUS = AnonymousContactMade(
    contact=CONTACT, kind=ContactKind.CALL, channel=Channel.TELEPHONE, minutes=10, staff="w-1", occurred=DAY
)
HELPED = CrisisSupportGiven(
    contact=CONTACT,
    support=SUPPORT,
    recipient=Recipient.FAMILY_MEMBER,
    kind=ServiceKind.CRISIS,
    minutes=40,
    staff="w-1",
    occurred=DAY,
)
ATTACH = AttachContact(contact=CONTACT, case=CASE)


def recording(**changes: Any) -> RecordContact:
    stated = {"contact": CONTACT, "kind": "call", "channel": "telephone", "person": PERSON, "minutes": 10}
    return RecordContact.model_validate(stated | {"account": "Asked for news.", "occurred": DAY} | changes)


def anonymously(**changes: Any) -> RecordAnonymousContact:
    stated = {"contact": CONTACT, "kind": "call", "channel": "telephone", "minutes": 10, "occurred": DAY}
    return RecordAnonymousContact.model_validate(stated | changes)


def helping(**changes: Any) -> GiveCrisisSupport:
    stated = {"contact": CONTACT, "support": SUPPORT, "recipient": "family_member", "kind": "crisis", "minutes": 40}
    return GiveCrisisSupport.model_validate(stated | {"occurred": DAY} | changes)


def test_somebody_who_is_known_calls() -> None:
    given(contact).when(recording()).then(CALLED)


def test_a_caller_need_not_say_who_they_are() -> None:
    given(contact).when(anonymously()).then(ANONYMOUS)


def test_a_contact_is_recorded_once() -> None:
    given(contact, CALLED).when(recording()).refused("recorded-once")
    given(contact, ANONYMOUS).when(anonymously()).refused("recorded-once")


@pytest.mark.parametrize("record", [recording, anonymously])
def test_a_contact_is_neither_of_tomorrow_nor_by_a_line_that_was_not_there(record: Any) -> None:
    given(contact).when(record(occurred="2008-10-03")).refused("not-in-the-future")
    given(contact).when(record(channel="hotline_116_000")).refused("hotline-not-yet-open")


def test_help_can_be_given_to_a_caller_without_a_name_and_without_a_case() -> None:
    given(contact, ANONYMOUS).when(helping()).then(HELPED)


def test_help_in_a_contact_is_to_whoever_made_it() -> None:
    given(contact, CALLED).when(helping()).then(HELPED.model_copy(update={"person": PERSON}))


@pytest.mark.parametrize("kind", ServiceKind)
def test_what_takes_longer_than_a_call_needs_a_case(kind: ServiceKind) -> None:
    outcome = given(contact, CALLED).when(helping(kind=kind))
    if kind in WITHOUT_A_CASE:
        assert len(outcome.events) == 1
    else:
        assert kind in str(outcome.refused("help-needs-a-case"))
    assert ServiceKind.VOCATIONAL not in WITHOUT_A_CASE


def test_only_material_help_takes_no_time() -> None:
    given(contact, CALLED).when(helping(minutes=0)).refused("help-takes-time")
    assert given(contact, CALLED).when(helping(minutes=0, kind="material")).events


def test_help_has_an_id_of_its_own_and_is_not_of_tomorrow() -> None:
    given(contact, CALLED, HELPED).when(helping()).refused("entry-id-taken")
    given(contact, CALLED).when(helping(occurred="2008-10-03")).refused("not-in-the-future")


def test_help_that_was_not_given_is_taken_back_once() -> None:
    retract = RetractContactSupport(contact=CONTACT, support=SUPPORT)
    retracted = ContactSupportRetracted(contact=CONTACT, support=SUPPORT)
    given(contact, CALLED, HELPED).when(retract).then(retracted)
    given(contact, CALLED, HELPED, retracted).when(retract).then()
    given(contact, CALLED).when(retract).refused("no-such-entry")


def test_a_contact_belongs_to_one_case() -> None:
    attached = ContactAttached(contact=CONTACT, case=CASE)
    given(contact, ANONYMOUS).when(ATTACH).then(attached)
    given(contact, ANONYMOUS, attached).when(ATTACH).then()
    other = AttachContact(contact=CONTACT, case=an_id(93))
    given(contact, ANONYMOUS, attached).when(other).refused("one-case-a-contact")
    given(contact, CALLED.model_copy(update={"case": CASE})).when(other).refused("one-case-a-contact")


def test_a_contact_that_nobody_recorded_is_not_found() -> None:
    for command in (ATTACH, helping(), RetractContactSupport(contact=CONTACT, support=SUPPORT)):
        given(contact).when(command).refused("not-found")
