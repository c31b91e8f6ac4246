"""Figures for the public, the board and funders, counted from every context's events."""

from services.analytics.activity import Activity
from shared.context import Context

context = Context(name="analytics", title="Reports", projections=(Activity(),))
