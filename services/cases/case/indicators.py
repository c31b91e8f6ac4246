"""Indicators: what speaks for trafficking, or against it, in the codes of HTCDS 2.0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from services.cases.case.record import (
    Case,
    CaseCommand,
    CaseEvent,
    EntryKind,
    PersonOfCase,
    must_be_about,
    must_be_new,
    must_be_open,
)
from services.cases.htcds import (
    Act,
    ForcedLabourIndustry,
    MethodOfControl,
    MethodOfRecruitment,
    StatusDecidedBy,
    TraffickingStatus,
    TypeOfExploitation,
    TypeOfSexExploitation,
)
from services.cases.vocabulary import CASE_TEAM, EntryId, PersonId
from shared.dates import Occurred, must_have_happened
from shared.errors import DomainError
from shared.messages import new_id, upcasts
from shared.privacy.personal import About, Hidden


class RecordIndicators(CaseCommand, route="POST /cases/{case}/indicators", roles=CASE_TEAM):
    """Record what speaks for trafficking, or against it, in the codes of HTCDS 2.0."""

    indicators: EntryId = new_id()
    person: PersonOfCase
    status: Annotated[
        TraffickingStatus,
        About("person", record="indicators"),
        Field(description="What the person is held to be", examples=["PossibleVictimOfTrafficking"]),
    ]
    decided_by: Annotated[
        StatusDecidedBy, About("person", record="indicators"), Field(description="Who decided that", examples=["NGO"])
    ]
    act: Annotated[
        tuple[Act, ...],
        About("person", record="indicators"),
        Field(description="What was done to the person", examples=[["recruitment", "transportation"]]),
    ] = ()
    recruitment: Annotated[
        tuple[MethodOfRecruitment, ...],
        About("person", record="indicators"),
        Field(description="How the person was recruited", examples=[["ThroughANewspaperAdvert"]]),
    ] = ()
    means: Annotated[
        tuple[MethodOfControl, ...],
        About("person", record="indicators"),
        Field(description="By what means", examples=[["FalsePromises", "DebtBondage"]]),
    ] = ()
    purpose: Annotated[
        tuple[TypeOfExploitation, ...],
        About("person", record="indicators"),
        Field(description="For what purpose", examples=[["SexualExploitation", "ForcedLabour"]]),
    ] = ()
    sex_exploitation: Annotated[
        tuple[TypeOfSexExploitation, ...],
        About("person", record="indicators"),
        Field(description="Of what kind, if sexual exploitation is a purpose", examples=[["Prostitution"]]),
    ] = ()
    industry: Annotated[
        tuple[ForcedLabourIndustry, ...],
        About("person", record="indicators"),
        Field(
            description="In which industry, if forced labour is a purpose",
            examples=[["I_AccommodationAndFoodServiceActivities"]],
        ),
    ] = ()
    shown_adult: Annotated[
        bool,
        About("person", record="indicators"),
        Field(description="Whether the person is shown to be an adult; if not, no means need be shown"),
    ] = False
    occurred: Occurred


class IndicatorsRecorded(CaseEvent, version=2):
    """What speaks for trafficking, or against it, was recorded."""

    indicators: EntryId
    person: PersonId
    status: Annotated[TraffickingStatus | Hidden, About("person", record="indicators")]
    decided_by: Annotated[StatusDecidedBy | Hidden, About("person", record="indicators")]
    act: Annotated[tuple[Act, ...] | Hidden, About("person", record="indicators")]
    recruitment: Annotated[tuple[MethodOfRecruitment, ...] | Hidden, About("person", record="indicators")]
    means: Annotated[tuple[MethodOfControl, ...] | Hidden, About("person", record="indicators")]
    purpose: Annotated[tuple[TypeOfExploitation, ...] | Hidden, About("person", record="indicators")]
    sex_exploitation: Annotated[tuple[TypeOfSexExploitation, ...] | Hidden, About("person", record="indicators")] = ()
    industry: Annotated[tuple[ForcedLabourIndustry, ...] | Hidden, About("person", record="indicators")] = ()
    shown_adult: Annotated[bool | Hidden, About("person", record="indicators")]
    occurred: Occurred


@upcasts(IndicatorsRecorded, 1)
def recorded_without_kind_or_industry(data: dict[str, Any]) -> dict[str, Any]:
    """Of what kind, and in which industry, was not asked."""
    return data


Commands = RecordIndicators
Events = IndicatorsRecorded


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """Indicators, if they are what they claim to amount to."""
    must_be_open(state)
    must_have_happened(command.occurred, command.now)
    must_be_about(command.person, state)
    must_be_new(state, command.indicators)
    must_have_its_purpose(command)
    must_make_a_victim(command)
    return [IndicatorsRecorded(**command.stated())]


def must_have_its_purpose(indicators: RecordIndicators) -> None:
    """Refuses a kind or an industry of an exploitation that is not named."""
    for told, purpose in (
        (indicators.sex_exploitation, TypeOfExploitation.SEXUAL_EXPLOITATION),
        (indicators.industry, TypeOfExploitation.FORCED_LABOUR),
    ):
        if told and purpose not in indicators.purpose:
            raise DomainError(
                f"A kind or an industry of exploitation goes with its purpose, and {purpose} is not among them: "
                "add it, or leave the rest out.",
                rule="kind-goes-with-purpose",
            )


def must_make_a_victim(indicators: RecordIndicators) -> None:
    """Holds "actual victim" to its definition: an act and a purpose, and for an adult a means.

    Means are irrelevant for a child (Directive 2011/36/EU, article 2(5)), and who is not shown to be an adult is one.
    """
    if indicators.status is not TraffickingStatus.ACTUAL:
        return
    missing = [name for name in ("act", "purpose") if not getattr(indicators, name)]
    if indicators.shown_adult and not indicators.means:
        missing.append("means")
    if missing:
        raise DomainError(
            f"An actual victim is one by act, means and purpose; missing: {', '.join(missing)}. "
            "Record them, or a possible victim.",
            rule="victim-by-definition",
        )


def evolve(state: Case, event: Events) -> Case:
    """The case with its indicators."""
    return state.with_entry(event.indicators, EntryKind.INDICATORS, event.person)
