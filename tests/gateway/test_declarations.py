"""Declarations that cannot be served are refused at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from services.gateway.http import create_app
from services.gateway.tokens import open_tokens
from shared.bus import Answered, DirectBus
from shared.context import Context
from shared.messages import Id, Query, Receipt, Role
from shared.privacy.personal import About
from shared.settings import Settings


class Page(BaseModel):
    """Nothing."""


class AskByName(Query[Page], context="toy", route="GET /people", roles=[Role.CASEWORKER]):
    """A name in a URL."""

    person: Id
    name: Annotated[str, About("person")]


class AskToWait(Query[Page], context="toy", route="GET /pages", roles=[Role.CASEWORKER]):
    """A field that every query has."""

    wait_for: int = 0


class First(Query[Page], context="toy", route="GET /one", roles=[Role.CASEWORKER]):
    """One."""


class Second(Query[Page], context="toy", route="GET /one", roles=[Role.CASEWORKER]):
    """The same route."""


class Never:
    def handle(self, *_: Any, **__: Any) -> Receipt:
        raise AssertionError

    begin = handle


@pytest.mark.parametrize(
    ("queries", "why"),
    [([AskByName], "URL"), ([AskToWait], "wait_for"), ([First, Second], "clashes")],
    ids=["personal", "wait_for", "clash"],
)
def test_it_is_refused(tmp_path: Path, queries: list[type[Query[Any]]], why: str) -> None:
    bus = DirectBus(Never(), lambda *_: Answered(None, 0))
    with pytest.raises(ValueError, match=why):
        create_app(
            bus,
            [Context("toy", "Toy")],
            open_tokens(tmp_path),
            readiness=dict,
            settings=Settings(),
            extra_queries=queries,
        )
