"""What is kept and told of an import while it goes on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.imports import queries
from guerdon.imports.model import Import, KeptMistakes, LeftOut, Members
from guerdon.passes.model import write_json
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit


async def record_bad_rows(tx: Tx, import_id: UUID, rows: Sequence[LeftOut]) -> None:
    """Keep what is wrong with rows."""
    if rows:
        kept = [KeptMistakes(row.line, row.serial, write_json(row.mistakes)) for row in rows]
        await queries.insert_mistakes(tx, import_id, kept)


async def tell(tx: Tx, event: str, one: Import, actor: str, now: datetime, more: Members | None = None) -> None:
    """Tell that an import has started, or how it has ended; `more` is what its kind has to say beside."""
    members = {
        "importId": one.import_id.hex,
        "kind": one.kind,
        "total": one.total,
        "imported": one.imported,
        "existing": one.existing,
        "rejected": one.rejected,
        **(more or {}),
    }
    await emit(tx, [Event(event, one.import_id.hex, write_json(members), actor)], now)
