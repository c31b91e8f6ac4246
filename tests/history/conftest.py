"""The source's history, loaded once for all of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.gateway.installation import Installation
from services.history.loading import Loaded, load
from services.history.source import the_source
from shared.settings import Settings


class Told:
    """An installation in which the history has been told."""

    def __init__(self, installation: Installation, loaded: Loaded) -> None:
        self.installation = installation
        self.loaded = loaded


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with Installation(Settings(data_dir=tmp_path_factory.mktemp("history"))) as installation:
        loaded = load(the_source(), installation.bus(), installation.settle())
        installation.projector().catch_up()
        yield Told(installation, loaded)
