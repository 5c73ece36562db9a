"""Whoever alters a row, however little, is found out; and what nobody altered is sound."""

from typing import TypeAlias

import asyncpg
import pytest

from guerdon.ledger.checkpoints import signing_key, take_checkpoint
from guerdon.ledger.model import AccountKey, Capture, Earn, Expire, Hold, Move, Release, Return, Spend
from guerdon.ledger.verifying import VerifyReport, verify_tenant
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from guerdon.platform.keys import MasterKey
from tests.ledger.builders import NOON, command, day, opened, posted

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def a_life(database: Database, tenant_id: str) -> tuple[AccountKey, AccountKey]:
    """A privilege and a wallet in which everything has happened at least once."""
    privilege = await opened(database, tenant_id)
    for amount in (10, -3, 5):
        await posted(database, tenant_id, command(privilege, Move(amount), remarks="zwölf"))
    wallet = await opened(database, tenant_id, "wallet")
    for one in (
        command(wallet, Earn(10, new_id(), day(3, 1), 7)),
        command(wallet, Earn(20, new_id(), day(4, 1))),
        command(wallet, Earn(30, new_id())),
        command(wallet, Spend(12), "spend"),
        command(wallet, Hold(8, day(5, 1)), "captured"),
        command(wallet, Hold(6, day(5, 1)), "released"),
        command(wallet, Hold(5, day(5, 1)), "open"),
        command(wallet, Return("spend", 4)),
        command(wallet, Capture("captured", 3), "capture"),
        command(wallet, Return("capture", 2)),
        command(wallet, Release("released")),
    ):
        await posted(database, tenant_id, one)
    await posted(database, tenant_id, command(wallet, Expire()), day(4, 2))
    await opened(database, tenant_id)
    return privilege, wallet


