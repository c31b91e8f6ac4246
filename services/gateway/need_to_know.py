"""Who may see which personal values, by role and by the type of the event that holds them.

A query's own roles say who may ask at all, and `services.gateway.team_sight` which records are there for the asker;
this says which sealed values open for them, whatever they ask. Every value that opens is on record.
"""

from __future__ import annotations

from shared.messages import Origin, Role
from shared.privacy.personal import Place
from shared.projections.read_models import PERSONAL

CLOSED: dict[str, frozenset[Role]] = {
    "rehabilitation.CounselNoteKept": frozenset({Role.LAWYER}),
    "rehabilitation.PsychologistNoteKept": frozenset({Role.PSYCHOLOGIST}),
}
"""Event types that only those who write them read: not supervisors, not the data protection officer."""

OWN_WORK: dict[str, frozenset[Role]] = {
    "campaigns": frozenset({Role.CAMPAIGNER, Role.PROJECT_MANAGER}),
    "projects": frozenset({Role.ACCOUNTANT, Role.PROJECT_MANAGER}),
}
"""Contexts whose sealed words are remarks and names that come up in the work, and who does that work."""

OVERSEES = frozenset({Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER})


def may_see(origin: Origin, place: Place) -> bool:
    """Whether the value at `place` opens for the asker."""
    if (readers := CLOSED.get(place.type)) is None:
        context = place.type.partition(".")[0]
        readers = OWN_WORK[context] | OVERSEES if context in OWN_WORK else PERSONAL
    return not readers.isdisjoint(origin.roles)
