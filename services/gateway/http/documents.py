"""Documents over HTTP: their bytes go in and out as they are, which no declared command or query does."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from services.gateway.http import headers
from services.gateway.http.endpoints import Call, Endpoint, Threads, read_parameters
from services.gateway.http.openapi_common import HEADERS, HEADERS_OF_QUERIES, REFUSALS, refusals
from services.gateway.http.replies import Reply
from services.gateway.http.routes import Routes
from services.gateway.http.schemas import PREFIX, SAMPLE_ID
from services.gateway.identities import Identities
from services.protection.document import DocumentPlace, FetchDocument, KeepDocument, MediaType
from services.protection.document_desk import DocumentDesk
from shared.bus import permit_kind
from shared.errors import Invalid
from shared.messages import Route
from shared.wire import invalid_fields, read_query, receipt_fields

ROUTE = "/documents"
ONE = "/documents/{document}"
LARGEST = 16 * 2**20
"""Bytes: a scanned mandate of many pages."""

UNKNOWN = "application/octet-stream"
_media_type: TypeAdapter[str] = TypeAdapter(MediaType)


def add_documents(routes: Routes[Endpoint], desk: DocumentDesk, identities: Identities, threads: Threads) -> None:
    """Serve `desk` under its two routes."""
    routes.add(Route("POST", ROUTE), _Keep(desk, identities, threads))
    routes.add(Route("GET", ONE), _Fetch(desk, identities, threads))


class _Keep:
    def __init__(self, desk: DocumentDesk, identities: Identities, threads: Threads) -> None:
        self._desk = desk
        self._identities = identities
        self._threads = threads

    async def __call__(self, call: Call) -> Reply:
        origin = headers.origin(call.headers, self._identities, call.correlation_id)
        permit_kind(KeepDocument, origin)
        command_id = headers.command_id(call.headers)
        try:
            place = DocumentPlace.model_validate(read_parameters(call.query_string, frozenset()))
        except ValidationError as error:
            raise invalid_fields(error, DocumentPlace) from None
        media_type = _media_type_of(call.headers)
        content = await call.body()
        if not content:
            raise Invalid("The body is the document itself, and this one is empty.")
        receipt = await self._threads.run(lambda: self._desk.keep(content, place, media_type, origin, command_id))
        name = receipt.stream.removeprefix("document-")
        body = orjson.dumps({**receipt_fields(receipt), "ids": {"document": name}})
        return Reply(201, body, ((b"location", f"{ROUTE}/{name}".encode()), (b"x-position", b"%d" % receipt.position)))


class _Fetch:
    def __init__(self, desk: DocumentDesk, identities: Identities, threads: Threads) -> None:
        self._desk = desk
        self._identities = identities
        self._threads = threads

    async def __call__(self, call: Call) -> Reply:
        origin = headers.origin(call.headers, self._identities, call.correlation_id)
        permit_kind(FetchDocument, origin)
        query = read_query(FetchDocument, call.parameters)
        found = await self._threads.run(lambda: self._desk.fetch(query, origin))
        # Never shown in place: what was handed in may be a page with a script in it.
        shown = ((b"content-disposition", b"attachment"), (b"x-position", b"%d" % found.position))
        return Reply(200, found.content, shown, found.media_type.encode())


def _media_type_of(raw: headers.RawHeaders) -> str:
    text = raw.get(b"content-type", UNKNOWN.encode()).decode("latin-1").partition(";")[0].strip().lower()
    try:
        return _media_type.validate_python(text)
    except ValidationError:
        raise Invalid("Content-Type is a media type, such as application/pdf.") from None


def describe_documents() -> dict[str, Any]:
    """Their paths, for the OpenAPI document."""
    fields = DocumentPlace.model_json_schema()["properties"]
    keep = {"type": "string", "enum": list(DocumentPlace.model_json_schema()["$defs"]["Retention"]["enum"])}
    schemas = {"subject": _bare(fields["subject"]), "record": _bare(fields["record"]), "keep": keep}
    examples = {"subject": SAMPLE_ID, "record": f"case-{SAMPLE_ID}", "keep": "case_file"}
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        ROUTE: {
            "post": {
                "operationId": KeepDocument.wire_type(),
                "tags": [KeepDocument.context],
                "summary": "Keep a document: it is encrypted under the key of the person whom it is about",
                "description": f"The body is the document, of at most {LARGEST:,} bytes. Sent twice, it is kept twice.",
                "x-roles": sorted(KeepDocument.roles),
                "parameters": [
                    *(
                        {
                            "name": name,
                            "in": "query",
                            "required": name != "keep",
                            "description": fields[name].get("description", ""),
                            "schema": schemas[name],
                            "example": examples[name],
                        }
                        for name in fields
                    ),
                    *_references(name for name in HEADERS if name != "If-Match"),
                ],
                "requestBody": {"required": True, "content": {UNKNOWN: binary}},
                "responses": {
                    "201": {
                        "description": "Kept, and on disk; its id is in `ids`",
                        "headers": {
                            "Location": {"description": "Where it can be fetched", "schema": {"type": "string"}},
                            "X-Position": {"description": "The place in the log", "schema": {"type": "integer"}},
                        },
                        "content": {"application/json": {"schema": {"$ref": PREFIX + "Receipt"}}},
                    },
                    **refusals(REFUSALS),
                },
            }
        },
        ONE: {
            "get": {
                "operationId": FetchDocument.wire_type(),
                "tags": [FetchDocument.context],
                "summary": "Fetch a document; that it was opened is recorded",
                "x-roles": sorted(FetchDocument.roles),
                "parameters": [
                    {
                        "name": "document",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                        "example": "0" * 64,
                    },
                    *_references(HEADERS_OF_QUERIES),
                ],
                "responses": {
                    "200": {"description": "The document", "content": {UNKNOWN: binary}},
                    **refusals(REFUSALS),
                },
            }
        },
    }


def _bare(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key not in {"description", "title"}}


def _references(names: Any) -> list[dict[str, str]]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]
