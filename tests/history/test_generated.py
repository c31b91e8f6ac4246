"""Histories of any size: the same for the same seed, of the same shape, and made as they are read."""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from services import campaigns, cases, projects, rehabilitation
from services.history.generated import generated
from services.history.loading import load
from services.history.source import the_source
from services.history.steps import Step
from shared.dates import span
from tests.assembled import Assembled

MOST = 10_000_000


def test_the_same_seed_gives_the_same_history() -> None:
    assert list(generated(2_000, 1)) == list(generated(2_000, 1))


def test_another_seed_gives_another() -> None:
    def ids(seed: int) -> set[object]:
        return {step.command_id for step in generated(2_000, seed)}

    assert not ids(1) & ids(2)


def test_a_longer_history_begins_as_a_shorter_one() -> None:
    short = list(generated(2_000, 1))
    assert list(islice(generated(MOST, 1), len(short))) == short


def test_it_has_the_same_kinds_of_commands_as_the_source_but_for_what_only_the_source_tells() -> None:
    def kinds(steps: list[Step]) -> set[str]:
        return {step.command.wire_type() for step in steps}

    missing = kinds(list(the_source())) - kinds(list(generated(5_000, 1)))
    assert missing == {
        "campaigns.BeginAdvocacy", "campaigns.RecordAdvocacyAction", "campaigns.StateFact",
        "campaigns.ConcludeAdvocacy",
        "campaigns.RecordArtefact", "campaigns.DescribeOrganisation", "campaigns.ConstituteBody",
        "campaigns.RemarkOnFigure", "campaigns.RecordJointWork", "campaigns.TranslateText", "projects.ReserveFunds",
    }  # fmt: skip


def test_its_shape_does_not_change_with_its_length() -> None:
    steps = [step.command.wire_type() for step in islice(generated(MOST, 1), 12_000)]
    early, late = Counter(steps[:6_000]), Counter(steps[6_000:])
    for kind, number in early.items():
        if number > 100:
            assert 0.8 < late[kind] / number < 1.25, kind


def kept_after(count: int, steps: Iterator[Step]) -> int:
    """Bytes that are still held once `count` steps were read, but for the dates that `span` remembers, bounded."""
    for _ in islice(steps, count):
        pass
    span.cache_clear()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def keeping(steps: Iterator[Step]) -> Iterator[Step]:
    """A generator with the fault that is looked for."""
    read = []
    for step in steps:
        read.append(step)
        yield step


@pytest.mark.parametrize("faulty", [False, True], ids=["as it is", "with a fault"])
def test_it_is_made_as_it_is_read_and_keeps_nothing(faulty: bool) -> None:
    steps = keeping(generated(MOST, 1)) if faulty else generated(MOST, 1)
    tracemalloc.start()
    try:
        kept_after(2_000, steps)  # what is made once
        few, many = kept_after(500, steps), kept_after(5_000, steps)
    finally:
        tracemalloc.stop()
    assert (many - few > 100_000) == faulty, f"{many - few} bytes more after 5,000 steps"


def test_it_loads_through_commands_and_every_policy_agrees(tmp_path: Path) -> None:
    centre = Assembled(tmp_path, [projects.context, cases.context, rehabilitation.context, campaigns.context])
    centre.now = datetime(2026, 1, 1, tzinfo=UTC)
    loaded = load(generated(700, 3), centre.bus, centre.policies.catch_up)
    assert loaded.events >= 700
    assert loaded.repeated == 0
    again = load(generated(700, 3), centre.bus, centre.policies.catch_up)
    assert (again.events, again.repeated) == (0, loaded.commands)
    centre.close()
