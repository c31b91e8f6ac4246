"""Cases: who the centre helps, what is known of them, and who else is told."""

from services.cases import case, link, person, policies, referral
from services.cases.projections import projections
from shared.context import Context

context = Context(
    name="cases",
    title="Cases",
    deciders=(case.case, person.person, referral.referral, link.link),
    policies=policies.policies,
    projections=projections,
)
