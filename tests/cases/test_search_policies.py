"""What a search leads to, over the real log: open items, withdrawals, links, notices, second looks; each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from services import campaigns, cases
from services.campaigns.campaign.materials import ArtefactKind, ArtefactMade
from services.campaigns.campaign.planning import CampaignPlanned
from services.campaigns.campaign.state import Kind
from services.cases.break_glass import BreakGlass, ReviewAccess
from services.cases.case.record import CaseKind
from services.cases.disappearance.finding import FindingRetracted, RecordFound
from services.cases.disappearance.record import FoundAs
from services.cases.disappearance.reporting import ClearImplicated, NameImplicated
from services.cases.match import ConfirmMatch, ReconsiderMatch, match_of
from services.cases.message import RecordMessageFailed, RequestMessage, WhyNotReached
from services.cases.person.channels import WEEK, ChannelKind, ContactChannel, SafeTime
from services.cases.person.checking import WayDoubted, WhyUnsafe
from services.cases.person.contact import AgreeSafeContact, CorrectSafeContact
from services.cases.person.names import NameAdded, PersonName
from services.cases.policies import notice_of
from services.cases.projections.outbox import EffectStatus, GetEffect
from services.cases.projections.person_files import GetPerson
from services.cases.projections.safety_sheet import GetSafetySheet
from services.cases.referral.disclosure import SharingStopped, StopReason
from services.cases.sighting import DismissSighting, WhyDismissed
from shared.dates import HERE
from shared.messages import Role
from tests.assembled import Assembled
from tests.cases.examples import (
    CASE,
    DAY,
    NAME,
    PERSON,
    REFERRAL,
    SIGHTING,
    SISTER,
    an_id,
    assigned,
    opened,
    referral_made,
    registered,
)
from tests.cases.missing import BROTHER, DISAPPEARANCE, FOUND, STRANGER, published
from tests.cases.test_match import PROPOSED
from tests.cases.test_sighting import REPORTED

CAMPAIGN, ARTEFACT, MESSAGE = an_id(60), an_id(61), an_id(66)
PLANNED = CampaignPlanned(
    campaign=CAMPAIGN,
    kind=Kind.PUBLIC_ACTION,
    title="25 May",
    aim="That they are not forgotten",
    planned_for="2009-05-25",
    town="Vilnius",
    occurred=DAY,
)
MATCH = match_of(PERSON, STRANGER)
FIND = RecordFound(disappearance=DISAPPEARANCE, person=PERSON, how=FoundAs.ALIVE, adult=True, occurred=DAY)


def poster(artefact: str = ARTEFACT) -> ArtefactMade:
    return ArtefactMade(campaign=CAMPAIGN, artefact=artefact, kind=ArtefactKind.POSTER, shows=PERSON, occurred=DAY)


class Centre(Assembled):
    """Cases and campaigns, with somebody who is missed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [cases.context, campaigns.context])
        self.record(f"case-{CASE}", opened(CaseKind.MISSING_PERSON), assigned())
        self.record(f"disappearance-{DISAPPEARANCE}", *published())
        self.record(f"campaign-{CAMPAIGN}", PLANNED, poster())
        self.settle()

    def types(self, stream: str) -> list[str]:
        """What happened in a stream, in order."""
        return [event.type.split(".")[1] for event in self.store.read_stream(stream)]

    def parked(self) -> list[str | None]:
        """The rules, or error codes, that reactions failed at."""
        return [parked.rule or parked.error for status in self.policies.status() for parked in status.parked]


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened_centre = Centre(tmp_path)
    yield opened_centre
    opened_centre.close()


def test_a_case_keeps_a_sighting_open_until_it_is_answered(centre: Centre) -> None:
    centre.record(f"sighting-{SIGHTING}", REPORTED)
    centre.settle()
    assert centre.types(f"case-{CASE}")[-1] == "OpenItemKept"
    centre.send(DismissSighting(sighting=SIGHTING, reason=WhyDismissed.FALSE, occurred=DAY), Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"case-{CASE}")[-1] == "OpenItemSettled"


def test_a_sighting_in_a_case_that_is_not_there_is_seen_by_a_person(centre: Centre) -> None:
    centre.record(f"sighting-{an_id(62)}", REPORTED.model_copy(update={"sighting": an_id(62), "case": an_id(63)}))
    centre.settle()
    assert centre.parked() == ["not-found"]


