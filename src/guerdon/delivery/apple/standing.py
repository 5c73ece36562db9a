"""Where a pass and its tenant stand: two revisions that tell whether a package that was built is still right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from guerdon.passes.errors import PassNotFound
from guerdon.passes.finding import list_revisions
from guerdon.platform.db import Database
from guerdon.platform.gather import Gatherer
from guerdon.tenants.administration import get_tenant

LOOKS_MAX: Final = 256
WAITING_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """The revision of a pass, which rises with what it shows, and that of its tenant's files and secrets."""

    pass_revision: int
    tenant_revision: int


class Standings:
    """Reads standings; those who ask at the same time share one look, so that the database is asked little."""

    def __init__(self, database: Database) -> None:
        """Begin with nobody waiting."""
        self._database = database
        self._looks = Gatherer[str, Standing](self._look, items_max=LOOKS_MAX, in_flight=2, queue_max=WAITING_MAX)

    async def get(self, tenant_id: str, pass_id: str) -> Standing:
        """Tell where a pass stands, read after this was called. Raises PassNotFound, Overloaded."""
        return await self._looks.call(tenant_id, pass_id)

    async def _look(self, tenant_id: str, pass_ids: Sequence[str]) -> list[Standing | BaseException]:
        async with self._database.tenant(tenant_id) as tx:
            revisions = await list_revisions(tx, pass_ids)
            tenant_revision = (await get_tenant(tx)).revision if revisions else 0
        return [
            PassNotFound(pass_id)
            if (revision := revisions.get(pass_id)) is None
            else Standing(revision, tenant_revision)
            for pass_id in pass_ids
        ]
