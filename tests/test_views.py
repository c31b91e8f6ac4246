"""A view is another context's event as its reader sees it: what it reads must be what the producer writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import BaseModel

from services.gateway.contexts import registry
from shared.messages import Event, View
from tests.golden.record import sample_of

EVENTS = registry().event_classes()


def all_views() -> list[type[View]]:
    """Every view that a context declares; they are all imported with the registry."""
    return sorted(_below(View), key=lambda view: (view.__module__, view.__name__))


def _below(cls: type[View]) -> Iterator[type[View]]:
    for below in cls.__subclasses__():
        if below.__module__.startswith("services."):
            yield below
        yield from _below(below)


def differences(written: Any, read: Any, where: str) -> list[str]:
    """Why what is written as `written` may not be read as `read`; empty if it always can."""
    readable = _alternatives(read)
    return [
        problem
        for kind in _alternatives(written)
        if not any(not _mismatch(kind, other, where) for other in readable)
        for problem in _mismatch(kind, readable[0], where)
    ]


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(kind for part in get_args(annotation) for kind in _alternatives(part))
    if get_origin(annotation) is Literal:
        return tuple({type(value) for value in get_args(annotation)})
    return (annotation,)


def _mismatch(written: Any, read: Any, where: str) -> list[str]:
    if read is Any or written == read or (written is int and read is float):
        return []
    if isinstance(written, type) and isinstance(read, type):
        if issubclass(written, BaseModel) and issubclass(read, BaseModel):
            return fields_differ(written, read, where)
        if issubclass(written, Enum) and issubclass(read, Enum):
            unknown = {one.value for one in written} - {one.value for one in read}
            return [f"{where}: does not know {', '.join(sorted(map(str, unknown)))}"] if unknown else []
        if read is str and _is_text(written):
            return []
    if get_origin(written) in (tuple, list, frozenset) and get_origin(read) in (tuple, list, frozenset):
        return differences(get_args(written)[0], get_args(read)[0], f"{where}[]")
    return [f"{where}: {_name(written)} is written, {_name(read)} is read"]


def _is_text(written: type) -> bool:
    """Whether it stands as text in JSON."""
    if issubclass(written, Enum):
        return all(isinstance(one.value, str) for one in written)
    return issubclass(written, str | date | UUID | Decimal)


def fields_differ(written: type[BaseModel], read: type[BaseModel], where: str) -> list[str]:
    """Fields that the reader expects and the writer does not give, or gives otherwise."""
    problems = []
    for name, field in read.model_fields.items():
        given = written.model_fields.get(name)
        if given is None:
            problems.append(f"{where}.{name}: is not written")
            continue
        if not field.is_required() and field.default is None:
            continue_with = [kind for kind in _alternatives(given.annotation) if kind is not NoneType]
        else:
            continue_with = list(_alternatives(given.annotation))
            if NoneType in continue_with and field.is_required():
                problems.append(f"{where}.{name}: may be left out by the writer, and has no default")
                continue_with.remove(NoneType)
        for kind in continue_with:
            problems += differences(kind, field.annotation, f"{where}.{name}")
    return problems


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


@pytest.mark.parametrize("view", all_views(), ids=lambda view: f"{view.__module__}.{view.__name__}")
def test_a_view_reads_what_its_producer_writes(view: type[View]) -> None:
    producer = EVENTS.get(view.type_name)
    assert producer is not None, f"no context writes {view.type_name}"
    assert view.version == producer.version
    assert fields_differ(producer, view, view.type_name) == []
    view.model_validate(sample_of(producer))


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class OnlyRed(Enum):
    RED = "red"


class Inner(BaseModel):
    name: str


class Written(Event, context="test"):
    """What a producer writes."""

    text: str
    maybe: str | None = None
    colour: Colour
    inner: Inner
    many: tuple[Inner, ...]


class ReadsMissing(View, of="test.Written"):
    """Reads what is not there."""

    absent: str


class ReadsNumber(View, of="test.Written"):
    """Reads text as a number."""

    text: int


class ReadsAlways(View, of="test.Written"):
    """Counts on what may be left out."""

    maybe: str


class ReadsFewer(View, of="test.Written"):
    """Does not know every value."""

    colour: OnlyRed


class Deeper(BaseModel):
    size: int


class ReadsDeeper(View, of="test.Written"):
    """Is wrong further in."""

    many: tuple[Deeper, ...]


class ReadsWell(View, of="test.Written"):
    """Reads what is there."""

    text: str
    maybe: str | None = None
    colour: str
    inner: Inner


@pytest.mark.parametrize("view", [ReadsMissing, ReadsNumber, ReadsAlways, ReadsFewer, ReadsDeeper])
def test_a_view_that_reads_something_else_is_found(view: type[View]) -> None:
    assert fields_differ(Written, view, "test") != []


def test_a_view_that_reads_well_is_not_blamed() -> None:
    assert fields_differ(Written, ReadsWell, "test") == []
