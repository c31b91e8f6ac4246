"""The OpenAPI document (3.1) of the declared commands and queries. Written from the declarations alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from services.gateway.http.endpoints import JSON, place_of_created, success_status
from services.gateway.http.openapi_common import (
    HEADERS,
    HEADERS_OF_QUERIES,
    HEALTH,
    INTRODUCTION,
    PROBLEM,
    RECEIPT,
    REFUSALS,
    REFUSALS_OF_QUERIES,
    errors_of,
    first_words_of,
    refusal,
    refusals,
    words_of,
)
from services.gateway.http.routes import parameters_of
from services.gateway.http.schemas import PREFIX, SAMPLE_ID, Schema, Schemas, example, referred, schemas_of
from shared.context import Context
from shared.messages import Command, Query, Route

Declared = type[Command] | type[Query[Any]]


def describe(
    contexts: Iterable[Context],
    extra_queries: Iterable[type[Query[Any]]] = (),
    extra_paths: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The document."""
    served = tuple(contexts)
    commands = [kind for context in served for kind in context.commands() if kind.route]
    queries = [kind for context in served for kind in context.queries() if kind.route]
    queries += [kind for kind in extra_queries if kind.route]
    schemas = schemas_of(commands, queries)
    places = {kind.route.path for kind in queries if kind.route and kind.route.method == "GET"}
    paths: dict[str, dict[str, Any]] = {}
    for kind, route in _routed([*queries, *commands]):
        operation = (
            _command(kind, route, schemas, places) if issubclass(kind, Command) else _query(kind, route, schemas)
        )
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Forget-me-not",
            "version": version("forget-me-not"),
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "tags": [{"name": context.name, "description": context.title} for context in served],
        "paths": {**paths, **extra_paths, **HEALTH},
        "components": {
            "schemas": {"Receipt": RECEIPT, "Problem": PROBLEM, **referred(paths, schemas.shared)},
            "responses": {error.code: refusal(error) for error in REFUSALS},
            "parameters": {name: {"name": name, "in": "header", **header} for name, header in HEADERS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Printed by `forgetmenot token`"}
            },
        },
        "x-problems": [
            {"code": error.code, "status": error.status, "title": error.title, "description": first_words_of(error)}
            for error in errors_of()
        ],
    }


def _routed(kinds: Iterable[Declared]) -> Iterator[tuple[Declared, Route]]:
    for kind in kinds:
        if kind.route:
            yield kind, kind.route


def _command(kind: type[Command], route: Route, schemas: Schemas, places: set[str]) -> dict[str, Any]:
    status = success_status(kind)
    answer: dict[str, Any] = {
        "description": "Done, and on disk",
        "headers": {
            "ETag": {"description": "The record's revision now", "schema": {"type": "string"}},
            "X-Position": {"description": "The place in the log", "schema": {"type": "integer"}},
            "Idempotency-Key": {"description": "The command's id", "schema": {"type": "string", "format": "uuid"}},
        },
        "content": {
            "application/json": {"schema": {"$ref": PREFIX + "Receipt"}, "example": _receipt_example(kind)},
        },
    }
    if place_of_created(kind, route, places):
        answer["headers"]["Location"] = {"description": "Where it can be read", "schema": {"type": "string"}}
    return {
        **_heading(kind),
        "parameters": [*_path_parameters(kind, route, schemas), *_header_references(HEADERS)],
        **_body(kind, route, schemas),
        "responses": {str(status): answer, **refusals(REFUSALS)},
    }


def _query(kind: type[Query[Any]], route: Route, schemas: Schemas) -> dict[str, Any]:
    answer = {
        "description": "The answer, from a read model at the position named",
        "headers": {"X-Position": {"description": "What it reflects of the log", "schema": {"type": "integer"}}},
        "content": {(kind.media_type or JSON).partition(";")[0]: {"schema": _as_it_goes_out(schemas.answers[kind])}},
    }
    asked = _query_parameters(kind, route, schemas) if route.method == "GET" else []
    return {
        **_heading(kind),
        "parameters": [
            *_path_parameters(kind, route, schemas),
            *asked,
            {
                "name": "wait_for",
                "in": "query",
                "description": "Answer once the read model reflects at least this position, as a receipt gave it",
                "schema": {"type": "integer", "minimum": 0, "default": 0},
            },
            *_header_references(HEADERS_OF_QUERIES),
        ],
        **({} if route.method == "GET" else _body(kind, route, schemas)),
        "responses": {"200": answer, **refusals(REFUSALS_OF_QUERIES)},
    }


def _as_it_goes_out(answer: Schema) -> Schema:
    """Bytes are in Base64 where they travel as JSON: not in a body of their own."""
    return {"type": "string", "format": "binary"} if answer.get("format") == "base64" else answer


def _heading(kind: Declared) -> dict[str, Any]:
    summary, _, rest = words_of(kind).partition("\n")
    return {
        "operationId": kind.wire_type(),
        "tags": [kind.context],
        "summary": summary,
        **({"description": rest.strip()} if rest.strip() else {}),
        "x-roles": sorted(kind.roles),
    }


def _path_parameters(kind: Declared, route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    fields = schemas.of_fields(kind)["properties"]
    return [
        _parameter(name, "path", fields[name], True, example(fields[name], schemas.shared))
        for name in parameters_of(route.path)
    ]


def _query_parameters(kind: Declared, route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    schema = schemas.of_fields(kind)
    return [
        _parameter(name, "query", field, name in schema.get("required", ()), None)
        for name, field in schema["properties"].items()
        if name not in parameters_of(route.path)
    ]


def _parameter(name: str, where: str, field: Schema, required: bool, sample: Any) -> dict[str, Any]:
    schema = {key: value for key, value in field.items() if key not in {"description", "examples"}}
    if sample is None and field.get("examples"):
        sample = field["examples"][0]
    return {
        "name": name,
        "in": where,
        "required": required,
        "schema": schema,
        **({"description": field["description"]} if "description" in field else {}),
        **({"example": sample} if sample is not None else {}),
    }


def _header_references(names: Iterable[str]) -> list[Schema]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _body(kind: Declared, route: Route, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.of_fields(kind)
    in_path = parameters_of(route.path)
    schema["properties"] = {name: field for name, field in schema["properties"].items() if name not in in_path}
    schema["required"] = [name for name in schema.get("required", ()) if name not in in_path]
    schema.pop("description", None)
    if not schema["properties"]:
        return {}
    content = {"schema": schema, "example": example(schema, schemas.shared)}
    return {"requestBody": {"required": bool(schema["required"]), "content": {"application/json": content}}}


def _receipt_example(kind: type[Command]) -> dict[str, Any]:
    return {
        "command_id": "0d9a5f3e-3c1f-4b57-8f0e-5f6d1a2b3c4d",
        "stream": f"{kind.context}-{SAMPLE_ID}",
        "revision": 0,
        "position": 4711,
        "events": [f"{kind.context}.SomethingHappened"],
        "repeated": False,
        "ids": dict.fromkeys(kind.new_ids(), SAMPLE_ID),
    }
