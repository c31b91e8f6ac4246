"""The organisation itself."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from services.campaigns.organisation import (
    BodyConstituted,
    BodyDissolved,
    BodyKind,
    ConstituteBody,
    CorrectDescription,
    DescribeOrganisation,
    Description,
    DescriptionCorrected,
    DissolveBody,
    FigureRemarked,
    Language,
    OrganisationDescribed,
    RemarkOnFigure,
    RemarkWithdrawn,
    Saying,
    Seats,
    WithdrawRemark,
    organisation,
)
from services.campaigns.projections.organisation import OrganisationProfile, ShowOrganisation
from shared.errors import NotFound
from shared.messages import Role
from shared.testing import given
from tests.assembled import Assembled
from tests.campaigns.examples import AN_ID

CENTRE = Description(
    name="Missing Persons' Families Support Centre",
    legal_form="Public organisation",
    independent=True,
    non_profit=True,
    mission="To help families of missing persons, victims of trafficking and their families",
    country="LT",
)
MOVED = CENTRE.model_copy(update={"seat": "Vilnius"})
describe = DescribeOrganisation(description=CENTRE, occurred="2004")
described = OrganisationDescribed(description=CENTRE, occurred="2004")
constitute = ConstituteBody(
    body=AN_ID, kind=BodyKind.BOARD, seats=Seats(all=5), appointed_by="General meeting", occurred="2004"
)
constituted = BodyConstituted(
    body=AN_ID, kind=BodyKind.BOARD, seats=Seats(all=5), appointed_by="General meeting", occurred="2004"
)
dissolved = BodyDissolved(body=AN_ID, occurred="2008-06-30")


def test_the_organisation_says_what_it_is() -> None:
    given(organisation).when(describe).then(described)
    given(organisation, described).when(describe).then()


def test_what_it_is_changes_from_a_day_on() -> None:
    change = DescribeOrganisation(description=MOVED, occurred="2008-01-01")
    given(organisation, described).when(change).then(OrganisationDescribed(description=MOVED, occurred="2008-01-01"))
    early = change.model_copy(update={"occurred": "2003"})
    given(organisation, described).when(early).refused("described-in-order")


def test_a_wrong_description_is_corrected() -> None:
    correct = CorrectDescription(description=MOVED, occurred="2008-01-01")
    corrected = DescriptionCorrected(description=MOVED, occurred="2008-01-01")
    given(organisation, described).when(correct).then(corrected)
    given(organisation, described, corrected).when(correct).then()
    given(organisation).when(correct).refused("not-found")


def test_nothing_is_so_from_tomorrow_on() -> None:
    given(organisation).when(describe.model_copy(update={"occurred": "2009"})).refused("not-in-the-future")


def test_a_body_governs_until_it_is_dissolved() -> None:
    dissolve = DissolveBody(body=AN_ID, occurred="2008-06-30")
    given(organisation).when(constitute).then(constituted)
    given(organisation, constituted).when(constitute).then()
    given(organisation, constituted).when(dissolve).then(dissolved)
    given(organisation, constituted, dissolved).when(dissolve).then()
    given(organisation).when(dissolve).refused("not-found")
    early = dissolve.model_copy(update={"occurred": "2003"})
    given(organisation, constituted).when(early).refused("dissolved-after-constituted")


def test_no_more_seats_are_given_away_than_there_are() -> None:
    with pytest.raises(ValidationError):
        Seats(all=3, of_public_authorities=2, of_funders=2)


def test_a_figure_is_remarked_on_until_the_remark_is_withdrawn() -> None:
    says = (Saying(language=Language.ENGLISH, text="That the number runs to the end of 2008 is an assumption."),)
    remark = RemarkOnFigure(
        remark=AN_ID, figure="projects_total", first_year=2008, last_year=2009, says=says, occurred="2008"
    )
    remarked = FigureRemarked(**remark.stated())
    withdraw = WithdrawRemark(remark=AN_ID, occurred="2008")
    given(organisation).when(remark).then(remarked)
    given(organisation, remarked).when(remark).then()
    given(organisation, remarked).when(withdraw).then(RemarkWithdrawn(remark=AN_ID, occurred="2008"))
    given(organisation, remarked, RemarkWithdrawn(remark=AN_ID, occurred="2008")).when(withdraw).then()
    given(organisation).when(withdraw).refused("not-found")
    given(organisation).when(remark.model_copy(update={"last_year": 2007})).refused("remark-years-in-order")


def test_the_profile_is_shown_as_it_was_on_a_day(centre: Assembled) -> None:
    def profile(on: date | None = None) -> OrganisationProfile:
        shown = centre.ask(ShowOrganisation(on=on), Role.ANALYST)
        assert isinstance(shown, OrganisationProfile)
        return shown

    with pytest.raises(NotFound):
        profile()
    for command in (
        describe,
        constitute,
        DescribeOrganisation(description=MOVED.model_copy(update={"seat": "Kaunas"}), occurred="2008-01-01"),
        CorrectDescription(description=MOVED, occurred="2008-02-01"),
        DissolveBody(body=AN_ID, occurred="2008-06-30"),
    ):
        centre.send(command, Role.SUPERVISOR)
    assert (profile().description.seat, profile().since, profile().bodies) == ("Vilnius", "2008-01-01", ())
    then = profile(date(2007, 12, 31))
    assert (then.description.seat, then.since) == (None, "2004")
    assert [(body.kind, body.seats.all) for body in then.bodies] == [(BodyKind.BOARD, 5)]
    with pytest.raises(NotFound):
        profile(date(2003, 12, 31))
