"""A change that would break yesterday's log fails here."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from services.gateway.contexts import registry
from shared.codec import decode
from shared.eventstore.port import RecordedEvent
from shared.messages import Event
from tests.golden.record import FOLDER, golden_file, schema_of

EVENTS = registry().event_classes()
RECORDED = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS)
def test_every_event_has_its_golden_schema_and_it_has_not_changed(kind: type[Event]) -> None:
    path = golden_file(kind)
    assert path.exists(), f"{kind.type_name} v{kind.version} is new: run `make golden`"
    assert schema_of(kind) == orjson.loads(path.read_bytes())["schema"], (
        f"{kind.type_name} changed its shape: give it a new version with an upcaster"
    )


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_every_version_that_ever_shipped_still_reads(path: Path) -> None:
    type_name, version = path.stem.rsplit(".v", 1)
    data = orjson.dumps(orjson.loads(path.read_bytes())["sample"])
    metadata = orjson.dumps({"version": int(version)})
    raw = RecordedEvent(1, "stream", 0, uuid4().bytes, type_name, data, metadata, True, 0)
    decode(raw, EVENTS[type_name])