def test_once_found_posters_and_campaign_materials_are_withdrawn(centre: Centre) -> None:
    centre.send(FIND, Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"disappearance-{DISAPPEARANCE}")[-2:] == ["MissingPersonFound", "WithdrawalRequested"]
    assert centre.types(f"campaign-{CAMPAIGN}")[-1] == "ArtefactWithdrawn"
    assert centre.parked() == []


def test_the_campaign_s_file_does_not_tell_that_somebody_was_found(centre: Centre) -> None:
    centre.send(FIND, Role.CASEWORKER)
    centre.settle()
    assert b"found" not in list(centre.store.read_stream(f"campaign-{CAMPAIGN}"))[-1].data


def test_material_that_is_recorded_late_is_withdrawn_all_the_same(centre: Centre) -> None:
    centre.send(FIND, Role.CASEWORKER)
    centre.settle()
    centre.record(f"campaign-{CAMPAIGN}", poster(an_id(64)))
    centre.settle()
    assert centre.types(f"campaign-{CAMPAIGN}").count("ArtefactWithdrawn") == 2


def test_after_a_wrong_finding_new_material_may_show_them_again(centre: Centre) -> None:
    retracted = FindingRetracted(
        disappearance=DISAPPEARANCE, case=CASE, person=PERSON, grounds="Another.", occurred=DAY
    )
    centre.record(f"disappearance-{DISAPPEARANCE}", FOUND, retracted)
    centre.settle()
    centre.record(f"campaign-{CAMPAIGN}", poster(an_id(64)))
    centre.settle()
    assert centre.types(f"campaign-{CAMPAIGN}").count("ArtefactWithdrawn") == 1


def test_material_that_shows_nobody_stays(centre: Centre) -> None:
    neutral = ArtefactMade(campaign=CAMPAIGN, artefact=an_id(65), kind=ArtefactKind.BANNER, occurred=DAY)
    centre.record(f"campaign-{CAMPAIGN}", neutral)
    centre.send(FIND, Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"campaign-{CAMPAIGN}").count("ArtefactWithdrawn") == 1


def test_a_confirmed_match_links_the_records_and_a_second_thought_dissolves_that(centre: Centre) -> None:
    answer = {"match": MATCH, "missing": PERSON, "grounds": "The scar.", "occurred": DAY}
    centre.record(f"match-{MATCH}", PROPOSED)
    for expected in (["RecordsLinked"], ["RecordsLinked"]):
        centre.send(ConfirmMatch.model_validate(answer), Role.CASEWORKER, actor="w-2")
        centre.settle()
        link = next(e for e in centre.store.read_all(backwards=True) if e.type == "cases.RecordsLinked").stream
        assert centre.types(link) == expected
        centre.send(ReconsiderMatch.model_validate(answer), Role.CASEWORKER)
        centre.settle()
        assert centre.types(link) == ["RecordsLinked", "RecordsUnlinked"]
    assert centre.parked() == []


def test_where_sharing_stops_one_notice_is_requested(centre: Centre) -> None:
    centre.record(
        f"referral-{REFERRAL}",
        referral_made(),
        SharingStopped(referral=REFERRAL, case=CASE, reason=StopReason.CONSENT_WITHDRAWN, occurred=DAY),
    )
    centre.settle()
    assert centre.types(f"message-{notice_of(REFERRAL)}") == ["NoticeRequested"]


def test_broken_glass_is_looked_at_within_a_day_or_on_record_as_not(centre: Centre) -> None:
    for number, looked_at in ((66, True), (67, False)):
        breaking = BreakGlass(
            access=an_id(number),
            case=CASE,
            person=PERSON,
            grounds="She calls.",
            until=centre.now + timedelta(hours=8),
        )
        centre.send(breaking, Role.DUTY_OFFICER, actor="d-1")
        if looked_at:
            review = ReviewAccess(access=an_id(number), person=PERSON, justified=True, grounds="A bed.")
            centre.send(review, Role.SUPERVISOR, actor="s-1")
    centre.settle()
    centre.now += timedelta(hours=23, minutes=59)
    assert centre.policies.fire_due(centre.now) == 0
    centre.now += timedelta(minutes=1)
    assert centre.policies.fire_due(centre.now) == 1
    assert centre.types(f"break-glass-{an_id(66)}") == ["GlassBroken", "AccessReviewed"]
    assert centre.types(f"break-glass-{an_id(67)}") == ["GlassBroken", "AccessReviewMissed"]


