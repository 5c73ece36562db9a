"""The statement that walks all passes which filters match, composed as those of `search_queries`."""

from typing import LiteralString

from guerdon.passes.filter_queries import Parameters
from guerdon.passes.search_queries import Narrowing, compose_list
from guerdon.platform.db import Tx

SEPARATOR = ","  # no pass id holds it


async def list_page(tx: Tx, narrowing: Narrowing, limit: int) -> list[str]:
    """List ids in their order, the first ones that are higher than the narrowing's `after`."""
    parameters = Parameters(tx.tenant_id)
    text: str | None = await tx.value(compose_page(narrowing, limit, parameters), *parameters.arguments)
    return [] if text is None else text.split(SEPARATOR)


def compose_page(narrowing: Narrowing, limit: int, parameters: Parameters) -> LiteralString:
    """Compose a page as one text: a million ids cost a quarter of what a million rows do."""
    found = compose_list(narrowing, limit, parameters)
    return "SELECT string_agg(f.pass_id, ',' ORDER BY f.pass_id) FROM (" + found + ") AS f"  # noqa: S608