async def sealed(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    async with database.tenant(tenant_id) as tx:
        await take_checkpoint(tx, master_key, NOON)


async def verified(database: Database, tenant_id: str, master_key: MasterKey) -> VerifyReport:
    return await verify_tenant(database, tenant_id, public_key=signing_key(master_key).public_key())


async def test_an_honest_ledger_is_sound(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    privilege, _ = await a_life(database, tenant_id)
    await sealed(database, tenant_id, master_key)
    await posted(database, tenant_id, command(privilege, Move(1)))
    await sealed(database, tenant_id, master_key)
    await posted(database, tenant_id, command(privilege, Move(1)))

    report = await verified(database, tenant_id, master_key)

    assert report.findings == []
    assert report.is_sound
    assert (report.accounts, report.entries, report.entries_unsigned, report.checkpoints) == (3, 17, 1, 2)
    assert (report.lots, report.holds, report.holds_closed) == (3, 3, 2)


async def test_an_empty_ledger_is_sound(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    await sealed(database, tenant_id, master_key)

    assert (await verified(database, tenant_id, master_key)).is_sound


async def test_pages_of_any_size_find_the_same(
    database: Database, tenant_id: str, master_key: MasterKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_life(database, tenant_id)
    await sealed(database, tenant_id, master_key)
    whole = await verified(database, tenant_id, master_key)

    for size in (1, 2, 3):
        monkeypatch.setattr("guerdon.ledger.verifying.ENTRIES_PER_PAGE", size)
        assert await verified(database, tenant_id, master_key) == whole


TAMPERINGS = [
    # Entries: every column, on every kind that has something there.
    "UPDATE ledger_entry SET kind = 'release' WHERE tenant_id = $1 AND kind = 'capture'",
    "UPDATE ledger_entry SET kind = 'earn' WHERE tenant_id = $1 AND kind = 'move' AND seq = 1",
    "UPDATE ledger_entry SET amount = amount + 1 WHERE tenant_id = $1 AND kind = 'move' AND seq = 3",
    "UPDATE ledger_entry SET amount = amount - 1 WHERE tenant_id = $1 AND kind = 'spend'",
    "UPDATE ledger_entry SET held_change = held_change + 1 WHERE tenant_id = $1 AND movement_id = 'open'",
    "UPDATE ledger_entry SET held_change = 1 WHERE tenant_id = $1 AND kind = 'move' AND seq = 2",
    "UPDATE ledger_entry SET value_after = value_after + 1 WHERE tenant_id = $1 AND kind = 'expire'",
    "UPDATE ledger_entry SET movement_id = 'other' WHERE tenant_id = $1 AND kind = 'move' AND seq = 2",
    "UPDATE ledger_entry SET movement_id = 'other' WHERE tenant_id = $1 AND movement_id = 'spend'",
    "UPDATE ledger_entry SET reference_id = 'open' WHERE tenant_id = $1 AND kind = 'capture'",
    "UPDATE ledger_entry SET reference_id = NULL WHERE tenant_id = $1 AND kind = 'return'",
    "UPDATE ledger_entry SET remarks = 'zwolf' WHERE tenant_id = $1 AND kind = 'move' AND seq = 1",
    "UPDATE ledger_entry SET remarks = NULL WHERE tenant_id = $1 AND kind = 'move' AND seq = 3",
    "UPDATE ledger_entry SET actor = 'nobody' WHERE tenant_id = $1 AND kind = 'expire'",
    "UPDATE ledger_entry SET recorded_at = recorded_at + interval '1 us' WHERE tenant_id = $1 AND kind = 'expire'",
    "UPDATE ledger_entry SET occurred_at = recorded_at WHERE tenant_id = $1 AND kind = 'hold'",
    "UPDATE ledger_entry SET hash = sha256('x') WHERE tenant_id = $1 AND kind = 'spend'",
    "UPDATE ledger_entry SET seq = 9 WHERE tenant_id = $1 AND kind = 'move' AND seq = 3",
    "UPDATE ledger_entry SET account_id = gen_random_uuid() WHERE tenant_id = $1 AND kind = 'move' AND seq = 3",
    (
        "UPDATE ledger_entry t SET account_id = a.account_id, seq = 99 FROM ledger_account a"
        " WHERE t.tenant_id = $1 AND t.kind = 'move' AND t.seq = 3 AND a.tenant_id = $1 AND a.kind = 'wallet'"
    ),
    "DELETE FROM ledger_entry WHERE tenant_id = $1 AND kind = 'move' AND seq = 3",
    "DELETE FROM ledger_entry WHERE tenant_id = $1 AND kind = 'move' AND seq = 1",
    "DELETE FROM ledger_entry WHERE tenant_id = $1 AND kind = 'move'",
    # Accounts.
    "UPDATE ledger_account SET value = value + 1 WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET value = 1 WHERE tenant_id = $1 AND seq = 0",
    "UPDATE ledger_account SET held = held - 1 WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET seq = seq + 1 WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET head = sha256('x') WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET has_lots = false WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET has_lots = true WHERE tenant_id = $1 AND kind = 'privilege' AND seq > 0",
    "UPDATE ledger_account SET moved_at = moved_at - interval '1 day' WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET owner_id = 'thief' WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET kind = 'privilege' WHERE tenant_id = $1 AND kind = 'wallet'",
    "UPDATE ledger_account SET account_id = gen_random_uuid() WHERE tenant_id = $1 AND kind = 'wallet'",
    "DELETE FROM ledger_account WHERE tenant_id = $1 AND kind = 'privilege' AND seq > 0",
    # Lots.
    "UPDATE ledger_lot SET lot_id = gen_random_uuid() WHERE tenant_id = $1 AND opened_seq = 3",
    (
        "UPDATE ledger_lot t SET account_id = a.account_id FROM ledger_account a"
        " WHERE t.tenant_id = $1 AND t.opened_seq = 2 AND a.tenant_id = $1 AND a.kind = 'privilege'"
    ),
    "UPDATE ledger_lot SET opened_seq = 7 WHERE tenant_id = $1 AND opened_seq = 2",
    "UPDATE ledger_lot SET amount = amount + 1 WHERE tenant_id = $1 AND opened_seq = 1",
    "UPDATE ledger_lot SET remaining = remaining - 1 WHERE tenant_id = $1 AND opened_seq = 3",
    "UPDATE ledger_lot SET unit_price = unit_price + 1 WHERE tenant_id = $1 AND opened_seq = 1",
    "UPDATE ledger_lot SET opened_at = opened_at - interval '1 us' WHERE tenant_id = $1 AND opened_seq = 1",
    "UPDATE ledger_lot SET expires_at = NULL WHERE tenant_id = $1 AND opened_seq = 1",
    "UPDATE ledger_lot SET expires_at = expires_at + interval '1 us' WHERE tenant_id = $1 AND opened_seq = 2",
    "UPDATE ledger_lot SET ended_at = opened_at WHERE tenant_id = $1 AND opened_seq = 3",
    "DELETE FROM ledger_lot WHERE tenant_id = $1 AND opened_seq = 2",
    (
        "INSERT INTO ledger_lot SELECT tenant_id, gen_random_uuid(), account_id, 90, 5, 5, 0, opened_at, NULL"
        " FROM ledger_lot WHERE tenant_id = $1 AND opened_seq = 1"
    ),
    # Allocations.
    "UPDATE ledger_allocation SET amount = amount - 1 WHERE tenant_id = $1 AND ordinal = 0 AND seq = 4",
    (
        "UPDATE ledger_allocation SET lot_id = (SELECT lot_id FROM ledger_lot WHERE tenant_id = $1 AND opened_seq = 3)"
        " WHERE tenant_id = $1 AND ordinal = 0 AND seq = 4"
    ),
    "UPDATE ledger_allocation SET ordinal = 5 WHERE tenant_id = $1 AND ordinal = 0 AND seq = 4",
    "UPDATE ledger_allocation SET seq = 8, ordinal = 7 WHERE tenant_id = $1 AND ordinal = 1 AND seq = 4",
    (
        "UPDATE ledger_allocation t SET account_id = a.account_id, seq = 2 FROM ledger_account a"
        " WHERE t.tenant_id = $1 AND t.ordinal = 1 AND t.seq = 4 AND a.tenant_id = $1 AND a.kind = 'privilege'"
    ),
    "UPDATE ledger_allocation SET account_id = gen_random_uuid() WHERE tenant_id = $1 AND ordinal = 0 AND seq = 4",
    "DELETE FROM ledger_allocation WHERE tenant_id = $1 AND seq = 4 AND ordinal = 1",
    # Holds.
    "UPDATE ledger_hold SET hold_id = 'other' WHERE tenant_id = $1 AND hold_id = 'open'",
    "UPDATE ledger_hold SET hold_id = 'other' WHERE tenant_id = $1 AND hold_id = 'released'",
    (
        "UPDATE ledger_hold t SET account_id = a.account_id FROM ledger_account a"
        " WHERE t.tenant_id = $1 AND t.hold_id = 'open' AND a.tenant_id = $1 AND a.kind = 'privilege'"
    ),
    "UPDATE ledger_hold SET opened_seq = 1 WHERE tenant_id = $1 AND hold_id = 'open'",
    "UPDATE ledger_hold SET amount = amount - 1 WHERE tenant_id = $1 AND hold_id = 'open'",
    "UPDATE ledger_hold SET opened_at = opened_at - interval '1 us' WHERE tenant_id = $1 AND hold_id = 'open'",
    "UPDATE ledger_hold SET expires_at = NULL WHERE tenant_id = $1 AND hold_id = 'open'",
    "UPDATE ledger_hold SET closed_seq = 9 WHERE tenant_id = $1 AND hold_id = 'open'",
    "UPDATE ledger_hold SET closed_seq = NULL WHERE tenant_id = $1 AND hold_id = 'captured'",
    "UPDATE ledger_hold SET closed_seq = closed_seq + 1 WHERE tenant_id = $1 AND hold_id = 'captured'",
    "DELETE FROM ledger_hold WHERE tenant_id = $1 AND hold_id = 'open'",
    (
        "INSERT INTO ledger_hold SELECT tenant_id, 'more', account_id, 50, 5, opened_at FROM ledger_hold"
        " WHERE tenant_id = $1 AND hold_id = 'open'"
    ),
    # Checkpoints.
    "UPDATE ledger_checkpoint SET taken_at = taken_at - interval '1 us' WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET accounts = accounts - 1 WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET entries = entries - 1 WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET leaves = leaves - 1 WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET root = sha256('x') WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET previous = sha256('x') WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET key_id = 'other' WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET signature = decode(repeat('00', 64), 'hex') WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint SET checkpoint_id = 2 WHERE tenant_id = $1",
    "DELETE FROM ledger_checkpoint WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint_leaf SET seq = seq - 1 WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint_leaf SET digest = sha256('x') WHERE tenant_id = $1",
    "UPDATE ledger_checkpoint_leaf SET account_id = gen_random_uuid() WHERE tenant_id = $1",
    "DELETE FROM ledger_checkpoint_leaf WHERE tenant_id = $1",
]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger_lot SET ended_at = NULL WHERE tenant_id = $1 AND opened_seq = 3",
        "UPDATE ledger_lot SET ended_at = ended_at + interval '1 us' WHERE tenant_id = $1 AND opened_seq = 3",
        "UPDATE ledger_lot SET ended_at = opened_at WHERE tenant_id = $1 AND opened_seq = 1",
        "UPDATE ledger_entry SET reference_id = NULL WHERE tenant_id = $1 AND reference_id = 'inactivity'",
    ],
)
async def test_an_altered_end_of_lots_before_their_time_is_found(
    database: Database, owner: Owner, tenant_id: str, master_key: MasterKey, tampering: str
) -> None:
    _, wallet = await a_life(database, tenant_id)
    await posted(database, tenant_id, command(wallet, Expire(ends_all=True)), day(4, 2))
    await posted(database, tenant_id, command(wallet, Earn(5, new_id())), day(4, 2))
    assert (await verified(database, tenant_id, master_key)).is_sound
    async with owner.transaction():
        await owner.execute(tampering, tenant_id)

    assert not (await verified(database, tenant_id, master_key)).is_sound


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_every_tampering_is_found(
    database: Database, owner: Owner, tenant_id: str, master_key: MasterKey, tampering: str
) -> None:
    await a_life(database, tenant_id)
    await sealed(database, tenant_id, master_key)

    async with owner.transaction():
        # Foreign keys do not stop whoever owns the tables.
        await owner.execute("SET LOCAL session_replication_role = replica")
        touched = await owner.execute(tampering, tenant_id)

    assert not touched.endswith(" 0")
    assert not (await verified(database, tenant_id, master_key)).is_sound


async def test_a_finding_names_the_account_the_entry_and_what_is_wrong(
    database: Database, owner: Owner, tenant_id: str, master_key: MasterKey
) -> None:
    key = await opened(database, tenant_id)
    entries = [(await posted(database, tenant_id, command(key, Move(1)))).entry for _ in range(3)]
    await owner.execute("UPDATE ledger_entry SET amount = 2 WHERE tenant_id = $1 AND seq = 2", tenant_id)

    report = await verified(database, tenant_id, master_key)

    assert {finding.account_id for finding in report.findings} == {entries[0].account_id}
    assert {finding.seq for finding in report.findings} == {2}
    assert [finding.problem for finding in report.findings] == [
        "the value after it is said to be 2 and is 3",
        "its hash does not fit what it says and what came before",
    ]


async def test_a_chain_that_was_rewritten_from_its_start_breaks_the_checkpoint(
    database: Database, owner: Owner, tenant_id: str, master_key: MasterKey
) -> None:
    key = await opened(database, tenant_id)
    await posted(database, tenant_id, command(key, Move(1), "m-1"))
    await sealed(database, tenant_id, master_key)
    # Whoever owns the tables and knows the format writes another history, with hashes that fit.
    await owner.execute("DELETE FROM ledger_entry WHERE tenant_id = $1", tenant_id)
    await owner.execute(
        "UPDATE ledger_account SET value = 0, seq = 0, head = decode(repeat('00', 32), 'hex') WHERE tenant_id = $1",
        tenant_id,
    )
    await posted(database, tenant_id, command(key, Move(1000), "m-1"))

    report = await verified(database, tenant_id, master_key)

    assert [finding.problem for finding in report.findings] == [
        "checkpoint 1 says that the account stood otherwise here"
    ]


async def test_findings_are_bounded_and_counted(
    database: Database, owner: Owner, tenant_id: str, master_key: MasterKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await opened(database, tenant_id)
    for _ in range(6):
        await posted(database, tenant_id, command(key, Move(1)))
    await owner.execute("UPDATE ledger_entry SET actor = 'x' WHERE tenant_id = $1", tenant_id)
    monkeypatch.setattr("guerdon.ledger.verifying.FINDINGS_MAX", 2)

    report = await verified(database, tenant_id, master_key)

    assert (len(report.findings), report.findings_count) == (2, 6)


async def test_progress_is_told_once_a_page(
    database: Database, tenant_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await opened(database, tenant_id)
    for _ in range(5):
        await posted(database, tenant_id, command(key, Move(1)))
    monkeypatch.setattr("guerdon.ledger.verifying.ENTRIES_PER_PAGE", 2)
    heard: list[int] = []

    await verify_tenant(database, tenant_id, progress=heard.append)

    assert heard == [2, 4, 5]


async def test_verification_sees_its_own_tenant_only(
    database: Database, owner: Owner, tenant_id: str, other_tenant_id: str, master_key: MasterKey
) -> None:
    await a_life(database, tenant_id)
    await a_life(database, other_tenant_id)
    await owner.execute("UPDATE ledger_entry SET actor = 'x' WHERE tenant_id = $1", other_tenant_id)

    assert (await verified(database, tenant_id, master_key)).is_sound
    assert not (await verified(database, other_tenant_id, master_key)).is_sound
