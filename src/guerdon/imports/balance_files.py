"""Bringing in a whole file of balances here and now: what the operator's command does.

It is an import like those that come over HTTP, worked off by whoever started it; should that be broken off, the worker
goes on.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from guerdon.imports.balance_model import Reconciliation, Tally
from guerdon.imports.balance_reading import get_progress
from guerdon.imports.balance_starting import start_balance_import
from guerdon.imports.balance_taking import LotTaker
from guerdon.imports.chunks import Spool
from guerdon.imports.model import Checked, Import
from guerdon.imports.working import IN_THE_WAY, work_chunk
from guerdon.platform.db import Database
from guerdon.platform.writes import Overtaken

WAIT_S: Final = 0.2
WAITS_MAX: Final = 300  # in a row


async def bring_in(
    database: Database,
    spool: Spool,
    checked: Checked,
    tally: Tally,
    actor: str,
    clock: Callable[[], datetime],
    progress: Callable[[Import], None],
) -> tuple[Import, Reconciliation]:
    """Keep an import of a file that was checked, post its lots, and tell how it ended.

    Raises Overtaken when somebody else holds the same wallets for a minute.
    """
    seal = spool.seal
    async with database.tenant(seal.tenant_id) as tx:
        await start_balance_import(tx, seal.import_id, checked, tally, spool.read(), actor, clock())
    taker = LotTaker(actor, seal)
    while (one := await _work_chunk(database, taker, clock)) is not None:
        progress(one)
    async with database.tenant(seal.tenant_id) as tx:
        return await get_progress(tx, seal.import_id)


async def _work_chunk(database: Database, taker: LotTaker, clock: Callable[[], datetime]) -> Import | None:
    for _ in range(WAITS_MAX):
        try:
            async with database.tenant(taker.seal.tenant_id) as tx:
                return await work_chunk(tx, taker, clock())
        except IN_THE_WAY:
            await asyncio.sleep(WAIT_S)
    raise Overtaken
