"""A shop whose time can be frozen, and the job that advances it, done here and now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import httpx2

from guerdon.entrypoints.house import House
from guerdon.entrypoints.wiring import job_kinds
from guerdon.platform.clock import rfc3339, utc_now
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext
from guerdon.tenants.administration import create_tenant
from guerdon.tenants.freezing import ADVANCE_CLOCK
from tests.shops import Shop, open_shop

FACE_B = "/wallet2-api/api"


@dataclass(frozen=True, slots=True)
class Lab:
    """A sandbox tenant and the hands that move its clock."""

    shop: Shop

    async def freeze(self) -> datetime:
        answer = await self.shop.ask("POST", "/config/clock/freeze", {})
        assert answer.status_code == 201, answer.text
        return datetime.fromisoformat(answer.json()["now"])

    async def advance(self, to: datetime) -> dict[str, Any]:
        """Ask for an advance, do its job, and give the clock as it is then."""
        answer = await self.shop.ask("POST", "/config/clock/advance", {"to": rfc3339(to)})
        assert answer.status_code == 202, answer.text
        await self.work()
        return (await self.shop.ask("GET", "/config/clock")).json()

    async def work(self) -> None:
        """Do the job of the last advance."""
        house = self.shop.house
        async with house.database.tenant(self.shop.tenant_id) as tx:
            advance_id = await tx.value("SELECT advance_id FROM tenant_clock")
        context = JobContext(house.database, 1, 1, utc_now, lambda _topic: None)
        job = Job(ADVANCE_CLOCK, self.shop.tenant_id, {"advanceId": advance_id.hex})
        await job_kinds(house.master_key)[ADVANCE_CLOCK].handler(job, context)

    async def points(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """Send one request to face B."""
        return await self.shop.http.request(method, FACE_B + path, json=body, headers={"x-api-key": self.shop.key})


async def open_lab(
    owner: "asyncpg.Connection[asyncpg.Record]", house: House, http: httpx2.AsyncClient, name: str
) -> Lab:
    """Make a sandbox tenant."""
    await create_tenant(owner, tenant_id=name, name=name, now=utc_now(), is_sandbox=True)
    return Lab(await open_shop(house, http, name))
