"""Who recorded what, when, in which role, from which command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services import audit, campaigns
from services.audit.trail import ReadTrail, TrailEntry
from services.campaigns.campaign.groups import RegisterGroup
from services.campaigns.campaign.holding import HoldCampaign
from services.campaigns.campaign.planning import CancelCampaign, WhyCancelled
from services.campaigns.quantity import UNSTATED, about
from shared.errors import Forbidden
from shared.eventstore.port import NewEvent
from shared.messages import Role
from tests.assembled import Assembled
from tests.campaigns.examples import AN_ID, CAMPAIGN, VILNIUS_GROUP, plan

NINE = datetime(2008, 12, 1, 9, 0, tzinfo=UTC)
CORRELATION = uuid4()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Assembled]:
    """Three events of one campaign, an hour apart, and one of another."""
    assembled = Assembled(tmp_path, [campaigns.context, audit.context])
    assembled.now = NINE
    assembled.send(plan, Role.CAMPAIGNER, actor="camp-1", reason="The mayor asked", correlation_id=CORRELATION)
    assembled.now = NINE + timedelta(hours=1)
    register = RegisterGroup(
        campaign=CAMPAIGN,
        group=VILNIUS_GROUP,
        school="A school",
        town="Vilnius",
        pupils=about(60),
        teachers=UNSTATED,
        occurred="2008-09",
    )
    assembled.send(register, Role.SUPERVISOR, actor="sup-1", on_behalf_of="camp-1", synthetic=True)
    assembled.now = NINE + timedelta(hours=2)
    hold = HoldCampaign(campaign=CAMPAIGN, attendance=about(100), occurred="2008-10-02")
    assembled.send(hold, Role.CAMPAIGNER, actor="camp-1", late_seconds=90)
    assembled.send(plan.model_copy(update={"campaign": AN_ID}), Role.CAMPAIGNER, actor="camp-2")
    yield assembled
    assembled.close()


def found(centre: Assembled, **wanted: object) -> list[int]:
    page = centre.ask(ReadTrail.model_validate(wanted), Role.AUDITOR)
    return [entry.position for entry in page.entries]


def entries(centre: Assembled) -> tuple[TrailEntry, ...]:
    page = centre.ask(ReadTrail(), Role.AUDITOR)
    return page.entries  # type: ignore[no-any-return]


def test_every_event_has_its_entry(centre: Assembled) -> None:
    first, second, third, _ = entries(centre)
    assert (first.stream, first.revision, first.type) == (f"campaign-{CAMPAIGN}", 0, "campaigns.CampaignPlanned")
    assert (first.actor, first.roles, first.on_behalf_of) == ("camp-1", ("campaigner",), None)
    assert (first.command, first.recorded_at) == ("campaigns.PlanCampaign", NINE)
    assert first.has_reason and not second.has_reason
    assert (second.actor, second.roles, second.on_behalf_of) == ("sup-1", ("supervisor",), "camp-1")
    assert second.synthetic and not first.synthetic
    assert (third.late_seconds, second.late_seconds) == (90, None)


def test_a_command_that_changed_nothing_has_its_entry_too(centre: Assembled) -> None:
    cancel = CancelCampaign(campaign=AN_ID, why=WhyCancelled.OTHER, occurred="2008-11-01")
    for _ in range(2):
        centre.send(cancel, Role.CAMPAIGNER)
    assert [entry.type for entry in entries(centre)[4:]] == ["campaigns.CampaignCancelled", "kernel.NothingChanged"]


def test_the_trail_is_filtered_by_who_what_and_where(centre: Assembled) -> None:
    assert found(centre, stream=f"campaign-{CAMPAIGN}") == [1, 2, 3]
    assert found(centre, actor="camp-1") == [1, 3]
    assert found(centre, type="campaigns.CampaignPlanned") == [1, 4]
    assert found(centre, command="campaigns.HoldCampaign") == [3]
    assert found(centre, command=entries(centre)[1].command_id) == [2]
    assert found(centre, correlation=CORRELATION) == [1]
    assert found(centre, actor="camp-1", type="campaigns.CampaignHeld") == [3]
    assert found(centre, actor="nobody") == []


def test_the_trail_is_filtered_by_when(centre: Assembled) -> None:
    hour = timedelta(hours=1)
    assert found(centre, since=NINE + hour) == [2, 3, 4]
    assert found(centre, until=NINE + hour) == [1]
    assert found(centre, since=NINE + hour, until=NINE + 2 * hour) == [2]


def test_the_trail_is_asked_as_of_a_position_or_a_time(centre: Assembled) -> None:
    assert found(centre, as_of="2") == [1, 2]
    assert found(centre, as_of=(NINE + timedelta(minutes=90)).isoformat()) == [1, 2]
    assert found(centre, as_of="2008-12-01T11:00:00+02:00") == [1]
    assert found(centre, as_of="0") == []


@pytest.mark.parametrize("moment", ["yesterday", "2008-12-01T11:00:00", "-1", ""])
def test_a_moment_is_a_position_or_a_time_with_its_zone(moment: str) -> None:
    with pytest.raises(ValidationError):
        ReadTrail(as_of=moment)


def test_pages_follow_each_other_by_position(centre: Assembled) -> None:
    first = centre.ask(ReadTrail(limit=3), Role.AUDITOR)
    assert ([entry.position for entry in first.entries], first.next) == ([1, 2, 3], 3)
    second = centre.ask(ReadTrail(limit=3, after=first.next), Role.AUDITOR)
    assert ([entry.position for entry in second.entries], second.next) == ([4], None)


def test_an_event_of_another_program_has_an_entry(centre: Assembled) -> None:
    centre.store.append("visitor-1", [NewEvent(uuid4(), "elsewhere.Seen", b"{}", b"{}")])
    entry = entries(centre)[-1]
    assert (entry.stream, entry.actor, entry.command, entry.roles) == ("visitor-1", None, None, ())


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.ANALYST, Role.CAMPAIGNER])
def test_the_trail_is_for_those_who_audit(centre: Assembled, role: Role) -> None:
    with pytest.raises(Forbidden):
        centre.ask(ReadTrail(), role)


def test_the_trail_holds_no_words_of_the_event_or_its_reason(centre: Assembled) -> None:
    text = repr(entries(centre))
    assert "mayor" not in text
    assert "sell yourself" not in text