# Messages and safe contact


PHONE = ContactChannel(kind=ChannelKind.PHONE, address="+370 600 00000")


def asking(by_means: ChannelKind, **changes: Any) -> RequestMessage:
    stated = {"message": MESSAGE, "person": PERSON, "by_means": by_means, "text": "Please call.", "occurred": DAY}
    return RequestMessage.model_validate(stated | changes)


def agreeing(*channels: ContactChannel, **changes: Any) -> AgreeSafeContact:
    stated = {"person": PERSON, "channels": channels, "never": ("+370 600 11111",), "occurred": DAY}
    return AgreeSafeContact.model_validate(stated | changes)


def test_a_message_by_agreed_means_may_be_sent(centre: Centre) -> None:
    centre.record(f"person-{PERSON}", registered())
    centre.send(agreeing(PHONE), Role.CASEWORKER)
    centre.send(asking(ChannelKind.PHONE), Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"message-{MESSAGE}") == ["MessageRequested", "MessageCleared"]


def test_a_message_by_other_means_is_held_back_and_whoever_looks_into_the_outbox_sees_why(centre: Centre) -> None:
    centre.record(f"person-{PERSON}", registered())
    centre.send(agreeing(PHONE), Role.CASEWORKER)
    centre.send(asking(ChannelKind.POST), Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"message-{MESSAGE}") == ["MessageRequested", "MessageHeldBack"]
    shown = centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER)
    assert (shown.effect.status, shown.effect.held_back) == (EffectStatus.HELD_BACK, WhyUnsafe.NOT_THIS_WAY)
    assert (shown.safe_contact.channels, shown.safe_contact.never) == ((PHONE,), ("+370 600 11111",))


def test_a_message_that_waits_is_held_back_once_its_means_are_not_safe_any_more(centre: Centre) -> None:
    centre.record(f"person-{PERSON}", registered())
    for command in (agreeing(PHONE), asking(ChannelKind.PHONE)):
        centre.send(command, Role.CASEWORKER)
        centre.settle()
    centre.send(agreeing(), Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"message-{MESSAGE}")[-1] == "MessageHeldBack"


def test_a_message_goes_on_the_terms_that_are_agreed_and_the_outbox_says_whether_now_is_a_time(centre: Centre) -> None:
    centre.record(f"person-{PERSON}", registered())
    in_two_days = WEEK[(datetime.now(HERE).weekday() + 2) % 7]
    then = SafeTime(days=(in_two_days,), since=time(9), until=time(11))
    centre.send(agreeing(PHONE.model_copy(update={"times": (then,)}), code_word="the library"), Role.CASEWORKER)
    centre.send(asking(ChannelKind.PHONE), Role.CASEWORKER)
    centre.settle()
    shown = centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER)
    assert (shown.times, shown.say_code_word, shown.may_go_now) == ((then,), True, False)
    centre.send(agreeing(PHONE), Role.CASEWORKER)
    centre.settle()
    shown = centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER)
    assert (shown.times, shown.say_code_word, shown.may_go_now) == ((), False, True)


def test_where_somebody_else_answered_what_waits_is_held_back_and_everybody_sees_the_doubt(centre: Centre) -> None:
    centre.record(f"person-{PERSON}", registered())
    centre.send(agreeing(PHONE), Role.CASEWORKER)
    for message in (MESSAGE, an_id(67)):
        centre.send(asking(ChannelKind.PHONE, message=message), Role.CASEWORKER)
    centre.settle()
    failed = RecordMessageFailed(message=MESSAGE, reason=WhyNotReached.SOMEBODY_ELSE_ANSWERED, occurred=DAY)
    centre.send(failed, Role.CASEWORKER)
    centre.settle()
    for message in (MESSAGE, an_id(67)):
        assert centre.types(f"message-{message}")[-1] == "MessageHeldBack"
    seen = (
        centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER).safe_contact,
        centre.ask(GetPerson(person=PERSON), Role.CASEWORKER).safe_contact,
        centre.ask(GetSafetySheet(case=CASE), Role.CASEWORKER).person.safe_contact,
    )
    assert [one.in_doubt for one in seen] == [(ChannelKind.PHONE,)] * 3


