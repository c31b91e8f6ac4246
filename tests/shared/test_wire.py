"""What a message that does not fit is answered: the field and the rule, whatever a validator would say."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, Base64Bytes, BaseModel, Field

from shared.errors import Invalid
from shared.messages import Command, Id, Query, new_id
from shared.wire import NOT_ACCEPTED, answer_adapter, body_of, list_fields, read_command, read_query


def quotes(text: str) -> str:
    """A validator that does what none of ours may do."""
    raise ValueError(f"{text} is not a name")


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Adopt(Command, context="toy"):
    """Adopt an animal."""

    animal: Id = new_id()
    name: Annotated[str, AfterValidator(quotes)] | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    keeper: UUID | None = None
    counts: dict[str, int] = Field(default_factory=dict)


class Count(BaseModel):
    """How many."""

    number: int


class CountPets(Query[Count], context="toy"):
    """Count the animals."""

    kinds: tuple[str, ...] = ()
    some: list[int] | None = None
    name: str | None = None


@pytest.mark.parametrize(
    ("fields", "field", "rule", "message"),
    [
        ({"name": "Birutė"}, "name", "value_error", NOT_ACCEPTED),
        ({"pet": {"kind": "Birutė"}}, "pet", "union_tag_invalid", "This kind is not known"),
        ({"keeper": "Birutė"}, "keeper", "uuid_parsing", "Input should be a UUID"),
        ({"animal": "Birutė"}, "animal", "string_pattern_mismatch", "Input should be an id: a UUID in lower case"),
        (
            {"counts": {"Birutė lives here": "x"}},
            "counts.(a key)",
            "int_type",
            "Input should be a valid integer",
        ),
        (
            {"Birutė lives here": 1},
            "(a key)",
            "extra_forbidden",
            "There is no such field; there are: animal, name, pet, keeper, counts",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_came_in_is_quoted_nowhere(fields: dict[str, Any], field: str, rule: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_command(Adopt, fields)
    assert refused.value.facts == {"errors": [{"field": field, "rule": rule, "message": message}]}
    assert "Birut" not in str(refused.value)


class Vaccinate(Command, context="toy"):
    """Vaccinate animals."""

    chip: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{3}$", examples=["LT302"])] = "LT000"
    cats: tuple[Cat, ...] = Field(default=(), min_length=1)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"chip": "302"}, [("chip", "Input should have the form of LT302")]),
        ({"cats": [{"kind": "dog"}]}, [("cats[0].kind", "Input should be 'cat'")]),
        ({"cats": []}, [("cats", "Tuple should have at least 1 item after validation, not 0")]),
    ],
)
def test_an_error_says_what_would_be_right_and_nothing_that_is_not_wrong(
    fields: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    with pytest.raises(Invalid) as refused:
        read_command(Vaccinate, fields)
    assert [(error["field"], error["message"]) for error in refused.value.facts["errors"]] == errors


def test_a_thousand_errors_are_told_in_part() -> None:
    with pytest.raises(Invalid) as refused:
        read_command(Adopt, {"counts": {f"a{number}": "x" for number in range(1000)}})
    assert len(refused.value.facts["errors"]) == 20


def test_a_query_takes_texts_for_what_they_stand_for() -> None:
    assert read_query(CountPets, {"some": ["1", "2"]}).some == [1, 2]


def test_fields_that_hold_several_values_are_known() -> None:
    assert list_fields(CountPets) == {"kinds", "some"}


class ShowCalendar(Query[str], context="toy", roles=[], media_type="text/calendar"):
    """A text."""


class ShowArchive(Query[Base64Bytes], context="toy", roles=[], media_type="application/zip"):
    """Bytes."""


@pytest.mark.parametrize(
    ("kind", "answer", "body"),
    [(ShowCalendar, "Šventė", "Šventė".encode()), (ShowArchive, b"PK\x00\xff" * 99, b"PK\x00\xff" * 99)],
)
def test_what_has_a_media_type_goes_out_as_it_is_also_after_it_has_travelled_as_json(
    kind: type[Query[Any]], answer: Any, body: bytes
) -> None:
    assert body_of(kind, answer) == body
    travelled = answer_adapter(kind).dump_json(answer)
    assert body_of(kind, answer_adapter(kind).validate_json(travelled)) == body
