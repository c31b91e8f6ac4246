"""The activity report as a page or a PDF: the same figures, under the same permissions, as its JSON."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.analytics.report import ReportActivity
from services.analytics.sheet.html import PAGE_POLICY, page
from services.analytics.sheet.making import sheet_of
from services.analytics.sheet.pdf import pdf
from services.analytics.sheet.words import Language
from services.gateway.http import headers
from services.gateway.http.endpoints import Call, Endpoint, Threads, is_number, read_parameters
from services.gateway.http.openapi_common import HEADERS_OF_QUERIES, REFUSALS_OF_QUERIES, refusals
from services.gateway.http.replies import Reply
from services.gateway.http.routes import Routes
from services.gateway.identities import Identities
from shared.bus import Answered, Bus, permit_kind
from shared.errors import Invalid
from shared.messages import Query, Route
from shared.wire import invalid_fields, read_query

ROUTE = "/reports/activity/page"


class Format(StrEnum):
    """What the page comes as."""

    HTML = "html"
    PDF = "pdf"


class Shown(BaseModel):
    """How the page is asked for, beside the period."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language = Field(default=Language.ENGLISH, description="The language of the page", examples=["lt"])
    format: Format = Field(default=Format.HTML, description="A page for a browser, or a PDF", examples=["html"])


def add_reports(
    routes: Routes[Endpoint], served: Iterable[type[Query[Any]]], identities: Identities, bus: Bus, threads: Threads
) -> None:
    """Serve the page, if the report itself is served."""
    kinds = tuple(served)
    if ReportActivity in kinds:
        routes.add(Route("GET", ROUTE), _Page(kinds, identities, bus, threads))


class _Page:
    def __init__(self, kinds: tuple[type[Query[Any]], ...], identities: Identities, bus: Bus, threads: Threads) -> None:
        self._kinds = kinds
        self._identities = identities
        self._bus = bus
        self._threads = threads

    async def __call__(self, call: Call) -> Reply:
        origin = headers.origin(call.headers, self._identities, call.correlation_id)
        permit_kind(ReportActivity, origin)
        fields = read_parameters(call.query_string, frozenset())
        wait_for = fields.pop("wait_for", "0")
        if not is_number(wait_for):
            raise Invalid("wait_for is a position of the log.")
        try:
            shown = Shown.model_validate({name: fields.pop(name) for name in Shown.model_fields if name in fields})
        except ValidationError as error:
            raise invalid_fields(error, Shown) from None
        query = read_query(ReportActivity, fields)

        def ask(asked: Query[Any]) -> Answered:
            return self._bus.ask(asked, origin, wait_for=int(wait_for))

        def make() -> tuple[bytes, int]:
            sheet, position = sheet_of(query, shown.language, self._kinds, ask)
            return (pdf if shown.format is Format.PDF else page)(sheet), position

        content, position = await self._threads.run(make)
        return Reply(200, content, _headers(query, shown, position), _MEDIA_TYPES[shown.format])


_MEDIA_TYPES = {Format.HTML: b"text/html; charset=utf-8", Format.PDF: b"application/pdf"}


def _headers(query: ReportActivity, shown: Shown, position: int) -> tuple[tuple[bytes, bytes], ...]:
    name = f"activity-{query.first}-{query.last}-{shown.language}.{shown.format}"
    found = (
        (b"x-position", b"%d" % position),
        (b"content-language", shown.language.encode()),
        (b"content-disposition", f'inline; filename="{name}"'.encode()),
    )
    return (*found, (b"content-security-policy", PAGE_POLICY.encode())) if shown.format is Format.HTML else found


def describe_reports() -> dict[str, Any]:
    """The path, for the OpenAPI document."""
    text, binary = {"schema": {"type": "string"}}, {"schema": {"type": "string", "format": "binary"}}
    day = {"type": "string", "format": "date"}
    return {
        ROUTE: {
            "get": {
                "operationId": "analytics.ReportActivityPage",
                "tags": [ReportActivity.context],
                "summary": "The activity report as one page to print, in HTML or PDF",
                "description": "The figures of `GET /reports/activity`, under the same permissions: invented and "
                "approximate ones are marked, and counts that would tell of fewer than 10 persons are not shown.",
                "x-roles": sorted(ReportActivity.roles),
                "parameters": [
                    _parameter("from", "The first day", day, "2008-01-01", required=True),
                    _parameter("to", "The last day", day, "2008-12-31", required=True),
                    _parameter("language", "The language of the page", _choice(Language), "lt"),
                    _parameter("format", "A page for a browser, or a PDF", _choice(Format), "html"),
                    *({"$ref": f"#/components/parameters/{name}"} for name in HEADERS_OF_QUERIES),
                ],
                "responses": {
                    "200": {"description": "The page", "content": {"text/html": text, "application/pdf": binary}},
                    **refusals(REFUSALS_OF_QUERIES),
                },
            }
        }
    }


def _choice(of: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": [one.value for one in of]}


def _parameter(name: str, text: str, schema: dict[str, Any], example: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": text,
        "schema": schema,
        "example": example,
    }
