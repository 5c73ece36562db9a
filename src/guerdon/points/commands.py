"""Asynchronous writes and what became of them."""

from datetime import datetime
from uuid import UUID

from guerdon.access.model import Caller
from guerdon.platform.db import Tx
from guerdon.points import queries
from guerdon.points.errors import CommandNotFound
from guerdon.points.model import CommandState, WalletCommand

WALLET_READ = "Wallet.Read"


async def record_command(tx: Tx, command: WalletCommand) -> None:
    """Keep an asynchronous write that was taken on."""
    await queries.insert_command(tx, command)


async def update_command(
    tx: Tx,
    correlation_id: UUID,
    state: CommandState,
    now: datetime,
    *,
    done: int = 0,
    problem_text: str | None = None,
) -> None:
    """Keep how far an asynchronous write has come; `problem_text` is a problem document."""
    await queries.update_command(tx, correlation_id, state, done, problem_text, now)


async def get_command(tx: Tx, correlation_id: UUID, caller: Caller) -> WalletCommand:
    """Read a command that the caller gave, or any for who may read wallets. Raises CommandNotFound."""
    command = await queries.find_command(tx, correlation_id)
    if command is None or not (caller.allows(WALLET_READ) or command.actor == caller.actor):
        raise CommandNotFound(correlation_id)
    return command
