"""Organisations that work with the centre."""

from __future__ import annotations

from datetime import date

from services.campaigns.partner import (
    AgreementEnded,
    AgreementSigned,
    CooperationField,
    CorrectPartner,
    EndAgreement,
    JointWorkDone,
    PartnerCorrected,
    RecordJointWork,
    RegisterPartner,
    SignAgreement,
    partner,
)
from shared.testing import given
from tests.campaigns.examples import AGREEMENT, AN_ID, CAMPAIGN, EMMAUS, PARTNER, registered

register = RegisterPartner(**EMMAUS)
sign = SignAgreement(
    partner=PARTNER,
    agreement=AGREEMENT,
    subject="Integration of victims",
    valid_from=date(2006, 1, 1),
    valid_until=date(2008, 12, 31),
    occurred="2006",
)
signed = AgreementSigned(
    partner=PARTNER,
    agreement=AGREEMENT,
    subject="Integration of victims",
    valid_from=date(2006, 1, 1),
    valid_until=date(2008, 12, 31),
    occurred="2006",
)


def end(day: date) -> EndAgreement:
    return EndAgreement(partner=PARTNER, agreement=AGREEMENT, ended=day, occurred="2008-10-01")


def test_a_partner_is_registered_once() -> None:
    given(partner).when(register).then(registered)
    given(partner, registered).when(register).then()
    given(partner, registered).when(register.model_copy(update={"country": "BE"})).refused("registered-once")


def test_what_was_recorded_wrongly_of_a_partner_is_corrected() -> None:
    right = {**EMMAUS, "country": "BE", "occurred": "2008-10-01"}
    given(partner, registered).when(CorrectPartner(**right)).then(PartnerCorrected(**right))
    given(partner, registered, PartnerCorrected(**right)).when(CorrectPartner(**right)).then()


def test_a_partner_that_nobody_registered_is_not_found() -> None:
    given(partner).when(sign).refused("not-found")


def test_an_agreement_is_signed() -> None:
    given(partner, registered).when(sign).then(signed)
    given(partner, registered, signed).when(sign).then()


def test_an_agreement_ends_after_it_starts() -> None:
    backwards = sign.model_copy(update={"valid_until": date(2005, 12, 31)})
    given(partner, registered).when(backwards).refused("ends-after-start")
    given(partner, registered, signed).when(end(date(2005, 12, 31))).refused("ends-after-start")


def test_an_agreement_ends_early() -> None:
    ended = AgreementEnded(partner=PARTNER, agreement=AGREEMENT, ended=date(2007, 12, 31), occurred="2008-10-01")
    given(partner, registered, signed).when(end(date(2007, 12, 31))).then(ended)
    given(partner, registered, signed, ended).when(end(date(2007, 12, 31))).then()


def test_an_agreement_that_goes_on_longer_is_a_new_one() -> None:
    given(partner, registered, signed).when(end(date(2009, 1, 1))).refused("longer-is-a-new-agreement")


def test_an_agreement_that_was_not_signed_is_not_found() -> None:
    given(partner, registered).when(end(date(2007, 12, 31))).refused("not-found")


def test_joint_work_is_recorded_once() -> None:
    work = {
        "partner": PARTNER,
        "work": AN_ID,
        "field": CooperationField.PREVENTION,
        "campaign": CAMPAIGN,
        "occurred": "2008-10-02",
    }
    given(partner, registered).when(RecordJointWork(**work)).then(JointWorkDone(**work))
    given(partner, registered, JointWorkDone(**work)).when(RecordJointWork(**work)).then()
