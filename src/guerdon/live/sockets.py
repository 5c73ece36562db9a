"""The sockets that are open in this process, by tenant and pass, and how many there may be."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from guerdon.live.errors import SocketsFull, TooManySockets
from guerdon.live.frames import Frame
from guerdon.live.mailbox import GOING_AWAY, Ending, Mailbox
from guerdon.platform import metrics

CLOSE_S = 2.0


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """How many sockets one process opens: in all, for each tenant, and for each pass."""

    process: int
    tenant: int
    of_pass: int


@dataclass(slots=True)
class _TenantSockets:
    count: int = 0
    passes: dict[str, set[Mailbox]] = field(default_factory=dict[str, set[Mailbox]])


class Sockets:
    """Knows every open socket of this process by its mailbox."""

    def __init__(self, limits: SocketLimits) -> None:
        """Begin with none."""
        self._limits = limits
        self._tenants: dict[str, _TenantSockets] = {}
        self._count = 0
        self._is_closing = False
        self._none_left = asyncio.Event()

    @contextmanager
    def opened(self, tenant_id: str, pass_id: str) -> Generator[Mailbox]:
        """Count a socket of a pass for as long as the block lasts, and give its mailbox.

        Raises SocketsFull, TooManySockets.
        """
        self._check(tenant_id, pass_id)
        mailbox = Mailbox()
        of_tenant = self._tenants.setdefault(tenant_id, _TenantSockets())
        of_tenant.passes.setdefault(pass_id, set()).add(mailbox)
        of_tenant.count += 1
        self._counted(1)
        try:
            yield mailbox
        finally:
            self._remove(tenant_id, pass_id, mailbox)

    def deliver(self, tenant_id: str, pass_id: str, frame: Frame) -> None:
        """Leave a frame with every socket of a pass; waits for none of them."""
        for mailbox in self._of_pass(tenant_id, pass_id):
            mailbox.put(frame)

    def end(self, tenant_id: str, ending: Ending) -> None:
        """Have every socket of a tenant end; waits for none of them."""
        for mailboxes in self._tenants.get(tenant_id, _TenantSockets()).passes.values():
            for mailbox in mailboxes:
                mailbox.end(ending)

    def list_passes(self, tenant_id: str) -> list[str]:
        """Give the passes of a tenant that have sockets here."""
        of_tenant = self._tenants.get(tenant_id)
        return [] if of_tenant is None else list(of_tenant.passes)

    def count(self, tenant_id: str) -> int:
        """Tell how many sockets a tenant has here."""
        of_tenant = self._tenants.get(tenant_id)
        return 0 if of_tenant is None else of_tenant.count

    async def close(self) -> None:
        """Tell all clients that the process goes away, and open no more; waits a little for their goodbyes."""
        self._is_closing = True
        for tenant_id in self._tenants:
            self.end(tenant_id, Ending(GOING_AWAY, "the server stops or restarts"))
        if self._count:
            await asyncio.wait([asyncio.ensure_future(self._none_left.wait())], timeout=CLOSE_S)

    def _check(self, tenant_id: str, pass_id: str) -> None:
        if self._is_closing or self._count >= self._limits.process:
            raise SocketsFull
        if self.count(tenant_id) >= self._limits.tenant:
            raise TooManySockets("tenant", self._limits.tenant)
        if len(self._of_pass(tenant_id, pass_id)) >= self._limits.of_pass:
            raise TooManySockets("pass", self._limits.of_pass)

    def _of_pass(self, tenant_id: str, pass_id: str) -> set[Mailbox]:
        of_tenant = self._tenants.get(tenant_id)
        return set() if of_tenant is None else of_tenant.passes.get(pass_id, set())

    def _remove(self, tenant_id: str, pass_id: str, mailbox: Mailbox) -> None:
        of_tenant = self._tenants[tenant_id]
        of_tenant.passes[pass_id].remove(mailbox)
        if not of_tenant.passes[pass_id]:
            del of_tenant.passes[pass_id]
        of_tenant.count -= 1
        if not of_tenant.count:
            del self._tenants[tenant_id]
        self._counted(-1)

    def _counted(self, change: int) -> None:
        self._count += change
        metrics.set_sockets(self._count)
        if self._count == 0:
            self._none_left.set()
        else:
            self._none_left.clear()
