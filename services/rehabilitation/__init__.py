"""Rehabilitation: each beneficiary's way from a request to a life of their own."""

from services.rehabilitation import policies, programme
from services.rehabilitation.projections import projections
from shared.context import Context

context = Context(
    name="rehabilitation",
    title="Rehabilitation",
    deciders=(programme.programme,),
    policies=policies.policies,
    projections=projections,
)
