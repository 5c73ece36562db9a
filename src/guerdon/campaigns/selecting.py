"""Which passes a campaign is for, page by page in the order of their ids."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from guerdon.campaigns.parts import Part, keep_part
from guerdon.passes.bulk_changes import find_each
from guerdon.passes.filters import Field, Filter
from guerdon.passes.searching import select_pass_ids
from guerdon.platform.db import Database, Tx

PAGE = 10_000
NAMED_PAGE = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """The passes of a type (None: of any) that all filters match and, unless it is empty, one of `named` names."""

    filters: Sequence[Filter]
    pass_type: str | None
    named: Sequence[Mapping[str, str]]


async def keep_selected(database: Database, tenant_id: str, selection: Selection, spool: IO[bytes]) -> None:
    """Keep the selected passes in a file.

    The transaction of this writes nothing, so that readers of events do not wait for it (`events.read_after`), however
    many passes there are.
    """
    async with database.tenant(tenant_id) as tx:
        async for page in select_passes(tx, selection):
            await asyncio.to_thread(keep_part, spool, Part(page))


async def select_passes(tx: Tx, selection: Selection) -> AsyncIterator[Sequence[str]]:
    """Give the ids of the selected passes, each once.

    A pass that is created meanwhile may be among them or not; either way it is so for good.
    """
    if not selection.named:
        async for page in select_pass_ids(tx, selection.filters, selection.pass_type, PAGE):
            yield page
        return
    for start in range(0, len(named := await _named_ids(tx, selection)), NAMED_PAGE):
        only = Filter(Field("id"), "in", tuple(named[start : start + NAMED_PAGE]))
        async for page in select_pass_ids(tx, [only, *selection.filters], selection.pass_type, PAGE):
            yield page


async def _named_ids(tx: Tx, selection: Selection) -> list[str]:
    found = await find_each(tx, selection.named)
    return sorted({pass_id for pass_ids in found for pass_id in pass_ids})
