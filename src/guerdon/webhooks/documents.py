"""How an event is written for the world outside: to webhooks, in the feed and in streams alike."""

import re
from typing import Final
from uuid import UUID

import msgspec

from guerdon.platform.clock import rfc3339
from guerdon.platform.events import Position, StoredEvent

CURSOR: Final = r"^[0-9]{1,19}-[0-9a-f]{32}$"
_cursor = re.compile(CURSOR)


def event_document(tenant_id: str, event: StoredEvent) -> bytes:
    """Write an event as JSON: `{id, type, timestamp, tenantId, subject, data}`, on one line."""
    return msgspec.json.encode(
        {
            "id": str(event.event_id),
            "type": event.kind,
            "timestamp": rfc3339(event.occurred_at),
            "tenantId": tenant_id,
            "subject": event.subject_id,
            "data": msgspec.Raw(event.payload.encode()),
        }
    )


def cursor_text(position: Position) -> str:
    """Write a position as a cursor."""
    return f"{position.transaction_id}-{position.event_id.hex}"


def read_cursor(text: str) -> Position:
    """Read a cursor that `cursor_text` wrote. Raises ValueError."""
    if _cursor.fullmatch(text) is None:
        raise ValueError("This is no cursor; take it from `next`, or from the id of a streamed event.")
    transaction_id, _, event_id = text.partition("-")
    return Position(int(transaction_id), UUID(hex=event_id))
