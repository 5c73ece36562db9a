"""Every statement on wallets and on the commands of asynchronous writes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.points.model import Texts, Wallet, WalletCommand, read_texts, write_texts


async def find_wallets(tx: Tx, wallet_ids: Sequence[UUID]) -> dict[UUID, Wallet]:
    """Read several wallets."""
    records = await tx.records(
        """
        SELECT wallet_id, account_id, attributes, created_at, updated_at
          FROM wallet WHERE tenant_id = $1 AND wallet_id = ANY($2::uuid[])
        """,
        tx.tenant_id,
        wallet_ids,
    )
    return {
        wallet_id: Wallet(wallet_id, account_id, read_texts(attributes), *instants)
        for wallet_id, account_id, attributes, *instants in records
    }


async def list_existing(tx: Tx, wallet_ids: Sequence[UUID]) -> list[UUID]:
    """Tell which of these wallets there are, in id order."""
    records = await tx.records(
        "SELECT wallet_id FROM wallet WHERE tenant_id = $1 AND wallet_id = ANY($2::uuid[]) ORDER BY wallet_id",
        tx.tenant_id,
        wallet_ids,
    )
    return [record["wallet_id"] for record in records]


async def insert_wallets(tx: Tx, wallets: Sequence[Wallet]) -> None:
    """Keep new wallets. Raises asyncpg.UniqueViolationError when there is one of these ids."""
    await tx.execute(
        """
        INSERT INTO wallet (tenant_id, wallet_id, account_id, attributes, created_at, updated_at)
        SELECT $1, n.wallet_id, n.account_id, n.attributes::jsonb, n.created_at, n.updated_at
          FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[])
               AS n (wallet_id, account_id, attributes, created_at, updated_at)
        """,
        tx.tenant_id,
        [wallet.wallet_id for wallet in wallets],
        [wallet.account_id for wallet in wallets],
        [write_texts(wallet.attributes) for wallet in wallets],
        [wallet.created_at for wallet in wallets],
        [wallet.updated_at for wallet in wallets],
    )


async def update_attributes(tx: Tx, wallet_id: UUID, attributes: Texts, now: datetime) -> None:
    """Keep the attributes of a wallet."""
    await tx.execute(
        "UPDATE wallet SET attributes = $3, updated_at = $4 WHERE tenant_id = $1 AND wallet_id = $2",
        tx.tenant_id,
        wallet_id,
        write_texts(attributes),
        now,
    )


async def lock_wallet(tx: Tx, wallet_id: UUID) -> bool:
    """Hold a wallet's row until the transaction ends; tell whether there is one."""
    found: bool | None = await tx.value(
        "SELECT true FROM wallet WHERE tenant_id = $1 AND wallet_id = $2 FOR UPDATE", tx.tenant_id, wallet_id
    )
    return found is True


async def insert_command(tx: Tx, command: WalletCommand) -> None:
    """Keep a command. Raises asyncpg.UniqueViolationError when there is one of this correlation id."""
    await tx.execute(
        """
        INSERT INTO wallet_command (tenant_id, correlation_id, kind, subject_id, state, done, total, problem, actor,
                                    created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        tx.tenant_id,
        command.correlation_id,
        command.kind,
        command.subject_id,
        command.state,
        command.done,
        command.total,
        command.problem_text,
        command.actor,
        command.created_at,
        command.updated_at,
    )


async def update_command(
    tx: Tx, correlation_id: UUID, state: str, done: int, problem_text: str | None, now: datetime
) -> None:
    """Keep how far a command has come."""
    await tx.execute(
        """
        UPDATE wallet_command SET state = $3, done = $4, problem = $5, updated_at = $6
         WHERE tenant_id = $1 AND correlation_id = $2
        """,
        tx.tenant_id,
        correlation_id,
        state,
        done,
        problem_text,
        now,
    )


async def find_command(tx: Tx, correlation_id: UUID) -> WalletCommand | None:
    """Read one command."""
    return await tx.maybe(
        WalletCommand,
        """
        SELECT correlation_id, kind, subject_id, state, done, total, problem, actor, created_at, updated_at
          FROM wallet_command WHERE tenant_id = $1 AND correlation_id = $2
        """,
        tx.tenant_id,
        correlation_id,
    )
