"""The organisation of the source, and whom it works with.

What it is and what it is for stand in the source. Who governs, and the partners, are invented: the source says that it
is independent and that it cooperates with organisations "in Lithuania and elsewhere", and names none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.campaigns.organisation import (
    BodyKind,
    ConstituteBody,
    DescribeOrganisation,
    Description,
    Language,
    RemarkOnFigure,
    Saying,
    Seats,
    Wording,
)
from services.campaigns.partner import (
    CooperationField,
    PartnerKind,
    RecordJointWork,
    RegisterPartner,
    SignAgreement,
)
from services.history.steps import Step, Steps, Story
from shared.messages import Command, Role

KEEPER = "s-1"
SINCE = "1996/2008"  # the source does not say since when; 2008 is the last year that it tells of

CENTRE = Description(
    name="Missing Persons' Families Support Centre",
    legal_form="Public organisation",
    independent=True,
    non_profit=True,
    mission="It helps the families of missing persons, victims of trafficking and their families.",
    country="LT",
    in_other_languages=(
        Wording(
            language=Language.FRENCH,
            name="Centre de soutien aux familles de personnes disparues",
            legal_form="Organisation publique",
            mission="Il aide les familles de personnes disparues, ainsi que les victimes du trafic et leurs familles.",
        ),
        Wording(
            language=Language.LITHUANIAN,
            name="Dingusių žmonių šeimų paramos centras",
            legal_form="Viešoji organizacija",
            mission="Padeda dingusių žmonių šeimoms, prekybos žmonėmis aukoms ir jų šeimoms.",
        ),
    ),
)
TO_2008 = (
    Saying(
        language=Language.ENGLISH,
        text="That the projects to date run to 31 December 2008 is an assumption: the account that gives the number is "
        "not dated.",
    ),
    Saying(
        language=Language.FRENCH,
        text="Que le nombre total de projets vaille au 31 décembre 2008 est une hypothèse : le récit qui le donne "
        "n’est pas daté.",
    ),
    Saying(
        language=Language.LITHUANIAN,
        text="Kad bendras projektų skaičius yra 2008 m. gruodžio 31 d., yra prielaida: jį nurodantis pasakojimas "
        "nedatuotas.",
    ),
)


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation that works with the centre."""

    key: str
    name: str
    kind: PartnerKind
    country: str
    fields: tuple[CooperationField, ...]
    since: date
    works: tuple[tuple[CooperationField, date, str | None], ...] = ()  # and the campaign that it was, by its key


PARTNERS = (
    Partner(
        "lt-1",
        "An organisation in Lithuania (1)",
        PartnerKind.NGO,
        "LT",
        (CooperationField.PREVENTION, CooperationField.ADVOCACY),
        date(2001, 3, 1),
        (
            (CooperationField.PREVENTION, date(2008, 10, 2), "dont-sell-yourself"),
            (CooperationField.ADVOCACY, date(2008, 3, 12), None),
        ),
    ),
    Partner(
        "lt-2",
        "An organisation in Lithuania (2)",
        PartnerKind.NGO,
        "LT",
        (CooperationField.SHELTER, CooperationField.CRISIS_ASSISTANCE),
        date(2003, 9, 15),
        ((CooperationField.SHELTER, date(2006, 5, 20), None),),
    ),
    Partner(
        "lt-3",
        "An organisation in Lithuania (3)",
        PartnerKind.NETWORK,
        "LT",
        (CooperationField.SEARCH,),
        date(2005, 1, 10),
        ((CooperationField.SEARCH, date(2008, 5, 25), "25-may-2008"),),
    ),
    Partner(
        "fr-1",
        "An organisation in France",
        PartnerKind.NGO,
        "FR",
        (CooperationField.REHABILITATION,),
        date(2006, 11, 2),
        ((CooperationField.TRAINING, date(2007, 6, 4), None),),
    ),
    Partner("se-1", "An organisation in Sweden", PartnerKind.NGO, "SE", (CooperationField.RETURN,), date(2004, 2, 16)),
    Partner(
        "gb-1",
        "An organisation in the United Kingdom",
        PartnerKind.NGO,
        "GB",
        (CooperationField.RETURN, CooperationField.LEGAL_AID),
        date(2005, 8, 29),
        ((CooperationField.RETURN, date(2008, 2, 8), None),),
    ),
)


def _say(story: Story, command: Command, *, from_source: bool = False) -> Step:
    return story.step(command, Role.SUPERVISOR, by=KEEPER, from_source=from_source)


def organisation(story: Story) -> Steps:
    """What it is, who governs it, and what readers of its figures must know."""
    yield _say(story, DescribeOrganisation(description=CENTRE, occurred=SINCE), from_source=True)
    for kind, seats, appointed_by in (
        (BodyKind.GENERAL_MEETING, 15, "Members"),
        (BodyKind.BOARD, 5, "General meeting"),
        (BodyKind.DIRECTOR, 1, "Board"),
    ):
        body = story.id("body", kind.value)
        yield _say(
            story,
            ConstituteBody(body=body, kind=kind, seats=Seats(all=seats), appointed_by=appointed_by, occurred=SINCE),
        )
    yield _say(
        story,
        RemarkOnFigure(
            remark=story.id("remark", "projects-to-2008"),
            figure="projects_total",
            first_year=2008,
            last_year=2008,
            says=TO_2008,
            occurred="2008",
        ),
    )


def partner(story: Story, plan: Partner) -> Steps:
    """A partner, an agreement with it, and what was done together."""
    name, since = story.id("partner", plan.key), plan.since.isoformat()
    yield _say(
        story,
        RegisterPartner(
            partner=name, name=plan.name, kind=plan.kind, country=plan.country, fields=plan.fields, occurred=since
        ),
    )
    yield _say(
        story,
        SignAgreement(
            partner=name,
            agreement=story.id("agreement", plan.key),
            subject=f"Cooperation in {plan.fields[0].value.replace('_', ' ')}",
            valid_from=plan.since,
            occurred=since,
        ),
    )
    for number, (field, day, campaign) in enumerate(plan.works):
        yield _say(
            story,
            RecordJointWork(
                partner=name,
                work=story.id("work", plan.key, number),
                field=field,
                campaign=story.id("campaign", campaign) if campaign else None,
                occurred=day.isoformat(),
            ),
        )
