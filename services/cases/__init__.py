"""Cases: who the centre helps, what is known of them, and who else is told."""

from services.cases import (
    break_glass,
    case,
    contact,
    disappearance,
    link,
    match,
    message,
    person,
    policies,
    referral,
    relationship,
    sighting,
)
from services.cases.projections import projections
from shared.context import Context

context = Context(
    name="cases",
    title="Cases",
    deciders=(
        case.case,
        person.person,
        relationship.relationship,
        link.link,
        contact.contact,
        disappearance.disappearance,
        sighting.sighting,
        match.match,
        referral.referral,
        message.message,
        break_glass.break_glass,
    ),
    policies=policies.policies,
    projections=projections,
)
