"""The parts that an activity report is made of."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class Reported(BaseModel):
    """A part of the report."""

    model_config = ConfigDict(frozen=True)


class Participants(Reported):
    """How many took part: `exact`, `approximate`, or `unstated` without a number."""

    number: int | None
    precision: str


class TownReported(Reported):
    """Who came from one town; null where that would tell of a few."""

    town: str
    pupils: Participants | None


class MeasureReported(Reported):
    """How large a thing is."""

    dimension: str
    value: Decimal
    unit: str


class ArtefactReported(Reported):
    """A thing that was made, and how large it is."""

    kind: str
    message: str | None
    measures: tuple[MeasureReported, ...]
    synthetic: bool


class CampaignReported(Reported):
    """A campaign that was held in the period."""

    campaign: str
    kind: str
    title: str
    slogan: str | None
    aim: str | None
    held_on: str
    venue: str | None
    town: str | None
    participants: Participants | None
    towns: tuple[TownReported, ...]
    teachers: Participants | None = Field(description="Who came with the groups; null where too few to be shown")
    artefacts: tuple[ArtefactReported, ...]
    synthetic: bool


class ActReported(Reported):
    """The legal act that an objective led to."""

    body: str
    title: str | None
    reference: str | None
    adopted: str


class ObservanceReported(Reported):
    """A day that is kept every year since."""

    name: str
    month: int
    day: int
    origin: str


class OutcomeReported(Reported):
    """What came of an advocacy objective in the period."""

    advocacy: str
    title: str
    objective: str
    addressee: str
    outcome: str
    concluded: str
    legal_act: ActReported | None
    observance: ObservanceReported | None
    synthetic: bool


class StatementReported(Reported):
    """What one source says of a fact."""

    fact: str
    says: str
    source: str


class AdvocacyReported(Reported):
    """An objective that was worked for in the period. `outcome` as it was at the end; null while it is open.

    `disputed` holds what sources say of a fact that they do not agree on, side by side.
    """

    advocacy: str
    title: str
    objective: str
    addressee: str
    actions: int
    outcome: str | None
    disputed: tuple[StatementReported, ...]
    synthetic: bool


class FunderReported(Reported):
    """What one funder made possible, in euro; litas at the fixed rate.

    `share` and `share_in_period` are of all awards, in per cent to one decimal. `not_converted` has awards in
    currencies without a fixed rate, which are in neither.
    """

    funder: str
    name: str
    kind: str
    country: str
    projects: int
    awarded: Decimal
    share: Decimal
    awarded_in_period: Decimal
    share_in_period: Decimal
    not_converted: dict[str, Decimal]
    synthetic: bool


class EarmarkReported(Reported):
    """One category of a grant, at the end of the period."""

    category: str
    awarded: Decimal
    committed: Decimal
    spent: Decimal
    left: Decimal


class ProgrammeReported(Reported):
    """A grant of a programme that ran in the period, and how it stood at the end, by earmark."""

    programme: str
    project: str
    funder: str
    currency: str
    first_day: date
    last_day: date
    earmarks: tuple[EarmarkReported, ...]
    synthetic: bool = Field(description="Amounts or dates were invented")


class BodyReported(Reported):
    """A body that governs, by seats."""

    kind: str
    seats: int
    of_public_authorities: int
    of_funders: int
    appointed_by: str
    synthetic: bool


class WordingReported(Reported):
    """The organisation's name and purpose in one more language."""

    language: str
    name: str
    legal_form: str
    mission: str


class OrganisationReported(Reported):
    """The organisation as it was at the end of the period."""

    name: str
    legal_form: str
    independent: bool
    non_profit: bool
    mission: str
    founded: str | None
    seat: str | None
    country: str
    in_other_languages: tuple[WordingReported, ...]
    bodies: tuple[BodyReported, ...]
    synthetic: bool


class PartnerReported(Reported):
    """An organisation that works with the centre; `agreements` in force and `joint_works` done in the period."""

    partner: str
    name: str
    kind: str
    country: str
    agreements: int
    joint_works: int
    synthetic: bool


class SayingReported(Reported):
    """A remark in one language."""

    language: str
    text: str


class RemarkReported(Reported):
    """What readers of a figure are to know, such as an assumption that it rests on."""

    remark: str
    figure: str
    says: tuple[SayingReported, ...]


class TextReported(Reported):
    """A text as it was recorded, the language that it is written in, and what it says in others."""

    text: str
    written_in: str
    says: tuple[SayingReported, ...]
