"""Finding the passes of a person."""

from collections.abc import Sequence

from guerdon.passes.errors import PassNotFound
from guerdon.passes.exporting import list_passes_of
from guerdon.passes.identifiers import Identifiers
from guerdon.persons.errors import PersonTooLarge
from guerdon.platform.db import Tx

PASSES_MAX = 500


async def list_passes_of_person(tx: Tx, identifiers: Identifiers) -> Sequence[str]:
    """List the passes that all identifiers match, 500 at most. Raises PassNotFound, PersonTooLarge."""
    found = await list_passes_of(tx, identifiers, PASSES_MAX + 1)
    if not found:
        raise PassNotFound
    if len(found) > PASSES_MAX:
        raise PersonTooLarge(PASSES_MAX)
    return found
