"""Who somebody is, whether they are an adult, what they consent to, and what a court says of them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.cases.person import person
from services.cases.person.age import (
    AgeBasis,
    AgeDetermined,
    BirthDateCorrected,
    BirthDateRecorded,
    BirthSource,
    CorrectBirthDate,
    DetermineAge,
    RecordBirthDate,
)
from services.cases.person.appearance import (
    CorrectDescription,
    DescribePerson,
    DescriptionCorrected,
    DocumentRecorded,
    DocumentRetracted,
    PersonDescribed,
    RecordDocument,
    RetractDocument,
)
from services.cases.person.consent import (
    ConsentFoundMissing,
    ConsentGiven,
    ConsentRestedOn,
    ConsentWithdrawn,
    GiveConsent,
    RestOnConsent,
    WithdrawConsent,
)
from services.cases.person.names import (
    AddName,
    CorrectName,
    NameAdded,
    NameCorrected,
    NameKind,
    NameRetracted,
    PersonName,
    PersonRegistered,
    RegisterPerson,
    RetractName,
)
from services.cases.person.record import Purpose
from services.cases.person.standing import (
    DeclaredDead,
    DeclareDead,
    DeclaredMissing,
    DeclareMissing,
    Reappeared,
    RecordReappearance,
)
from services.cases.vocabulary import RecipientKind
from shared.messages import union_members
from shared.privacy.personal import Retention, personal_fields
from shared.testing import given
from tests.cases.examples import CONSENT, DAY, DOCUMENT, NAME, PARTNER, PERSON, REFERRAL, SISTER, registered

RUTA = PersonName(given="Rūta", family="Ąžuolaitė")
NAMED = NameAdded(person=PERSON, name=NAME, value=RUTA)
ADULT = AgeDetermined(person=PERSON, adult=True, basis=AgeBasis.AGE_ASSESSMENT, occurred=DAY)
CONSENTED = ConsentGiven(
    person=PERSON,
    consent=CONSENT,
    purpose=Purpose.SHARING,
    recipient="rehabilitation",
    until=date(2009, 9, 1),
    occurred=DAY,
)


def born(birth: str, source: BirthSource = BirthSource.DOCUMENT) -> RecordBirthDate:
    return RecordBirthDate(person=PERSON, birth=birth, source=source)


def consenting(**changes: object) -> GiveConsent:
    stated = {"person": PERSON, "consent": CONSENT, "purpose": Purpose.SHARING, "recipient": "rehabilitation"}
    return GiveConsent.model_validate(stated | {"until": "2009-09-01", "occurred": DAY} | changes)


def resting(**changes: object) -> RestOnConsent:
    stated = {"person": PERSON, "consent": CONSENT, "referral": REFERRAL, "to": RecipientKind.REHABILITATION}
    return RestOnConsent.model_validate(stated | {"occurred": DAY} | changes)


def test_a_person_is_registered_with_a_name_if_one_is_known() -> None:
    given(person).when(RegisterPerson(person=PERSON, name=NAME, value=RUTA, occurred=DAY)).then(registered(), NAMED)


def test_a_person_whose_name_nobody_knows_is_registered_too() -> None:
    given(person).when(RegisterPerson(person=PERSON, occurred=DAY)).then(registered())


def test_a_person_is_registered_once() -> None:
    given(person, registered()).when(RegisterPerson(person=PERSON, occurred=DAY)).refused("registered-once")


def test_a_person_is_not_registered_tomorrow() -> None:
    given(person).when(RegisterPerson(person=PERSON, occurred="2008-10-03")).refused("not-in-the-future")


def test_a_person_who_is_not_registered_is_not_found() -> None:
    for command in (AddName(person=PERSON, value=RUTA), born("1990"), consenting(), resting()):
        given(person).when(command).refused("not-found")


def test_everything_that_says_who_somebody_is_is_sealed_under_their_own_key() -> None:
    identity = {"value", "birth", "text", "details"}
    contact = {"channels", "code_word", "never"}
    for event in union_members(person.events):
        for field, mark in personal_fields(event).items():
            assert mark.subject == "person"
            if field in identity:
                assert mark.keep is Retention.IDENTITY
            if field in contact:
                assert mark.keep is Retention.CONTACT
        assert (identity | contact) & event.model_fields.keys() <= personal_fields(event).keys()


def test_a_person_has_names_in_several_languages() -> None:
    russian = PersonName(given="Рута", kind=NameKind.TRANSLITERATED, language="ru")
    given(person, registered(), NAMED).when(AddName(person=PERSON, name=DOCUMENT, value=russian)).then(
        NameAdded(person=PERSON, name=DOCUMENT, value=russian)
    )


def test_a_name_says_something() -> None:
    for command in (
        AddName(person=PERSON, value=PersonName()),
        CorrectName(person=PERSON, name=NAME, value=PersonName(given="")),
    ):
        given(person, registered(), NAMED).when(command).refused("name-is-not-empty")


def test_a_name_s_id_is_used_once() -> None:
    given(person, registered(), NAMED).when(AddName(person=PERSON, name=NAME, value=RUTA)).refused("id-taken")


def test_a_name_written_down_wrongly_is_corrected() -> None:
    right = PersonName(given="Rūta", family="Ąžuolienė")
    given(person, registered(), NAMED).when(CorrectName(person=PERSON, name=NAME, value=right)).then(
        NameCorrected(person=PERSON, name=NAME, value=right)
    )


def test_only_a_name_that_stands_is_corrected() -> None:
    retracted = NameRetracted(person=PERSON, name=NAME)
    correction = CorrectName(person=PERSON, name=NAME, value=RUTA)
    given(person, registered()).when(correction).refused("no-such-name")
    given(person, registered(), NAMED, retracted).when(correction).refused("no-such-name")


def test_somebody_else_s_name_is_taken_back_once() -> None:
    retraction, retracted = RetractName(person=PERSON, name=NAME), NameRetracted(person=PERSON, name=NAME)
    given(person, registered(), NAMED).when(retraction).then(retracted)
    given(person, registered(), NAMED, retracted).when(retraction).then()
    given(person, registered()).when(retraction).refused("no-such-name")


@pytest.mark.parametrize(
    ("birth", "source", "adult"),
    [
        ("1990-10-02", BirthSource.DOCUMENT, True),  # eighteen today
        ("1990-10-03", BirthSource.DOCUMENT, False),
        ("1989", BirthSource.REGISTER, True),
        ("1990", BirthSource.REGISTER, False),  # perhaps in December
        ("1985-21", BirthSource.DOCUMENT, True),
        ("199X", BirthSource.DOCUMENT, False),
        ("1988~", BirthSource.DOCUMENT, True),
        ("1989~", BirthSource.DOCUMENT, False),  # about 1989 may be 1990
        ("1989?", BirthSource.REGISTER, False),
        ("1988-24", BirthSource.DOCUMENT, True),
        ("1989-24", BirthSource.DOCUMENT, True),  # the winter of 1989 ends in February 1990
        ("1980-01-01", BirthSource.OWN_ACCOUNT, False),
        ("1980-01-01", BirthSource.RELATIVE, False),
        ("1970~", BirthSource.ESTIMATE, False),
    ],
)
def test_only_papers_that_leave_no_doubt_show_an_adult(birth: str, source: BirthSource, adult: bool) -> None:
    given(person, registered()).when(born(birth, source)).then(
        BirthDateRecorded(person=PERSON, birth=birth, source=source, shows_adult=adult)
    )


def test_an_estimate_is_kept_with_when_it_was_made() -> None:
    estimate = RecordBirthDate(person=PERSON, birth="1970~", source=BirthSource.ESTIMATE, as_of="2006")
    recorded = BirthDateRecorded(
        person=PERSON, birth="1970~", source=BirthSource.ESTIMATE, as_of="2006", shows_adult=False
    )
    given(person, registered()).when(estimate).then(recorded)
    to_come = estimate.model_copy(update={"as_of": "2009"})
    given(person, registered()).when(to_come).refused("not-in-the-future")
    before = recorded.model_copy(update={"as_of": None})
    stored = before.model_dump(exclude={"as_of"})
    assert BirthDateRecorded.model_validate(BirthDateRecorded.upcast(stored, 1)) == before


def test_who_was_born_on_a_leap_day_comes_of_age_on_the_first_of_march() -> None:
    for day, adult in ((datetime(2010, 2, 28, 12, tzinfo=UTC), False), (datetime(2010, 3, 1, 12, tzinfo=UTC), True)):
        outcome = given(person, registered()).when(born("1992-02-29"), now=day)
        outcome.then(
            BirthDateRecorded(person=PERSON, birth="1992-02-29", source=BirthSource.DOCUMENT, shows_adult=adult)
        )


def test_until_it_is_shown_otherwise_a_person_is_a_child() -> None:
    assert not given(person, registered()).state().shown_adult
    assert given(person, registered(), ADULT).state().shown_adult


def test_nobody_is_born_tomorrow_and_the_refusal_does_not_repeat_the_date() -> None:
    error = given(person, registered()).when(born("2008-10-03")).refused("not-in-the-future")
    assert "2008" not in str(error)


def test_nobody_is_born_twice() -> None:
    known = BirthDateRecorded(person=PERSON, birth="1990", source=BirthSource.RELATIVE, shows_adult=False)
    given(person, registered(), known).when(born("1991")).refused("born-once")


def test_a_birth_date_that_was_wrong_is_corrected_and_may_make_a_child_again() -> None:
    known = BirthDateRecorded(person=PERSON, birth="1985", source=BirthSource.DOCUMENT, shows_adult=True)
    correction = CorrectBirthDate(person=PERSON, birth="1993-01-01", source=BirthSource.REGISTER)
    corrected = BirthDateCorrected(person=PERSON, birth="1993-01-01", source=BirthSource.REGISTER, shows_adult=False)
    given(person, registered(), known).when(correction).then(corrected)
    assert not given(person, registered(), known, corrected).state().shown_adult
    given(person, registered()).when(correction).refused("nothing-to-correct")


def test_age_is_found_where_there_are_no_papers() -> None:
    finding = DetermineAge(person=PERSON, adult=True, basis=AgeBasis.AGE_ASSESSMENT, occurred=DAY)
    given(person, registered()).when(finding).then(ADULT)
    given(person, registered(), ADULT).when(finding).then()
    tomorrow = finding.model_copy(update={"occurred": "2008-10-03"})
    given(person, registered()).when(tomorrow).refused("not-in-the-future")


def test_papers_end_a_finding_on_age_and_somebody_s_word_does_not() -> None:
    word = BirthDateRecorded(person=PERSON, birth="1995", source=BirthSource.OWN_ACCOUNT, shows_adult=False)
    papers = BirthDateRecorded(person=PERSON, birth="1995", source=BirthSource.REGISTER, shows_adult=False)
    assert given(person, registered(), ADULT, word).state().shown_adult
    assert not given(person, registered(), ADULT, papers).state().shown_adult


def test_a_description_changes_and_is_corrected() -> None:
    described = PersonDescribed(person=PERSON, text="Short hair.", occurred=DAY)
    given(person, registered()).when(DescribePerson(person=PERSON, text="Short hair.", occurred=DAY)).then(described)
    correction = CorrectDescription(person=PERSON, text="Long hair.")
    given(person, registered()).when(correction).refused("nothing-to-correct")
    given(person, registered(), described).when(correction).then(DescriptionCorrected(person=PERSON, text="Long hair."))


def test_a_description_is_not_of_tomorrow() -> None:
    tomorrow = DescribePerson(person=PERSON, text="Short hair.", occurred="2008-10-03")
    given(person, registered()).when(tomorrow).refused("not-in-the-future")


def test_papers_are_recorded_once_and_taken_back_if_they_are_somebody_else_s() -> None:
    record = RecordDocument(person=PERSON, document=DOCUMENT, details="passport")
    recorded = DocumentRecorded(person=PERSON, document=DOCUMENT, details="passport")
    retract, retracted = (
        RetractDocument(person=PERSON, document=DOCUMENT),
        DocumentRetracted(person=PERSON, document=DOCUMENT),
    )
    given(person, registered()).when(record).then(recorded)
    given(person, registered(), recorded).when(record).refused("id-taken")
    given(person, registered()).when(retract).refused("no-such-document")
    given(person, registered(), recorded).when(retract).then(retracted)
    given(person, registered(), recorded, retracted).when(retract).then()


def test_an_adult_consents_for_a_purpose_to_a_recipient_until_a_day() -> None:
    given(person, registered(), ADULT).when(consenting()).then(CONSENTED)


def test_a_guardian_consents_for_a_child_and_for_who_may_be_one() -> None:
    given(person, registered()).when(consenting()).refused("child-needs-guardian")
    given(person, registered()).when(consenting(guardian=SISTER)).then(
        CONSENTED.model_copy(update={"guardian": SISTER})
    )


def test_nobody_is_their_own_guardian() -> None:
    given(person, registered()).when(consenting(guardian=PERSON)).refused("guardian-is-another")


def test_a_consent_ends_after_it_is_given() -> None:
    given(person, registered(), ADULT).when(consenting(until="2008-08-31")).refused("consent-ends-later")


def test_a_consent_is_not_of_tomorrow() -> None:
    given(person, registered(), ADULT).when(consenting(occurred="2008-10-03")).refused("not-in-the-future")


def test_a_consent_s_id_is_used_once() -> None:
    given(person, registered(), ADULT, CONSENTED).when(consenting()).refused("id-taken")


def test_a_recipient_is_a_code_and_never_a_name() -> None:
    with pytest.raises(ValueError, match="pattern"):
        consenting(recipient="Rūta Ąžuolaitė")


def test_a_consent_is_withdrawn_and_what_rested_on_it_is_named() -> None:
    rested = ConsentRestedOn(person=PERSON, consent=CONSENT, referral=REFERRAL, occurred=DAY)
    given(person, registered(), ADULT, CONSENTED, rested).when(
        WithdrawConsent(person=PERSON, consent=CONSENT, occurred="2008-09-20")
    ).then(
        ConsentWithdrawn(
            person=PERSON,
            consent=CONSENT,
            purpose=Purpose.SHARING,
            recipient="rehabilitation",
            referrals=(REFERRAL,),
            occurred="2008-09-20",
        )
    )


WITHDRAWN = ConsentWithdrawn(
    person=PERSON, consent=CONSENT, purpose=Purpose.SHARING, recipient="rehabilitation", occurred=DAY
)


def test_withdrawing_twice_changes_nothing_and_only_a_consent_that_was_given_is_withdrawn() -> None:
    withdrawal = WithdrawConsent(person=PERSON, consent=CONSENT, occurred=DAY)
    given(person, registered(), CONSENTED, WITHDRAWN).when(withdrawal).then()
    given(person, registered()).when(withdrawal).refused("no-such-consent")


def test_a_referral_rests_on_a_consent_that_covers_it() -> None:
    rested = ConsentRestedOn(person=PERSON, consent=CONSENT, referral=REFERRAL, occurred=DAY)
    given(person, registered(), CONSENTED).when(resting()).then(rested)
    given(person, registered(), CONSENTED, rested).when(resting()).then()


def test_a_consent_to_one_organisation_covers_that_one() -> None:
    to_partner = CONSENTED.model_copy(update={"recipient": PARTNER})
    named = resting(to=RecipientKind.PARTNER, recipient=PARTNER)
    given(person, registered(), to_partner).when(named).then(
        ConsentRestedOn(person=PERSON, consent=CONSENT, referral=REFERRAL, occurred=DAY)
    )


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((), resting()),
        ((CONSENTED, WITHDRAWN), resting()),
        ((CONSENTED,), resting(to=RecipientKind.POLICE)),
        ((CONSENTED,), resting(occurred="2008-08-31")),
        ((CONSENTED.model_copy(update={"until": date(2008, 9, 5)}),), resting(occurred="2008-09-06")),
        ((CONSENTED.model_copy(update={"purpose": Purpose.PHOTOGRAPH}),), resting()),
    ],
    ids=["never given", "withdrawn", "to another", "before it", "expired", "for another purpose"],
)
def test_a_referral_without_a_consent_that_covers_it_comes_to_light(
    history: tuple[ConsentGiven, ...], command: RestOnConsent
) -> None:
    given(person, registered(), *history).when(command).then(
        ConsentFoundMissing(person=PERSON, consent=CONSENT, referral=REFERRAL, occurred=command.occurred)
    )


MISSING = DeclaredMissing(person=PERSON, decision="court", occurred="2006")
DEAD = DeclaredDead(person=PERSON, decision="court", occurred="2007")
BACK = Reappeared(person=PERSON, occurred="2008")


def test_a_court_declares_somebody_missing_then_dead_and_they_come_back() -> None:
    given(person, registered()).when(DeclareMissing(person=PERSON, decision="court", occurred="2006")).then(MISSING)
    given(person, registered(), MISSING).when(DeclareDead(person=PERSON, decision="court", occurred="2007")).then(DEAD)
    given(person, registered(), MISSING, DEAD).when(RecordReappearance(person=PERSON, occurred="2008")).then(BACK)


def test_who_is_declared_dead_need_not_have_been_declared_missing() -> None:
    given(person, registered()).when(DeclareDead(person=PERSON, decision="court", occurred="2007")).then(DEAD)


def test_who_is_declared_dead_is_not_declared_missing_after_that() -> None:
    given(person, registered(), DEAD).when(DeclareMissing(person=PERSON, decision="court", occurred="2008")).refused(
        "dead-before-missing"
    )


def test_who_came_back_can_be_declared_missing_again() -> None:
    again = DeclareMissing(person=PERSON, decision="court", occurred="2008")
    assert len(given(person, registered(), MISSING, BACK).when(again).events) == 1


def test_only_who_was_declared_missing_or_dead_reappears() -> None:
    given(person, registered()).when(RecordReappearance(person=PERSON, occurred="2008")).refused(
        "nothing-to-reappear-from"
    )


def test_declaring_the_same_again_changes_nothing() -> None:
    given(person, registered(), MISSING).when(DeclareMissing(person=PERSON, decision="x", occurred="2007")).then()
    given(person, registered(), DEAD).when(DeclareDead(person=PERSON, decision="x", occurred="2008")).then()
    given(person, registered(), DEAD, BACK).when(RecordReappearance(person=PERSON, occurred="2008")).then()


def test_a_court_does_not_decide_tomorrow() -> None:
    for command in (
        DeclareMissing(person=PERSON, decision="x", occurred="2009"),
        DeclareDead(person=PERSON, decision="x", occurred="2009"),
        RecordReappearance(person=PERSON, occurred="2009"),
    ):
        given(person, registered(), MISSING).when(command).refused("not-in-the-future")


def test_the_registration_itself_says_nothing_of_who_it_is() -> None:
    assert PersonRegistered.model_fields.keys() == {"person", "occurred"}
