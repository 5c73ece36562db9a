"""The dispatcher of a worker: looks for errands whenever something has committed, and runs many at once.

It remembers nothing that matters: what is claimed by a worker that dies is free again after 45 seconds. No
transaction is open while a receiver is spoken to.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import asyncpg
import structlog

from guerdon.platform.db import TROUBLE, Database
from guerdon.platform.events import EVENTS_TOPIC
from guerdon.platform.ids import new_id
from guerdon.platform.keys import MasterKey, MasterKeyInvalid
from guerdon.platform.wakeups import Wakeups
from guerdon.webhooks import queries
from guerdon.webhooks.addresses import read_endpoint
from guerdon.webhooks.documents import event_document
from guerdon.webhooks.errors import EndpointRefused
from guerdon.webhooks.model import Answered
from guerdon.webhooks.queueing import Errand, take_errands
from guerdon.webhooks.recording import record
from guerdon.webhooks.registering import WEBHOOKS_TOPIC, open_secrets
from guerdon.webhooks.sending import Sender
from guerdon.webhooks.signing import signed_headers

SENDING_MAX: Final = 200
TAKEN_MAX: Final = 32
SWEEPS_AT_ONCE: Final = 3
POLL_S: Final = 1.0
LIST_S: Final = 5.0
RECORD_TRIES: Final = 5
GATHER_S: Final = 0.01

_log = structlog.stdlib.get_logger("guerdon.webhooks")


class Dispatcher:
    """Tells webhooks of events until it is told to stop; several workers may each have one."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        master_key: MasterKey,
        clock: Callable[[], datetime],
        *,
        poll_s: float = POLL_S,
        sending_max: int = SENDING_MAX,
    ) -> None:
        """Send at most `sending_max` at once; look at every tenant with webhooks every `poll_s` at least."""
        self._database = database
        self._sender = sender
        self._master_key = master_key
        self._clock = clock
        self._poll_s = poll_s
        self._free = sending_max
        self._sweeping = asyncio.Semaphore(SWEEPS_AT_ONCE)
        self._tenants: frozenset[str] = frozenset()
        self._listed_at = float("-inf")
        self._looked_at = float("-inf")
        self._due: set[str] = set()
        self._starved: set[str] = set()
        self._something = asyncio.Event()
        self._sweeps: dict[str, asyncio.Task[None]] = {}
        self._sendings: set[asyncio.Task[None]] = set()

    def listen(self, wakeups: Wakeups) -> None:
        """Look whenever events have committed or webhooks have changed."""
        wakeups.listen_to_family(EVENTS_TOPIC, self.wake)
        wakeups.listen(WEBHOOKS_TOPIC, self.wake_list)

    def wake(self, tenant_id: str | None) -> None:
        """Look for errands of a tenant now; None: of all."""
        self._due.update(self._tenants if tenant_id is None else [tenant_id])
        self._something.set()

    def wake_list(self) -> None:
        """Look now whose webhooks there are."""
        self._listed_at = float("-inf")
        self._something.set()

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Work until `stop`; then let what is being sent arrive for `grace_s`.

        What is cut off is sent again later. A database that cannot be reached is tried again, for ever.
        """
        stopping = asyncio.create_task(self._wake_at(stop))
        try:
            while not stop.is_set():
                await self._look()
                await self._wait()
            pending = {*self._sweeps.values(), *self._sendings}
            if pending:
                await asyncio.wait(pending, timeout=grace_s)
        finally:
            left = {stopping, *self._sweeps.values(), *self._sendings}
            for task in left:
                task.cancel()
            await asyncio.wait(left)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._something.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._something.wait()
        except TimeoutError:
            return
        self._something.clear()

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._listed_at >= LIST_S:
            # Noted before: what changes while they are listed has them listed once more.
            self._listed_at = now
            try:
                self._tenants = frozenset(await queries.list_tenants(self._database))
                self._due |= self._tenants
            except TROUBLE as trouble:
                self._listed_at = float("-inf")
                _log.warning("webhooks could not be looked at", reason=repr(trouble))
        if now - self._looked_at >= self._poll_s:
            self._looked_at = now
            self._due |= self._tenants
        due, self._due = self._due & self._tenants, set()
        self._sweep_all(due)

    def _sweep_all(self, tenant_ids: Iterable[str]) -> None:
        for tenant_id in tenant_ids:
            if tenant_id in self._sweeps:
                # One look at a time; this one may have passed what the wake-up was for.
                self._sweeps[tenant_id].add_done_callback(lambda _, name=tenant_id: self.wake(name))
            else:
                self._sweeps[tenant_id] = asyncio.create_task(self._sweep(tenant_id))

    async def _sweep(self, tenant_id: str) -> None:
        try:
            # Every delivery that ends asks for another look; some of them are answered at once.
            await asyncio.sleep(GATHER_S)
            async with self._sweeping:
                reserved = self._reserve(tenant_id)
                errands: list[Errand] = []
                try:
                    errands += await self._take(tenant_id, reserved)
                finally:
                    self._give_back(reserved - len(errands))
            for errand in errands:
                sending = asyncio.create_task(self._send(errand))
                self._sendings.add(sending)
                sending.add_done_callback(self._sendings.discard)
        except TROUBLE as trouble:
            _log.warning("webhooks could not be served", tenant_id=tenant_id, reason=repr(trouble))
        finally:
            del self._sweeps[tenant_id]

    def _reserve(self, tenant_id: str) -> int:
        reserved = min(self._free, TAKEN_MAX)
        self._free -= reserved
        if reserved == 0:
            self._starved.add(tenant_id)
        return reserved

    def _give_back(self, places: int) -> None:
        self._free += places
        if self._free > 0 and self._starved:
            self._due |= self._starved
            self._starved = set()
            self._something.set()

    async def _take(self, tenant_id: str, errands_max: int) -> list[Errand]:
        async with self._database.tenant(tenant_id) as tx:
            taken = await take_errands(tx, new_id(), errands_max, self._clock())
        if taken.has_more or (errands_max > 0 and len(taken.errands) == errands_max):
            self.wake(tenant_id)
        return list(taken.errands)

    async def _send(self, errand: Errand) -> None:
        try:
            began_at = self._clock()
            answered = await self._tell(errand, began_at)
            await self._record(errand, answered, began_at)
        except asyncpg.ForeignKeyViolationError:
            pass  # the webhook was deleted meanwhile, and its log with it
        except Exception:  # noqa: BLE001  # the claim ends by itself, and another look finds it
            _log.exception("a delivery failed; it will be done again", webhook_id=errand.webhook.webhook_id)
        finally:
            self._give_back(1)
            self.wake(errand.tenant_id)

    async def _tell(self, errand: Errand, now: datetime) -> Answered:
        body = event_document(errand.tenant_id, errand.event)
        try:
            secrets = open_secrets(errand.tenant_id, self._master_key, errand.webhook, now)
            endpoint = read_endpoint(errand.webhook.endpoint)
        except (MasterKeyInvalid, EndpointRefused) as refused:
            return Answered(None, str(refused), 0)
        return await self._sender.send(endpoint, signed_headers(secrets, str(errand.event.event_id), body, now), body)

    async def _record(self, errand: Errand, answered: Answered, began_at: datetime) -> None:
        attempt_id = new_id()
        for tries in range(RECORD_TRIES):
            try:
                async with self._database.tenant(errand.tenant_id) as tx:
                    await record(
                        tx,
                        errand,
                        answered,
                        attempt_id=attempt_id,
                        began_at=began_at,
                        now=self._clock(),
                        chance=random.random(),  # noqa: S311  # spreads, hides nothing
                    )
            except asyncpg.UniqueViolationError:
                return  # the commit before was lost on its way, and had happened
            except (*TROUBLE, asyncpg.DeadlockDetectedError) as trouble:
                if tries == RECORD_TRIES - 1 or isinstance(trouble, asyncpg.ForeignKeyViolationError):
                    raise
                await asyncio.sleep(0.2 * 2**tries)
            else:
                return
