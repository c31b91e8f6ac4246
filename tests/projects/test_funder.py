"""Funders."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.projects.funder import (
    CorrectFunder,
    FunderCorrected,
    FunderKind,
    FunderRegistered,
    RegisterFunder,
    funder,
)
from shared.privacy.personal import About, personal_fields
from shared.testing import given
from tests.projects.examples import FUNDER

EMMAUS: dict[str, Any] = {
    "funder": FUNDER,
    "kind": FunderKind.FOREIGN_ORGANISATION,
    "name": "Emmaüs Europe",
    "country": "FR",
}
registered = FunderRegistered(**EMMAUS, occurred="2004")


def test_a_funder_is_registered() -> None:
    given(funder).when(RegisterFunder(**EMMAUS, occurred="2004")).then(registered)


def test_a_funder_is_registered_once() -> None:
    given(funder, registered).when(RegisterFunder(**EMMAUS, occurred="2004")).refused("conflict")


def test_a_registration_has_happened() -> None:
    given(funder).when(RegisterFunder(**EMMAUS, occurred="2009")).refused("not-in-the-future")


def test_a_country_is_a_code() -> None:
    with pytest.raises(ValidationError):
        RegisterFunder(**{**EMMAUS, "country": "France"}, occurred="2004")


def test_only_a_private_donor_is_hidden_behind_a_public_name() -> None:
    given(funder).when(RegisterFunder(**EMMAUS, donor="A. Person", occurred="2004")).refused("donor-is-private")
    private = {**EMMAUS, "kind": FunderKind.PRIVATE, "name": "a private donor"}
    assert given(funder).when(RegisterFunder(**private, donor="A. Person", occurred="2004")).events


def test_who_a_private_donor_is_is_stored_sealed() -> None:
    assert isinstance(personal_fields(FunderRegistered)["donor"], About)
    assert isinstance(personal_fields(RegisterFunder)["donor"], About)


def test_what_was_recorded_of_a_funder_is_corrected() -> None:
    other = {**EMMAUS, "name": "Emmaüs International"}
    given(funder, registered).when(CorrectFunder(**other)).then(FunderCorrected(**other))


def test_a_correction_that_changes_nothing_is_no_event() -> None:
    given(funder, registered).when(CorrectFunder(**EMMAUS)).then()


def test_only_a_registered_funder_is_corrected() -> None:
    given(funder).when(CorrectFunder(**EMMAUS)).refused("not-found")
