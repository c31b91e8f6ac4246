"""A log of nothing but what the portfolio of projects takes in: its worst case, for no event is passed over."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from services.projects.funder import FunderKind, FunderRegistered
from services.projects.grant.award import GrantAmended, GrantAwarded
from services.projects.project.life import ProjectApproved, ProjectCompleted, ProjectProposed, ProjectStarted
from services.projects.register import ProjectNumbered
from shared.codec import encode
from shared.eventstore.port import NewEvent
from shared.messages import Event, Role
from shared.metadata import Metadata
from shared.money import Money
from shared.privacy.vault import AesGcmVault

NAMES = UUID(int=2008)
SIDE_BY_SIDE = 50  # projects


def events() -> Iterator[tuple[str, NewEvent]]:
    """Projects that run side by side, from proposal to completion; as command handling stores them, without end."""
    vault = AesGcmVault.in_memory()
    for number, (stream, event) in enumerate(_projects()):
        event_id = uuid5(NAMES, str(number))
        yield stream, encode(event, vault, stream=stream, event_id=event_id, metadata=metadata(event_id))


def metadata(event_id: UUID) -> bytes:
    """Metadata of its usual size."""
    return Metadata(
        version=1,
        command="projects.Bench",
        command_id=event_id,
        correlation_id=event_id,
        causation_id=None,
        actor="w-17",
        roles=(Role.PROJECT_MANAGER,),
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        fingerprint="0" * 64,
    ).to_json()


def _projects() -> Iterator[tuple[str, Event]]:
    chance = random.Random(1)
    under_way: list[Iterator[tuple[str, Event]]] = []
    number = 0
    while True:
        while len(under_way) < SIDE_BY_SIDE:
            under_way.append(_project(number))
            number += 1
        chosen = chance.choice(under_way)
        try:
            yield next(chosen)
        except StopIteration:
            under_way.remove(chosen)


def _project(number: int) -> Iterator[tuple[str, Event]]:
    project, grant, funder = (str(uuid5(NAMES, f"{what}{number}")) for what in ("project", "grant", "funder"))
    year, day = 1996 + number % 30, date(1996 + number % 30, 1 + number % 12, 1 + number % 28)
    occurred = day.isoformat()
    award = Money(amount=Decimal(5_000 + number % 900))
    if number % 20:
        funder = str(uuid5(NAMES, f"funder{number - number % 20}"))
    else:
        kind = list(FunderKind)[number // 20 % len(FunderKind)]
        name = f"Fund {number}"
        registered = FunderRegistered(funder=funder, kind=kind, name=name, country="LT", occurred=occurred)
        yield f"funder-{funder}", registered
    of_project = f"project-{project}"
    yield of_project, ProjectProposed(project=project, title=f"Project {number}", objectives=("x",), occurred=occurred)
    yield of_project, ProjectApproved(project=project, occurred=occurred)
    yield (
        f"grant-{grant}",
        GrantAwarded(
            grant=grant,
            project=project,
            funder=funder,
            amount=award,
            eligible_from=day,
            eligible_until=day.replace(year=year + 1),
            lines=(),
            occurred=day,
        ),
    )
    yield of_project, ProjectStarted(project=project, year=year, occurred=occurred)
    yield f"project-register-{year}", ProjectNumbered(year=year, project=project, number=number)
    amended = Money(amount=award.amount + 100)
    yield (
        f"grant-{grant}",
        GrantAmended(
            grant=grant,
            amendment=str(uuid5(NAMES, f"amendment{number}")),
            amount=amended,
            by=Decimal(100),
            effective=day,
            occurred=day,
        ),
    )
    yield of_project, ProjectCompleted(project=project, occurred=occurred)
