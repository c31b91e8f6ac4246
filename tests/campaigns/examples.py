"""A campaign, an objective and a partner such as the centre had, for the tests to start from."""

from __future__ import annotations

from typing import Any

from services.campaigns.advocacy import (
    ActionKind,
    Addressee,
    AddresseeKind,
    AdvocacyActionTaken,
    AdvocacyBegun,
    AdvocacyConcluded,
    LegalAct,
    Observance,
    Result,
)
from services.campaigns.campaign.groups import GroupRegistered
from services.campaigns.campaign.holding import CampaignHeld
from services.campaigns.campaign.planning import CampaignDrafted, CampaignPlanned, PlanCampaign
from services.campaigns.campaign.state import Kind
from services.campaigns.partner import CooperationField, PartnerKind, PartnerRegistered
from services.campaigns.quantity import UNSTATED, about

CAMPAIGN = "5f0c3a52-6f43-4c56-9c5b-0a6a1d6b2c11"
VILNIUS_GROUP = "1c1d8f7e-0b1c-4f43-8a52-6de3c1a44e09"
ALYTUS_GROUP = "2d2d8f7e-0b1c-4f43-8a52-6de3c1a44e10"
POSTER = "7a6f2b1e-5c64-4a0f-9c62-3f1f5e8f3f21"
GRANT = "6a2e0c4f-5a55-4b59-9d0b-0f3f8e0d7a10"
OTHER_GRANT = "6a2e0c4f-5a55-4b59-9d0b-0f3f8e0d7a11"
OBSERVANCE = "9c1d4c3a-54a0-4a5e-8f0e-0b7a3d1f2e55"
ADVOCACY = "b3a7c0de-2f4b-4f0e-8a64-5f7d1c9e4a21"
ACTION = "c4a7c0de-2f4b-4f0e-8a64-5f7d1c9e4a22"
PARTNER = "0d9d4e0a-3f4e-4b61-a1b0-1f7c6f1f8a77"
AGREEMENT = "2f0f2f52-8f42-4a5f-8b87-8c2a7a0b8a3c"
AN_ID = "3f0f2f52-8f42-4a5f-8b87-8c2a7a0b8a3d"

DONT_SELL_YOURSELF: dict[str, Any] = {
    "campaign": CAMPAIGN,
    "kind": Kind.PUBLIC_ACTION,
    "title": "Don't sell yourself",
    "slogan": "Don't sell yourself",
    "aim": "Pupils say no to trafficking in their own way",
    "planned_for": "2008-10-02",
    "venue": "City hall",
    "town": "Vilnius",
    "occurred": "2008-09",
}

plan = PlanCampaign(**DONT_SELL_YOURSELF)
planned = CampaignPlanned(**DONT_SELL_YOURSELF)
drafted = CampaignDrafted(
    campaign=CAMPAIGN,
    kind=Kind.COMMEMORATION,
    title="International Missing Children's Day",
    aim="That fewer children go missing",
    planned_for="2009-05-25",
    observance=OBSERVANCE,
    occurred="2008",
)
held = CampaignHeld(
    campaign=CAMPAIGN,
    kind=Kind.PUBLIC_ACTION,
    title="Don't sell yourself",
    slogan="Don't sell yourself",
    venue="City hall",
    town="Vilnius",
    attendance=about(100),
    occurred="2008-10-02",
)
vilnius = GroupRegistered(
    campaign=CAMPAIGN,
    group=VILNIUS_GROUP,
    school="Schools of the Vilnius area",
    town="Vilnius",
    pupils=about(60),
    teachers=UNSTATED,
    minors=True,
    occurred="2008-09",
)
alytus = vilnius.model_copy(
    update={"group": ALYTUS_GROUP, "school": "Schools of the Alytus area", "town": "Alytus", "pupils": about(40)}
)

SEIMAS = Addressee(kind=AddresseeKind.PARLIAMENT, name="Seimas")
MISSING_CHILDRENS_DAY = Observance(
    observance=OBSERVANCE,
    name="International Missing Children's Day",
    month=5,
    day=25,
    aim="That fewer children go missing",
    origin="Kept by a growing number of nations since 1983",
)
begun = AdvocacyBegun(
    advocacy=ADVOCACY,
    title="25 May",
    objective="Parliament recognises 25 May as International Missing Children's Day",
    addressee=SEIMAS,
    occurred="2007",
)
letter = AdvocacyActionTaken(advocacy=ADVOCACY, action=ACTION, kind=ActionKind.LETTER, occurred="2007-11")
ACT = LegalAct(body="Seimas", adopted="2008")
adopted = AdvocacyConcluded(
    advocacy=ADVOCACY,
    title="25 May",
    objective=begun.objective,
    addressee=SEIMAS,
    outcome=Result.ADOPTED,
    legal_act=ACT,
    observance=MISSING_CHILDRENS_DAY,
    occurred="2008",
)
refused = adopted.model_copy(update={"outcome": Result.REFUSED, "legal_act": None, "observance": None})

EMMAUS: dict[str, Any] = {
    "partner": PARTNER,
    "name": "Emmaüs Europe",
    "kind": PartnerKind.NETWORK,
    "country": "FR",
    "fields": (CooperationField.REHABILITATION,),
    "contact_role": "Coordinator",
    "occurred": "2006",
}
registered = PartnerRegistered(**EMMAUS)
