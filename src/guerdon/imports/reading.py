"""Reading imports: how far they have come, and which rows were left out."""

from collections.abc import Sequence
from uuid import UUID

from guerdon.imports import queries
from guerdon.imports.errors import ImportNotFound
from guerdon.imports.model import Import, KeptMistakes, Kind
from guerdon.platform.db import Tx

LIST_MAX = 1_000


async def get_import(tx: Tx, kind: Kind, import_id: UUID) -> Import:
    """Read one import of a kind. Raises ImportNotFound."""
    found = await queries.find_import(tx, import_id)
    if found is None or found.kind != kind:
        raise ImportNotFound(import_id)
    return found


async def list_imports(tx: Tx, kind: Kind, before: UUID | None, limit: int) -> Sequence[Import]:
    """List imports of a kind, newest first, at most 1000; `before` is the last one of the page before."""
    assert 1 <= limit <= LIST_MAX, limit
    return await queries.list_imports(tx, kind, before, limit)


async def list_bad_rows(tx: Tx, kind: Kind, import_id: UUID, after: int, limit: int) -> Sequence[KeptMistakes]:
    """List the bad rows of an import behind a line, at most 1000. Raises ImportNotFound."""
    assert 1 <= limit <= LIST_MAX, limit
    await get_import(tx, kind, import_id)
    return await queries.list_mistakes(tx, import_id, after, limit)
