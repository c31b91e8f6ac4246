"""Safe contact: how somebody can be reached without putting them in danger. Looked at before every message.

By what means and at what times, whether a code word is said first, and who must never be told are known to the rules.
Numbers, addresses and words are sealed, and are before the eyes of whoever sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from services.cases.person import checking
from services.cases.person.channels import ContactChannel, Way, ways_of
from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import HELPERS, PersonId
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import upcasts
from shared.privacy.personal import About, Hidden, Retention

CONTACT = About("person", Retention.CONTACT)
Channels = Annotated[
    tuple[ContactChannel, ...],
    CONTACT,
    Field(
        description="How to reach them; none: do not, they come by themselves",
        examples=[
            [
                {
                    "kind": "phone",
                    "address": "+370 600 00000",
                    "times": [{"days": ["monday", "thursday"], "since": "09:00", "until": "11:00"}],
                    "hours": "only while he is at work",
                }
            ]
        ],
    ),
]
CodeWord = Annotated[
    str | None,
    CONTACT,
    Field(max_length=100, description="What to say so that they know who calls", examples=["the library"]),
]
Ways = Annotated[
    tuple[Way, ...] | None,
    Field(description="By what means, and when; null: it was not kept apart from the addresses"),
]
Never = Annotated[
    tuple[str, ...],
    CONTACT,
    Field(description="Numbers, addresses and people never to be used", examples=[["+370 600 11111"]]),
]
NeverTell = Annotated[
    tuple[PersonId, ...],
    Field(max_length=100, description="People, by their records, who must never be told anything about this person"),
]


class AgreeSafeContact(PersonCommand, route="POST /persons/{person}/safe-contact", roles=HELPERS):
    """Agree with a person how they can be reached safely. It takes the place of what was agreed before."""

    channels: Channels
    code_word: CodeWord = None
    never: Never = ()
    never_tell: NeverTell = ()
    occurred: Occurred


class CorrectSafeContact(PersonCommand, route="POST /persons/{person}/safe-contact/correction", roles=HELPERS):
    """Put safe contact right: it was written down wrongly."""

    channels: Channels
    code_word: CodeWord = None
    never: Never = ()
    never_tell: NeverTell = ()


class SafeContactAgreed(PersonEvent, version=3):
    """It was agreed how somebody can be reached safely."""

    ways: Ways
    channels: Annotated[tuple[ContactChannel, ...] | Hidden, CONTACT]
    code_word: Annotated[str | Hidden | None, CONTACT] = None
    never: Annotated[tuple[str, ...] | Hidden, CONTACT]
    never_tell: tuple[PersonId, ...] = ()
    occurred: Occurred


@upcasts(SafeContactAgreed, 1)
def agreed_before_means_were_kept(data: dict[str, Any]) -> dict[str, Any]:
    """By what means was sealed with the addresses."""
    return data


@upcasts(SafeContactAgreed, 2)
def agreed_before_times_were_kept(data: dict[str, Any]) -> dict[str, Any]:
    """Times were words, sealed with the addresses. Who was not to be reached at all is not now."""
    return data | {"ways": [] if data.get("by_means") == [] else None}


class SafeContactCorrected(PersonEvent, version=3, puts_right=("person", "SafeContactAgreed.person")):
    """Safe contact was written down wrongly; this is how it is."""

    ways: Ways
    channels: Annotated[tuple[ContactChannel, ...] | Hidden, CONTACT]
    code_word: Annotated[str | Hidden | None, CONTACT] = None
    never: Annotated[tuple[str, ...] | Hidden, CONTACT]
    never_tell: tuple[PersonId, ...] = ()


@upcasts(SafeContactCorrected, 1)
def corrected_before_means_were_kept(data: dict[str, Any]) -> dict[str, Any]:
    """By what means was sealed with the addresses."""
    return data


@upcasts(SafeContactCorrected, 2)
def corrected_before_times_were_kept(data: dict[str, Any]) -> dict[str, Any]:
    """Times were words, sealed with the addresses. Who was not to be reached at all is not now."""
    return data | {"ways": [] if data.get("by_means") == [] else None}


Commands = AgreeSafeContact | CorrectSafeContact
Events = SafeContactAgreed | SafeContactCorrected


def decide(command: Commands, state: Person) -> Sequence[Events | checking.Found]:
    """What is agreed, and what that means for messages that wait."""
    must_exist(state.registered, "person")
    if any(channel.address in command.never for channel in command.channels):
        raise DomainError(
            "What must never be used is not a safe channel, and one address is named as both: take it out of one.",
            rule="safe-and-never",
        )
    if any(channel.hours and not channel.times for channel in command.channels):
        raise DomainError(
            "Hours in words alone hold nobody back, and a channel has no times: give its times, and keep for words "
            "what times do not say.",
            rule="hours-as-times",
        )
    if command.person in command.never_tell:
        raise DomainError(
            "A person is told about themselves; they are named among those who must not be: name others.",
            rule="never-tell-another",
        )
    ways = ways_of(command.channels)
    agreed: SafeContactAgreed | SafeContactCorrected
    if isinstance(command, AgreeSafeContact):
        must_have_happened(command.occurred, command.now)
        agreed = SafeContactAgreed(**command.stated(), ways=ways)
    elif state.has_safe_contact:
        agreed = SafeContactCorrected(**command.stated(), ways=ways)
    else:
        raise DomainError("No safe contact was agreed yet: agree it first.", rule="nothing-to-correct")
    return [agreed, *checking.looked_at_again(command.person, state, evolve(state, agreed))]


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event. What was only put right leaves a doubt where it was."""
    return replace(
        state,
        has_safe_contact=True,
        ways=event.ways,
        has_code_word=event.code_word is not None,
        never_tell=frozenset(event.never_tell),
        doubted=frozenset() if isinstance(event, SafeContactAgreed) else state.doubted,
    )
