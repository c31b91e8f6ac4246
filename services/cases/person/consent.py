"""Consent: for one purpose, to one recipient, until a day, and withdrawn whenever the person wishes.

The person's stream also keeps which referrals rest on each consent. So a withdrawal can name them, and a referral that
rests on a consent that was not there comes to light, without any rule that would need two streams at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, assert_never

from pydantic import Field, StringConstraints

from services.cases.person.record import Consent, Person, PersonCommand, PersonEvent, Purpose
from services.cases.vocabulary import HELPERS, PersonId, RecipientKind, ReferralId
from shared.dates import Occurred, earliest, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, Role, new_id

ConsentId = Annotated[Id, Field(description="The consent", examples=["16fd2706-8baf-433b-82eb-8c7fada847da"])]
RecipientCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$"),
    Field(description="To whom: a kind of recipient, or an organisation's id; never a name", examples=["police"]),
]


class GiveConsent(PersonCommand, route="POST /persons/{person}/consents", roles=HELPERS):
    """Record that a person consents, or a guardian for a child."""

    consent: ConsentId = new_id()
    purpose: Annotated[Purpose, Field(description="What for", examples=["sharing"])]
    recipient: RecipientCode
    until: Annotated[date, Field(description="The last day on which it holds", examples=["2009-10-02"])]
    guardian: Annotated[PersonId | None, Field(description="Who consents for a child")] = None
    occurred: Occurred


class WithdrawConsent(PersonCommand, route="POST /persons/{person}/consents/{consent}/withdrawal", roles=HELPERS):
    """Record that a consent was withdrawn. What rests on it stops; care does not."""

    consent: ConsentId
    occurred: Occurred


class RestOnConsent(PersonCommand, roles=[Role.POLICY]):
    """Note that a referral rests on a consent, or that it is not there to rest on. Sent by policy."""

    consent: ConsentId
    referral: ReferralId
    to: Annotated[RecipientKind, Field(description="The kind of recipient", examples=["police"])]
    recipient: Annotated[Id | None, Field(description="The organisation, if one is named")] = None
    occurred: Occurred


class ConsentGiven(PersonEvent):
    """A consent was given."""

    consent: ConsentId
    purpose: Purpose
    recipient: RecipientCode
    until: date
    guardian: PersonId | None = None
    occurred: Occurred


class ConsentWithdrawn(PersonEvent):
    """A consent was withdrawn; these referrals rested on it."""

    consent: ConsentId
    purpose: Purpose
    recipient: RecipientCode
    referrals: tuple[ReferralId, ...] = ()
    occurred: Occurred


class ConsentRestedOn(PersonEvent):
    """A referral rests on a consent."""

    consent: ConsentId
    referral: ReferralId
    occurred: Occurred


class ConsentFoundMissing(PersonEvent):
    """A referral was made as if there were a consent, and there was none then."""

    consent: ConsentId
    referral: ReferralId
    occurred: Occurred


Commands = GiveConsent | WithdrawConsent | RestOnConsent
Events = ConsentGiven | ConsentWithdrawn | ConsentRestedOn | ConsentFoundMissing


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered, "person")
    must_have_happened(command.occurred, command.now)
    match command:
        case GiveConsent():
            must_be_givable(command, state)
            return [ConsentGiven(**command.stated())]
        case WithdrawConsent(person=person, consent=consent, occurred=occurred):
            found = state.consents.get(consent)
            if found is None:
                raise DomainError("This person gave no such consent: name one of theirs.", rule="no-such-consent")
            if found.withdrawn:
                return []
            return [
                ConsentWithdrawn(
                    person=person,
                    consent=consent,
                    purpose=found.purpose,
                    recipient=found.recipient,
                    referrals=found.referrals,
                    occurred=occurred,
                )
            ]
        case RestOnConsent(person=person, consent=consent, referral=referral, occurred=occurred):
            found = state.consents.get(consent)
            if found is None or not found.allows(command.to, command.recipient, occurred):
                return [ConsentFoundMissing(person=person, consent=consent, referral=referral, occurred=occurred)]
            if referral in found.referrals:
                return []
            return [ConsentRestedOn(person=person, consent=consent, referral=referral, occurred=occurred)]
        case _:
            assert_never(command)


def must_be_givable(consent: GiveConsent, state: Person) -> None:
    """Refuses a consent without an end to come, by a child alone, or under an id that is taken."""
    if consent.consent in state.consents:
        raise DomainError("Each consent has an id of its own; this is taken: leave it out.", rule="id-taken")
    if consent.until < earliest(consent.occurred):
        raise DomainError(
            f"A consent ends after it is given ({consent.occurred}), not on {consent.until}: give a later day.",
            rule="consent-ends-later",
        )
    if consent.guardian == consent.person:
        raise DomainError("Nobody is their own guardian: name another, or nobody.", rule="guardian-is-another")
    if not state.shown_adult and consent.guardian is None:
        raise DomainError(
            "A child's guardian consents for them, and who is not shown to be an adult is a child: name the guardian, "
            "or record the birth date or a finding on age.",
            rule="child-needs-guardian",
        )


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case ConsentGiven():
            given = Consent(event.purpose, event.recipient, event.occurred, event.until)
            return replace(state, consents=state.consents.having(event.consent, given))
        case ConsentWithdrawn(consent=consent):
            withdrawn = state.consents[consent]._replace(withdrawn=True, referrals=())
            return replace(state, consents=state.consents.having(consent, withdrawn))
        case ConsentRestedOn(consent=consent, referral=referral):
            found = state.consents[consent]
            resting = found._replace(referrals=(*found.referrals, referral))
            return replace(state, consents=state.consents.having(consent, resting))
        case ConsentFoundMissing():
            return state
        case _:
            assert_never(event)
