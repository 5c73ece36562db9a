"""Tenant-bound transactions over asyncpg, and rows as frozen dataclasses."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar, cast

import asyncpg

from guerdon.platform.cores import SharedCore
from guerdon.platform.line import Connection as LinedConnection
from guerdon.platform.line import Line, Lines
from guerdon.platform.pending import Pending, Write
from guerdon.platform.sessions import prepare_session, session_settings, settle_session
from guerdon.platform.tenant_ids import is_tenant_id

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

Row = TypeVar("Row")
LOCK_TIMEOUT_MS = 10_000
BY_KEYS = "SET LOCAL plan_cache_mode = force_generic_plan"


class Unreachable(OSError):
    """No connection to the database can be had."""


LOSSES = (
    Unreachable,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement met the closing of its line
)
# What whoever works without an end tells of, and goes on after.
TROUBLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def is_loss(failure: BaseException) -> bool:
    """Tell whether the database went away, so that a commit may or may not have happened."""
    return isinstance(failure, LOSSES) and not isinstance(failure, asyncpg.DataError)


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction of one tenant; only `Database` makes it."""

    connection: "Connection"
    tenant_id: str
    topics: set[str] = field(default_factory=set[str])
    pending: Pending = field(default_factory=Pending)

    def announce(self, topic: str) -> None:
        """Have the listeners of a topic woken in every process once this has committed, and only then."""
        self.topics.add(topic)

    async def read_one_snapshot(self) -> None:
        """Let all that the transaction reads be of one instant, and write nothing; the very first statement of it."""
        await self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    async def all(self, row: type[Row], sql: LiteralString, *arguments: object) -> list[Row]:
        """Read every row that the statement answers, as `row` objects by column order."""
        return [row(*record.values()) for record in await self.records(sql, *arguments)]

    async def maybe(self, row: type[Row], sql: LiteralString, *arguments: object) -> Row | None:
        """Read the first row, or None."""
        await self.flush()
        record = await self.connection.fetchrow(sql, *arguments)
        return None if record is None else row(*record.values())

    async def value(self, sql: LiteralString, *arguments: object) -> Any:  # noqa: ANN401  # the statement decides
        """Read the first column of the first row, or None."""
        await self.flush()
        return await self.connection.fetchval(sql, *arguments)

    async def records(self, sql: LiteralString, *arguments: object) -> Sequence[asyncpg.Record]:
        """Read raw records; for hot paths that build their answer from columns."""
        await self.flush()
        return await self.connection.fetch(sql, *arguments)

    async def execute(self, sql: LiteralString, *arguments: object) -> int:
        """Run a statement and tell how many rows it touched."""
        await self.flush()
        status = await self.connection.execute(sql, *arguments)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def write(self, sql: LiteralString, *arguments: object) -> None:
        """Run a write whose outcome nobody reads, together with others like it, before whatever comes next.

        What it violates is raised there, at the latest before the commit. See `pending.Pending` for what may be
        written so.
        """
        if self.pending.holds(sql):
            await self.flush()
        self.pending.add(Write(sql, arguments))

    async def flush(self) -> None:
        """Send what is held back, in one round trip; whoever uses `connection` by itself calls this first.

        Once that has failed nothing more is sent, as PostgreSQL carries out nothing more after a mistake.
        """
        self.check_writes()
        if self.pending:
            sql, arguments = self.pending.take()
            try:
                await self.connection.execute(sql, *arguments)
            except BaseException:
                self.pending.is_lost = True
                raise

    def check_writes(self) -> None:
        """Raise asyncpg.InFailedSQLTransactionError if what was held back has failed, or nobody knows."""
        if self.pending.is_lost:
            raise asyncpg.InFailedSQLTransactionError("writes that were held back have failed")

    async def undo_to(self, savepoint: LiteralString) -> None:
        """Take back what was written since a savepoint that `execute` made, and go on from there."""
        # A savepoint is made after what was held back before it.
        self.pending.forget()
        await self.connection.execute(f"ROLLBACK TO SAVEPOINT {savepoint}")


