"""Every context of the system, for those who run them together."""

from services import analytics, audit, campaigns, cases, projects, protection, rehabilitation
from shared.context import Context, Registry

CONTEXTS: tuple[Context, ...] = (
    cases.context,
    rehabilitation.context,
    projects.context,
    campaigns.context,
    protection.context,
    audit.context,
    analytics.context,
)


def registry() -> Registry:
    """All aggregates and events. Raises ValueError if two contexts clash."""
    return Registry(CONTEXTS)
