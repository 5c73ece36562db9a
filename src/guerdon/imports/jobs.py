"""The jobs of this room: taking in the rows of imports, and forgetting old imports."""

import asyncio
from uuid import UUID

from guerdon.imports import balance_queries, queries
from guerdon.imports.balance_taking import LotTaker
from guerdon.imports.chunks import Seal
from guerdon.imports.model import KEPT_FOR
from guerdon.imports.pass_taking import PassTaker
from guerdon.imports.working import IN_THE_WAY, Taker, work_chunk
from guerdon.passes.importing import Importer
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Tx
from guerdon.platform.jobs import JOBS_TOPIC, Job, RetryLater, defer
from guerdon.platform.jobs_worker import JobContext
from guerdon.platform.keys import MasterKey

RUN_IMPORT, FORGET_IMPORTS = "imports.run", "imports.forget"
FORGOTTEN_MAX = 20_000
TURN_S = 10.0  # then others get the worker's hand
LANES = 2  # chunks at once: one is made ready while the database is at the other
WAIT_S = 0.2


async def defer_import(tx: Tx, import_id: UUID) -> None:
    """Have an import worked off, or on."""
    await defer(tx, Job(RUN_IMPORT, tx.tenant_id, {"importId": import_id.hex}), dedupe_key=import_id.hex)
    tx.announce(JOBS_TOPIC)


async def run_import(master_key: MasterKey, job: Job, context: JobContext) -> None:
    """Take in chunks of an import for a turn, then make room for others.

    Raises RetryLater when somebody is in the way.
    """
    taker = await _find_taker(master_key, job, context)
    if taker is None:
        return
    ends_at = _seconds() + TURN_S
    lanes = [_work_lane(job.tenant_id, context, taker, ends_at) for _ in range(1 if taker.is_ordered else LANES)]
    ends = await asyncio.gather(*lanes, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    if not all(ends):
        async with context.database.tenant(job.tenant_id) as tx:
            await defer_import(tx, taker.import_id)


async def forget_imports(job: Job, context: JobContext) -> None:
    """Drop the imports that were last active 90 days ago, with all rows that are kept of them."""
    while True:
        async with context.database.tenant(job.tenant_id) as tx:
            import_id = await queries.find_old(tx, context.real_now() - KEPT_FOR)
            if import_id is None:
                return
            if await balance_queries.delete_rows(tx, import_id, FORGOTTEN_MAX) < FORGOTTEN_MAX:
                await queries.delete_import(tx, import_id)


async def _find_taker(master_key: MasterKey, job: Job, context: JobContext) -> Taker | None:
    import_id = UUID(job.payload["importId"])
    seal = Seal(master_key, job.tenant_id, import_id)
    async with context.database.tenant(job.tenant_id) as tx:
        one = await queries.find_import(tx, import_id)
        if one is None:
            return None
        if one.kind == "balances":
            return LotTaker(one.actor, seal)
        type_names = frozenset(await PassTypes().list_names(tx))
    return PassTaker(Importer(master_key, type_names, one.actor), seal)


async def _work_lane(tenant_id: str, context: JobContext, taker: Taker, ends_at: float) -> bool:
    """Take in chunk after chunk; tell whether that ended because there are no more."""
    while _seconds() < ends_at:
        try:
            async with context.database.tenant(tenant_id) as tx:
                if await work_chunk(tx, taker, context.now()) is None:
                    return True
        except IN_THE_WAY as held:
            raise RetryLater(WAIT_S, "somebody else is at the same passes or wallets") from held
    return False


def _seconds() -> float:
    return asyncio.get_running_loop().time()
