"""Keys that seal nothing in the log are not taken for old ones: what an installation still needs stays."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import uuid4

from services.cases.projections.person_search import INDEX_KEY
from services.gateway.installation import SCHEDULE, Installation
from services.protection.retention import RunRetention
from shared.privacy.personal import Retention
from shared.privacy.port import KeyName
from shared.settings import Settings


def test_the_key_of_the_search_index_outlives_every_retention(tmp_path: Path) -> None:
    unused = KeyName(str(uuid4()), Retention.IDENTITY, "case-1")
    with Installation(Settings(data_dir=tmp_path)) as it:
        it.vault.prepare([INDEX_KEY, unused])
        it.send(RunRetention(day=date(2100, 1, 1)), SCHEDULE, uuid4())
        it.policy_runner().catch_up()
        destroyed = {
            name: [key.destroyed is not None for key in it.keys.keys_of(name.subject)] for name in (INDEX_KEY, unused)
        }
    assert destroyed == {INDEX_KEY: [False], unused: [True]}
