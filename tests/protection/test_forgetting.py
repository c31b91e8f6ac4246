"""Random histories with holds, links, shreddings, restores and rotations: what is forgotten is gone, and only that.

And three deliberate mutants, each of which the same check must catch.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.protection import plan
from services.protection.erasure import (
    ApproveErasure,
    ErasureApproved,
    Ground,
    RecordErasure,
    RecordErasureFailed,
    RequestErasure,
)
from services.protection.execution import ErasureExecution, certificate_id
from services.protection.plan import ErasurePlan, plan_person
from shared.codec import Recorded, decode
from shared.eventstore.port import EventStore, RecordedEvent
from shared.merkle import MerkleLog
from shared.messages import Origin, Role
from shared.privacy.vault import AesGcmVault
from tests.protection.histories import (
    HELD,
    OFFICER,
    PEOPLE,
    SUPERVISOR,
    Centre,
    Forget,
    Hold,
    Link,
    Look,
    Name,
    Reason,
    Restart,
    Retain,
    Rotate,
    Shred,
    Step,
    Write,
)

person, case = st.integers(0, 2), st.integers(0, 1)
lost = st.sampled_from([(), ("keys",), ("log",), ("log", "keys")])
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Write, person, case),
    st.builds(Write, person, case),
    st.builds(Name, person),
    st.builds(Reason, case),
    st.builds(Hold, case),
    st.builds(Link, person, person),
    st.builds(Forget, person, lost),
    st.builds(Shred, person),
    st.builds(Rotate),
    st.builds(Retain),
    st.builds(Look),
    st.builds(Restart),
)


def holds_for(history: list[Step] | tuple[Step, ...]) -> None:
    """Play a history in a centre of its own, and check everything at its end."""
    folder = Path(mkdtemp())
    centre = Centre(folder)
    try:
        centre.play(history)
        centre.check()
    finally:
        centre.close()
        shutil.rmtree(folder)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=4, max_size=12))
def test_what_is_forgotten_is_unreadable_everywhere_and_nothing_else_is(history: list[Step]) -> None:
    holds_for(history)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=4, max_size=25))
def test_what_is_forgotten_is_unreadable_in_longer_histories(history: list[Step]) -> None:
    holds_for(history)


@pytest.mark.parametrize("parts", [("keys",), ("log",), ("log", "keys")])
def test_putting_back_an_older_copy_forgets_again(parts: tuple[str, ...]) -> None:
    before = [Write(0, 0), Name(0), Reason(1), Write(1, 0), Hold(1), Write(0, 1), Link(0, 1)]
    holds_for([*before, Forget(0, parts), Restart(), Write(2, 1)])


def test_what_was_recorded_since_the_new_dry_run_stops_an_erasure_that_had_failed_half_way(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    centre.play([Write(0, 0), Write(1, 0), Link(0, 1)])
    person, other = PEOPLE[:2]
    by_policy = Origin("policy:erasure_execution", frozenset({Role.POLICY}))
    asked = centre.send(RequestErasure(subject=person, ground=Ground.OBJECTION), OFFICER).ids["erasure"]
    policy = ErasureExecution(centre.it.store, centre.it.keys, date.today, sweep=lambda: None)

    def plan() -> ErasurePlan:
        return plan_person(centre.it.store, centre.it.keys, person, date.today())

    def approve(seen: ErasurePlan) -> Recorded[ErasureApproved]:
        approval = ApproveErasure(erasure=asked, subjects=seen.subjects, digest=seen.digest)
        raw = next(centre.it.store.read_all(start=centre.send(approval, SUPERVISOR).position))
        return Recorded(decode(raw, ErasureApproved), raw)

    first = approve(plan())
    names = [facts.name for facts in centre.it.keys.keys_of(person)]
    certificate = certificate_id(asked, person)
    centre.it.keys.forget(person, destroy=names, keep=(), certificate=certificate, at=first.recorded_at)
    centre.send(RecordErasureFailed(erasure=asked, subject=other, why="A new record."), by_policy)

    seen = plan()
    centre.play([Write(1, 1)])
    assert [type(one) for one in policy.destroy(approve(seen))] == [RecordErasureFailed]
    assert plan().goes, "more is gone than the dry run named"
    assert {type(one) for one in policy.destroy(first)} == {RecordErasure}, "what was cut short is completed"
    assert not plan().goes
    centre.close()


def test_the_history_that_the_mutants_live_in_is_sound() -> None:
    holds_for(HELD)


def test_a_key_that_is_kept_in_a_cache_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_looking(self: AesGcmVault) -> Any:
        return self._in_use

    monkeypatch.setattr(AesGcmVault, "_current", without_looking)
    with pytest.raises(AssertionError, match=r"can be read that were forgotten|recorded of somebody who was forgotten"):
        holds_for(HELD)


def test_a_leaf_that_is_left_out_of_the_tree_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = MerkleLog.catch_up
    monkeypatch.setattr(MerkleLog, "catch_up", lambda self, store, progress=None: whole(self, _Gap(store), progress))
    with pytest.raises(AssertionError, match=r"the tree does not vouch for the log|does not cover the log"):
        holds_for(HELD)


def test_a_hold_that_is_not_read_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "holds", lambda store, today: [])
    with pytest.raises(AssertionError, match="are lost"):
        holds_for(HELD)


class _Gap:
    """A store that keeps the certificates of erasures from the tree."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def read_all(self, **asked: Any) -> Iterator[RecordedEvent]:
        return (raw for raw in self._store.read_all(**asked) if raw.type != "protection.PersonForgotten")
