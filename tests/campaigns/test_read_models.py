"""What is asked about campaigns, objectives and partners, over the real log."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from services.campaigns.advocacy import (
    ActionKind,
    BeginAdvocacy,
    ConcludeAdvocacy,
    RecordAdvocacyAction,
    RecordPosition,
    Result,
    ResumeAdvocacy,
    Stance,
    StateFact,
)
from services.campaigns.campaign.groups import (
    ChangeGroup,
    RecordGroupAttendance,
    RegisterGroup,
    WithdrawGroup,
)
from services.campaigns.campaign.holding import (
    Achievement,
    CorrectAttendance,
    CorrectCampaign,
    EvaluateCampaign,
    Finding,
    HoldCampaign,
)
from services.campaigns.campaign.materials import (
    ArtefactKind,
    Dimension,
    Measure,
    Medium,
    RecordArtefact,
    RecordCoverage,
    Unit,
    WhyWithdrawn,
    WithdrawArtefact,
)
from services.campaigns.campaign.planning import (
    AddCampaignPartner,
    CancelCampaign,
    FinanceCampaign,
    MoveCampaign,
    WhyCancelled,
)
from services.campaigns.campaign.state import Kind, Status
from services.campaigns.partner import (
    CooperationField,
    CorrectPartner,
    EndAgreement,
    RecordJointWork,
    RegisterPartner,
    SignAgreement,
)
from services.campaigns.projections.advocacies import ListAdvocacies, ListObservances, ShowAdvocacy
from services.campaigns.projections.campaigns import Campaigns
from services.campaigns.projections.partners import ListPartners, ShowPartner
from services.campaigns.projections.questions import CampaignCalendar, ListCampaigns, Participation, ShowCampaign
from services.campaigns.quantity import UNSTATED, about, exactly
from shared.errors import Forbidden, Invalid, NotFound
from shared.messages import Command, Role
from shared.money import Money
from shared.projections.declaration import Redacted
from tests.assembled import Assembled
from tests.campaigns.examples import (
    ACT,
    ADVOCACY,
    AGREEMENT,
    ALYTUS_GROUP,
    AN_ID,
    CAMPAIGN,
    EMMAUS,
    GRANT,
    MISSING_CHILDRENS_DAY,
    OBSERVANCE,
    PARTNER,
    POSTER,
    SEIMAS,
    VILNIUS_GROUP,
    plan,
)


def register(group: str, town: str, pupils: int) -> RegisterGroup:
    return RegisterGroup(
        campaign=CAMPAIGN,
        group=group,
        school=f"Schools of the {town} area",
        town=town,
        pupils=about(pupils),
        teachers=UNSTATED,
        occurred="2008-09",
    )


def tell(centre: Assembled, *commands: Command, synthetic: bool = False) -> None:
    for command in commands:
        centre.send(command, Role.CAMPAIGNER, synthetic=synthetic)


HOLD = HoldCampaign(campaign=CAMPAIGN, attendance=about(100), occurred="2008-10-02")


@pytest.fixture
def held(centre: Assembled) -> Assembled:
    """2 October 2008, as the source tells it; the split between the towns is invented."""
    tell(centre, plan)
    groups = (register(VILNIUS_GROUP, "Vilnius", 60), register(ALYTUS_GROUP, "Alytus", 40))
    tell(centre, *groups, synthetic=True)
    tell(centre, HOLD)
    return centre


def test_a_campaign_shows_who_came_from_where(held: Assembled) -> None:
    shown = held.ask(ShowCampaign(campaign=CAMPAIGN), Role.CAMPAIGNER)
    assert (shown.status, shown.held_on, shown.attendance) == (Status.HELD, "2008-10-02", about(100))
    towns = {town.town: town.participation for town in shown.by_town}
    assert (towns["Vilnius"].pupils, towns["Alytus"].pupils) == (60, 40)
    assert towns["Vilnius"].approximate == towns["Vilnius"].unstated == towns["Vilnius"].synthetic == 1
    assert [group.teachers for group in shown.groups] == [UNSTATED, UNSTATED]
    assert not shown.synthetic


def test_a_campaign_shows_what_was_made_and_what_came_of_it(held: Assembled) -> None:
    tell(
        held,
        RecordArtefact(
            campaign=CAMPAIGN,
            artefact=POSTER,
            kind=ArtefactKind.POSTER,
            message="No",
            measures=(Measure(dimension=Dimension.LENGTH, value=Decimal(20), unit=Unit.METRE),),
            made_by=(VILNIUS_GROUP, ALYTUS_GROUP),
            occurred="2008-10-02",
        ),
        RecordCoverage(campaign=CAMPAIGN, outlet="Radio", medium=Medium.RADIO, headline="H", occurred="2008-10-03"),
        EvaluateCampaign(
            campaign=CAMPAIGN,
            objective=Achievement.MET,
            findings=(Finding(measure="pupils", target=exactly(80), reached=about(100)),),
            remarks="Loud",
            occurred="2008-10-10",
        ),
    )
    shown = held.ask(ShowCampaign(campaign=CAMPAIGN), Role.SUPERVISOR)
    (poster,), (report,), (judged,) = shown.artefacts, shown.coverage, shown.evaluations
    assert (poster.measures[0].value, poster.measures[0].unit, poster.withdrawn) == (20, "m", None)
    assert (report.outlet, report.headline, report.audience) == ("Radio", "H", UNSTATED)
    assert (judged.objective, judged.remarks, judged.findings[0].reached) == ("met", "Loud", about(100))
    assert judged.aim == plan.aim

    tell(held, WithdrawArtefact(campaign=CAMPAIGN, artefact=POSTER, why=WhyWithdrawn.ASKED_FOR, occurred="2008-11-01"))
    assert held.ask(ShowCampaign(campaign=CAMPAIGN), Role.SUPERVISOR).artefacts[0].withdrawn == "asked_for"


def test_an_auditor_sees_that_there_are_remarks_not_what_they_say(held: Assembled) -> None:
    tell(
        held,
        EvaluateCampaign(campaign=CAMPAIGN, objective=Achievement.MET, remarks="Loud", occurred="2008-10-10"),
    )
    shown = held.ask(ShowCampaign(campaign=CAMPAIGN), Role.AUDITOR)
    assert shown.evaluations[0].remarks == Redacted(hidden="withheld")


def test_what_changed_and_what_was_corrected_is_shown_as_it_is(centre: Assembled) -> None:
    budget = Money(amount=Decimal("500.00"))
    tell(
        centre,
        plan,
        MoveCampaign(campaign=CAMPAIGN, planned_for="2008-10-03", venue="Theatre", occurred="2008-09-10"),
        FinanceCampaign(campaign=CAMPAIGN, grant=GRANT, budget=budget, occurred="2008-09-11"),
        AddCampaignPartner(campaign=CAMPAIGN, partner=PARTNER, occurred="2008-09-12"),
        register(VILNIUS_GROUP, "Vilnius", 60),
        register(ALYTUS_GROUP, "Alytus", 40),
        ChangeGroup(
            campaign=CAMPAIGN, group=VILNIUS_GROUP, pupils=exactly(58), teachers=exactly(3), occurred="2008-09-20"
        ),
        WithdrawGroup(campaign=CAMPAIGN, group=ALYTUS_GROUP, occurred="2008-09-21"),
        HoldCampaign(campaign=CAMPAIGN, attendance=about(60), occurred="2008-10-03"),
        RecordGroupAttendance(
            campaign=CAMPAIGN, group=VILNIUS_GROUP, pupils=exactly(57), teachers=exactly(3), occurred="2008-10-03"
        ),
        CorrectAttendance(campaign=CAMPAIGN, attendance=exactly(57), occurred="2008-10-04"),
        CorrectCampaign(campaign=CAMPAIGN, held_on="2008-10-02", venue="City hall", occurred="2008-10-05"),
    )
    shown = centre.ask(ShowCampaign(campaign=CAMPAIGN), Role.SUPERVISOR)
    assert (shown.planned_for, shown.held_on, shown.venue) == ("2008-10-03", "2008-10-02", "City hall")
    assert (shown.grant, shown.budget, shown.partners) == (GRANT, budget, (PARTNER,))
    assert shown.attendance == exactly(57)
    towns = {town.town: town.participation for town in shown.by_town}
    assert (towns["Vilnius"].pupils, towns["Vilnius"].registered_only, towns["Alytus"].groups) == (57, 0, 0)


def test_campaigns_are_listed_by_what_is_asked_for(held: Assembled) -> None:
    other = plan.model_copy(update={"campaign": AN_ID, "kind": Kind.MEDIA, "town": "Kaunas", "planned_for": "2009-02"})
    tell(held, other, CancelCampaign(campaign=AN_ID, why=WhyCancelled.NO_FUNDS, occurred="2008-11-30"))

    def listed(**wanted: object) -> list[str]:
        page = held.ask(ListCampaigns.model_validate(wanted), Role.CAMPAIGNER)
        return [campaign.campaign for campaign in page.campaigns]

    assert listed() == [CAMPAIGN, AN_ID]
    assert listed(kind="media") == listed(status="cancelled") == listed(town="Kaunas") == listed(year=2009) == [AN_ID]
    assert listed(year=2007) == []


def test_a_list_goes_on_where_the_page_before_ended(centre: Assembled) -> None:
    for day in range(1, 8):
        tell(centre, plan.model_copy(update={"campaign": str(uuid4()), "planned_for": f"2008-12-0{day}"}))
    days, after = [], None
    while True:
        page = centre.ask(ListCampaigns(after=after, limit=3), Role.CAMPAIGNER)
        days += [campaign.planned_for for campaign in page.campaigns]
        if (after := page.next) is None:
            break
    assert days == [f"2008-12-0{day}" for day in range(1, 8)]
    with pytest.raises(Invalid):
        centre.ask(ListCampaigns(after="nonsense"), Role.CAMPAIGNER)


def test_the_calendar_shows_what_is_on(held: Assembled) -> None:
    tell(held, plan.model_copy(update={"campaign": AN_ID, "planned_for": "2008-12-24"}))
    year = CampaignCalendar(since=date(2008, 1, 1), until=date(2008, 12, 31))
    assert [one.campaign for one in held.ask(year, Role.CAMPAIGNER).campaigns] == [CAMPAIGN, AN_ID]
    tell(held, CancelCampaign(campaign=AN_ID, why=WhyCancelled.OTHER, explanation="Ill", occurred="2008-11-30"))
    assert [one.campaign for one in held.ask(year, Role.CAMPAIGNER).campaigns] == [CAMPAIGN]
    cancelled = held.ask(ShowCampaign(campaign=AN_ID), Role.SUPERVISOR)
    assert (cancelled.why_cancelled, cancelled.explanation) == ("other", "Ill")


def test_participation_is_told_by_town_and_year(held: Assembled) -> None:
    rows = held.ask(Participation(), Role.CAMPAIGNER).rows
    assert [(row.year, row.town, row.participation.pupils) for row in rows] == [
        (2008, "Alytus", 40),
        (2008, "Vilnius", 60),
    ]
    assert [row.town for row in held.ask(Participation(town="Alytus", year=2008), Role.CAMPAIGNER).rows] == ["Alytus"]
    assert held.ask(Participation(year=2007), Role.CAMPAIGNER).rows == ()


def test_who_only_registered_took_no_part_yet(centre: Assembled) -> None:
    tell(centre, plan, register(VILNIUS_GROUP, "Vilnius", 60))
    assert centre.ask(Participation(), Role.CAMPAIGNER).rows == ()


def test_what_is_not_there_is_not_found(centre: Assembled) -> None:
    for query in (ShowCampaign(campaign=AN_ID), ShowAdvocacy(advocacy=AN_ID), ShowPartner(partner=AN_ID)):
        with pytest.raises(NotFound):
            centre.ask(query, Role.CAMPAIGNER)


def test_an_analyst_sees_released_figures_only(centre: Assembled) -> None:
    with pytest.raises(Forbidden):
        centre.ask(ListCampaigns(), Role.ANALYST)


@pytest.fixture
def recognised(centre: Assembled) -> Assembled:
    """25 May, recognised."""
    tell(
        centre,
        BeginAdvocacy(advocacy=ADVOCACY, title="25 May", objective="Recognised", addressee=SEIMAS, occurred="2007"),
        RecordAdvocacyAction(
            advocacy=ADVOCACY, kind=ActionKind.LETTER, summary="We wrote to the committee", occurred="2007-11"
        ),
        RecordPosition(advocacy=ADVOCACY, held_by="Committee", stance=Stance.FOR, remarks="Warmly", occurred="2008-02"),
        StateFact(advocacy=ADVOCACY, fact="kept since", says="1983", source="The centre", occurred="2008"),
        StateFact(advocacy=ADVOCACY, fact="kept since", says="2001", source="Another", occurred="2008"),
        StateFact(advocacy=ADVOCACY, fact="the day", says="25 May", source="The centre", occurred="2008"),
        ConcludeAdvocacy(
            advocacy=ADVOCACY,
            outcome=Result.PARTLY,
            legal_act=ACT,
            observance=MISSING_CHILDRENS_DAY,
            occurred="2008",
        ),
    )
    return centre


def test_the_board_shows_how_far_an_objective_is(recognised: Assembled) -> None:
    tell(
        recognised,
        BeginAdvocacy(advocacy=AN_ID, title="No trafficking", objective="End", addressee=SEIMAS, occurred="2004"),
    )
    first, second = recognised.ask(ListAdvocacies(), Role.CAMPAIGNER).advocacies
    assert (first.outcome, first.legal_act, first.actions, first.observance) == ("partly", ACT, 1, OBSERVANCE)
    assert (second.outcome, second.actions, second.legal_act) == (None, 0, None)
    partly = recognised.ask(ListAdvocacies(outcome=Result.PARTLY), Role.CAMPAIGNER)
    assert [one.advocacy for one in partly.advocacies] == [ADVOCACY]
    page = recognised.ask(ListAdvocacies(limit=1), Role.CAMPAIGNER)
    following = recognised.ask(ListAdvocacies(after=page.next), Role.CAMPAIGNER)
    assert [one.advocacy for one in following.advocacies] == [AN_ID]
    with pytest.raises(Invalid):
        recognised.ask(ListAdvocacies(after="nonsense"), Role.CAMPAIGNER)


def test_sources_that_disagree_are_shown_beside_each_other(recognised: Assembled) -> None:
    shown = recognised.ask(ShowAdvocacy(advocacy=ADVOCACY), Role.SUPERVISOR)
    since, day = shown.facts
    assert since.disputed
    assert {(one.says, one.source) for one in since.statements} == {("1983", "The centre"), ("2001", "Another")}
    assert not day.disputed
    assert [one.summary for one in shown.taken] == ["We wrote to the committee"]
    assert [(one.held_by, one.stance, one.remarks) for one in shown.positions] == [("Committee", "for", "Warmly")]


def test_an_observance_tells_where_it_comes_from(recognised: Assembled) -> None:
    (kept,) = recognised.ask(ListObservances(month=5), Role.CAMPAIGNER).observances
    assert (kept.month, kept.day, kept.since, kept.origin) == (5, 25, "2008", MISSING_CHILDRENS_DAY.origin)
    assert recognised.ask(ListObservances(month=6), Role.CAMPAIGNER).observances == ()


def test_an_objective_that_is_taken_up_again_is_under_way(recognised: Assembled) -> None:
    tell(recognised, ResumeAdvocacy(advocacy=ADVOCACY, occurred="2008-11"))
    shown = recognised.ask(ShowAdvocacy(advocacy=ADVOCACY), Role.SUPERVISOR)
    assert (shown.outcome, shown.legal_act) == (None, None)
    assert [kept.observance for kept in shown.observances] == [OBSERVANCE]


def test_the_directory_lists_partners_by_country(centre: Assembled) -> None:
    tell(
        centre,
        RegisterPartner(**EMMAUS),
        RegisterPartner(**{**EMMAUS, "partner": AN_ID, "name": "A school", "country": "LT", "contact_role": None}),
    )
    directory = centre.ask(ListPartners(limit=1), Role.CAMPAIGNER)
    assert [one.name for one in directory.partners] == ["Emmaüs Europe"]
    assert directory.by_country == {"FR": 1, "LT": 1}
    following = centre.ask(ListPartners(after=directory.next), Role.CAMPAIGNER)
    assert [one.name for one in following.partners] == ["A school"]
    assert centre.ask(ListPartners(country="LT"), Role.CAMPAIGNER).by_country == {"LT": 1}
    with pytest.raises(Invalid):
        centre.ask(ListPartners(after="nonsense"), Role.CAMPAIGNER)


def test_a_partner_shows_its_agreements_and_what_was_done_together(centre: Assembled) -> None:
    tell(
        centre,
        RegisterPartner(**EMMAUS),
        CorrectPartner(**{**EMMAUS, "country": "BE", "occurred": "2008-11-01"}),
        SignAgreement(
            partner=PARTNER,
            agreement=AGREEMENT,
            subject="Integration",
            valid_from=date(2006, 1, 1),
            valid_until=date(2008, 12, 31),
            occurred="2006",
        ),
        EndAgreement(partner=PARTNER, agreement=AGREEMENT, ended=date(2008, 6, 30), occurred="2008-07-01"),
        RecordJointWork(
            partner=PARTNER,
            field=CooperationField.PREVENTION,
            campaign=CAMPAIGN,
            summary="A lesson",
            occurred="2008-10-02",
        ),
    )
    shown = centre.ask(ShowPartner(partner=PARTNER), Role.SUPERVISOR)
    (agreement,), (work,) = shown.agreements, shown.works
    assert (shown.country, shown.joint_works) == ("BE", 1)
    assert (agreement.valid_until, agreement.ended) == ("2008-12-31", "2008-06-30")
    assert (work.campaign, work.summary) == (CAMPAIGN, "A lesson")


def test_read_models_are_the_same_when_they_are_rebuilt(held: Assembled) -> None:
    before = held.ask(ShowCampaign(campaign=CAMPAIGN), Role.SUPERVISOR)
    held.projector.rebuild(Campaigns.name)
    assert held.ask(ShowCampaign(campaign=CAMPAIGN), Role.SUPERVISOR) == before
