"""What the report tells of money, partners and the organisation, and what it holds back of persons."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

from services.campaigns.campaign.groups import GroupAttended, GroupRegistered
from services.campaigns.organisation import (
    BodyConstituted,
    BodyDissolved,
    BodyKind,
    Description,
    DescriptionCorrected,
    FigureRemarked,
    Language,
    OrganisationDescribed,
    RemarkWithdrawn,
    Saying,
    Seats,
)
from services.campaigns.partner import (
    AgreementEnded,
    AgreementSigned,
    CooperationField,
    JointWorkDone,
    PartnerKind,
    PartnerRegistered,
)
from services.campaigns.quantity import Quantity, exactly
from services.cases.case.intake import CaseOpened, Channel, OpeningCorrected
from services.cases.case.record import CaseKind
from services.projects.funder import FunderKind, FunderRegistered
from services.projects.grant.award import EarmarkedLine, GrantAmended, GrantAwarded, LineChange
from services.projects.grant.spending import (
    ChargeReversed,
    CostCharged,
    FundsReserved,
    ReservationReleased,
)
from services.projects.project.life import ProjectProposed, ProjectStarted
from services.projects.terms import Category
from shared.money import Money
from tests.analytics.test_activity import IN_2008, YEARS_2004_TO_2007, Centre, an_id
from tests.analytics.test_activity import centre as centre
from tests.campaigns.examples import CAMPAIGN, held

GRANT, PROJECT, FUNDER = an_id("grant"), an_id("project"), an_id("funder")


def euros(amount: str, currency: str = "EUR") -> Money:
    return Money.model_validate({"amount": amount, "currency": currency})


def award(centre: Centre, programme: str | None = "Girl power", currency: str = "EUR") -> None:
    centre.record(
        f"project-{PROJECT}",
        ProjectProposed(project=PROJECT, title="First", programme=programme, occurred="2007"),
        ProjectStarted(project=PROJECT, year=2007, occurred="2007-01-15"),
    )
    known = FunderRegistered(
        funder=FUNDER, kind=FunderKind.FOREIGN_ORGANISATION, name="A fund", country="FR", occurred="2006"
    )
    centre.record(f"funder-{FUNDER}", known)
    line = EarmarkedLine(line="food", category=Category.FOOD, amount=euros("1000.00", currency))
    awarded = GrantAwarded(
        grant=GRANT, project=PROJECT, funder=FUNDER, amount=euros("1000.00", currency), eligible_from="2007-01-15",
        eligible_until="2008-12-31", lines=(line,), occurred="2007-01-02",
    )  # fmt: skip
    centre.record(f"grant-{GRANT}", awarded)


def test_a_programmes_grant_is_told_as_it_stood_at_the_end_of_the_period(centre: Centre) -> None:
    award(centre)
    reservation, charge = str(uuid4()), str(uuid4())
    centre.record(
        f"grant-{GRANT}",
        FundsReserved(
            grant=GRANT, reservation=reservation, line="food", amount=euros("300.00"), occurred="2007-05-01"
        ),
        CostCharged(
            grant=GRANT, charge=charge, line="food", amount=euros("300.00"), reservation=reservation,
            reserved_on="2007-05-01", occurred="2007-06-01",
        ),
        FundsReserved(grant=GRANT, reservation=an_id("r"), line="food", amount=euros("50.00"), occurred="2007-07-01"),
        ReservationReleased(
            grant=GRANT, reservation=an_id("r"), line="food", amount=euros("20.00"), occurred="2008-02-01"
        ),
        ChargeReversed(
            grant=GRANT, reversal=str(uuid4()), charge=charge, line="food", amount=euros("100.00"),
            occurred="2008-03-01",
        ),
    )  # fmt: skip
    (programme,) = centre.report(YEARS_2004_TO_2007).programmes
    (then,) = programme.earmarks
    assert (then.awarded, then.committed, then.spent, then.left) == (1000, 50, 300, 650)
    (now,) = centre.report(IN_2008).programmes[0].earmarks
    assert (now.awarded, now.committed, now.spent, now.left) == (1000, 30, 200, 770)
    assert centre.report(YEARS_2004_TO_2007).spent_by_category == {"food": Decimal(300)}
    assert centre.report(IN_2008).spent_by_category == {"food": Decimal(-100)}


def test_an_amended_grant_counts_with_what_it_was_amended_by_from_then_on(centre: Centre) -> None:
    award(centre)
    amended = GrantAmended(
        grant=GRANT, amendment=str(uuid4()), changes=(LineChange(line="food", by=Decimal(500)),),
        amount=euros("1500.00"), by=Decimal(500), effective="2008-01-01", occurred="2008-01-01",
    )  # fmt: skip
    centre.record(f"grant-{GRANT}", amended)
    (funder,) = centre.report(IN_2008).funders
    assert (funder.awarded, funder.awarded_in_period, funder.share, funder.projects) == (1500, 500, 100, 1)
    (funder,) = centre.report(YEARS_2004_TO_2007).funders
    assert (funder.awarded, funder.awarded_in_period) == (1000, 1000)


def test_litas_are_told_in_euro_and_what_has_no_fixed_rate_apart(centre: Centre) -> None:
    award(centre, currency="LTL")
    (funder,) = centre.report(IN_2008).funders
    assert (funder.awarded, funder.not_converted) == (Decimal("289.62"), {})


def test_a_currency_without_a_fixed_rate_is_in_no_share(centre: Centre) -> None:
    award(centre, currency="SEK")
    (funder,) = centre.report(IN_2008).funders
    assert (funder.awarded, funder.share, funder.not_converted) == (0, 0, {"SEK": Decimal(1000)})


def test_a_project_outside_a_programme_has_no_statement(centre: Centre) -> None:
    award(centre, programme=None)
    assert centre.report(IN_2008).programmes == ()


def cases(centre: Centre, number: int, kind: CaseKind, channel: Channel = Channel.POLICE, year: int = 2008) -> None:
    for one in range(number):
        case = an_id(f"{kind} {one}" if year == 2008 else f"{kind} {year} {one}")
        opened = CaseOpened(case=case, kind=kind, channel=channel, person=an_id("p"), occurred=f"{year}-02-01")
        centre.record(f"case-{case}", opened)


def test_a_small_kind_of_case_takes_the_smallest_other_with_it(centre: Centre) -> None:
    cases(centre, 12, CaseKind.MISSING_PERSON)
    cases(centre, 11, CaseKind.TRAFFICKING, Channel.PARTNER)
    assert centre.report(IN_2008).cases_by_kind == {"missing_person": 12, "trafficking": 11, "family_support": 0}
    cases(centre, 2, CaseKind.FAMILY_SUPPORT)
    report = centre.report(IN_2008)
    assert report.cases_by_kind == {"missing_person": 12, "trafficking": None, "family_support": None}
    assert {"cases_by_kind/trafficking", "cases_by_kind/family_support"} <= set(report.suppressed)
    assert report.cases_from_partners == 11


def test_a_year_of_few_cases_is_not_told_by_the_years_around_it(centre: Centre) -> None:
    for year, number in ((2005, 20), (2006, 7), (2007, 25)):
        cases(centre, number, CaseKind.MISSING_PERSON, Channel.PARTNER, year)
    for first, last, shown in ((2005, 2005, 20), (2006, 2006, None), (2005, 2006, None), (2005, 2007, None)):
        report = centre.report({"from": f"{first}-01-01", "to": f"{last}-12-31"})
        assert (report.cases_by_kind["missing_person"], report.cases_from_partners) == (shown, shown)
        assert ("cases_from_partners" in report.suppressed) == (shown is None)


def test_a_case_counts_as_it_was_corrected(centre: Centre) -> None:
    cases(centre, 10, CaseKind.MISSING_PERSON)
    case = an_id(f"{CaseKind.MISSING_PERSON} 0")
    right = OpeningCorrected(case=case, kind=CaseKind.TRAFFICKING, channel=Channel.POLICE, occurred="2007-12-31")
    centre.record(f"case-{case}", right)
    assert centre.report(IN_2008).cases_by_kind["missing_person"] is None


def group(town: str, pupils: int, teachers: Quantity) -> GroupRegistered:
    return GroupRegistered(
        campaign=CAMPAIGN, group=an_id(town), school=f"School of {town}", town=town, pupils=exactly(pupils),
        teachers=teachers, minors=True, occurred="2008-09-01",
    )  # fmt: skip


def test_towns_are_told_unless_one_would_tell_of_a_few(centre: Centre) -> None:
    stream = f"campaign-{CAMPAIGN}"
    centre.record(stream, group("Vilnius", 60, exactly(12)), group("Alytus", 30, exactly(4)))
    centre.record(stream, held.model_copy(update={"attendance": exactly(90)}))
    (campaign,) = centre.report(IN_2008).campaigns
    assert [(one.town, one.pupils and one.pupils.number) for one in campaign.towns] == [("Alytus", 30), ("Vilnius", 60)]
    assert campaign.teachers and campaign.teachers.number == 16
    came = GroupAttended(**group("Alytus", 5, exactly(4)).model_dump())
    centre.record(stream, came)
    (campaign,) = centre.report(IN_2008).campaigns
    assert [one.pupils for one in campaign.towns] == [None, None]


def test_teachers_whom_the_attendance_would_tell_of_hide_a_town(centre: Centre) -> None:
    stream = f"campaign-{CAMPAIGN}"
    centre.record(stream, group("Vilnius", 60, exactly(4)), group("Alytus", 30, exactly(2)))
    centre.record(stream, held.model_copy(update={"attendance": exactly(96)}))
    (campaign,) = centre.report(IN_2008).campaigns
    assert campaign.teachers is None
    assert [(one.town, one.pupils is None) for one in campaign.towns] == [("Alytus", True), ("Vilnius", False)]


def test_a_range_that_would_tell_of_a_few_through_a_shorter_one_is_held_back(centre: Centre) -> None:
    centre.victims(25, "2006-03-01")
    centre.victims(12, "2007-03-01")
    assert centre.report({"from": "2006-01-01", "to": "2007-12-31"}).beneficiaries_assisted == 25
    centre.service("somebody new", "2007-05-01")
    report = centre.report({"from": "2006-01-01", "to": "2007-12-31"})
    assert report.beneficiaries_assisted is None
    assert report.beneficiaries_by_year == {"2006": 25, "2007": 13}
    assert "beneficiaries_assisted" in report.suppressed


def test_linked_records_are_one_person_in_every_year(centre: Centre) -> None:
    centre.victims(25, "2006-03-01")
    for victim in range(12):
        centre.service(f"again {victim}", "2007-03-01")
        centre.link(f"again {victim}", f"victim {victim}")
    report = centre.report({"from": "2006-01-01", "to": "2007-12-31"})
    assert (report.beneficiaries_assisted, report.beneficiaries_by_year) == (25, {"2006": 25, "2007": 12})


def test_the_organisation_is_told_as_it_was_at_the_end_of_the_period(centre: Centre) -> None:
    first = Description(
        name="Centre", legal_form="Public organisation", independent=True, non_profit=True, mission="x", country="LT"
    )
    body = str(uuid4())
    centre.record(
        "organisation-centre",
        OrganisationDescribed(description=first, occurred="2004"),
        BodyConstituted(body=body, kind=BodyKind.BOARD, seats=Seats(all=5), appointed_by="Members", occurred="2005"),
        OrganisationDescribed(description=first.model_copy(update={"name": "Centre of 2008"}), occurred="2008-01-01"),
        DescriptionCorrected(description=first.model_copy(update={"name": "The Centre"}), occurred="2008-02-01"),
        BodyDissolved(body=body, occurred="2008-06-30"),
    )
    then, now = centre.report(YEARS_2004_TO_2007).organisation, centre.report(IN_2008).organisation
    assert then and (then.name, [one.seats for one in then.bodies]) == ("Centre", [5])
    assert now and (now.name, now.bodies) == ("The Centre", ())
    assert centre.report({"from": "2003-01-01", "to": "2003-12-31"}).organisation is None


def test_a_remark_is_printed_in_the_years_that_it_is_for_until_it_is_withdrawn(centre: Centre) -> None:
    says = (Saying(language=Language.ENGLISH, text="An assumption."),)
    remark = FigureRemarked(
        remark=an_id("remark"), figure="projects_total", first_year=2008, last_year=2008, says=says, occurred="2008"
    )
    centre.record("organisation-centre", remark)
    assert [one.says[0].text for one in centre.report(IN_2008).remarks] == ["An assumption."]
    assert centre.report(YEARS_2004_TO_2007).remarks == ()
    centre.record("organisation-centre", RemarkWithdrawn(remark=an_id("remark"), occurred="2008"))
    assert centre.report(IN_2008).remarks == ()


def test_partners_are_told_with_agreements_in_force_and_work_done_in_the_period(centre: Centre) -> None:
    partner, agreement = an_id("partner"), an_id("agreement")
    centre.record(
        f"partner-{partner}",
        PartnerRegistered(
            partner=partner, name="An organisation", kind=PartnerKind.NGO, country="SE",
            fields=(CooperationField.RETURN,), occurred="2005",
        ),
        AgreementSigned(partner=partner, agreement=agreement, subject="x", valid_from="2005-01-01", occurred="2005"),
        JointWorkDone(partner=partner, work=str(uuid4()), field=CooperationField.RETURN, occurred="2008-02-01"),
        AgreementEnded(partner=partner, agreement=agreement, ended="2007-12-31", occurred="2007-12-31"),
    )  # fmt: skip
    (now,) = centre.report(IN_2008).partners
    assert (now.country, now.agreements, now.joint_works) == ("SE", 0, 1)
    (then,) = centre.report(YEARS_2004_TO_2007).partners
    assert (then.agreements, then.joint_works) == (1, 0)
