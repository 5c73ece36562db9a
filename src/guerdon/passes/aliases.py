"""The names under which phones know passes that another provider issued."""

from collections.abc import Mapping

from guerdon.passes import import_queries
from guerdon.passes.usage import Provider
from guerdon.platform.db import Tx


async def find_by_alias(tx: Tx, provider: Provider, alias: str) -> str | None:
    """Find the pass that a wallet knows by Apple's serial number or Google's object id, where that is not its id."""
    return await import_queries.find_by_alias(tx, provider, alias)


async def read_aliases(tx: Tx, pass_id: str) -> Mapping[str, str]:
    """Give the names under which wallets know a pass, by wallet; a wallet that uses the pass id is not there."""
    return {one.provider: one.alias for one in await import_queries.list_aliases(tx, pass_id)}
