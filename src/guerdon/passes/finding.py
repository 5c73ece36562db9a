"""Finding the one pass that a request names."""

from collections.abc import Collection, Mapping, Sequence

from guerdon.passes import queries
from guerdon.passes.errors import PassNotFound, SeveralPasses
from guerdon.passes.identifiers import Identifiers
from guerdon.passes.model import Pass, is_pass_id
from guerdon.platform.db import Tx


async def get_pass(tx: Tx, pass_id: str) -> Pass:
    """Read a pass by its id. Raises PassNotFound, for a voided pass too."""
    return _present(await find_any_pass(tx, pass_id), pass_id)


async def find_any_pass(tx: Tx, pass_id: str) -> Pass | None:
    """Read a pass by its id, a voided one too: for the devices that still hold it."""
    return await queries.find_pass(tx, pass_id) if is_pass_id(pass_id) else None


async def list_revisions(tx: Tx, pass_ids: Sequence[str]) -> Mapping[str, int]:
    """Tell the revisions of several passes by id; those that do not exist are left out."""
    return await queries.list_revisions(tx, [pass_id for pass_id in pass_ids if is_pass_id(pass_id)])


async def has_passes_of(tx: Tx, pass_type: str) -> bool:
    """Tell whether any pass is of a type."""
    return await queries.has_passes_of(tx, pass_type)


async def list_present(tx: Tx, pass_ids: Sequence[str]) -> Collection[str]:
    """Tell which of these passes are there; voided ones are not."""
    return await queries.list_present(tx, [pass_id for pass_id in pass_ids if is_pass_id(pass_id)])


async def lock_pass(tx: Tx, pass_id: str) -> Pass:
    """Read a pass and hold its row until the transaction ends. Raises PassNotFound, for a voided pass too."""
    return _present(await queries.lock_pass(tx, pass_id) if is_pass_id(pass_id) else None, pass_id)


async def find_pass_id(tx: Tx, identifiers: Identifiers, pass_type: str | None = None) -> str | None:
    """Find the pass that all identifiers match, or None. Raises SeveralPasses."""
    if len(identifiers.pass_ids) > 1:
        return None
    pass_id = next(iter(identifiers.pass_ids), None)
    if not identifiers.external:
        found = await find_any_pass(tx, pass_id) if pass_id is not None else None
        is_meant = found is not None and found.voided_at is None and pass_type in {None, found.pass_type}
        return pass_id if is_meant else None
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


def _present(found: Pass | None, pass_id: str) -> Pass:
    if found is None or found.voided_at is not None:
        raise PassNotFound(pass_id)
    return found
