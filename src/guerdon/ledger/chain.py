"""The hash chain of an account: what an entry's hash covers, byte for byte.

hash = SHA-256(previous hash || canonical bytes). The canonical bytes are the fields below in this order; integers are
eight bytes, signed, big-endian; texts, identifiers and instants that may be absent stand behind a four-byte length
(2^32 - 1 when they are), so that no two entries share their bytes; instants are microseconds since 1970 in UTC.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from guerdon.ledger.model import Allocation, Entry, Lot

FORMAT = b"guerdon ledger 1"
ABSENT = b"\xff\xff\xff\xff"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_pack_length = struct.Struct(">I").pack
_pack_integers = struct.Struct(">qqqqq").pack
_pack_integer = struct.Struct(">q").pack
_pack_counts = struct.Struct(">II").pack
_NOTHING_ABOUT_LOTS = _pack_counts(0, 0) + ABSENT


def pack_bytes(raw: bytes) -> bytes:
    """Put bytes behind their four-byte length."""
    return _pack_length(len(raw)) + raw


def pack_integers(*numbers: int) -> bytes:
    """Give integers as eight bytes each, signed, big-endian."""
    return b"".join(map(_pack_integer, numbers))


def account_prefix(tenant_id: str, account_id: UUID) -> bytes:
    """Give the bytes that all entries of one account share: format, tenant and account."""
    return FORMAT + pack_bytes(tenant_id.encode()) + pack_bytes(account_id.bytes)


def entry_hash(
    prefix: bytes,
    previous: bytes,
    entry: Entry,
    lots_opened: Sequence[Lot] = (),
    hold_expires_at: datetime | None = None,
) -> bytes:
    """Compute the hash of an entry that follows the one with the hash `previous`."""
    return sha256(previous + entry_bytes(prefix, entry, lots_opened, hold_expires_at)).digest()


def entry_bytes(
    prefix: bytes, entry: Entry, lots_opened: Sequence[Lot] = (), hold_expires_at: datetime | None = None
) -> bytes:
    """Give the canonical bytes of an entry: all that it says, and the lot or the hold that it opens."""
    parts = [
        prefix,
        _pack_integers(entry.seq, entry.amount, entry.held_change, entry.value_after, microseconds(entry.recorded_at)),
        _text(entry.kind),
        _text(entry.movement_id),
        _text(entry.reference_id),
        _text(entry.remarks),
        _text(entry.actor),
        _instant(entry.occurred_at),
        lot_bytes(entry.allocations, lots_opened, hold_expires_at),
    ]
    return b"".join(parts)


def lot_bytes(
    allocations: Sequence[Allocation], lots_opened: Sequence[Lot] = (), hold_expires_at: datetime | None = None
) -> bytes:
    """Give the end of an entry's canonical bytes: what it does to lots and holds."""
    if not allocations and not lots_opened and hold_expires_at is None:
        return _NOTHING_ABOUT_LOTS
    parts = [
        _pack_length(len(allocations)),
        *(allocation.lot_id.bytes + _pack_integer(allocation.amount) for allocation in allocations),
        _pack_length(len(lots_opened)),
        *(_lot(lot) for lot in lots_opened),
        _instant(hold_expires_at),
    ]
    return b"".join(parts)


def microseconds(instant: datetime) -> int:
    """Count the microseconds since 1970, exactly."""
    return (instant - EPOCH) // MICROSECOND


def _lot(lot: Lot) -> bytes:
    return lot.lot_id.bytes + _pack_integer(lot.amount) + _pack_integer(lot.unit_price) + _instant(lot.expires_at)


def _instant(instant: datetime | None) -> bytes:
    return ABSENT if instant is None else pack_bytes(_pack_integer(microseconds(instant)))


def _text(text: str | None) -> bytes:
    return ABSENT if text is None else pack_bytes(text.encode())
