"""Exporting a person: one JSON document of all that is kept, written page by page."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from guerdon.passes.exporting import Document, describe_pass, page_notifications, page_scans
from guerdon.passes.model import read_object
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.events import Event, emit, read_of_subject
from guerdon.privileges.persons import list_described, page_movements

EVENT_EXPORTED = "Person:Exported"
PAGE = 1_000

Pager = Callable[[Tx, str, Any], Awaitable[tuple[Sequence[Document], object]]]

_encoder = msgspec.json.Encoder(decimal_format="number")


async def note_export(tx: Tx, export_id: UUID, pass_ids: Sequence[str], actor: str, now: datetime) -> None:
    """Keep that somebody had a person's data exported."""
    payload = msgspec.json.encode({"exportId": str(export_id), "passIds": pass_ids}).decode()
    await emit(tx, [Event(EVENT_EXPORTED, str(export_id), payload, actor)], now)


async def write_export(
    database: Database, tenant_id: str, pass_ids: Sequence[str], now: datetime
) -> AsyncGenerator[bytes]:
    """Write the document of a person's passes, a thousand rows in memory at most; each page is read by itself."""
    yield b'{"exportDate":' + _encoder.encode(rfc3339(now)) + b',"passes":['
    is_first = True
    for pass_id in pass_ids:
        async with database.tenant(tenant_id) as tx:
            described = await describe_pass(tx, pass_id)
            privileges = await list_described(tx, pass_id)
        if described is None:  # erased since the export began
            continue
        head = _encoder.encode({**described, "privileges": privileges})
        yield (b"" if is_first else b",") + head[:-1]
        is_first = False
        for name, pager in PAGERS.items():
            async for piece in _write_pages(database, tenant_id, pass_id, name, pager):
                yield piece
        yield b"}"
    yield b"]}"


async def _write_pages(
    database: Database, tenant_id: str, pass_id: str, name: str, pager: Pager
) -> AsyncGenerator[bytes]:
    yield b',"' + name.encode() + b'":['
    reached: object = None
    is_first = True
    while is_first or reached is not None:
        async with database.tenant(tenant_id) as tx:
            documents, reached = await pager(tx, pass_id, reached)
        written = _encoder.encode(documents)[1:-1]
        yield (b"" if is_first or not written else b",") + written
        is_first = False
    yield b"]"


async def _page_events(tx: Tx, pass_id: str, after: UUID | None) -> tuple[Sequence[Document], UUID | None]:
    events = await read_of_subject(tx, pass_id, after or UUID(int=0), PAGE)
    documents: list[Document] = [
        {
            "eventId": str(event.event_id),
            "kind": event.kind,
            "payload": read_object(event.payload),
            "actor": event.actor,
            "date": rfc3339(event.occurred_at),
        }
        for event in events
    ]
    return documents, events[-1].event_id if len(events) == PAGE else None


PAGERS: Mapping[str, Pager] = {
    "movements": page_movements,
    "notifications": page_notifications,
    "scans": page_scans,
    "events": _page_events,
}