def test_a_doubt_outlasts_a_correction_and_ends_with_what_is_agreed_anew(centre: Centre) -> None:
    doubt = WayDoubted(person=PERSON, by_means=ChannelKind.PHONE)
    centre.record(f"person-{PERSON}", registered())
    centre.send(agreeing(PHONE), Role.CASEWORKER)
    centre.send(asking(ChannelKind.PHONE), Role.CASEWORKER)
    centre.record(f"person-{PERSON}", doubt)
    centre.send(CorrectSafeContact(person=PERSON, channels=(PHONE,), code_word="bread"), Role.CASEWORKER)
    seen = (
        centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER).safe_contact,
        centre.ask(GetPerson(person=PERSON), Role.CASEWORKER).safe_contact,
        centre.ask(GetSafetySheet(case=CASE), Role.CASEWORKER).person.safe_contact,
    )
    assert [(one.code_word, one.in_doubt) for one in seen] == [("bread", (ChannelKind.PHONE,))] * 3
    centre.send(agreeing(PHONE), Role.CASEWORKER)
    assert centre.ask(GetPerson(person=PERSON), Role.CASEWORKER).safe_contact.in_doubt == ()


def test_a_message_about_somebody_goes_to_nobody_whom_they_name(centre: Centre) -> None:
    for someone in (PERSON, SISTER):
        centre.record(f"person-{someone}", registered().model_copy(update={"person": someone}))
    centre.record(f"person-{SISTER}", NameAdded(person=SISTER, name=NAME, value=PersonName(given="Ona")))
    centre.send(agreeing(PHONE, never_tell=(SISTER,)), Role.CASEWORKER)
    centre.send(agreeing(PHONE, person=SISTER), Role.CASEWORKER)
    about_her = asking(ChannelKind.PHONE, person=SISTER, about=PERSON)
    centre.send(about_her, Role.CASEWORKER)
    centre.send(asking(ChannelKind.PHONE, person=SISTER, message=an_id(67)), Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"message-{MESSAGE}") == ["MessageRequested", "MessageHeldBack"]
    assert centre.types(f"message-{an_id(67)}") == ["MessageRequested", "MessageCleared"]
    shown = centre.ask(GetEffect(effect=MESSAGE), Role.CASEWORKER)
    assert (shown.effect.held_back, shown.effect.about) == (WhyUnsafe.NEVER_TELL, PERSON)
    (never,) = centre.ask(GetSafetySheet(case=CASE), Role.CASEWORKER).never_tell
    assert (never.person, [one.value.given for one in never.names]) == (SISTER, ["Ona"])


def test_a_message_about_the_missing_goes_to_nobody_who_may_be_the_danger_until_cleared(
    centre: Centre,
) -> None:
    for someone in (PERSON, BROTHER):
        centre.record(f"person-{someone}", registered().model_copy(update={"person": someone}))
    centre.send(agreeing(PHONE, person=BROTHER), Role.CASEWORKER)
    of = {"disappearance": DISAPPEARANCE, "suspect": BROTHER, "occurred": DAY}
    before, during, after = (an_id(number) for number in (66, 67, 68))

    def ask_for(message: str) -> None:
        centre.send(asking(ChannelKind.PHONE, message=message, person=BROTHER, about=PERSON), Role.CASEWORKER)
        centre.settle()

    ask_for(before)
    centre.send(NameImplicated.model_validate(of | {"grounds": "Was waiting."}), Role.CASEWORKER)
    centre.settle()
    ask_for(during)
    centre.send(ClearImplicated.model_validate(of), Role.CASEWORKER)
    centre.settle()
    ask_for(after)
    assert [centre.types(f"message-{one}")[-1] for one in (before, during, after)] == [
        "MessageHeldBack",
        "MessageHeldBack",
        "MessageCleared",
    ]


def test_a_message_to_somebody_who_is_not_registered_is_not_sent_and_seen_by_a_person(centre: Centre) -> None:
    centre.send(asking(ChannelKind.PHONE), Role.CASEWORKER)
    centre.settle()
    assert centre.types(f"message-{MESSAGE}") == ["MessageRequested"]
    assert centre.parked() == ["not-found"]
