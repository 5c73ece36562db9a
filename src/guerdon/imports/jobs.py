"""The jobs of this room: taking in the passes of imports, and forgetting old imports."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from guerdon.imports import queries
from guerdon.imports.chunks import Seal
from guerdon.imports.model import KEPT_FOR
from guerdon.imports.working import work_chunk
from guerdon.passes.importing import Importer
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Tx
from guerdon.platform.jobs import JOBS_TOPIC, Job, RetryLater, defer
from guerdon.platform.jobs_worker import JobContext
from guerdon.platform.keys import MasterKey

RUN_IMPORT, FORGET_IMPORTS = "imports.run", "imports.forget"
TURN_S = 10.0  # then others get the worker's hand
LANES = 2  # chunks at once: one is made ready while the database is at the other
WAIT_S = 0.2
IN_THE_WAY = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # somebody creates the same pass; once that is over, it is there
)


async def defer_import(tx: Tx, import_id: UUID) -> None:
    """Have an import worked off, or on."""
    await defer(tx, Job(RUN_IMPORT, tx.tenant_id, {"importId": import_id.hex}), dedupe_key=import_id.hex)
    tx.announce(JOBS_TOPIC)


async def run_import(master_key: MasterKey, job: Job, context: JobContext) -> None:
    """Take in chunks of an import for a turn, then make room for others.

    Raises RetryLater when somebody is in the way.
    """
    running = await _find(master_key, job, context)
    if running is None:
        return
    lanes = [_work_lane(job.tenant_id, context, running) for _ in range(LANES)]
    ends = await asyncio.gather(*lanes, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    if not all(ends):
        async with context.database.tenant(job.tenant_id) as tx:
            await defer_import(tx, running.seal.import_id)


async def forget_imports(job: Job, context: JobContext) -> None:
    """Drop the imports that were last active 90 days ago, with the rows that they left out."""
    dropped = 1
    while dropped:
        async with context.database.tenant(job.tenant_id) as tx:
            dropped = await queries.delete_old(tx, context.real_now() - KEPT_FOR)


@dataclass(frozen=True, slots=True)
class _Running:
    """An import under way, and when its turn ends."""

    importer: Importer
    seal: Seal
    ends_at: float


async def _find(master_key: MasterKey, job: Job, context: JobContext) -> _Running | None:
    import_id = UUID(job.payload["importId"])
    async with context.database.tenant(job.tenant_id) as tx:
        one = await queries.find_import(tx, import_id)
        if one is None:
            return None
        type_names = frozenset(await PassTypes().list_names(tx))
    importer = Importer(master_key, type_names, one.actor)
    return _Running(importer, Seal(master_key, job.tenant_id, import_id), _seconds() + TURN_S)


async def _work_lane(tenant_id: str, context: JobContext, running: _Running) -> bool:
    """Take in chunk after chunk; tell whether that ended because there are no more."""
    while _seconds() < running.ends_at:
        try:
            async with context.database.tenant(tenant_id) as tx:
                if await work_chunk(tx, running.importer, running.seal, context.now()) is None:
                    return True
        except IN_THE_WAY as held:
            raise RetryLater(WAIT_S, "somebody else is at the same passes") from held
    return False


def _seconds() -> float:
    return asyncio.get_running_loop().time()
