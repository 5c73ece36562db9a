"""What is kept and told of an import while it goes on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.imports import queries
from guerdon.imports.model import KeptMistakes, PassImport
from guerdon.passes.import_rows import BadRow
from guerdon.passes.model import write_json
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit


async def record_bad_rows(tx: Tx, import_id: UUID, rows: Sequence[BadRow]) -> None:
    """Keep what is wrong with rows."""
    if rows:
        kept = [KeptMistakes(row.line, row.serial, write_json(row.mistakes)) for row in rows]
        await queries.insert_mistakes(tx, import_id, kept)


async def tell(tx: Tx, kind: str, one: PassImport, actor: str, now: datetime) -> None:
    """Tell that an import has started, or how it has ended."""
    members = {
        "importId": one.import_id.hex,
        "total": one.total,
        "imported": one.imported,
        "existing": one.existing,
        "rejected": one.rejected,
    }
    await emit(tx, [Event(kind, one.import_id.hex, write_json(members), actor)], now)
