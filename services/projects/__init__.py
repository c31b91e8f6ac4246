"""Projects and money: who funds what, how many projects there were, and that no earmark is ever overspent."""

from __future__ import annotations

from services.projects import funder, grant, project, register
from services.projects.projections.portfolio import Portfolio
from services.projects.projections.statement import GrantStatement
from shared.context import Context

context = Context(
    name="projects",
    title="Projects and money",
    deciders=(funder.funder, project.project, register.register, grant.grant),
    projections=(Portfolio(), GrantStatement()),
)
