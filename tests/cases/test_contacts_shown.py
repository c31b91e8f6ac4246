"""Calls: found by what is asked for, and shown with what was said and done."""

from __future__ import annotations

import pytest

from services.cases.case.intake import Channel
from services.cases.contact import ContactAttached
from services.cases.projections.contacts import GetContact
from shared.errors import NotFound
from shared.messages import Role
from tests.cases.centre import Centre
from tests.cases.centre import centre as centre
from tests.cases.examples import (
    CASE,
    PERSON,
    SUPPORT,
    an_id,
)
from tests.cases.test_contact import ANONYMOUS, CALLED, CONTACT, HELPED


def test_calls_are_listed_the_newest_first_and_by_what_is_asked_for(centre: Centre) -> None:
    anonymous = ANONYMOUS.model_copy(update={"contact": an_id(76), "channel": Channel.WALK_IN})
    centre.happened(CALLED, anonymous)
    assert [entry.contact for entry in centre.contacts().contacts] == [an_id(76), CONTACT]
    assert [entry.contact for entry in centre.contacts(person=PERSON).contacts] == [CONTACT]
    assert [entry.contact for entry in centre.contacts(channel=Channel.WALK_IN).contacts] == [an_id(76)]
    page = centre.contacts(limit=1)
    assert [entry.contact for entry in centre.contacts(limit=1, after=page.next).contacts] == [CONTACT]


def test_a_call_is_shown_with_what_was_said_and_done(centre: Centre) -> None:
    centre.happened(CALLED, HELPED.model_copy(update={"person": PERSON}), ContactAttached(contact=CONTACT, case=CASE))
    shown = centre.ask(GetContact(contact=CONTACT), Role.DUTY_OFFICER)
    assert (shown.contact.case, shown.account) == (CASE, "Asked for news.")
    assert [(one.support, one.minutes) for one in shown.help] == [(SUPPORT, 40)]
    assert [entry.contact for entry in centre.contacts(case=CASE).contacts] == [CONTACT]
    with pytest.raises(NotFound):
        centre.ask(GetContact(contact=an_id(77)), Role.DUTY_OFFICER)
