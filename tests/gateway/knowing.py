"""A centre with one case and everything that can belong to it, asked by people who may and who may not know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from services import cases, rehabilitation
from services.cases.break_glass import GlassBroken
from services.cases.person.names import NameAdded, PersonName, PersonRegistered
from services.gateway.guarding import Guarded
from services.gateway.need_to_know import may_see
from services.gateway.team_sight import Teams
from services.rehabilitation.proceedings.mandate import ProceedingsOpened
from services.rehabilitation.proceedings.record import Standing
from services.rehabilitation.programme.admission import ProgrammeRequested
from services.rehabilitation.programme.record import Ground
from shared.bus import DirectBus
from shared.handling import CommandHandler
from shared.messages import Command, Event, Origin, Query, Receipt, Role
from shared.projections.read_models import ReadModels
from tests.assembled import Assembled
from tests.cases.centre import IMPLICATED
from tests.cases.examples import CASE, DAY, NAME, PERSON, REFERRAL, SISTER, an_id, assigned, opened, referral_made
from tests.cases.missing import ACTION, BROTHER, DISAPPEARANCE, POSTER, reported
from tests.cases.test_contact import CALLED, CONTACT
from tests.cases.test_match import MATCH, PROPOSED
from tests.cases.test_message import MESSAGE, REQUESTED
from tests.cases.test_relationship import RELATIONSHIP, SIBLINGS
from tests.cases.test_sighting import REPORTED, SIGHTING

LINK, TWIN, PROGRAMME, PROCEEDINGS, NOBODY_S = (an_id(number) for number in range(301, 306))

OF_THE_CASE = {
    "case": CASE,
    "person": PERSON,
    "beneficiary": PERSON,
    "relative": SISTER,
    "relationship": RELATIONSHIP,
    "link": LINK,
    "contact": CONTACT,
    "disappearance": DISAPPEARANCE,
    "sighting": SIGHTING,
    "match": MATCH,
    "referral": REFERRAL,
    "message": MESSAGE,
    "effect": ACTION,
    "programme": PROGRAMME,
    "proceedings": PROCEEDINGS,
}
"""What is somebody's to know of, by the name of the field that names it."""

FACTS: tuple[tuple[str, Event], ...] = (
    (f"person-{PERSON}", PersonRegistered(person=PERSON, occurred=DAY)),
    (f"person-{PERSON}", NameAdded(person=PERSON, name=NAME, value=PersonName(given="Rūta", family="Ąžuolaitė"))),
    (f"person-{SISTER}", PersonRegistered(person=SISTER, occurred=DAY)),
    (f"person-{BROTHER}", PersonRegistered(person=BROTHER, occurred=DAY)),
    (f"person-{BROTHER}", NameAdded(person=BROTHER, name=an_id(306), value=PersonName(given="Tomas"))),
    (f"case-{CASE}", opened()),
    (f"case-{CASE}", assigned("w-1")),
    (f"relationship-{RELATIONSHIP}", SIBLINGS),
    (f"contact-{CONTACT}", CALLED),
    (f"disappearance-{DISAPPEARANCE}", reported()),
    (f"disappearance-{DISAPPEARANCE}", POSTER),
    (f"disappearance-{DISAPPEARANCE}", IMPLICATED),
    (f"sighting-{SIGHTING}", REPORTED),
    (f"match-{MATCH}", PROPOSED),
    (f"referral-{REFERRAL}", referral_made()),
    (f"message-{MESSAGE}", REQUESTED),
    (
        f"programme-{PROGRAMME}",
        ProgrammeRequested(programme=PROGRAMME, beneficiary=PERSON, ground=Ground.TRAFFICKING_VICTIM, occurred=DAY),
    ),
    (
        f"proceedings-{PROCEEDINGS}",
        ProceedingsOpened(proceedings=PROCEEDINGS, beneficiary=PERSON, standing=Standing.VICTIM, occurred=DAY),
    ),
)


class Knowing(Assembled):
    """The whole of both contexts, as the edges reach them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, (cases.context, rehabilitation.context))
        self.read_models = ReadModels(self.engine, self.projections, self.vault, may_see=may_see, sights=Teams())
        handler = CommandHandler(self.store, self.registry, self.vault, clock=lambda: self.now)
        guarded = Guarded(handler, self.registry, lambda: self.read_models)
        self.bus = DirectBus(guarded, self.read_models.ask)

    def happened(self, *facts: tuple[str, Event]) -> None:
        """Facts, recorded by the worker w-1, and taken in by the read models."""
        for stream, event in facts:
            self.record(stream, event)
        self.projector.catch_up()

    def broke_glass(self, worker: str) -> None:
        """Somebody on duty opens the case for a while; while is by the clock of this machine."""
        access = str(uuid4())
        event = GlassBroken.model_validate(
            {
                "access": access,
                "case": CASE,
                "person": PERSON,
                "worker": worker,
                "grounds": "She calls.",
                "since": "2026-01-01T00:00:00Z",
                "until": "9000-01-01T00:00:00Z",
            }
        )
        self.happened((f"break-glass-{access}", event))

    def asked(self, query: Query[Any], actor: str, role: Role = Role.CASEWORKER) -> Any:
        """The answer to somebody. Raises what they are told instead."""
        return self.bus.ask(query, Origin(actor, frozenset({role}))).answer

    def sent(self, command: Command, actor: str, role: Role = Role.CASEWORKER) -> Receipt:
        """The receipt of somebody's command, once the read models have caught up with it."""
        receipt = self.send(command, role, actor=actor)
        self.projector.catch_up()
        return receipt
