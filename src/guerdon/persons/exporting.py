"""Exporting a person: one JSON document of all that is kept, written page by page."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from guerdon.coupons.persons import page_coupons
from guerdon.passes.exporting import Document, describe_pass, page_notifications, page_scans
from guerdon.passes.model import read_object
from guerdon.persons.finding import Person
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.events import Event, emit, read_of_subject
from guerdon.points.persons import describe_wallet, page_batches, page_holds, page_lines, page_operations, page_orders
from guerdon.privileges.persons import list_described, page_movements
from guerdon.rewards.persons import page_claims
from guerdon.vouchers.persons import page_vouchers

EVENT_EXPORTED = "Person:Exported"
PAGE = 1_000

# A pager gives what comes after what was reached, and what is reached then; None ends it.
Page = tuple[Sequence[Mapping[str, object]], object]
Pager = Callable[[Tx, Any], Awaitable[Page]]
PassPager = Callable[[Tx, str, Any], Awaitable[Page]]
WalletPager = Callable[[Tx, UUID, Any, datetime], Awaitable[Page]]

_encoder = msgspec.json.Encoder(decimal_format="number")


async def note_export(tx: Tx, export_id: UUID, person: Person, actor: str, now: datetime) -> None:
    """Keep that somebody had a person's data exported."""
    # A wallet's id is that of its user, so that it would say whose data it was.
    told = {"exportId": str(export_id), "passIds": person.pass_ids, "wallets": len(person.wallet_ids)}
    await emit(tx, [Event(EVENT_EXPORTED, str(export_id), msgspec.json.encode(told).decode(), actor)], now)


async def write_export(database: Database, tenant_id: str, person: Person, now: datetime) -> AsyncGenerator[bytes]:
    """Write the document of a person, a thousand rows in memory at most; each page is read by itself."""
    writing = _Writing(database, tenant_id, now)
    yield b'{"exportDate":' + _encoder.encode(rfc3339(now)) + b',"passes":['
    async for piece in writing.each([(writing.head_of_pass(one), writing.of_pass(one)) for one in person.pass_ids]):
        yield piece
    yield b'],"wallets":['
    wallets = [(writing.head_of_wallet(one), writing.of_wallet(one)) for one in person.wallet_ids]
    async for piece in writing.each(wallets):
        yield piece
    yield b"]}"


Head = Callable[[Tx], Awaitable[Mapping[str, object] | None]]
Sections = Mapping[str, Pager]


class _Writing:
    """Writes documents that begin with what one read gives and go on with sections of any length."""

    def __init__(self, database: Database, tenant_id: str, now: datetime) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._now = now

    async def each(self, documents: Sequence[tuple[Head, Sections]]) -> AsyncGenerator[bytes]:
        """Write documents with commas between; what is gone since the export began is left out."""
        is_first = True
        for read_head, sections in documents:
            async with self._database.tenant(self._tenant_id) as tx:
                head = await read_head(tx)
            if head is None:
                continue
            yield (b"" if is_first else b",") + _encoder.encode(head)[:-1]
            is_first = False
            for name, pager in sections.items():
                async for piece in self._write_pages(name, pager):
                    yield piece
            yield b"}"

    def head_of_pass(self, pass_id: str) -> Head:
        """Say how a pass begins."""

        async def read(tx: Tx) -> Mapping[str, object] | None:
            described = await describe_pass(tx, pass_id)
            return None if described is None else {**described, "privileges": await list_described(tx, pass_id)}

        return read

    def of_pass(self, pass_id: str) -> Sections:
        """Say what a pass goes on with."""
        return {name: _of_pass(pager, pass_id) for name, pager in PAGERS.items()}

    def head_of_wallet(self, wallet_id: UUID) -> Head:
        """Say how a wallet begins."""
        return lambda tx: describe_wallet(tx, wallet_id, self._now)

    def of_wallet(self, wallet_id: UUID) -> Sections:
        """Say what a wallet goes on with."""
        return {name: _of_wallet(pager, wallet_id, self._now) for name, pager in WALLET_PAGERS.items()}

    async def _write_pages(self, name: str, pager: Pager) -> AsyncGenerator[bytes]:
        yield b',"' + name.encode() + b'":['
        reached: object = None
        is_first = True
        while is_first or reached is not None:
            async with self._database.tenant(self._tenant_id) as tx:
                documents, reached = await pager(tx, reached)
            written = _encoder.encode(documents)[1:-1]
            yield (b"" if is_first or not written else b",") + written
            is_first = False
        yield b"]"


def _of_pass(pager: PassPager, pass_id: str) -> Pager:
    return lambda tx, reached: pager(tx, pass_id, reached)


def _of_wallet(pager: WalletPager, wallet_id: UUID, now: datetime) -> Pager:
    return lambda tx, reached: pager(tx, wallet_id, reached, now)


async def _page_events(tx: Tx, subject_id: str, after: UUID | None) -> tuple[Sequence[Document], UUID | None]:
    events = await read_of_subject(tx, subject_id, after or UUID(int=0), PAGE)
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


async def _page_wallet_events(tx: Tx, wallet_id: UUID, after: UUID | None, _now: datetime) -> Page:
    return await _page_events(tx, str(wallet_id), after)


PAGERS: Mapping[str, PassPager] = {
    "movements": page_movements,
    "notifications": page_notifications,
    "scans": page_scans,
    "events": _page_events,
}
WALLET_PAGERS: Mapping[str, WalletPager] = {
    "batches": page_batches,
    "operations": page_operations,
    "holds": page_holds,
    "statement": page_lines,
    "coupons": page_coupons,
    "vouchers": page_vouchers,
    "claims": page_claims,
    "orders": page_orders,
    "events": _page_wallet_events,
}
