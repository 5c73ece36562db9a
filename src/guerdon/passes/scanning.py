"""Scanning a pass: from a value to the pass that it belongs to. A scan never redeems anything (WIRE.md section 1)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from guerdon.passes import scan_queries
from guerdon.passes.errors import ScanAmbiguous, ScanUnknown
from guerdon.passes.model import is_pass_id, write_json
from guerdon.passes.pass_types import PassTypes
from guerdon.passes.scan_forms import Reading, id_in_page_address, read_printed
from guerdon.passes.scan_queries import FoundPass, Scan
from guerdon.passes.usage import Use, count_usage
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit

EVENT_SCANNED = "Pass:Scanned"


async def scan_pass(
    tx: Tx, pass_types: PassTypes, scan_id: UUID, data: str, scanned_as: str, actor: str, now: datetime
) -> str:
    """Find the pass that a value belongs to, keep that it was scanned, and give its id.

    The value itself is not kept. Raises ScanUnknown, ScanAmbiguous.
    """
    found = await find_scanned(tx, pass_types, data)
    try:
        await scan_queries.insert_scan(tx, Scan(scan_id, found.pass_id, scanned_as, actor, now))
    except asyncpg.ForeignKeyViolationError as gone:  # deleted since it was found
        raise ScanUnknown from gone
    members = {"passId": found.pass_id, "passType": found.pass_type, "scanId": str(scan_id), "type": scanned_as}
    await emit(tx, [Event(EVENT_SCANNED, found.pass_id, write_json(members), actor)], now)
    await count_usage(tx, [Use("scanned", found.pass_id, found.pass_type)], now)
    return found.pass_id


async def find_scanned(tx: Tx, pass_types: PassTypes, data: str) -> FoundPass:
    """Find the pass that a value belongs to.

    A pass whose own code prints the value goes before one that merely has it as its id or as an identifier, so that a
    customer number finds the card that shows it. Secrets are never looked at. Raises ScanUnknown, ScanAmbiguous.
    """
    readings = read_printed(data, await pass_types.list_readable(tx))
    known, printing = await _find_known(tx, data), await _find_printing(tx, readings)
    found = printing or known
    if not found:
        raise ScanUnknown
    if len(found) > 1:
        raise ScanAmbiguous
    return next(iter(found.values()))


async def list_scans(tx: Tx, pass_id: str | None, before: UUID | None, limit: int) -> Sequence[Scan]:
    """List scans before one of them, newest first, of one pass or of all."""
    if pass_id is None:
        return await scan_queries.list_scans(tx, before, limit)
    return await scan_queries.list_scans_of_pass(tx, pass_id, before, limit)


async def _find_known(tx: Tx, data: str) -> dict[str, FoundPass]:
    ids = {data.strip(), id_in_page_address(data, tx.tenant_id)}
    found = await scan_queries.find_by_ids(tx, [one for one in ids if one is not None and is_pass_id(one)])
    found += await scan_queries.find_by_value(tx, data)
    return {one.pass_id: one for one in found}


async def _find_printing(tx: Tx, readings: Sequence[Reading]) -> dict[str, FoundPass]:
    ids = {read.pass_id for read in readings if read.pass_id is not None}
    wanted = [(read.pass_type, *read.identifiers[0]) for read in readings if read.identifiers]
    found = await scan_queries.find_by_ids(tx, sorted(ids)) if ids else []
    found += await scan_queries.find_by_identifiers(tx, wanted) if wanted else []
    return {one.pass_id: one for one in found if _prints(one, readings)}


def _prints(one: FoundPass, readings: Sequence[Reading]) -> bool:
    identifiers = one.identifiers()
    return any(read.fits(one.pass_id, one.pass_type, identifiers) for read in readings)
