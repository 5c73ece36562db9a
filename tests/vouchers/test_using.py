"""A voucher becomes one batch, whoever brings it and however often."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from guerdon.ledger.amounts import MILLIONTHS_MAX, UNIT
from guerdon.ledger.model import Lot
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from guerdon.points.errors import PriceTooHigh, WalletNotFound
from guerdon.points.model import Batch
from guerdon.vouchers.errors import VoucherCancelled, VoucherNotFound, VoucherUsed
from guerdon.vouchers.making import cancel_voucher, get_voucher
from guerdon.vouchers.using import use_voucher
from tests.vouchers.builders import NOW, TEN, a_voucher, a_wallet


async def use(database: Database, tenant_id: str, wallet_id: UUID, voucher_id: UUID) -> Batch:
    async with database.tenant(tenant_id) as tx:
        return await use_voucher(tx, wallet_id, voucher_id, batch_id=new_id(), actor="till", now=NOW)


async def lots(database: Database, tenant_id: str, wallet_ids: list[UUID]) -> list[Lot]:
    async with database.tenant(tenant_id) as tx:
        return await tx.all(
            Lot,
            "SELECT l.lot_id, l.amount, l.remaining, l.unit_price, l.opened_seq, l.opened_at, l.expires_at"
            "  FROM ledger_lot l JOIN wallet w USING (tenant_id, account_id)"
            " WHERE w.tenant_id = $1 AND w.wallet_id = ANY($2::uuid[])",
            tenant_id,
            wallet_ids,
        )


async def test_a_voucher_becomes_a_batch_with_its_amount_price_and_end(database: Database, tenant_id: str) -> None:
    wallet_id = await a_wallet(database, tenant_id)
    voucher_id = await a_voucher(database, tenant_id)

    batch = await use(database, tenant_id, wallet_id, voucher_id)

    assert (batch.amount, batch.price, batch.extra) == (10 * UNIT, 5 * UNIT, {"campaign": "spring"})
    assert batch.expires_at == NOW + timedelta(days=90)
    assert [lot.lot_id for lot in await lots(database, tenant_id, [wallet_id])] == [batch.batch_id]
    async with database.tenant(tenant_id) as tx:
        used = await get_voucher(tx, voucher_id)
    assert (used.state(NOW), used.wallet_id, used.batch_id) == ("USED", wallet_id, batch.batch_id)


async def test_of_thirty_two_who_bring_a_voucher_at_once_one_gets_it(database: Database, tenant_id: str) -> None:
    wallet_ids = [await a_wallet(database, tenant_id) for _ in range(4)]
    voucher_id = await a_voucher(database, tenant_id)

    outcomes = await asyncio.gather(
        *(use(database, tenant_id, wallet_ids[number % 4], voucher_id) for number in range(32)), return_exceptions=True
    )

    assert sum(isinstance(one, Batch) for one in outcomes) == 1
    assert sum(isinstance(one, VoucherUsed) for one in outcomes) == 31
    assert [lot.amount for lot in await lots(database, tenant_id, wallet_ids)] == [10 * UNIT]


async def test_a_voucher_that_is_used_and_cancelled_at_once_is_one_of_both(database: Database, tenant_id: str) -> None:
    wallet_id = await a_wallet(database, tenant_id)

    async def cancel(voucher_id: UUID) -> None:
        async with database.tenant(tenant_id) as tx:
            await cancel_voucher(tx, voucher_id, "office", NOW)

    won = 0
    for _ in range(8):
        voucher_id = await a_voucher(database, tenant_id)
        used, cancelled = await asyncio.gather(
            use(database, tenant_id, wallet_id, voucher_id), cancel(voucher_id), return_exceptions=True
        )
        assert isinstance(used, VoucherCancelled) != isinstance(cancelled, VoucherUsed)
        won += isinstance(used, Batch)

    assert len(await lots(database, tenant_id, [wallet_id])) == won


async def test_a_refused_voucher_changes_nothing(database: Database, tenant_id: str) -> None:
    voucher_id = await a_voucher(database, tenant_id)

    with pytest.raises(WalletNotFound):
        await use(database, tenant_id, uuid4(), voucher_id)
    with pytest.raises(VoucherNotFound):
        await use(database, tenant_id, await a_wallet(database, tenant_id), uuid4())

    async with database.tenant(tenant_id) as tx:
        assert (await get_voucher(tx, voucher_id)).state(NOW) == "ACTIVE"


async def test_a_voucher_that_no_wallet_could_take_is_not_made(database: Database, tenant_id: str) -> None:
    with pytest.raises(PriceTooHigh):
        await a_voucher(database, tenant_id, replace(TEN, amount=1, price=MILLIONTHS_MAX))
