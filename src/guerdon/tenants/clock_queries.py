"""Every statement on the clocks of tenants."""

from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Database, Tx
from guerdon.tenants.clock_model import Advance, AdvanceState, Clock


async def list_clocks(database: Database) -> dict[str, datetime]:
    """Read where every clock stands, by tenant: as many as there are tenants under test, which are few.

    This crosses tenants; it is asked in the role `guerdon_worker`, which may read these two columns of all of them.
    """
    async with database.shared() as connection, connection.transaction(readonly=True):
        await connection.execute("SET LOCAL ROLE guerdon_worker")
        records = await connection.fetch("SELECT tenant_id, now_at FROM tenant_clock")
    return {record["tenant_id"]: record["now_at"] for record in records}


async def find_now(tx: Tx) -> datetime | None:
    """Read where the tenant's clock stands; None when it has none."""
    now_at: datetime | None = await tx.value("SELECT now_at FROM tenant_clock WHERE tenant_id = $1", tx.tenant_id)
    return now_at


async def find_clock(tx: Tx) -> Clock | None:
    """Read the tenant's clock with its last advance."""
    records = await tx.records(
        """
        SELECT now_at, advance_id, from_at, to_at, posted, state, actor
          FROM tenant_clock
         WHERE tenant_id = $1
        """,
        tx.tenant_id,
    )
    for now_at, advance_id, *said in records:
        return Clock(now_at, None if advance_id is None else Advance(advance_id, *said))
    return None


async def insert_clock(tx: Tx, now_at: datetime) -> None:
    """Let the tenant's clock stand; whoever calls holds the tenant's row."""
    await tx.execute("INSERT INTO tenant_clock (tenant_id, now_at) VALUES ($1, $2)", tx.tenant_id, now_at)


async def begin_advance(tx: Tx, advance_id: UUID, to_at: datetime, actor: str) -> None:
    """Note an advance from where the clock stands."""
    await tx.execute(
        """
        UPDATE tenant_clock
           SET advance_id = $2, from_at = now_at, to_at = $3, posted = 0, state = 'running', actor = $4
         WHERE tenant_id = $1
        """,
        tx.tenant_id,
        advance_id,
        to_at,
        actor,
    )


async def lock_running(tx: Tx, advance_id: UUID) -> Clock | None:
    """Hold the clock of an advance that still runs until the transaction ends; None when it was stopped."""
    found = await tx.value(
        "SELECT true FROM tenant_clock WHERE tenant_id = $1 AND advance_id = $2 AND state = 'running' FOR UPDATE",
        tx.tenant_id,
        advance_id,
    )
    return await find_clock(tx) if found else None


async def count_posted(tx: Tx, posted: int) -> None:
    """Add to what the last advance has posted."""
    await tx.execute("UPDATE tenant_clock SET posted = posted + $2 WHERE tenant_id = $1", tx.tenant_id, posted)


async def move_clock(tx: Tx, now_at: datetime) -> None:
    """Let the clock stand later; an earlier instant moves nothing."""
    await tx.execute("UPDATE tenant_clock SET now_at = $2 WHERE tenant_id = $1 AND now_at < $2", tx.tenant_id, now_at)


async def end_advance(tx: Tx, state: AdvanceState) -> bool:
    """Note how an advance that runs has ended; False when none runs any more."""
    ended = await tx.execute(
        "UPDATE tenant_clock SET state = $2 WHERE tenant_id = $1 AND state = 'running'", tx.tenant_id, state
    )
    return ended == 1
