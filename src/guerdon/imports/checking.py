"""Checking a whole file before the first of its passes is taken in."""

import asyncio
import hashlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from guerdon.imports.chunks import Given
from guerdon.imports.model import Totals
from guerdon.passes.import_rows import BadRow, ImportedPass, Row
from guerdon.passes.importing import ROWS_IN_CHUNK, Importer
from guerdon.passes.model import identity_of
from guerdon.platform.db import Database

KEY_BYTES = 8


async def check_rows(
    database: Database,
    tenant_id: str,
    importer: Importer,
    rows: Iterator[Row | BadRow],
    clock: Callable[[], datetime],
    report: Callable[[BadRow], None],
    keep: Callable[[Sequence[Given]], Awaitable[None]],
) -> Totals:
    """Hold the rows of a file against what is there and against each other; nothing is written.

    `report` is told of each bad row; `keep` gets the good ones, at most 500 at a time. What the file has said before is
    remembered in about 100 bytes for each serial, for each set of identifiers and for each Google id. Raises what
    reading the rows raises.
    """
    totals, seen = Totals(), _Seen()
    while chunk := await asyncio.to_thread(_read_chunk, rows):
        met = [seen.meet(row) if isinstance(row, Row) else row for row in chunk]
        async with database.tenant(tenant_id) as tx:
            judged = await importer.judge(tx, [row for row in met if isinstance(row, Row)], clock())
        bad = [*(importer.complete(row) for row in met if isinstance(row, BadRow)), *judged.bad]
        for row in sorted(bad, key=lambda row: row.line):
            report(row)
        seen.remember(judged.good)
        await keep([(row.line, row.given) for row in judged.good])
        totals.good += len(judged.good)
        totals.existing += judged.existing + met.count(None)
        totals.bad += len(bad)
    return totals


def _read_chunk(rows: Iterator[Row | BadRow]) -> list[Row | BadRow]:
    return list(islice(rows, ROWS_IN_CHUNK))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What good rows of a file take, as short digests; the serials with the pass type that they are of."""

    serials: dict[bytes, str] = field(default_factory=dict[bytes, str])
    keys: set[bytes] = field(default_factory=set[bytes])

    def meet(self, row: Row) -> Row | BadRow | None:
        """Give a row back if it can be taken in after those that are remembered; None when it is one of them."""
        given = row.given
        other = self.serials.get(_key("serial", given.serial.encode()))
        if other is not None:
            is_same = other == given.pass_type
            return (
                None
                if is_same
                else BadRow(row.line, given.serial, {"serial": [f"An earlier row has it, of type {other}."]})
            )
        taken = [column for column, key in _claims(given).items() if key in self.keys]
        if taken:
            return BadRow(row.line, given.serial, {column: ["An earlier row has the same."] for column in taken})
        return row

    def remember(self, rows: Sequence[Row]) -> None:
        """Hold later rows against these."""
        for row in rows:
            given = row.given
            self.serials[_key("serial", given.serial.encode())] = sys.intern(given.pass_type)
            self.keys.update(_claims(given).values())


def _claims(given: ImportedPass) -> dict[str, bytes]:
    claims: dict[str, bytes] = {}
    identity = identity_of(given.pass_type, given.identifiers)
    if identity is not None:
        claims["identifiers"] = _key("identity", identity)
    if given.google_object_id is not None:
        claims["googleObjectId"] = _key("google", given.google_object_id.encode())
    return claims


def _key(kind: str, value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=KEY_BYTES, person=kind.encode()).digest()
