"""HTTP for the events themselves: in pages, or as a stream for whoever accepts `text/event-stream`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import StringConstraints

from guerdon.platform.db import Database
from guerdon.platform.events import newest_position
from guerdon.platform.http import asks, router
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import DIGITS, NO_NUL
from guerdon.webhooks.documents import CURSOR, cursor_text, event_document, read_cursor
from guerdon.webhooks.feed import PAGE_MAX, Page, Wanted, read_page
from guerdon.webhooks.model import EVENT_READ, is_pattern
from guerdon.webhooks.schemas import EventPage
from guerdon.webhooks.streaming import EventStream, EventStreams

LIMIT_DEFAULT = 100
LATEST = "latest"
FIRST = "0-" + "0" * 32
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events in order, or a stream of them",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

After = Annotated[
    str | None,
    Query(
        pattern=f"^{LATEST}$|{CURSOR}",
        description="The `next` of the page before, or the id of a streamed event. Absent, pages begin with the first "
        "event and streams with the next; `latest` is where the events end now.",
    ),
]
Types = Annotated[
    str | None,
    Query(
        max_length=1000,
        pattern=r"^[A-Za-z*:.,-]+$",
        description="Only these: kinds or patterns as in webhooks, divided by commas.",
    ),
]
Subject = Annotated[
    str | None,
    StringConstraints(min_length=1, max_length=200, pattern=NO_NUL),
    Query(description="Only what happened to this, mostly a pass id."),
]


@dataclass(frozen=True, slots=True)
class FeedRoutes:
    """The feed over one database; `readmit` asks again whether the caller of a request may have its answer."""

    database: Database
    streams: EventStreams
    readmit: Callable[[Request, str], Awaitable[None]]

    def router(self) -> APIRouter:
        """Give the route."""
        made = router("/api/{tenantId}/events", "Event")
        made.add_api_route("", self.read, openapi_extra=asks(EVENT_READ), response_model=EventPage, responses=STREAM)
        return made

    async def read(
        self,
        tenant_id: Annotated[str, Path(alias="tenantId")],
        request: Request,
        after: After = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX), DIGITS] = LIMIT_DEFAULT,
        types: Types = None,
        subject: Subject = None,
    ) -> Response:
        """Give the events after a cursor, in order, none skipped; as a stream to whoever accepts one."""
        wanted = Wanted(_read_types(types), subject)
        if "text/event-stream" in request.headers.get("accept", ""):
            return await self._stream(tenant_id, request, after, wanted)
        async with self.database.tenant(tenant_id) as tx:
            begin = await newest_position(tx) if after == LATEST else read_cursor(after or FIRST)
            page = await read_page(tx, begin, wanted, limit)
        return Response(_page_text(tenant_id, page), media_type="application/json")

    async def _stream(self, tenant_id: str, request: Request, after: str | None, wanted: Wanted) -> Response:
        self.streams.check_room(tenant_id)
        begin = _last_seen(request.headers.get("last-event-id")) or after or LATEST
        if begin == LATEST:
            async with self.database.tenant(tenant_id) as tx:
                position = await newest_position(tx)
        else:
            position = read_cursor(begin)
        return EventStream(self.streams, tenant_id, position, wanted, lambda: self.readmit(request, EVENT_READ))


def _last_seen(header: str | None) -> str | None:
    if not header:
        return None
    try:
        return cursor_text(read_cursor(header))
    except ValueError as wrong:
        raise InvalidRequest({"Last-Event-ID": [str(wrong)]}) from wrong


def _read_types(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    patterns = tuple(text.split(","))
    wrong = [pattern for pattern in patterns if not is_pattern(pattern)]
    if wrong:
        raise InvalidRequest({"types": [f"{', '.join(map(repr, wrong))} is no kind of event, nor a pattern of some."]})
    return patterns


def _page_text(tenant_id: str, page: Page) -> bytes:
    events = b",".join(event_document(tenant_id, event) for event in page.events)
    return b'{"events":[%s],"next":"%s"}' % (events, cursor_text(page.reached).encode())
