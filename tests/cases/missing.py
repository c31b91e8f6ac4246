"""Facts of a disappearance that tests begin with."""

from __future__ import annotations

from typing import Any

from services.cases.disappearance.finding import MissingPersonFound
from services.cases.disappearance.record import ActionKind, FoundAs
from services.cases.disappearance.reporting import DisappearanceReported
from services.cases.disappearance.search import PoliceAgreementRecorded, RiskChecked, SearchActionRequested
from shared.messages import Event
from tests.cases.examples import CASE, DAY, PERSON, an_id

DISAPPEARANCE, ACTION, BROTHER, STRANGER = (an_id(number) for number in range(40, 44))


def reported(**changes: Any) -> DisappearanceReported:
    """PERSON is missed; nobody has shown that they are an adult."""
    stated = {
        "disappearance": DISAPPEARANCE,
        "case": CASE,
        "person": PERSON,
        "place": "The bus station",
        "last_seen": "2008-08-30",
        "adult": False,
        "occurred": DAY,
    }
    return DisappearanceReported.model_validate(stated | changes)


SAFE = RiskChecked(
    disappearance=DISAPPEARANCE, person=PERSON, safe=True, grounds="No violence.", checked_by="w-1", occurred=DAY
)
AGREED = PoliceAgreementRecorded(disappearance=DISAPPEARANCE, person=PERSON, agreed=True, occurred=DAY)
POSTER = SearchActionRequested(
    disappearance=DISAPPEARANCE, action=ACTION, person=PERSON, kind=ActionKind.POSTER, occurred=DAY
)
FOUND = MissingPersonFound(
    disappearance=DISAPPEARANCE, case=CASE, person=PERSON, how=FoundAs.ALIVE, adult=True, occurred=DAY
)


def published() -> tuple[Event, ...]:
    """A poster was asked for, as it may be."""
    return (reported(), SAFE, AGREED, POSTER)


def found(how: FoundAs = FoundAs.ALIVE, *, adult: bool = True) -> MissingPersonFound:
    """PERSON was found."""
    return FOUND.model_copy(update={"how": how, "adult": adult})
