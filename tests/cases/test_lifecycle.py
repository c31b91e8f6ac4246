"""Whatever people do to a case, in whatever order, what must always hold of it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.cases.case import CaseCommands, CaseEvents, case
from services.cases.case.assessment import AssessRisk, RiskLevel
from services.cases.case.closing import (
    ApproveClosing,
    AskToClose,
    CaseClosed,
    CaseReopened,
    ClosingAsked,
    ClosingRefused,
    ClosingWithdrawn,
    KeepOpenItem,
    OpenItemKept,
    OpenItemKind,
    OpenItemSettled,
    RefuseClosing,
    ReopenCase,
    SettleOpenItem,
    WithdrawClosing,
)
from services.cases.case.intake import AssignCase, CaseAssigned, CaseHandedOver, HandOverCase
from services.cases.case.notes import AddNote, EntryRetracted, NoteAdded, NoteCorrected, RetractEntry
from services.cases.case.record import Case, Outcome
from services.cases.case.review import HoldReview, RecordReviewMissed
from services.cases.case.support import GiveSupport, Recipient, SupportCorrected, SupportGiven
from services.cases.vocabulary import ServiceKind
from shared.decider import Decider
from shared.errors import DomainError
from shared.testing import NOW
from tests.cases.examples import CASE, DAY, PERSON, REFERRAL, SIGHTING, SISTER, an_id, assigned, opened

MARKER = "Marker-words"
CaseDecider = Decider[CaseCommands, CaseEvents, Case]

workers = st.sampled_from(["w-1", "w-2", "w-3"])
items = st.sampled_from([REFERRAL, SIGHTING])
entries = st.integers(400, 404).map(an_id)
people = st.sampled_from([PERSON, SISTER])
of_case = {"case": st.just(CASE), "occurred": st.just(DAY)}
about_closing: tuple[st.SearchStrategy[CaseCommands], ...] = (
    st.builds(AssignCase, worker=workers, **of_case),
    st.builds(HandOverCase, giver=workers, worker=workers, **of_case),
    st.builds(KeepOpenItem, item=items, kind=st.sampled_from(OpenItemKind), **of_case),
    st.builds(SettleOpenItem, item=items, **of_case),
    st.builds(
        AskToClose,
        person=people,
        outcome=st.sampled_from([Outcome.NEEDS_MET, Outcome.RETURNED]),
        summary=st.just(MARKER),
        acknowledged=st.lists(items, unique=True).map(tuple),
        **of_case,
    ),
    st.builds(ApproveClosing, **of_case),
    st.builds(RefuseClosing, person=st.just(PERSON), grounds=st.just(MARKER), **of_case),
    st.builds(WithdrawClosing, **of_case),
    st.builds(ReopenCase, person=st.just(PERSON), worker=workers, grounds=st.just(MARKER), **of_case),
)
about_work: tuple[st.SearchStrategy[CaseCommands], ...] = (
    st.builds(AddNote, note=entries, about=people, text=st.just(MARKER), **of_case),
    st.builds(RetractEntry, entry=entries, case=st.just(CASE)),
    st.builds(
        GiveSupport,
        support=entries,
        person=people,
        recipient=st.sampled_from(Recipient),
        kind=st.sampled_from(ServiceKind),
        minutes=st.integers(0, 60),
        account=st.just(MARKER),
        **of_case,
    ),
    st.builds(
        AssessRisk,
        assessment=entries,
        person=people,
        level=st.sampled_from(RiskLevel),
        factors=st.just(()),
        grounds=st.just(MARKER),
        review_due=st.sampled_from([date(2008, 9, 2), date(2008, 9, 8)]),
        **of_case,
    ),
    st.builds(
        HoldReview,
        person=people,
        findings=st.just(MARKER),
        review_due=st.sampled_from([date(2008, 9, 1), date(2008, 9, 20)]),
        **of_case,
    ),
    st.builds(RecordReviewMissed, due=st.just(date(2008, 9, 8)), case=st.just(CASE)),
)


def lives_of(*commands: st.SearchStrategy[CaseCommands]) -> st.SearchStrategy[list[tuple[CaseCommands, str]]]:
    """Commands in any order, each by anybody."""
    return st.lists(st.tuples(st.one_of(*commands), workers), min_size=5, max_size=40)


lives = st.one_of(lives_of(*about_closing, *about_work), lives_of(*about_closing))


def live(decider: CaseDecider, life: Sequence[tuple[CaseCommands, str]], *before: CaseEvents) -> list[CaseEvents]:
    """What comes of a life; refusals name their rule and repeat nothing that was said."""
    history: list[CaseEvents] = [opened(), *before]
    state = decider.fold(history)
    for number, (command, by) in enumerate(life):
        try:
            events = decider.decide(command.stamped(UUID(int=number), by, NOW), state)
        except DomainError as refusal:
            assert refusal.facts["rule"]
            assert MARKER not in f"{refusal} {refusal.facts}"
            continue
        state = decider.fold(events, state)
        history += events
    return history


def must_hold(history: Sequence[CaseEvents]) -> None:
    """What is true of every case, told from its events alone."""
    worker: str | None = None
    closed = False
    asked: ClosingAsked | None = None
    waits: set[str] = set()
    standing: set[str] = set()
    for event in history:
        match event:
            case CaseAssigned():
                assert worker is None, "assigned while another was responsible"
                worker = event.worker
            case CaseHandedOver():
                assert worker == event.giver, "handed over by somebody else"
                worker = event.worker
            case ClosingAsked():
                assert asked is None and worker is not None, "asked twice, or for nobody's case"
                asked = event
            case ClosingRefused() | ClosingWithdrawn():
                assert asked is not None, "nothing to refuse"
                asked = None
            case OpenItemKept():
                waits.add(event.item)
            case OpenItemSettled():
                waits.discard(event.item)
            case CaseClosed():
                assert asked is not None, "closed without being asked for"
                assert event.asked_by == asked.asked_by != event.approved_by, "closed by one person"
                assert waits <= set(asked.acknowledged), "closed over something that nobody named"
                assert set(event.left_open) == waits
                closed, worker, asked = True, None, None
            case CaseReopened():
                assert closed, "reopened while open"
                closed, worker = False, event.worker
            case NoteAdded(note=entry) | SupportGiven(support=entry):
                assert entry not in standing, "two entries of one id"
                standing.add(entry)
            case EntryRetracted():
                standing.discard(event.entry)
            case _:
                pass
        after_closing = OpenItemKept | OpenItemSettled | CaseClosed | EntryRetracted | NoteCorrected | SupportCorrected
        assert not closed or isinstance(event, after_closing), "worked on while closed"


@given(lives)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_to_a_case_its_rules_hold(life: list[tuple[CaseCommands, str]]) -> None:
    must_hold(live(case, life))


def author_approves(command: CaseCommands, state: Case) -> Sequence[CaseEvents]:
    """A mutant: who approves is not looked at."""
    if isinstance(command, ApproveClosing) and state.closing is not None:
        author = state.closing.asked_by
        events = case.decide(command, replace(state, closing=state.closing._replace(asked_by="w-0")))
        return [event.model_copy(update={"asked_by": author}) for event in events]
    return case.decide(command, state)


def workers_pile_up(command: CaseCommands, state: Case) -> Sequence[CaseEvents]:
    """A mutant: a case is assigned whoever has it."""
    return case.decide(command, replace(state, worker=None) if isinstance(command, AssignCase) else state)


def approval_is_blind(command: CaseCommands, state: Case) -> Sequence[CaseEvents]:
    """A mutant: what came up after a closing was asked for is not looked at."""
    blind = isinstance(command, ApproveClosing)
    return case.decide(command, replace(state, open_items=frozenset()) if blind else state)


@pytest.mark.parametrize("mutant", [author_approves, workers_pile_up, approval_is_blind])
def test_a_broken_rule_would_be_found(mutant: Callable[[CaseCommands, Case], Sequence[CaseEvents]]) -> None:
    broken: Any = replace(case, decide=mutant)

    @given(lives_of(*about_closing))
    @settings(
        max_examples=10_000,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def lives_of_the_mutant(life: list[tuple[CaseCommands, str]]) -> None:
        must_hold(live(broken, life, assigned()))

    with pytest.raises(AssertionError):
        lives_of_the_mutant()