class Database:
    """The pool of connections of this process, all in the role that row-level security binds."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", core: SharedCore | None = None) -> None:
        """Take over an open pool; `open_database` makes one. `core` is what its sessions share with its thread."""
        self._pool = pool
        self.core = core
        self._announce: Callable[[str], None] = _announce_to_nobody

    def announce_by(self, announce: Callable[[str], None]) -> None:
        """Hand over what transactions announce to `announce`, after their commits; it must not fail or wait."""
        self._announce = announce

    @asynccontextmanager
    async def tenant(self, tenant_id: str, *, dry_run: bool = False, by_keys: bool = False) -> AsyncGenerator[Tx]:
        """Open a transaction that sees and writes one tenant only; it commits at the end of the block.

        With `dry_run` it is rolled back instead: the very same statements run and nothing stays. With `by_keys` every
        statement is planned for any tenant: for transactions that name the rows which they want, by their keys.
        """
        assert is_tenant_id(tenant_id), tenant_id
        async with _Loan(self._pool) as connection:
            # Asked for now: a loan that loses its connection knows it no more.
            line = cast("LinedConnection", connection).line
            line.begin(_beginning(tenant_id, by_keys=by_keys))
            tx = Tx(connection, tenant_id)
            try:
                yield tx
                if dry_run:
                    await tx.flush()
                    await _roll_back(connection, line)
                else:
                    await _commit(tx, line)
            except BaseException:
                await _roll_back(connection, line)
                raise
            finally:
                line.leave()
            if not dry_run:
                for topic in tx.topics:
                    self._announce(topic)

    @asynccontextmanager
    async def shared(self) -> AsyncGenerator["Connection"]:
        """Lend a connection outside any tenant: it sees the queue's own tables and no tenant's rows."""
        async with _Loan(self._pool) as connection:
            yield connection

    async def is_reachable(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self._pool.acquire(timeout=2) as connection:
                return await connection.fetchval("SELECT true") is True
        except TROUBLE:
            return False

    async def close(self) -> None:
        """Wait for borrowed connections and close them all."""
        await self._pool.close()


async def open_database(
    url: str, pool_size: int, *, lock_timeout_ms: int = LOCK_TIMEOUT_MS, core: SharedCore | None = None
) -> Database:
    """Connect to the database in the application's role, which cannot pass by row-level security.

    Its sessions are added to `core`, where one is given: call this, and work, in the thread that shares it.
    """
    pool = await asyncpg.create_pool(
        url,
        min_size=min(2, pool_size),
        max_size=pool_size,
        # A timer for each loan of a connection costs more than the loan; a connection that died is found by its use.
        max_inactive_connection_lifetime=0,
        reset=settle_session,
        init=partial(prepare_session, core),
        loop=cast("asyncio.AbstractEventLoop", Lines(asyncio.get_running_loop())),
        connection_class=LinedConnection,
        # Without a bound: every statement has a name, for a line to know it by.
        max_cacheable_statement_size=0,
        server_settings=session_settings(lock_timeout_ms),
    )
    return Database(pool, core)


class _Loan:
    """A connection of the pool for a while."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def __aenter__(self) -> "Connection":
        try:
            self._connection = await self._pool.acquire()
        except OSError as refused:
            raise Unreachable(*refused.args) from refused
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._pool.release(self._connection)


def _announce_to_nobody(_topic: str) -> None:
    return None


def _beginning(tenant_id: str, *, by_keys: bool) -> tuple[str, ...]:
    # SET LOCAL rather than set_config(): the latter does not reach the worker nodes of a Citus cluster, and every
    # policy would answer zero rows.
    # Planned for a tenant that the statistics do not know yet, a statement takes it for empty, and a join of its rows
    # holds each of them against each other; hence BY_KEYS.
    bound = ("BEGIN", f"SET LOCAL app.tenant_id = '{tenant_id}'")
    return (*bound, BY_KEYS) if by_keys else bound


async def _commit(tx: Tx, line: Line) -> None:
    tx.check_writes()
    if tx.pending:
        sql, arguments = tx.pending.take()
        line.end_with(sql)
        await tx.connection.execute(sql, *arguments)
        if line.has_ended():
            return
    elif not line.has_begun:
        return
    # Also on a connection that is lost already: then this raises, and nobody is told of a commit that never was.
    if await tx.connection.execute("COMMIT") != "COMMIT":
        # So PostgreSQL answers where a statement had failed and whoever sent it went on.
        raise asyncpg.InFailedSQLTransactionError("a statement had failed, so nothing was committed")


async def _roll_back(connection: "Connection", line: Line) -> None:
    # A connection that is lost has rolled back by itself, and the pool may have it back already; the caller is to learn
    # why it was lost, and not that.
    with suppress(asyncpg.InterfaceError):
        if not connection.is_closed() and line.has_begun:
            await connection.execute("ROLLBACK")
