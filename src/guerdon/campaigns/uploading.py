"""Making a campaign of an uploaded table: every row is checked before the first pass is scheduled.

What was checked is kept in a file beside the upload, so that no transaction that writes is open meanwhile: readers of
events wait for those.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from guerdon.campaigns.parts import Part, keep_part
from guerdon.campaigns.upload_rows import PASS_TYPE, TARGET, Column, Wish, read_header, read_wish
from guerdon.campaigns.wishes import write_each
from guerdon.passes.bulk_changes import find_each
from guerdon.passes.errors import UnknownPassType
from guerdon.passes.pass_type_reading import PassTypeInvalid
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Database, Tx
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.tables import REPORTED_MAX, ROWS_MAX, Mistakes, Row


@dataclass(slots=True)
class Checked:
    """What was found in a table: rows that are good, and those that are not, of which the first 10 000 are named."""

    good: int = 0
    rejected: int = 0
    mistaken: dict[int, Mistakes] = field(default_factory=dict[int, Mistakes])
    seen: dict[str, int] = field(default_factory=dict[str, int])
    known_types: dict[str, str | None] = field(default_factory=dict[str, "str | None"])

    def reject(self, wish: Wish) -> None:
        """Count a row that cannot be done, and name it while there is room."""
        self.rejected += 1
        if len(self.mistaken) < REPORTED_MAX:
            self.mistaken[wish.line] = wish.mistakes


async def check_table(
    database: Database, tenant_id: str, pass_types: PassTypes, rows: Iterator[Row], size: int, spool: IO[bytes]
) -> Checked:
    """Check the rows of a table against the passes and keep the good ones in `spool`, as parts of at most `size`.

    A table has a million rows at most. Raises InvalidRequest when its header is wrong or it is too long, BadlyFormed.
    """
    header = await asyncio.to_thread(next, rows, None)
    if header is None:
        raise InvalidRequest({"line 1": ["The table is empty; its first row names the columns."]})
    columns = read_header(header)
    checked = Checked()
    while wishes := await asyncio.to_thread(_read_batch, columns, rows, size):
        if checked.good + checked.rejected + len(wishes) > ROWS_MAX:
            raise InvalidRequest({"rows": [f"A table has at most {ROWS_MAX} rows."]})
        async with database.tenant(tenant_id) as tx:
            pass_ids = await _resolve(tx, pass_types, wishes, checked)
        good = [(wish, pass_id) for wish, pass_id in zip(wishes, pass_ids, strict=True) if pass_id is not None]
        checked.good += len(good)
        await asyncio.to_thread(_keep, spool, good)
    checked.seen.clear()
    return checked


def _read_batch(columns: Sequence[Column], rows: Iterator[Row], size: int) -> list[Wish]:
    return [read_wish(columns, row) for row in islice(rows, size)]


def _keep(spool: IO[bytes], good: Sequence[tuple[Wish, str]]) -> None:
    if good:
        changes = write_each([wish.changes for wish, _ in good])
        keep_part(spool, Part([pass_id for _, pass_id in good], changes))


async def _resolve(tx: Tx, pass_types: PassTypes, wishes: Sequence[Wish], checked: Checked) -> list[str | None]:
    """Give the pass of each row, or None for a row that is rejected."""
    pass_ids: list[str | None] = []
    for wish, found in zip(wishes, await find_each(tx, [wish.target for wish in wishes]), strict=True):
        if wish.pass_type is not None:
            await _check_type(tx, pass_types, wish, wish.pass_type, checked)
        _check_found(wish, found, checked)
        if wish.mistakes:
            checked.reject(wish)
        pass_ids.append(None if wish.mistakes else found[0])
    return pass_ids


def _check_found(wish: Wish, found: Sequence[str], checked: Checked) -> None:
    if not wish.target:
        return
    if len(found) != 1:
        wish.blame(TARGET, "There is no such pass." if not found else "The identifiers match more than one pass.")
    elif found[0] in checked.seen:
        wish.blame(TARGET, f"Line {checked.seen[found[0]]} names the same pass.")
    elif not wish.mistakes:
        checked.seen[found[0]] = wish.line


async def _check_type(tx: Tx, pass_types: PassTypes, wish: Wish, name: str, checked: Checked) -> None:
    if name not in checked.known_types:
        checked.known_types[name] = None
        try:
            await pass_types.get(tx, name)
        except (UnknownPassType, PassTypeInvalid):
            checked.known_types[name] = f"There is no pass type {name!r} that can be read."
    message = checked.known_types[name]
    if message is not None:
        wish.blame(PASS_TYPE, message)
