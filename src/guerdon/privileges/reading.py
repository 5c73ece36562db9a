"""Reading privileges as the JSON text that callers get; concurrent lists share one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from guerdon.passes.errors import PassNotFound
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.gather import Gatherer
from guerdon.platform.problems import Problem
from guerdon.privileges import queries
from guerdon.privileges.errors import PrivilegeNotFound
from guerdon.privileges.model import Privilege, PrivilegeState
from guerdon.privileges.queries import Listed

LISTS_MAX = 32


@dataclass(frozen=True, slots=True)
class Read:
    """A privilege as JSON text and its version; `is_cut` when it has seen more movements than it tells."""

    text: str
    version: int
    is_cut: bool


class PrivilegeLists:
    """Answers concurrent requests for the privileges of passes with one statement per batch."""

    def __init__(self, database: Database, clock: TenantClock, *, in_flight: int = 2, queue_max: int = 4096) -> None:
        """Read with at most `in_flight` statements at a time."""
        self._database = database
        self._clock = clock
        self._gatherer = Gatherer[str, str](
            self._read_batch, items_max=LISTS_MAX, in_flight=in_flight, queue_max=queue_max
        )

    async def find(self, tenant_id: str, pass_id: str) -> str | None:
        """Give the privileges of a pass as JSON text; None when they are more than one answer holds.

        Raises PassNotFound, Overloaded.
        """
        return await self._gatherer.call(tenant_id, pass_id) or None

    async def _read_batch(self, tenant_id: str, pass_ids: Sequence[str]) -> list[str | BaseException]:
        async with self._database.tenant(tenant_id) as tx:
            listed = await queries.list_documents(tx, list(set(pass_ids)), self._clock(tenant_id))
        return [_text_of(listed.get(pass_id), pass_id) for pass_id in pass_ids]


async def list_states(tx: Tx, pass_id: str, now: datetime) -> list[PrivilegeState]:
    """Read what a pass's privileges say and are worth, at most 200, in the order in which they show."""
    return await queries.list_states(tx, pass_id, now)


async def get_privilege(tx: Tx, privilege_id: str, pass_id: str | None, now: datetime) -> Privilege:
    """Read a privilege that is not hidden; with `pass_id`, only of that pass. Raises PrivilegeNotFound."""
    privilege = await queries.find_privilege(tx, privilege_id)
    if privilege is None or privilege.is_hidden(now) or pass_id not in {None, privilege.pass_id}:
        raise PrivilegeNotFound(privilege_id)
    return privilege


async def read_privilege(
    tx: Tx, privilege_id: str, pass_id: str | None, now: datetime, as_of: datetime | None = None
) -> Read:
    """Give a privilege as JSON text. Raises PrivilegeNotFound."""
    privilege = await get_privilege(tx, privilege_id, pass_id, now)
    # The version is read first: should a movement come between, it is older than the text, and an If-Match with it
    # fails instead of passing wrongly.
    version = await queries.find_version(tx, privilege.account_id)
    listed = await queries.list_documents(tx, [privilege.pass_id], now, as_of, [privilege_id])
    found = listed[privilege.pass_id]
    if not found.count:
        raise PrivilegeNotFound(privilege_id)
    return Read(found.text[1:-1].strip(), version, found.is_cut)


def _text_of(listed: Listed | None, pass_id: str) -> str | Problem:
    if listed is None:
        return PassNotFound(pass_id)
    return listed.text if listed.count <= queries.LIST_MAX else ""
