"""Adds the schema and a sample of each event version that has none yet: `make golden`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from services.gateway.contexts import registry
from shared.messages import Event

FOLDER = Path(__file__).parent
SOME_ID = "6f1c9d7e-0b1a-4c55-9a53-2f6f0d0c2008"


def golden_file(kind: type[Event]) -> Path:
    """Where the current version of `kind` is held."""
    return FOLDER / f"{kind.type_name}.v{kind.version}.json"


def schema_of(kind: type[Event]) -> dict[str, Any]:
    """The shape that is stored: names, types, what is required. Prose may change freely."""
    return without_prose(kind.model_json_schema(mode="serialization"))


def without_prose(schema: Any) -> Any:
    """A schema without its descriptions, titles and examples."""
    if isinstance(schema, dict):
        prose = {"description", "title", "examples"}
        return {
            key: without_prose(value)
            for key, value in schema.items()
            if key not in prose or isinstance(value, dict)  # a field may be called "title"
        }
    if isinstance(schema, list):
        return [without_prose(part) for part in schema]
    return schema


def sample_of(kind: type[Event]) -> dict[str, Any]:
    """An event as it would be stored, from the schema and its examples, the same on every run."""
    schema = kind.model_json_schema(mode="validation")
    sample: dict[str, Any] = _sample(schema, schema.get("$defs", {}))
    kind.model_validate(sample)
    return sample


def _sample(schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    match schema:
        case {"examples": [first, *_]}:
            return first
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"$ref": reference}:
            return _sample(defs[reference.rsplit("/", 1)[1]], defs)
        case {"anyOf": choices} | {"oneOf": choices}:
            sealed = [choice for choice in choices if choice.get("title") == "Sealed"]
            return _sample((sealed or [choice for choice in choices if choice.get("type") != "null"])[0], defs)
        case {"title": "Sealed"}:
            return {"sealed": "AQ", "of": SOME_ID}
        case {"type": "object", "properties": properties}:
            return {name: _sample(field, defs) for name, field in properties.items()}
        case {"type": "object"}:
            return {}
        case {"type": "array", "prefixItems": items}:
            return [_sample(item, defs) for item in items]
        case {"type": "array", "items": items}:
            return [_sample(items, defs)]
        case {"type": "integer" | "number"}:
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case {"type": "boolean"}:
            return True
        case {"type": "string", "format": "date"}:
            return "2008-10-02"
        case {"type": "string", "format": "date-time"}:
            return "2008-10-02T10:00:00+03:00"
        case {"type": "string", "format": "uuid"}:
            return SOME_ID
        case {"type": "string", "pattern": pattern} if "0-9a-f" in pattern:
            return SOME_ID
        case _:
            return "x" * max(1, schema.get("minLength", 1))


def main() -> None:
    """Write what is missing; say what was written."""
    for kind in registry().event_classes().values():
        if not (path := golden_file(kind)).exists():
            golden = {"schema": schema_of(kind), "sample": sample_of(kind)}
            path.write_bytes(orjson.dumps(golden, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
            print(f"{path.name} recorded")


if __name__ == "__main__":
    main()
