"""Rehabilitation: each beneficiary's way from a request to a life of their own."""

from services.rehabilitation import centres, placement, policies, programme
from services.rehabilitation.projections import projections
from shared.context import Context

context = Context(
    name="rehabilitation",
    title="Rehabilitation",
    deciders=(programme.programme, placement.placement, centres.centres),
    policies=policies.policies,
    projections=projections,
)
