"""The bytes under a hash are pinned: whoever changes them breaks every ledger that exists."""

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from guerdon.ledger.chain import EPOCH, account_prefix, entry_hash, microseconds
from guerdon.ledger.model import EMPTY_HEAD, Allocation, Entry, Lot

ACCOUNT = UUID("01890000-0000-7000-8000-000000000001")
LOT = UUID("01890000-0000-7000-8000-000000000002")
AT = datetime(2026, 2, 10, 12, 0, 0, 123456, tzinfo=UTC)
AT_BYTES = struct.pack(">q", 1_770_724_800_123_456)


def test_a_plain_movement_has_these_bytes() -> None:
    entry = Entry(ACCOUNT, 1, "move", -1_500_000, 0, -1_500_000, "m-1", None, "zwölf", "till 7", AT)

    found = entry_hash(account_prefix("demo", ACCOUNT), EMPTY_HEAD, entry)

    # Written out by hand from the docstring of chain.py, without its code.
    absent = b"\xff\xff\xff\xff"
    expected = (
        bytes(32)
        + b"guerdon ledger 1"
        + b"\x00\x00\x00\x04demo"
        + b"\x00\x00\x00\x10"
        + bytes.fromhex("01890000000070008000000000000001")
        + bytes.fromhex("0000000000000001")
        + bytes.fromhex("ffffffffffe91ca0")
        + bytes(8)
        + bytes.fromhex("ffffffffffe91ca0")
        + AT_BYTES
        + b"\x00\x00\x00\x04move"
        + b"\x00\x00\x00\x03m-1"
        + absent
        + b"\x00\x00\x00\x06zw\xc3\xb6lf"
        + b"\x00\x00\x00\x06till 7"
        + absent
        + bytes(4)
        + bytes(4)
        + absent
    )
    assert found == hashlib.sha256(expected).digest()


def test_an_earning_covers_the_lot_that_it_opens() -> None:
    entry = Entry(ACCOUNT, 2, "earn", 5, 0, 5, "m-2", None, None, "a", AT, AT, allocations=(Allocation(LOT, -1),))
    lot = Lot(LOT, 5, 5, 7, 2, AT, AT)

    found = entry_hash(account_prefix("demo", ACCOUNT), b"\x01" * 32, entry, [lot])

    absent = b"\xff\xff\xff\xff"
    instant = b"\x00\x00\x00\x08" + AT_BYTES
    expected = (
        b"\x01" * 32
        + b"guerdon ledger 1\x00\x00\x00\x04demo\x00\x00\x00\x10"
        + ACCOUNT.bytes
        + struct.pack(">qqqq", 2, 5, 0, 5)
        + AT_BYTES
        + b"\x00\x00\x00\x04earn\x00\x00\x00\x03m-2"
        + absent
        + absent
        + b"\x00\x00\x00\x01a"
        + instant
        + b"\x00\x00\x00\x01"
        + LOT.bytes
        + struct.pack(">q", -1)
        + b"\x00\x00\x00\x01"
        + LOT.bytes
        + struct.pack(">qq", 5, 7)
        + instant
        + absent
    )
    assert found == hashlib.sha256(expected).digest()


def test_a_hold_covers_the_end_of_its_time() -> None:
    entry = Entry(ACCOUNT, 2, "hold", 0, 5, 5, "m-2", None, None, "a", AT)
    prefix = account_prefix("demo", ACCOUNT)

    hashes = {
        entry_hash(prefix, EMPTY_HEAD, entry, hold_expires_at=until) for until in (None, AT, AT.replace(year=2027))
    }

    assert len(hashes) == 3


def test_instants_are_counted_exactly_before_and_after_1970() -> None:
    assert microseconds(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert microseconds(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1
    assert microseconds(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == 253_402_300_799_999_999


texts = st.one_of(st.none(), st.text(max_size=3))
instants = st.one_of(
    st.none(),
    # The hour before 1970, whose first four bytes look like those of an absent field.
    st.integers(-3_600_000_000, 3_600_000_000).map(lambda number: EPOCH + timedelta(microseconds=number)),
)
numbers = st.sampled_from([0, 1, -1, 2**32, -(2**32), 2**63 - 1, -(2**63)])
entries = st.builds(
    Entry,
    st.just(ACCOUNT),
    st.just(1),
    st.sampled_from(["move", "earn", "hold"]),
    numbers,
    numbers,
    numbers,
    st.text(min_size=1, max_size=3),
    texts,
    texts,
    st.text(max_size=3),
    st.just(AT),
    instants,
    allocations=st.lists(st.builds(Allocation, st.just(LOT), numbers), max_size=2).map(tuple),
)


@given(entries, entries, instants, instants)
def test_different_entries_never_share_a_hash(
    one: Entry, other: Entry, until: datetime | None, end: datetime | None
) -> None:
    assume((one, until) != (other, end))
    prefix = account_prefix("demo", ACCOUNT)

    assert entry_hash(prefix, EMPTY_HEAD, one, (), until) != entry_hash(prefix, EMPTY_HEAD, other, (), end)


def test_tenants_and_accounts_never_share_a_chain() -> None:
    entry = Entry(ACCOUNT, 1, "move", 1, 0, 1, "m", None, None, "a", AT)

    hashes = {
        entry_hash(account_prefix(tenant_id, account_id), EMPTY_HEAD, entry)
        for tenant_id in ("demo", "demo-1")
        for account_id in (ACCOUNT, LOT)
    }

    assert len(hashes) == 4
