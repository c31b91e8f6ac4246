"""An installation with this context alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.campaigns import context
from tests.assembled import Assembled


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Assembled]:
    assembled = Assembled(tmp_path, [context])
    yield assembled
    assembled.close()
