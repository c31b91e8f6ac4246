"""Rehabilitation: each beneficiary's way from a request to a life of their own."""

from services.rehabilitation import (
    centres,
    counsel,
    placement,
    policies,
    proceedings,
    programme,
    roster,
    rota,
    tension,
    watch,
)
from services.rehabilitation.projections import projections
from shared.context import Context

context = Context(
    name="rehabilitation",
    title="Rehabilitation",
    deciders=(
        programme.programme,
        placement.placement,
        centres.centres,
        tension.tension,
        proceedings.proceedings,
        counsel.counsel,
        rota.rota,
        roster.roster,
        watch.watch,
    ),
    policies=policies.policies,
    projections=projections,
)
