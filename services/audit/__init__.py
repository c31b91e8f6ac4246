"""The audit: the trail over every event, and the replay of any record to any moment."""

from collections.abc import Callable
from typing import Any

from services.audit.replay import LogAccess, ReplayRecord, record_as_of
from services.audit.trail import AuditTrail
from shared.context import Context
from shared.messages import Query

context = Context(name="audit", title="Audit", projections=(AuditTrail(),))

log_queries: dict[type[Query[Any]], Callable[[Any, LogAccess], Any]] = {ReplayRecord: record_as_of}
"""Queries that need the log itself, which no read model answers, and the functions that answer them."""
