"""Which texts of commands are stored as they are: each is here, with what it is for. All others are sealed.

A new field in which somebody can write what they like fails this test until it is declared `About` somebody, or until
somebody has said here why it is about nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.gateway.contexts import registry
from shared.messages import Command
from shared.privacy.personal import personal_fields

NAME = "Vardenė Pavardenytė"
"""What nobody may write where it is stored in the clear."""

OF_NOBODY = {
    "printed on posters, read out, published": {
        "campaigns.BeginAdvocacy.objective", "campaigns.BeginAdvocacy.title",
        "campaigns.ConcludeAdvocacy.observance.aim", "campaigns.ConcludeAdvocacy.observance.name",
        "campaigns.ConcludeAdvocacy.observance.origin", "campaigns.CorrectCampaign.aim",
        "campaigns.CorrectCampaign.slogan", "campaigns.CorrectCampaign.title", "campaigns.DraftCommemoration.aim",
        "campaigns.DraftCommemoration.title", "campaigns.PlanCampaign.aim", "campaigns.PlanCampaign.slogan",
        "campaigns.PlanCampaign.title", "campaigns.RecordArtefact.message", "campaigns.RemarkOnFigure.says.text",
        "campaigns.StateFact.fact", "campaigns.StateFact.says", "campaigns.StateFact.source",
        "campaigns.TranslateText.says.text", "campaigns.TranslateText.text",
    },
    "names of bodies, places and what they are for": {
        "campaigns.BeginAdvocacy.addressee.name", "campaigns.ConcludeAdvocacy.legal_act.body",
        "campaigns.ConcludeAdvocacy.legal_act.reference", "campaigns.ConcludeAdvocacy.legal_act.title",
        "campaigns.ConstituteBody.appointed_by", "campaigns.CorrectCampaign.town", "campaigns.CorrectCampaign.venue",
        "campaigns.CorrectPartner.contact_role", "campaigns.CorrectPartner.name", "campaigns.MoveCampaign.town",
        "campaigns.MoveCampaign.venue", "campaigns.PlanCampaign.organisers", "campaigns.PlanCampaign.town",
        "campaigns.PlanCampaign.venue", "campaigns.RecordAdvocacyAction.addressed_to",
        "campaigns.RecordCoverage.outlet", "campaigns.RecordPosition.held_by", "campaigns.RegisterGroup.school",
        "campaigns.RegisterGroup.town", "campaigns.RegisterPartner.contact_role", "campaigns.RegisterPartner.name",
        "campaigns.SignAgreement.subject", "projects.CorrectFunder.name", "projects.RegisterFunder.name",
    },
    "what the centre says of itself": {
        *(f"campaigns.{command}.description.{field}"
          for command in ("DescribeOrganisation", "CorrectDescription")
          for field in ("name", "legal_form", "mission", "seat", "in_other_languages.name",
                        "in_other_languages.legal_form", "in_other_languages.mission")),
    },
    "terms of projects, as funders are told": {
        "campaigns.EvaluateCampaign.findings.measure", "projects.AssignStaff.task",
        "projects.CorrectProject.objectives", "projects.CorrectProject.programme", "projects.CorrectProject.title",
        "projects.DefineIndicator.text", "projects.DefineIndicator.unit", "projects.JoinPartner.part",
        "projects.ProposeProject.objectives", "projects.ProposeProject.programme", "projects.ProposeProject.title",
    },
    "numbers and versions of documents": {
        "projects.ChargeGrant.rate.source", "projects.ChargeGrant.reference", "projects.RecordExpense.rate.source",
        "projects.ReserveFunds.rate.source", "rehabilitation.AcceptHouseRules.rules",
        "rehabilitation.AgreeToHouseRules.rules", "rehabilitation.CheckIn.house_rules",
    },
    "who leaves, as they were once written down: nobody new is named": {
        "cases.HandOverCase.giver", "cases.RemoveFromTeam.member", "projects.ReleaseStaff.staff",
    },
}  # fmt: skip

COMMANDS = [kind for context in registry().contexts for kind in context.commands() if kind.route]


def texts(message: type[BaseModel], path: str) -> Iterator[str]:
    """The fields, and those of what they hold, that take a name."""
    sealed = personal_fields(message)
    for name, field in message.model_fields.items():
        if name not in sealed and not (issubclass(message, Command) and name in Command.STAMPS):
            yield from _texts(Annotated[field.annotation, "", *field.metadata], f"{path}.{name}")


def _texts(kind: Any, path: str) -> Iterator[str]:
    if any(_takes(kind, value) for value in (NAME, [NAME], {NAME: NAME})):
        yield path
    for model in _models(kind):
        yield from texts(model, path)


def _takes(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _models(inner)


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.wire_type())
def test_what_takes_a_name_is_sealed_or_about_nobody(kind: type[Command]) -> None:
    listed = {field for fields in OF_NOBODY.values() for field in fields}
    assert set(texts(kind, kind.wire_type())) - listed == set()


def test_nothing_is_listed_that_takes_no_name_any_more() -> None:
    found = {field for kind in COMMANDS for field in texts(kind, kind.wire_type())}
    assert {field for fields in OF_NOBODY.values() for field in fields} - found == set()
