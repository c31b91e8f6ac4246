"""Facts that the tests of this context begin with."""

from __future__ import annotations

from services.rehabilitation.programme.admission import ProgrammeAdmitted, ProgrammeRequested
from services.rehabilitation.programme.ending import ReintegrationBegun
from services.rehabilitation.programme.record import Ground, ServiceKind
from services.rehabilitation.programme.services import ServiceDelivered


def an_id(number: int) -> str:
    """An id that a reader can tell from others."""
    return f"00000000-0000-4000-9000-{number:012d}"


PROGRAMME, PERSON, OTHER, REFERRAL, CASE, GOAL, SERVICE, PROJECT = (an_id(number) for number in range(1, 9))

REQUESTED = ProgrammeRequested(
    programme=PROGRAMME,
    beneficiary=PERSON,
    referral=REFERRAL,
    case=CASE,
    ground=Ground.TRAFFICKING_VICTIM,
    needs=(ServiceKind.SOCIAL,),
    occurred="2008-01-10",
)
ADMITTED = ProgrammeAdmitted(programme=PROGRAMME, referral=REFERRAL, occurred="2008-01-15")
REINTEGRATING = ReintegrationBegun(programme=PROGRAMME, beneficiary=PERSON, occurred="2008-06")
DELIVERED = ServiceDelivered(
    programme=PROGRAMME,
    service=SERVICE,
    beneficiary=PERSON,
    ground=Ground.TRAFFICKING_VICTIM,
    kind=ServiceKind.PSYCHOLOGICAL,
    minutes=50,
    staff="w-1",
    occurred="2008-02-01",
)
