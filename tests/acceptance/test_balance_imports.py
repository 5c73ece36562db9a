"""A business moves here with its points, and a worker that is killed in the middle of it."""

import os
import signal
import time
import uuid
from decimal import Decimal

import pytest

from guerdon_client import BalanceImport, Forbidden, Guerdon, InvalidRequest, NotFound
from tests.acceptance.running import Running
from tests.acceptance.test_campaigns import workers

MANY, WALLETS = 9_000, 300
END_S = 90


def await_end(shop: Guerdon, import_id: str) -> BalanceImport:
    """Watch an import to its end; it adds up whenever it is looked at."""
    ends_at = time.monotonic() + END_S
    while time.monotonic() < ends_at:
        seen = shop.balances.get(import_id)
        assert seen.imported + seen.existing + seen.rejected <= seen.total
        assert seen.reconciliation.posted.rows == seen.imported + seen.existing
        if seen.state != "running":
            return seen
        time.sleep(0.1)
    raise AssertionError(f"The import does not end: {shop.balances.get(import_id)}")


def table(name: str, count: int) -> bytes:
    """A file of lots in wallets that nobody else has."""
    wallets = [uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{number}") for number in range(WALLETS)]
    rows = "".join(f"{name}-{number},{wallets[number % WALLETS]},1.5,0.3\n" for number in range(count))
    return f"batch,wallet,amount,price\n{rows}".encode()


def test_what_customers_had_elsewhere_can_be_spent_here_and_adds_up(shop: Guerdon, customer: str) -> None:
    wallet = str(uuid.uuid4())
    header = "batch,wallet,amount,price,expires,earnedAt,attributes.customer"
    rows = f"{customer}-1,{wallet},100,5,2199-01-01T00:00:00Z,2024-05-01T10:00:00+02:00,{customer}\n"
    file = f"{header}\n{rows}{customer}-2,{wallet},20.5,,,,\n".encode()

    tried = shop.balances.import_file(file, dry_run=True)
    started = shop.balances.import_file(file, idempotency_key=f"points {customer}")
    repeated = shop.balances.import_file(file, idempotency_key=f"points {customer}")
    ended = await_end(shop, started.progress.import_id)
    spent = shop.wallets.spend(wallet, Decimal(110))
    again = await_end(shop, shop.balances.import_file(file).progress.import_id)

    assert (tried.count, tried.progress.reconciliation) == (2, started.progress.reconciliation)
    assert (repeated.progress.import_id, repeated.receipt.is_replayed) == (started.progress.import_id, True)
    assert (ended.imported, ended.reconciliation.said.points, ended.reconciliation.said.money) == (
        2,
        Decimal("120.5"),
        5,
    )
    assert (ended.reconciliation.posted, ended.reconciliation.difference.points) == (ended.reconciliation.said, 0)
    assert [taken.amount for taken in spent.allocations] == [100, 10]
    assert shop.wallets.get(wallet).balance == Decimal("10.5")
    assert (again.imported, again.existing, again.reconciliation.difference.points) == (0, 2, 0)
    (line,) = shop.balances.list_wallets(again.import_id).items
    assert (line.wallet_id, line.said, line.difference.rows) == (wallet, again.reconciliation.said, 0)


def test_bad_lots_are_named_by_their_lines(shop: Guerdon, reader: Guerdon, customer: str) -> None:
    file = table(customer, 2) + f"{customer}-3,nobody,4,\n".encode()

    with pytest.raises(InvalidRequest) as refused:
        shop.balances.import_file(file)
    with pytest.raises(Forbidden):
        reader.balances.import_file(file)
    started = shop.balances.import_file(file, on_error="skip")
    ended = await_end(shop, started.progress.import_id)

    assert list(refused.value.errors or {}) == ["line 4"]
    assert [(row.line, row.batch, list(row.mistakes)) for row in started.left_out] == [(4, f"{customer}-3", ["wallet"])]
    assert (ended.state, ended.imported, ended.rejected, ended.reconciliation.left_out.points) == ("finished", 2, 1, 4)
    assert shop.balances.list_errors(ended.import_id).items == started.left_out
    assert ended.import_id in {one.import_id for one in reader.balances.list().items}


def test_a_killed_worker_posts_every_lot_and_none_twice(running: Running, shop: Guerdon, customer: str) -> None:
    import_id = shop.balances.import_file(table(customer, MANY)).progress.import_id
    while shop.balances.get(import_id).imported == 0:
        time.sleep(0.02)
    for pid in workers(running):
        os.kill(pid, signal.SIGKILL)
    assert shop.balances.get(import_id).state == "running"

    ended = await_end(shop, import_id)
    wallets = list(shop.balances.iter_wallets(import_id, limit=100))

    assert (ended.imported, ended.existing, ended.rejected) == (MANY, 0, 0)
    assert ended.reconciliation.posted.points == MANY * Decimal("1.5")
    assert len(wallets) == WALLETS
    assert {(one.posted.rows, one.difference.points) for one in wallets} == {(MANY // WALLETS, 0)}
    assert shop.wallets.get(wallets[0].wallet_id).balance == Decimal("1.5") * (MANY // WALLETS)


def test_a_cancelled_import_keeps_what_it_has_posted(shop: Guerdon, customer: str) -> None:
    import_id = shop.balances.import_file(table(customer, MANY)).progress.import_id

    shop.balances.cancel(import_id)
    before, seen = None, shop.balances.get(import_id)
    while before is None or seen.imported != before.imported:  # a chunk that was under way is posted all the same
        time.sleep(1)
        before, seen = seen, shop.balances.get(import_id)

    assert seen.state == "cancelled"
    assert seen.imported < MANY
    with pytest.raises(NotFound):
        shop.balances.cancel("0" * 32)
