"""The state of any record, as known at a moment or as true on a date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services import audit, campaigns
from services.audit import log_queries
from services.audit.replay import LogAccess, RecordAsOf, ReplayRecord, as_json
from services.campaigns.campaign.groups import ChangeGroup, RegisterGroup
from services.campaigns.campaign.holding import CorrectCampaign, HoldCampaign
from services.campaigns.campaign.planning import MoveCampaign
from services.campaigns.quantity import UNSTATED, about
from shared.errors import DomainError, NewerEvent, NotFound
from shared.eventstore.port import NewEvent
from shared.messages import Origin, Role
from shared.money import Money
from shared.privacy.personal import FORGOTTEN, Hidden
from tests.assembled import Assembled
from tests.campaigns.examples import ADVOCACY, CAMPAIGN, plan

NINE = datetime(2008, 12, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STREAM = f"campaign-{CAMPAIGN}"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Assembled]:
    """Planned in September, moved on 20 September, held on 3 October; recorded an hour apart in December."""
    assembled = Assembled(tmp_path, [campaigns.context, audit.context])
    for hours, command in enumerate(
        (
            plan.model_copy(update={"occurred": "2008-09-01"}),
            MoveCampaign(campaign=CAMPAIGN, planned_for="2008-10-03", occurred="2008-09-20"),
            HoldCampaign(campaign=CAMPAIGN, attendance=about(100), occurred="2008-10-03"),
        )
    ):
        assembled.now = NINE + hours * HOUR
        assembled.send(command, Role.CAMPAIGNER)
    yield assembled
    assembled.close()


def replayed(centre: Assembled, stream: str = STREAM, **moment: Any) -> RecordAsOf:
    origin = Origin("aud-1", frozenset({Role.AUDITOR}))
    query = ReplayRecord(stream=stream, **moment)
    access = LogAccess(centre.store, centre.registry, centre.vault, origin)
    return log_queries[ReplayRecord](query, access)  # type: ignore[no-any-return]


def test_a_record_is_replayed_to_its_end(centre: Assembled) -> None:
    record = replayed(centre)
    assert (record.aggregate, record.exists, record.events, record.later) == ("campaign", True, 3, 0)
    assert (record.revision, record.position) == (2, 3)
    assert (record.state["status"], record.state["held_on"]) == ("held", "2008-10-03")
    assert record.state["attendance"] == {"number": 100, "precision": "approximate"}
    assert record.state["plan"]["planned_for"] == "2008-10-03"


def test_what_was_known_at_a_position(centre: Assembled) -> None:
    record = replayed(centre, as_of="1")
    assert (record.revision, record.events, record.later) == (0, 1, 2)
    assert (record.state["status"], record.state["plan"]["planned_for"]) == ("planned", "2008-10-02")


def test_what_was_known_at_a_time(centre: Assembled) -> None:
    record = replayed(centre, as_of=(NINE + HOUR).isoformat())
    assert (record.revision, record.state["plan"]["planned_for"]) == (1, "2008-10-03")


def test_what_had_happened_by_a_date(centre: Assembled) -> None:
    assert replayed(centre, on=date(2008, 9, 19)).state["plan"]["planned_for"] == "2008-10-02"
    assert replayed(centre, on=date(2008, 9, 20)).state["plan"]["planned_for"] == "2008-10-03"
    assert replayed(centre, on=date(2008, 10, 2)).state["held_on"] is None


def test_what_was_known_then_of_a_date(centre: Assembled) -> None:
    record = replayed(centre, as_of="2", on=date(2008, 10, 31))
    assert (record.state["status"], record.later) == ("planned", 1)


def test_a_record_that_nobody_knew_of_yet(centre: Assembled) -> None:
    record = replayed(centre, as_of="0")
    assert (record.exists, record.revision, record.events, record.later) == (False, None, 0, 3)
    assert record.state["status"] is None


def test_a_record_that_was_never_written_is_not_found(centre: Assembled) -> None:
    for stream in (f"advocacy-{ADVOCACY}", "nothing-1", "campaign"):
        with pytest.raises(NotFound):
            replayed(centre, stream)


def test_an_event_that_builds_on_a_later_date_is_named(centre: Assembled) -> None:
    group = str(uuid4())
    other = str(uuid4())
    numbers = {"pupils": about(60), "teachers": UNSTATED}
    centre.send(
        plan.model_copy(update={"campaign": other, "occurred": "2008-09-01", "planned_for": "2008-12"}),
        Role.CAMPAIGNER,
    )
    centre.send(
        RegisterGroup(campaign=other, group=group, school="S", town="T", occurred="2008-09-10", **numbers),
        Role.CAMPAIGNER,
    )
    change = ChangeGroup(campaign=other, group=group, pupils=about(61), teachers=UNSTATED, occurred="2008-09-05")
    centre.send(change, Role.CAMPAIGNER)
    with pytest.raises(DomainError, match="position 6"):
        replayed(centre, f"campaign-{other}", on=date(2008, 9, 7))
    assert replayed(centre, f"campaign-{other}", on=date(2008, 9, 10)).events == 3


def test_a_repeat_that_changed_nothing_counts_as_an_event(centre: Assembled) -> None:
    correct = CorrectCampaign(campaign=CAMPAIGN, town="Vilnius", occurred="2008-11-01")
    centre.send(correct, Role.CAMPAIGNER)
    assert replayed(centre).events == 4
    assert replayed(centre, on=date(2008, 11, 30)).later == 1  # it happened when it was recorded


def test_an_event_that_nobody_knows_stops_the_replay(centre: Assembled) -> None:
    centre.store.append(STREAM, [NewEvent(uuid4(), "campaigns.Unheard", b"{}", b"{}")])
    with pytest.raises(NewerEvent, match="position 4"):
        replayed(centre)


@pytest.mark.parametrize("stream", ["$all", "", "campaign-" + "x" * 300, "a b"])
def test_a_stream_has_a_plain_name(stream: str) -> None:
    with pytest.raises(ValidationError):
        ReplayRecord(stream=stream)


class Colour(Enum):
    RED = "red"


class Pair(NamedTuple):
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Everything:
    """What a state may hold."""

    sealed: Hidden
    forgotten: Hidden
    money: Money
    day: date
    kinds: frozenset[Colour]
    pairs: tuple[Pair, ...]
    by_pair: dict[tuple[str, int], Decimal]


def test_a_state_is_shown_in_json_and_never_opened() -> None:
    state = Everything(
        sealed=Hidden("token", "somebody"),
        forgotten=FORGOTTEN,
        money=Money(amount=Decimal("12.50")),
        day=date(2008, 5, 25),
        kinds=frozenset({Colour.RED}),
        pairs=(Pair(1, 2),),
        by_pair={("a", 1): Decimal("0.10")},
    )
    assert as_json(state) == {
        "sealed": {"hidden": "sealed"},
        "forgotten": {"hidden": "forgotten"},
        "money": {"amount": "12.50", "currency": "EUR"},
        "day": "2008-05-25",
        "kinds": ["red"],
        "pairs": [{"left": 1, "right": 2}],
        "by_pair": {"a / 1": "0.10"},
    }
    with pytest.raises(TypeError):
        as_json(object())
