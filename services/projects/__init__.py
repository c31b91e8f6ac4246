"""Projects and money: who funds what, how many projects there were, and that no earmark is ever overspent."""

from __future__ import annotations

from services.projects import expense, funder, grant, project, register
from services.projects.policies import policies
from services.projects.projections.deadlines import FunderReports
from services.projects.projections.donor_report import GrantBooks
from services.projects.projections.expenses import Expenses
from services.projects.projections.portfolio import Portfolio
from services.projects.projections.project_file import ProjectFile
from shared.context import Context

context = Context(
    name="projects",
    title="Projects and money",
    deciders=(funder.funder, project.project, register.register, grant.grant, expense.expense),
    policies=policies,
    projections=(Portfolio(), ProjectFile(), GrantBooks(), FunderReports(), Expenses()),
)
