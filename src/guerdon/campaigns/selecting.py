"""Which passes a campaign is for, page by page in the order of their ids."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from guerdon.passes.bulk_changes import find_each
from guerdon.passes.filters import Field, Filter
from guerdon.passes.searching import list_pass_ids
from guerdon.platform.db import Tx

PAGE = 10_000
NAMED_PAGE = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """The passes of a type (None: of any) that all filters match and, unless it is empty, one of `named` names."""

    filters: Sequence[Filter]
    pass_type: str | None
    named: Sequence[Mapping[str, str]]


async def select_passes(tx: Tx, selection: Selection) -> AsyncIterator[Sequence[str]]:
    """Give the ids of the selected passes, each once.

    A pass that is created meanwhile may be among them or not; either way it is so for good.
    """
    if not selection.named:
        async for page in _walk(tx, selection.filters, selection.pass_type):
            yield page
        return
    for start in range(0, len(named := await _named_ids(tx, selection)), NAMED_PAGE):
        only = Filter(Field("id"), "in", tuple(named[start : start + NAMED_PAGE]))
        async for page in _walk(tx, [only, *selection.filters], selection.pass_type):
            yield page


async def _named_ids(tx: Tx, selection: Selection) -> list[str]:
    found = await find_each(tx, selection.named)
    return sorted({pass_id for pass_ids in found for pass_id in pass_ids})


async def _walk(tx: Tx, filters: Sequence[Filter], pass_type: str | None) -> AsyncIterator[Sequence[str]]:
    after = ""
    while page := await list_pass_ids(tx, filters, pass_type, after=after, limit=PAGE):
        yield page
        after = page[-1]
        if len(page) < PAGE:
            return
