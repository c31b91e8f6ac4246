"""What this context reads of others' events is there, in the shape that they store it in."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from services.projects.policies import CampaignCancelled, CampaignFinanced, CampaignPlanned
from services.projects.projections.project_file import ServiceCorrected, ServiceDelivered, ServiceRetracted
from shared.messages import View

GOLDEN = Path(__file__).parents[1] / "golden"


VIEWS = (
    CampaignPlanned,
    CampaignFinanced,
    CampaignCancelled,
    ServiceDelivered,
    ServiceCorrected,
    ServiceRetracted,
)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_reads_the_producers_golden_sample(view: type[View]) -> None:
    golden = orjson.loads((GOLDEN / f"{view.type_name}.v{view.version}.json").read_bytes())
    producers = golden["schema"]["properties"]
    assert view.model_fields.keys() <= producers.keys()
    required = {name for name, field in view.model_fields.items() if field.is_required()}
    always_stored = set(golden["schema"]["required"])
    assert required <= always_stored
    read = view.model_validate(golden["sample"]).model_dump(mode="json", exclude_none=True)
    assert read == {name: golden["sample"][name] for name in read}
