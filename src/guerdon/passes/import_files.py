"""Taking in a whole file of passes in chunks: all of its rows or none, or the good ones."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from guerdon.passes.import_rows import BadRow, Row
from guerdon.passes.importing import ROWS_IN_CHUNK, Importer, Outcome
from guerdon.passes.model import identity_of

KEY_BYTES = 8


@dataclass(slots=True)
class Totals:
    """What became of a file's rows so far."""

    imported: int = 0
    existing: int = 0
    bad: int = 0

    def rows(self) -> int:
        """Count the rows that were read."""
        return self.imported + self.existing + self.bad


async def take_in_file(
    importer: Importer,
    rows: Iterator[Row | BadRow],
    clock: Callable[[], datetime],
    report: Callable[[BadRow], None],
    tell: Callable[[Totals], None],
    *,
    dry_run: bool = False,
) -> Totals:
    """Take in the good rows of a file, 500 in a transaction, and report each bad one as it is met.

    A dry run does the same work and takes it back chunk by chunk; it also remembers what the file has said before, in
    about 100 bytes a row. `tell` is called after each chunk. What was taken in stays, so that a second run goes on
    where a crash ended the first.
    """
    totals, seen = Totals(), _Seen()
    chunk: list[Row] = []

    async def take_in_chunk() -> None:
        outcome = await importer.take_in(chunk, clock(), dry_run=dry_run)
        chunk.clear()
        _add(totals, outcome, report)
        tell(totals)

    for row in rows:
        met = seen.meet(row) if dry_run and isinstance(row, Row) else row
        if isinstance(met, BadRow):
            _add(totals, Outcome(0, 0, [met]), report)
        elif met is None:
            totals.existing += 1
        else:
            chunk.append(met)
        if len(chunk) == ROWS_IN_CHUNK:
            await take_in_chunk()
    if chunk:
        await take_in_chunk()
    return totals


@dataclass(frozen=True, slots=True)
class _Seen:
    """What earlier rows of a file have taken, as short digests."""

    keys: set[bytes] = field(default_factory=set[bytes])

    def meet(self, row: Row) -> Row | BadRow | None:
        """Give a row back if it can be taken in after those before it; None when it is one of them."""
        given = row.given
        serial = _key("serial", given.serial.encode())
        if serial in self.keys:
            return None
        identity = identity_of(given.pass_type, given.identifiers)
        claims = {
            "identifiers": None if identity is None else _key("identity", identity),
            "googleObjectId": None
            if given.google_object_id is None
            else _key("google", given.google_object_id.encode()),
        }
        taken = [name for name, key in claims.items() if key in self.keys]
        if taken:
            return BadRow(row.line, given.serial, [f"{name}: An earlier row has the same." for name in taken])
        self.keys.update(key for key in (serial, *claims.values()) if key is not None)
        return row


def _key(kind: str, value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=KEY_BYTES, person=kind.encode()).digest()


def _add(totals: Totals, outcome: Outcome, report: Callable[[BadRow], None]) -> None:
    totals.imported += outcome.imported
    totals.existing += outcome.existing
    totals.bad += len(outcome.bad)
    for bad in outcome.bad:
        report(bad)
