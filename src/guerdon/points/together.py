"""Commands that HTTP posts by group commit, with the answers that are the same for every repeat."""

from guerdon.ledger.errors import AccountNotFound
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import Command, Posted, Repeat
from guerdon.platform.writes import WriteOptions
from guerdon.points.errors import WalletNotFound


def repeat_of(write: WriteOptions) -> Repeat | None:
    """Give the key under which a write is kept for ever, if it came with one."""
    return None if write.idempotency_key is None else Repeat(write.idempotency_key, write.fingerprint)


async def post_together(poster: Poster, tenant_id: str, command: Command, write: WriteOptions) -> Posted:
    """Post a command beside those of other requests. Raises WalletNotFound, and what the ledger refuses."""
    try:
        return await poster.post(tenant_id, command, dry_run=write.is_dry_run)
    except AccountNotFound as missing:
        raise WalletNotFound(command.account.owner_id) from missing
