"""A referral to rehabilitation becomes a programme requested; taken back in time, it takes the request back."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

from services.rehabilitation.programme.admission import RequestProgramme, WithdrawRequest
from services.rehabilitation.programme.record import Ground, ServiceKind
from shared.codec import Recorded
from shared.messages import View
from shared.policies import Policy, Reaction, on

US = "rehabilitation"


class ReferralMade(View, of="cases.ReferralMade"):
    """Somebody is referred on, perhaps to us."""

    referral: str
    case: str
    person: str
    to: str
    ground: str
    needs: tuple[str, ...] = ()
    occurred: str


class ReferralRevoked(View, of="cases.ReferralRevoked"):
    """A referral was taken back, perhaps one to us."""

    referral: str
    to: str
    occurred: str


class ReferralBecomesProgramme(Policy):
    """A referral to rehabilitation requests a programme; taken back in time, it takes the request back."""

    name = "referral_becomes_programme"

    @on(ReferralMade)
    def made(self, e: Recorded[ReferralMade]) -> Iterable[Reaction]:
        """To us: a programme is requested. Kinds of help that we do not know are left out, not refused."""
        made = e.event
        if made.to == US:
            known = {kind.value for kind in ServiceKind}
            yield RequestProgramme(
                programme=programme_by(made.referral),
                beneficiary=made.person,
                referral=made.referral,
                case=made.case,
                ground=Ground(made.ground),
                needs=tuple(ServiceKind(need) for need in made.needs if need in known),
                occurred=made.occurred,
            )

    @on(ReferralRevoked)
    def revoked(self, e: Recorded[ReferralRevoked]) -> Iterable[Reaction]:
        """The request goes; care that has begun goes on."""
        if e.event.to == US:
            yield WithdrawRequest(programme=programme_by(e.event.referral), occurred=e.event.occurred)


def programme_by(referral: str) -> str:
    """The id of the programme that a referral requests: one referral, one programme."""
    return str(uuid5(UUID(referral), US))
