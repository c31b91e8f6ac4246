"""A policy objective, what was done towards it, and what came of it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.campaigns.advocacy import (
    ActionKind,
    AdvocacyResumed,
    BeginAdvocacy,
    ConcludeAdvocacy,
    FactStated,
    Observance,
    PositionTaken,
    RecordAdvocacyAction,
    RecordPosition,
    Result,
    ResumeAdvocacy,
    Stance,
    StateFact,
    advocacy,
)
from shared.testing import given
from tests.campaigns.examples import (
    ACT,
    ACTION,
    ADVOCACY,
    AN_ID,
    MISSING_CHILDRENS_DAY,
    SEIMAS,
    adopted,
    begun,
    letter,
    refused,
)

begin = BeginAdvocacy(advocacy=ADVOCACY, title="25 May", objective=begun.objective, addressee=SEIMAS, occurred="2007")
write = RecordAdvocacyAction(advocacy=ADVOCACY, action=ACTION, kind=ActionKind.LETTER, occurred="2007-11")
conclude = ConcludeAdvocacy(
    advocacy=ADVOCACY, outcome=Result.ADOPTED, legal_act=ACT, observance=MISSING_CHILDRENS_DAY, occurred="2008"
)
since_1983 = StateFact(
    advocacy=ADVOCACY, statement=AN_ID, fact="kept since", says="1983", source="The centre", occurred="2008"
)
stated_1983 = FactStated(
    advocacy=ADVOCACY, statement=AN_ID, fact="kept since", says="1983", source="The centre", occurred="2008"
)


def test_work_towards_an_objective_begins() -> None:
    given(advocacy).when(begin).then(begun)
    given(advocacy, begun).when(begin).then()


def test_an_objective_is_begun_once() -> None:
    given(advocacy, begun).when(begin.model_copy(update={"title": "Another"})).refused("begun-once")


def test_something_is_done_towards_it() -> None:
    given(advocacy, begun).when(write).then(letter)
    given(advocacy, begun, letter).when(write).then()


def test_an_objective_that_nobody_began_is_not_found() -> None:
    given(advocacy).when(write).refused("not-found")


def test_nothing_is_done_in_the_future() -> None:
    given(advocacy, begun).when(write.model_copy(update={"occurred": "2009"})).refused("not-in-the-future")


def test_nothing_more_is_done_once_it_is_concluded() -> None:
    other = write.model_copy(update={"action": AN_ID})
    given(advocacy, begun, letter, adopted).when(other).refused("concluded")


def test_a_body_says_where_it_stands() -> None:
    record = RecordPosition(
        advocacy=ADVOCACY, position=AN_ID, held_by="Committee", stance=Stance.FOR, occurred="2008-03"
    )
    taken = PositionTaken(advocacy=ADVOCACY, position=AN_ID, held_by="Committee", stance=Stance.FOR, occurred="2008-03")
    given(advocacy, begun).when(record).then(taken)
    given(advocacy, begun, taken).when(record).then()
    given(advocacy, begun, letter, adopted).when(record).refused("concluded")


def test_sources_that_disagree_stand_beside_each_other() -> None:
    other = since_1983.model_copy(update={"statement": ACTION, "says": "2001", "source": "Another source"})
    stated_2001 = stated_1983.model_copy(update={"statement": ACTION, "says": "2001", "source": "Another source"})
    given(advocacy, begun).when(since_1983).then(stated_1983)
    given(advocacy, begun, stated_1983).when(other).then(stated_2001)


def test_what_a_source_says_is_stated_once() -> None:
    again = since_1983.model_copy(update={"statement": ACTION})
    given(advocacy, begun, stated_1983).when(again).then()


def test_a_source_says_one_thing_of_a_fact() -> None:
    otherwise = since_1983.model_copy(update={"statement": ACTION, "says": "2001"})
    given(advocacy, begun, stated_1983).when(otherwise).refused("a-source-says-one-thing")


def test_a_fact_may_be_stated_after_the_outcome() -> None:
    given(advocacy, begun, letter, adopted).when(since_1983).then(stated_1983)


def test_an_objective_is_adopted() -> None:
    given(advocacy, begun, letter).when(conclude).then(adopted)
    given(advocacy, begun, letter, adopted).when(conclude).then()


def test_an_objective_has_one_outcome() -> None:
    other = conclude.model_copy(update={"outcome": Result.PARTLY})
    given(advocacy, begun, letter, adopted).when(other).refused("concluded")


def test_an_outcome_follows_from_an_action() -> None:
    given(advocacy, begun).when(conclude).refused("outcome-needs-action")


def test_an_outcome_does_not_lie_before_the_beginning() -> None:
    given(advocacy, begun, letter).when(conclude.model_copy(update={"occurred": "2006"})).refused(
        "outcome-after-beginning"
    )


@pytest.mark.parametrize("outcome", [Result.ADOPTED, Result.PARTLY])
def test_what_was_adopted_names_its_act(outcome: Result) -> None:
    without = conclude.model_copy(update={"outcome": outcome, "legal_act": None})
    given(advocacy, begun, letter).when(without).refused("adopted-names-its-act")


@pytest.mark.parametrize("created", [{"legal_act": ACT}, {"observance": MISSING_CHILDRENS_DAY}])
def test_what_was_refused_created_nothing(created: dict[str, object]) -> None:
    nothing = {"outcome": Result.REFUSED, "legal_act": None, "observance": None}
    given(advocacy, begun, letter).when(conclude.model_copy(update={**nothing, **created})).refused(
        "refused-creates-nothing"
    )


def test_what_was_refused_may_be_taken_up_again() -> None:
    resume = ResumeAdvocacy(advocacy=ADVOCACY, occurred="2008-09")
    resumed = AdvocacyResumed(advocacy=ADVOCACY, occurred="2008-09")
    given(advocacy, begun, letter, refused).when(resume).then(resumed)
    given(advocacy, begun, letter, refused, resumed).when(resume).then()
    given(advocacy, begun, letter, refused, resumed).when(conclude).then(adopted)


def test_what_was_adopted_is_reached() -> None:
    resume = ResumeAdvocacy(advocacy=ADVOCACY, occurred="2008-09")
    given(advocacy, begun, letter, adopted).when(resume).refused("adopted-is-reached")


@pytest.mark.parametrize(("month", "day"), [(2, 29), (4, 31), (13, 1)])
def test_an_observance_is_a_day_of_every_year(month: int, day: int) -> None:
    with pytest.raises(ValidationError):
        Observance(observance=AN_ID, name="A day", month=month, day=day, aim="An aim", origin="An origin")
