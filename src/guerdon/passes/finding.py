"""Finding the one pass that a request names."""

from collections.abc import Mapping, Sequence

from guerdon.passes import queries
from guerdon.passes.errors import PassNotFound, SeveralPasses
from guerdon.passes.identifiers import Identifiers
from guerdon.passes.model import Pass, is_pass_id
from guerdon.platform.db import Tx


async def get_pass(tx: Tx, pass_id: str) -> Pass:
    """Read a pass by its id. Raises PassNotFound."""
    found = await queries.find_pass(tx, pass_id) if is_pass_id(pass_id) else None
    if found is None:
        raise PassNotFound(pass_id)
    return found


async def list_revisions(tx: Tx, pass_ids: Sequence[str]) -> Mapping[str, int]:
    """Tell the revisions of several passes by id; those that do not exist are left out."""
    return await queries.list_revisions(tx, [pass_id for pass_id in pass_ids if is_pass_id(pass_id)])


async def has_passes_of(tx: Tx, pass_type: str) -> bool:
    """Tell whether any pass is of a type."""
    return await queries.has_passes_of(tx, pass_type)


async def lock_pass(tx: Tx, pass_id: str) -> Pass:
    """Read a pass and hold its row until the transaction ends. Raises PassNotFound."""
    found = await queries.lock_pass(tx, pass_id) if is_pass_id(pass_id) else None
    if found is None:
        raise PassNotFound(pass_id)
    return found


async def find_pass_id(tx: Tx, identifiers: Identifiers, pass_type: str | None = None) -> str | None:
    """Find the pass that all identifiers match, or None. Raises SeveralPasses."""
    if len(identifiers.pass_ids) > 1:
        return None
    pass_id = next(iter(identifiers.pass_ids), None)
    if not identifiers.external:
        found = await queries.find_pass(tx, pass_id) if pass_id is not None and is_pass_id(pass_id) else None
        return found.pass_id if found is not None and pass_type in {None, found.pass_type} else None
    pass_ids = await queries.find_pass_ids(tx, identifiers.external, pass_id, pass_type)
    if len(pass_ids) > 1:
        raise SeveralPasses
    return pass_ids[0] if pass_ids else None


async def resolve_pass(tx: Tx, identifiers: Identifiers) -> str:
    """Give the id of the pass that all identifiers match. Raises PassNotFound, SeveralPasses."""
    pass_id = await find_pass_id(tx, identifiers)
    if pass_id is None:
        raise PassNotFound
    return pass_id
