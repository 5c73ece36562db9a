"""Posting against a real database: repeats, twins, dry runs, and what a refusal leaves behind."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from guerdon.ledger import accounts
from guerdon.ledger.model import (
    AccountKey,
    AccountKind,
    Capture,
    Command,
    Earn,
    Expire,
    Hold,
    Move,
    Release,
    Return,
    Spend,
)
from guerdon.ledger.posting import post as post_in
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from guerdon.platform.writes import Answer, keep_for_ever
from tests.ledger.builders import (
    NOON,
    as_posted,
    code,
    command,
    day,
    opened,
    post,
    posted,
    remaining,
    rows,
    standing,
)
from tests.shops import until_waiting

LATER = NOON + timedelta(hours=1)


async def everything(database: Database, tenant_id: str) -> list[object]:
    """Every row of the ledger and its keys, to see that nothing changed."""
    async with database.tenant(tenant_id) as tx:
        return [
            await tx.records("SELECT * FROM ledger_account WHERE tenant_id = $1 ORDER BY 1, 2", tenant_id),
            await tx.records("SELECT * FROM ledger_entry WHERE tenant_id = $1 ORDER BY 1, 2, 3", tenant_id),
            await tx.records("SELECT * FROM ledger_lot WHERE tenant_id = $1 ORDER BY 1, 2", tenant_id),
            await tx.records("SELECT * FROM ledger_allocation WHERE tenant_id = $1 ORDER BY 1, 2, 3, 4", tenant_id),
            await tx.records("SELECT * FROM ledger_hold WHERE tenant_id = $1 ORDER BY 1, 2", tenant_id),
            await tx.records("SELECT * FROM idempotency WHERE tenant_id = $1 ORDER BY 1, 2", tenant_id),
        ]


async def test_a_movement_moves_the_value_and_counts_the_version(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)

    first = await posted(database, tenant_id, command(key, Move(10)))
    second = await posted(database, tenant_id, command(key, Move(-3, 10, 1)))

    account = await standing(database, tenant_id, key)
    assert [first.entry.value_after, second.entry.value_after] == [10, 7]
    assert (account.value, account.version, account.head) == (7, 2, second.entry.hash)


@pytest.mark.parametrize(
    ("chosen", "repeat"), [("m-1", None), (None, "key"), ("m-1", "key")], ids=["movement id", "key", "both"]
)
async def test_a_repeat_is_answered_and_moves_nothing(
    database: Database, tenant_id: str, chosen: str | None, repeat: str | None
) -> None:
    key = await opened(database, tenant_id)
    first = await posted(database, tenant_id, command(key, Move(10, 0, 0), chosen, repeat=repeat))
    before = await everything(database, tenant_id)

    again = await posted(database, tenant_id, command(key, Move(10, 0, 0), chosen, repeat=repeat), LATER)

    assert again.is_repeat
    assert again.entry == first.entry
    assert await everything(database, tenant_id) == before


@pytest.mark.parametrize(
    ("action", "remarks"),
    [(Move(11), None), (Move(10), "other"), (Earn(10, new_id()), None)],
    ids=["amount", "remarks", "kind"],
)
async def test_a_movement_id_is_for_one_movement(
    database: Database, tenant_id: str, action: Move, remarks: str | None
) -> None:
    key = await opened(database, tenant_id)
    await posted(database, tenant_id, command(key, Move(10), "m-1"))

    (outcome,) = await post(database, tenant_id, command(key, action, "m-1", remarks=remarks))

    assert code(outcome) == "movement_mismatch"


async def test_a_movement_id_is_for_one_account(database: Database, tenant_id: str) -> None:
    one, other = await opened(database, tenant_id), await opened(database, tenant_id)
    await posted(database, tenant_id, command(one, Move(10), "m-1"))

    (outcome,) = await post(database, tenant_id, command(other, Move(10), "m-1"))

    assert code(outcome) == "movement_mismatch"


async def test_an_account_that_is_not_there_comes_before_a_used_movement_id(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    await posted(database, tenant_id, command(key, Move(10), "m-1"))

    (outcome,) = await post(database, tenant_id, command(AccountKey("privilege", "none"), Move(10), "m-1"))

    assert code(outcome) == "account_not_found"


async def test_a_key_is_for_one_request(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    await posted(database, tenant_id, command(key, Move(10), repeat="key"))

    (outcome,) = await post(database, tenant_id, command(key, Move(10), repeat="key", fingerprint=b"g"))

    assert code(outcome) == "idempotency_mismatch"


async def test_a_key_that_met_a_known_movement_is_taken_too(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    await posted(database, tenant_id, command(key, Move(10), "m-1"))
    await posted(database, tenant_id, command(key, Move(10), "m-1", repeat="key"))

    again, other = await post(
        database,
        tenant_id,
        command(key, Move(10), "m-1", repeat="key"),
        command(key, Move(5), "m-2", repeat="key", fingerprint=b"g"),
    )

    assert [code(again), code(other)] == ["repeat", "idempotency_mismatch"]


async def test_twins_in_one_batch_move_once(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)

    outcomes = await post(
        database,
        tenant_id,
        command(key, Move(1), "m-1", repeat="k-1"),
        command(key, Move(1), "m-1", repeat="k-1"),
        command(key, Move(1), "m-1", repeat="k-2"),
        command(key, Move(2), "m-1"),
        command(key, Move(1), "m-2", repeat="k-1", fingerprint=b"g"),
        command(key, Move(4), repeat="k-3"),
        command(key, Move(4), repeat="k-3"),
    )

    assert [code(outcome) for outcome in outcomes] == [
        "posted",
        "repeat",
        "repeat",
        "movement_mismatch",
        "idempotency_mismatch",
        "posted",
        "repeat",
    ]
    assert (await standing(database, tenant_id, key)).value == 5


async def test_a_refusal_takes_neither_the_movement_id_nor_the_key(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id, bounds=(0, None))
    before = await everything(database, tenant_id)

    refused = await post(database, tenant_id, command(key, Move(-1), "m-1", repeat="key"))
    assert [code(outcome) for outcome in refused] == ["value_out_of_bounds"]
    assert await everything(database, tenant_id) == before

    await posted(database, tenant_id, command(key, Move(1), "m-1", repeat="key"))


async def test_a_repeat_is_answered_after_the_account_has_closed(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    first = await posted(database, tenant_id, command(key, Move(10), "m-1"))
    async with database.tenant(tenant_id) as tx:
        await accounts.close_accounts(tx, [first.entry.account_id], NOON)

    again, new = await post(database, tenant_id, command(key, Move(10), "m-1"), command(key, Move(10), "m-2"))

    assert [code(again), code(new)] == ["repeat", "account_not_found"]


async def test_a_repeated_spending_shows_the_same_allocations(database: Database, tenant_id: str) -> None:
    wallet = await opened(database, tenant_id, "wallet")
    await post(database, tenant_id, command(wallet, Earn(5, new_id())), command(wallet, Earn(5, new_id())))
    first = await posted(database, tenant_id, command(wallet, Spend(8), "spend", repeat="key"))

    by_id = await posted(database, tenant_id, command(wallet, Spend(8), "spend"))
    by_key = await posted(database, tenant_id, command(wallet, Spend(8), repeat="key"))

    assert len(first.entry.allocations) == 2
    assert by_id.entry == by_key.entry == first.entry


async def test_a_dry_run_answers_the_same_and_leaves_nothing(database: Database, tenant_id: str) -> None:
    wallet = await opened(database, tenant_id, "wallet")
    await posted(database, tenant_id, command(wallet, Earn(10, new_id()), "earn"))
    before = await everything(database, tenant_id)
    wishes = [
        command(wallet, Spend(4), "spend", repeat="key"),
        command(wallet, Hold(3), "hold"),
        command(wallet, Return("spend"), "return"),
        command(wallet, Spend(8), "too much"),
    ]

    tried = await post(database, tenant_id, *wishes, dry_run=True)

    assert await everything(database, tenant_id) == before
    done = await post(database, tenant_id, *wishes)
    assert [code(outcome) for outcome in tried] == [code(outcome) for outcome in done]
    assert [as_posted(outcome).entry for outcome in tried[:3]] == [as_posted(outcome).entry for outcome in done[:3]]


async def test_an_account_takes_nothing_more_from_its_closing_on(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id, closes_at=NOON)

    (before,) = await post(database, tenant_id, command(key, Move(1)), now=NOON - timedelta(microseconds=1))
    (after,) = await post(database, tenant_id, command(key, Move(1)), now=NOON)

    assert [code(before), code(after)] == ["posted", "account_not_found"]


async def test_an_account_twice_in_a_batch_is_one_page(database: Database, tenant_id: str) -> None:
    one, other = await opened(database, tenant_id), await opened(database, tenant_id)

    outcomes = await post(
        database,
        tenant_id,
        *(command(key, Move(1, value, value)) for value in range(3) for key in (one, other)),
        command(one, Move(1, expected_version=2)),
    )

    assert [code(outcome) for outcome in outcomes] == ["posted"] * 6 + ["version_mismatch"]
    assert [(await standing(database, tenant_id, key)).value for key in (one, other)] == [3, 3]


@pytest.mark.parametrize("kind", ["privilege", "wallet"])
async def test_what_waited_for_an_account_goes_on_from_where_it_was_left(
    database: Database, tenant_id: str, kind: AccountKind
) -> None:
    key = await opened(database, tenant_id, kind)
    async with database.tenant(tenant_id) as tx:
        # Its row moves twice before the other one, which began to wait for its first place, may have it.
        await post_in(tx, [adding(key, 1)], NOON)
        waiting = asyncio.create_task(posted(database, tenant_id, adding(key, 3)))
        await until_waiting(database)
        await post_in(tx, [adding(key, 2)], NOON)
    left = await waiting

    account = await standing(database, tenant_id, key)
    assert (left.entry.seq, left.entry.value_after) == (account.version, account.value) == (3, 6)
    assert (await verify_tenant(database, tenant_id)).findings == []


def adding(key: AccountKey, amount: int) -> Command:
    return command(key, Move(amount) if key.kind == "privilege" else Earn(amount, new_id()))


async def test_a_key_of_another_kind_of_write_does_not_disturb(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    async with database.tenant(tenant_id) as tx:
        await keep_for_ever(tx, [("png", b"other", Answer(200, b"\x89PNG"))], NOON)

    taken, free = await post(database, tenant_id, command(key, Move(1), repeat="png"), command(key, Move(1)))

    assert [code(taken), code(free)] == ["idempotency_mismatch", "posted"]


async def test_the_worked_example_of_the_wire_survives_the_database(database: Database, tenant_id: str) -> None:
    wallet = await opened(database, tenant_id, "wallet", now=day(1, 1))
    for amount, expires_at in ((10, day(3, 1)), (20, day(4, 1)), (5, None)):
        await posted(database, tenant_id, command(wallet, Earn(amount, new_id(), expires_at)), day(1, 1))

    spent = await posted(database, tenant_id, command(wallet, Spend(15), "spend"), NOON)
    assert [allocation.amount for allocation in spent.entry.allocations] == [-10, -5]
    await posted(database, tenant_id, command(wallet, Return("spend")), day(3, 10))

    again, too_much, expire = await post(
        database,
        tenant_id,
        command(wallet, Return("spend")),
        command(wallet, Spend(26)),
        command(wallet, Expire()),
        now=day(3, 10),
    )
    assert [code(again), code(too_much), code(expire)] == ["nothing_to_return", "not_enough", "posted"]
    assert await remaining(database, tenant_id, wallet) == [0, 20, 5]
    assert (await standing(database, tenant_id, wallet)).value == 25


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])
async def test_a_wallet_lives_the_same_life_in_one_batch_and_in_many(
    database: Database, tenant_id: str, together: bool
) -> None:
    wallet = await opened(database, tenant_id, "wallet", now=day(1, 1))
    life: list[Command] = [
        command(wallet, Earn(10, new_id(), day(3, 1))),
        command(wallet, Earn(20, new_id(), day(4, 1))),
        command(wallet, Spend(12), "s"),
        command(wallet, Hold(10), "h"),
        command(wallet, Return("s", 5)),
        command(wallet, Capture("h", 4), "c"),
        command(wallet, Return("c", 3)),
        command(wallet, Return("c", 2)),
        command(wallet, Hold(3), "h2"),
        command(wallet, Release("h2")),
        command(wallet, Release("h")),
        command(wallet, Return("s", 7)),
        command(wallet, Return("s", 1)),
    ]

    batches = [life] if together else [[one] for one in life]
    outcomes = [outcome for batch in batches for outcome in await post(database, tenant_id, *batch)]

    assert [code(outcome) for outcome in outcomes] == [
        *["posted"] * 7,
        "nothing_to_return",
        *["posted"] * 2,
        "hold_closed",
        "posted",
        "nothing_to_return",
    ]
    assert await remaining(database, tenant_id, wallet) == [10, 19]
    account = await standing(database, tenant_id, wallet)
    assert (account.value, account.held) == (29, 0)


async def test_values_can_be_read_as_of_an_instant(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    first = await posted(database, tenant_id, command(key, Move(1)), NOON)
    await posted(database, tenant_id, command(key, Move(2)), LATER)

    async with database.tenant(tenant_id) as tx:
        found = [
            await accounts.value_as_of(tx, first.entry.account_id, instant)
            for instant in (NOON - timedelta(seconds=1), NOON, LATER - timedelta(microseconds=1), LATER)
        ]

    assert found == [0, 1, 1, 3]


async def test_an_owner_has_one_open_account_and_may_have_another_after_closing(
    database: Database, tenant_id: str
) -> None:
    key = await opened(database, tenant_id)
    first = await posted(database, tenant_id, command(key, Move(5)))

    async def open_again() -> None:
        async with database.tenant(tenant_id) as tx:
            await accounts.open_account(tx, new_id(), key, "subject", NOON, has_lots=False)

    with pytest.raises(asyncpg.UniqueViolationError):
        await open_again()
    async with database.tenant(tenant_id) as tx:
        await accounts.close_accounts(tx, [first.entry.account_id], NOON)
    await open_again()

    fresh = await posted(database, tenant_id, command(key, Move(1)))
    assert (fresh.entry.seq, fresh.entry.value_after) == (1, 1)
    kept = await rows(database, tenant_id, "SELECT FROM ledger_entry WHERE tenant_id = $1", tenant_id)
    assert len(kept) == 2


async def test_movements_posted_together_each_keep_their_own_remarks_and_actor(
    database: Database, tenant_id: str
) -> None:
    """Lists that say nothing, or the same throughout, are not sent."""
    keys = [await opened(database, tenant_id) for _ in range(3)]
    said = [
        [(None, "one"), (None, "one"), (None, "one")],
        [(None, "one"), ("first", "two"), (None, "one")],
        [("last", "two"), ("first", "two"), ("next", "two")],
        [(None, "one"), (None, "two"), (None, "three")],
    ]
    for turn in said:
        wishes = [
            replace(command(key, Move(1), remarks=remarks), actor=actor)
            for key, (remarks, actor) in zip(keys, turn, strict=True)
        ]
        await post(database, tenant_id, *wishes)

    for number, key in enumerate(keys):
        kept = await rows(
            database,
            tenant_id,
            """
            SELECT e.remarks, e.actor FROM ledger_entry e
              JOIN ledger_account a ON a.tenant_id = e.tenant_id AND a.account_id = e.account_id
             WHERE e.tenant_id = $1 AND a.owner_id = $2 ORDER BY e.seq
            """,
            tenant_id,
            key.owner_id,
        )
        assert [(row["remarks"], row["actor"]) for row in kept] == [turn[number] for turn in said]
    assert (await verify_tenant(database, tenant_id)).is_sound
