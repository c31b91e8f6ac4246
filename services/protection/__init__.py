"""Data protection: erasure by two people's word, legal holds, retention, subjects' access, documents."""

from services.protection.document import document
from services.protection.erasure import erasure
from services.protection.hold import hold
from services.protection.projections import Erasures
from services.protection.retention import retention
from shared.context import Context

context = Context(
    "protection", "Data protection", deciders=(erasure, hold, retention, document), projections=(Erasures(),)
)
