"""What events make this context do. Each effect happens once; what a rule refuses is parked where a person sees it."""

from services.rehabilitation.policies import duty, placements, proceedings
from services.rehabilitation.policies.programmes import ReferralBecomesProgramme
from services.rehabilitation.policies.programmes import programme_by as programme_by
from shared.policies import Policy

policies: tuple[Policy, ...] = (
    ReferralBecomesProgramme(),
    *placements.policies,
    *proceedings.policies,
    *duty.policies,
)
