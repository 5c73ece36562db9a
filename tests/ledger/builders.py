"""Short ways to open accounts, to say commands, and to see where an account stands."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg

from guerdon.ledger import accounts, posting, queries
from guerdon.ledger.group_commit import Effect, Poster
from guerdon.ledger.model import Account, AccountKey, AccountKind, Action, Command, Posted, Repeat
from guerdon.ledger.posting import Outcome
from guerdon.platform.db import Database, Tx
from guerdon.platform.hot import NO_OPTIONS
from guerdon.platform.ids import new_id
from guerdon.platform.problems import Problem
from guerdon.platform.writes import Answer, WriteOptions

UNIT = 1_000_000
NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)


def day(month: int, number: int, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


async def no_effect(_tx: Tx, _posted: Sequence[Posted], _now: datetime) -> None:
    """What follows a posting where nothing is to."""


def killing(owner: "asyncpg.Connection[asyncpg.Record]", kills_max: int) -> Effect:
    """What follows a posting whose connection the server ends, the first `kills_max` times."""
    kills = 0

    async def effect(tx: Tx, _posted: Sequence[Posted], _now: datetime) -> None:
        nonlocal kills
        if kills < kills_max:
            kills += 1
            await owner.execute("SELECT pg_terminate_backend($1)", await tx.value("SELECT pg_backend_pid()"))

    return effect


async def opened(
    database: Database,
    tenant_id: str,
    kind: AccountKind = "privilege",
    *,
    now: datetime = NOON,
    bounds: tuple[int | None, int | None] = (None, None),
    closes_at: datetime | None = None,
) -> AccountKey:
    key = AccountKey(kind, f"{kind}-{new_id()}")
    has_lots = kind == "wallet"
    async with database.tenant(tenant_id) as tx:
        await accounts.open_account(
            tx, new_id(), key, "subject", now, has_lots=has_lots, bounds=bounds, closes_at=closes_at
        )
    return key


def command(
    key: AccountKey,
    action: Action,
    movement_id: str | None = None,
    *,
    repeat: str | None = None,
    fingerprint: bytes = b"f",
    remarks: str | None = None,
) -> Command:
    """A movement id that is given is one that the caller chose."""
    return Command(
        key,
        action,
        movement_id or new_id().hex,
        "tester",
        remarks,
        is_chosen=movement_id is not None,
        repeat=None if repeat is None else Repeat(repeat, fingerprint),
    )


async def post(
    database: Database, tenant_id: str, *commands: Command, now: datetime = NOON, dry_run: bool = False
) -> list[Outcome]:
    async with database.tenant(tenant_id, dry_run=dry_run) as tx:
        return await posting.post(tx, commands, now)


async def posted(database: Database, tenant_id: str, one: Command, now: datetime = NOON) -> Posted:
    (outcome,) = await post(database, tenant_id, one, now=now)
    return as_posted(outcome)


def as_posted(outcome: object) -> Posted:
    assert isinstance(outcome, Posted), outcome
    return outcome


def code(outcome: object) -> str:
    """What became of a command, in a word: posted, repeat, or the code of the refusal."""
    match outcome:
        case Posted(is_repeat=True):
            return "repeat"
        case Posted():
            return "posted"
        case Problem():
            return outcome.code
        case _:
            raise AssertionError(outcome)


async def standing(database: Database, tenant_id: str, key: AccountKey) -> Account:
    async with database.tenant(tenant_id) as tx:
        (locked,) = await queries.lock_accounts(tx, [key])
    return locked.account


async def rows(database: Database, tenant_id: str, sql: Any, *arguments: object) -> list[Mapping[str, Any]]:
    async with database.tenant(tenant_id) as tx:
        return [dict(record) for record in await tx.records(sql, *arguments)]


async def remaining(database: Database, tenant_id: str, key: AccountKey) -> list[int]:
    """What remains in the lots of a wallet, in the order in which they were opened."""
    found = await rows(
        database,
        tenant_id,
        "SELECT l.remaining FROM ledger_lot l JOIN ledger_account a USING (tenant_id, account_id)"
        " WHERE a.tenant_id = $1 AND a.owner_id = $2 ORDER BY l.opened_seq",
        tenant_id,
        key.owner_id,
    )
    return [row["remaining"] for row in found]


def a_poster(
    database: Database,
    *,
    effect: Effect = no_effect,
    commands_max: int = 64,
    in_flight: int = 1,
    queue_max: int = 1_000,
    batches: Database | None = None,
) -> Poster:
    """A poster at noon, in which batches form if they can."""
    return Poster(
        database,
        effect,
        lambda _tenant_id: NOON,
        commands_max=commands_max,
        in_flight=in_flight,
        queue_max=queue_max,
        batches=batches,
    )


async def outcomes_of(poster: Poster, tenant_id: str, commands: Sequence[Command]) -> list[Posted | BaseException]:
    """Post commands at the same time."""
    return await asyncio.gather(*(poster.post(tenant_id, one) for one in commands), return_exceptions=True)


async def bulk_told(
    poster: Poster, tenant_id: str, commands: Sequence[Command], options: WriteOptions = NO_OPTIONS
) -> str:
    """Post a bulk and tell what became of each command, or the code of what refused it as a whole."""

    def tell(outcomes: Sequence[Outcome]) -> Answer:
        return Answer(200, " ".join(code(outcome) for outcome in outcomes).encode())

    try:
        return (await poster.post_bulk(tenant_id, commands, options, tell)).body.decode()
    except Problem as refused:
        return code(refused)


async def entries(database: Database, tenant_id: str) -> list[str]:
    """The movement ids of all entries of the tenant."""
    found = await rows(database, tenant_id, "SELECT movement_id FROM ledger_entry WHERE tenant_id = $1", tenant_id)
    return [row["movement_id"] for row in found]
