"""Campaigns and advocacy of the source."""

from __future__ import annotations

from decimal import Decimal

from services.campaigns.advocacy import (
    ActionKind,
    Addressee,
    AddresseeKind,
    BeginAdvocacy,
    ConcludeAdvocacy,
    LegalAct,
    Observance,
    RecordAdvocacyAction,
    Result,
    StateFact,
)
from services.campaigns.campaign.groups import RegisterGroup
from services.campaigns.campaign.holding import HoldCampaign
from services.campaigns.campaign.materials import ArtefactKind, Dimension, Measure, RecordArtefact, Unit
from services.campaigns.campaign.planning import PlanCampaign
from services.campaigns.campaign.state import Kind
from services.campaigns.quantity import UNSTATED, about
from services.history.steps import Step, Steps, Story
from shared.messages import Command, Role

CAMPAIGNER = "camp-1"
PARLIAMENT = Addressee(kind=AddresseeKind.PARLIAMENT, name="Seimas of the Republic of Lithuania")


def _say(story: Story, command: Command, *, from_source: bool = True) -> Step:
    return story.step(command, Role.CAMPAIGNER, by=CAMPAIGNER, from_source=from_source)


def missing_childrens_day(story: Story) -> Steps:
    """Parliament recognised 25 May in 2008; a commemoration was held that day."""
    advocacy, observance = story.id("advocacy", "25-may"), story.id("observance", "25-may")
    yield _say(
        story,
        BeginAdvocacy(
            advocacy=advocacy,
            title="25 May, International Missing Children's Day",
            objective="That Parliament recognises 25 May as International Missing Children's Day",
            addressee=PARLIAMENT,
            occurred="2008",
        ),
    )
    yield _say(
        story,
        RecordAdvocacyAction(
            advocacy=advocacy,
            action=story.id("action", "25-may", "lobbying"),
            kind=ActionKind.OTHER,
            addressed_to=PARLIAMENT.name,
            summary="Lobbying by the centre",
            occurred="2008",
        ),
    )
    for number, (says, source) in enumerate(
        (
            ("Recognised by a growing number of nations since 1983", "The centre's account of its work"),
            ("A national day in the United States since 1983; international since 2001", "Other accounts of the day"),
        )
    ):
        yield _say(
            story,
            StateFact(
                advocacy=advocacy,
                statement=story.id("statement", "25-may", number),
                fact="Since when the day has been kept",
                says=says,
                source=source,
                occurred="2008",
            ),
            from_source=number == 0,
        )
    yield _say(
        story,
        ConcludeAdvocacy(
            advocacy=advocacy,
            outcome=Result.ADOPTED,
            legal_act=LegalAct(body=PARLIAMENT.name, adopted="2008"),
            observance=Observance(
                observance=observance,
                name="International Missing Children's Day",
                month=5,
                day=25,
                aim="That people know the danger, and fewer children go missing",
                origin="Kept by a growing number of nations since 1983, in memory of Etan Patz, missing since "
                "25 May 1979 in the United States",
            ),
            occurred="2008",
        ),
    )
    campaign = story.id("campaign", "25-may-2008")
    yield _say(
        story,
        PlanCampaign(
            campaign=campaign,
            kind=Kind.COMMEMORATION,
            title="Commemoration for children who were once missing and those who still are",
            aim="That people know the danger, and fewer children go missing",
            planned_for="2008-05-25",
            observance=observance,
            occurred="2008",
        ),
    )
    yield _say(story, HoldCampaign(campaign=campaign, attendance=UNSTATED, occurred="2008-05-25"))


def against_trafficking(story: Story) -> Steps:
    """The centre's standing objective: that trafficking in human beings ends."""
    advocacy = story.id("advocacy", "trafficking")
    yield _say(
        story,
        BeginAdvocacy(
            advocacy=advocacy,
            title="An end to trafficking in human beings",
            objective="That public policy sets out to end trafficking in human beings",
            addressee=PARLIAMENT,
            occurred="2004/2008",
        ),
    )
    yield _say(
        story,
        RecordAdvocacyAction(
            advocacy=advocacy,
            action=story.id("action", "trafficking", "lobbying"),
            kind=ActionKind.OTHER,
            addressed_to=PARLIAMENT.name,
            summary="Lobbying by the centre",
            occurred="2004/2008",
        ),
    )


def dont_sell_yourself(story: Story) -> Steps:
    """2 October 2008, Vilnius city hall: about 100 pupils, their teachers, a poster 20 metres long."""
    campaign = story.id("campaign", "dont-sell-yourself")
    yield _say(
        story,
        PlanCampaign(
            campaign=campaign,
            kind=Kind.PUBLIC_ACTION,
            title="Don't sell yourself",
            slogan="Don't sell yourself",
            aim="That young people say no to trafficking in human beings, in their own way",
            planned_for="2008-10-02",
            venue="City hall",
            town="Vilnius",
            organisers=("Missing Persons' Families Support Centre",),
            occurred="2008",
        ),
    )
    for town, pupils in (("Vilnius", 60), ("Alytus", 40)):
        yield _say(
            story,
            RegisterGroup(
                campaign=campaign,
                group=story.id("group", "dont-sell-yourself", town),
                school=f"Schools of the {town} area",
                town=town,
                pupils=about(pupils),
                teachers=UNSTATED,
                occurred="2008",
            ),
            from_source=False,  # how the hundred were split between the towns is not in the source
        )
    yield _say(story, HoldCampaign(campaign=campaign, attendance=about(100), occurred="2008-10-02"))
    yield _say(
        story,
        RecordArtefact(
            campaign=campaign,
            artefact=story.id("artefact", "poster"),
            kind=ArtefactKind.POSTER,
            message="No to trafficking in human beings, each in their own way",
            measures=(Measure(dimension=Dimension.LENGTH, value=Decimal(20), unit=Unit.METRE),),
            occurred="2008-10-02",
        ),
    )
