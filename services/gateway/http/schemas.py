"""JSON schemas of what the API takes and gives, under short names, and examples that fit them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from shared.messages import UUID_PATTERN, Command, Query
from shared.wire import answer_adapter

PREFIX = "#/components/schemas/"
SAMPLE_ID = "5f0c1a52-6a44-4d7e-9a83-0d6f0e4b7c21"

Schema = dict[str, Any]


class Schemas(NamedTuple):
    """The schema of each message and of each query's answer, and what they refer to."""

    messages: dict[type, Schema]
    answers: dict[type, Schema]
    shared: dict[str, Schema]

    def of_fields(self, message: type[Command] | type[Query[Any]]) -> Schema:
        """The schema of a message's own fields: what its edge stamps on it left out."""
        schema = dict(resolve(self.messages[message], self.shared))
        left_out: frozenset[str] = getattr(message, "STAMPS", frozenset())
        schema["properties"] = {
            name: _without_marks(field) for name, field in schema.get("properties", {}).items() if name not in left_out
        }
        return schema


def schemas_of(commands: Iterable[type[Command]], queries: Iterable[type[Query[Any]]]) -> Schemas:
    """Schemas of these messages. Classes of one name in two contexts are told apart by the context."""
    asked = list(queries)
    sent: list[type[Any]] = [*commands, *asked]
    found, rest = TypeAdapter.json_schemas(
        [
            *((("message", kind), "validation", TypeAdapter(kind)) for kind in sent),
            *((("answer", kind), "serialization", answer_adapter(kind)) for kind in asked),
        ],
        ref_template=PREFIX + "{model}",
    )
    shared: dict[str, Schema] = rest.get("$defs", {})
    names = _short_names(shared)
    by_key: dict[Any, Schema] = {key: _renamed(schema, names) for (key, _), schema in found.items()}
    return Schemas(
        {kind: by_key["message", kind] for kind in sent},
        {kind: by_key["answer", kind] for kind in asked},
        {names[name]: _renamed(schema, names) for name, schema in shared.items()},
    )


def resolve(schema: Schema, shared: Mapping[str, Schema]) -> Schema:
    """What a reference refers to; a schema without one is itself."""
    while "$ref" in schema:
        schema = shared[schema["$ref"].removeprefix(PREFIX)]
    return schema


def referred(schemas: Any, shared: Mapping[str, Schema]) -> dict[str, Schema]:
    """Those of `shared` that something in `schemas` refers to, directly or not, by name."""
    found: dict[str, Schema] = {}
    waiting = [schemas]
    while waiting:
        match waiting.pop():
            case dict() as node:
                name = str(node.get("$ref", "")).removeprefix(PREFIX)
                if name in shared and name not in found:
                    found[name] = shared[name]
                    waiting.append(shared[name])
                waiting.extend(node.values())
            case list() as nodes:
                waiting.extend(nodes)
    return dict(sorted(found.items()))


def example(schema: Schema, shared: Mapping[str, Schema]) -> Any:
    """A value that fits: the declared example where there is one, and of optional fields only those that have one."""
    if examples := schema.get("examples"):
        return examples[0]
    schema = resolve(schema, shared)
    if examples := schema.get("examples"):
        return examples[0]
    if "const" in schema:
        return schema["const"]
    if choices := schema.get("enum"):
        return choices[0]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return example(next((choice for choice in choices if choice.get("type") != "null"), choices[0]), shared)
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                name: example(field, shared)
                for name, field in schema.get("properties", {}).items()
                if name in required or "examples" in field
            }
        case "array":
            return [example(schema.get("prefixItems", [schema.get("items", {})])[0], shared)]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "string":
            return _example_of_text(schema)
        case _:
            return None


def _example_of_text(schema: Schema) -> str:
    if schema.get("pattern") == UUID_PATTERN or schema.get("format") == "uuid":
        return SAMPLE_ID
    formats = {"date": "2008-10-02", "date-time": "2008-10-02T10:00:00+03:00", "time": "10:00:00"}
    return formats.get(schema.get("format", ""), "text")


def _without_marks(field: Schema) -> Schema:
    if not field.get("new_id"):
        return field
    return {name: value for name, value in field.items() if name not in {"new_id", "default", "examples"}}


def _short_names(shared: Iterable[str]) -> dict[str, str]:
    """pydantic tells classes of one name apart by their modules. The context is enough, or else the file as well."""
    wanted = {name: _candidates(name) for name in shared}
    counts = Counter(candidate for candidates in wanted.values() for candidate in candidates)
    return {
        name: next(candidate for candidate in candidates if counts[candidate] == 1)
        for name, candidates in wanted.items()
    }


def _candidates(name: str) -> tuple[str, ...]:
    match name.split("__"):
        case ["services", context, *_, file, cls]:
            return f"{context}.{cls}", f"{context}.{file}.{cls}", name
        case _:
            return (name,)


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    match node:
        case dict():
            return {key: _renamed(item, names) for key, item in node.items()}
        case list():
            return [_renamed(item, names) for item in node]
        case str() if node.startswith(PREFIX):
            name = node.removeprefix(PREFIX)
            return PREFIX + names.get(name, name)
        case _:
            return node
