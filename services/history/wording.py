"""The texts of the source's history in the other languages of the report. The source itself is French."""

from __future__ import annotations

from services.campaigns.organisation import Language, Saying
from services.campaigns.translation import TranslateText
from services.history.profile import CENTRE, KEEPER
from services.history.steps import Steps, Story
from shared.messages import Role

FROM_ENGLISH: tuple[tuple[str, str, str], ...] = (
    # as recorded, in French, in Lithuanian
    (
        "25 May, International Missing Children's Day",
        "Le 25 mai, Journée internationale des enfants disparus",
        "Gegužės 25-oji – Tarptautinė dingusių vaikų diena",
    ),
    (
        "That Parliament recognises 25 May as International Missing Children's Day",
        "Que le Parlement reconnaisse le 25 mai comme Journée internationale des enfants disparus",
        "Kad Seimas pripažintų gegužės 25-ąją Tarptautine dingusių vaikų diena",
    ),
    (
        "Seimas of the Republic of Lithuania",
        "Parlement de la République de Lituanie",
        "Lietuvos Respublikos Seimas",
    ),
    (
        "Recognised by a growing number of nations since 1983",
        "Reconnue par un nombre croissant de nations depuis 1983",
        "Nuo 1983 m. ją pripažįsta vis daugiau valstybių",
    ),
    (
        "A national day in the United States since 1983; international since 2001",
        "Journée nationale aux États-Unis depuis 1983 ; internationale depuis 2001",
        "Nuo 1983 m. nacionalinė diena Jungtinėse Valstijose, nuo 2001 m. tarptautinė",
    ),
    ("The centre's account of its work", "Le récit du Centre sur son travail", "Centro pasakojimas apie savo veiklą"),
    ("Other accounts of the day", "D’autres récits de cette journée", "Kiti pasakojimai apie šią dieną"),
    (
        "Kept by a growing number of nations since 1983, in memory of Etan Patz, missing since 25 May 1979 in the "
        "United States",
        "Reconnue par un nombre croissant de nations depuis 1983 en mémoire d’Etan Patz, disparu le 25 mai 1979 aux "
        "États-Unis",
        "nuo 1983 m. ją mini vis daugiau valstybių, prisimindamos Etaną Patzą, dingusį 1979 m. gegužės 25 d. "
        "Jungtinėse Valstijose",
    ),
    (
        "Commemoration for children who were once missing and those who still are",
        "Commémoration des enfants qui ont été un jour disparus et de ceux qui le restent encore",
        "Kadaise dingusių ir tebedingusių vaikų minėjimas",
    ),
    (
        "That people know the danger, and fewer children go missing",
        "Sensibiliser la population à ce danger et faire ainsi diminuer le nombre d’enfants disparus",
        "Kad žmonės žinotų apie šį pavojų ir dingtų mažiau vaikų",
    ),
    (
        "An end to trafficking in human beings",
        "L’éradication du trafic d’êtres humains",
        "Prekybos žmonėmis panaikinimas",
    ),
    (
        "That public policy sets out to end trafficking in human beings",
        "Que les politiques publiques visent à éradiquer le trafic d’êtres humains",
        "Kad viešoji politika siektų panaikinti prekybą žmonėmis",
    ),
    ("Don't sell yourself", "Don’t sell yourself – Ne te vends pas", "Don’t sell yourself – Neparduok savęs"),
    (
        "That young people say no to trafficking in human beings, in their own way",
        "Que les jeunes disent non à leur façon au trafic des êtres humains",
        "Kad jaunimas savaip pasakytų „ne“ prekybai žmonėmis",
    ),
    ("City hall", "Mairie", "Miesto savivaldybė"),
    (
        "No to trafficking in human beings, each in their own way",
        "Non au trafic des êtres humains, chacun à sa façon",
        "Ne prekybai žmonėmis, kiekvienas savaip",
    ),
    ("Girl power", "Girl power – Pouvoir des filles", "Girl power – Merginų galia"),
    (
        "Government of the Republic of Lithuania",
        "Gouvernement de la République de Lituanie",
        "Lietuvos Respublikos Vyriausybė",
    ),
    ("An embassy in Lithuania (1)", "Une ambassade en Lituanie (1)", "Ambasada Lietuvoje (1)"),
    ("An embassy in Lithuania (2)", "Une ambassade en Lituanie (2)", "Ambasada Lietuvoje (2)"),
    (
        "A fund of a foreign organisation (1)",
        "Fonds d’une organisation étrangère (1)",
        "Užsienio organizacijos fondas (1)",
    ),
    (
        "A fund of a foreign organisation (2)",
        "Fonds d’une organisation étrangère (2)",
        "Užsienio organizacijos fondas (2)",
    ),
)
NAMES = (
    (Language.FRENCH, "Emmaüs Europe"),
    *((Language.ENGLISH, text) for text in (CENTRE.name, CENTRE.legal_form, CENTRE.mission)),
)
"""What is not translated, or is elsewhere; read aloud in its own language all the same."""


def translations(story: Story) -> Steps:
    """Every text that is printed in the report of a year."""
    commands = [
        TranslateText(
            text=recorded,
            written_in=Language.ENGLISH,
            says=(
                Saying(language=Language.FRENCH, text=french),
                Saying(language=Language.LITHUANIAN, text=lithuanian),
            ),
            occurred="2008",
        )
        for recorded, french, lithuanian in FROM_ENGLISH
    ]
    commands += [TranslateText(text=text, written_in=language, says=(), occurred="2008") for language, text in NAMES]
    for command in commands:
        yield story.step(command, Role.SUPERVISOR, by=KEEPER, from_source=True)
