"""Campaigns as a shop asks for them, worked off here and now instead of by a worker."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from guerdon.campaigns.jobs import run_campaign
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext
from tests.shops import Shop

EVERY: Mapping[str, Any] = {"all": True}


@dataclass(frozen=True, slots=True)
class Marketer:
    """Somebody of a shop who starts campaigns and has them worked off."""

    shop: Shop

    async def ask(self, body: Mapping[str, Any], **headers: str) -> httpx2.Response:
        """Ask for a bulk update."""
        return await self.shop.ask("POST", "/passes/bulk-update", body, headers=headers)

    async def start(self, **members: Any) -> str:
        """Start a campaign and give its correlation id."""
        answer = await self.ask(members)
        assert answer.status_code == 200, answer.text
        return answer.headers["Guerdon-Correlation-Id"]

    async def run(self, correlation_id: str) -> dict[str, Any]:
        """Work the campaign of a correlation id off, and give its statistics."""
        for one in await self.statistics():
            if one["correlationId"] == correlation_id:
                await run_campaign(self.job(one["operationId"]), self.context())
        return await self.statistics_of(correlation_id)

    async def statistics(self) -> list[dict[str, Any]]:
        """List the campaigns."""
        return (await self.shop.ask("GET", "/passes/push-updates")).json()

    async def statistics_of(self, correlation_id: str) -> dict[str, Any]:
        """Give the newest campaign of a correlation id."""
        return next(one for one in await self.statistics() if one["correlationId"] == correlation_id)

    async def outcomes(self, correlation_id: str) -> dict[str, str]:
        """Tell what became of each pass: its state, or the code of its refusal."""
        answer = await self.shop.ask("GET", f"/passes/push-updates/{correlation_id}/passes?limit=1000")
        assert answer.status_code == 200, answer.text
        return {one["passId"]: one.get("code", one["state"]) for one in answer.json()}

    async def document(self, pass_id: str) -> dict[str, Any]:
        """Read a stored pass."""
        return json.loads((await self.shop.ask("GET", f"/passes/{pass_id}/document")).text)

    async def issue_many(self, count: int) -> list[str]:
        """Issue passes of different customers."""
        return [await self.shop.issue(customerId=f"c{number}") for number in range(count)]

    def job(self, operation_id: str) -> Job:
        """Give the job that works a campaign off."""
        return Job("campaigns.run", self.shop.tenant_id, {"campaignId": UUID(operation_id).hex})

    def context(self) -> JobContext:
        """Give what a handler gets beside its job."""
        return JobContext(self.shop.house.database, 1, 1, lambda: datetime.now(UTC), lambda _topic: None)


@pytest.fixture
def marketer(shop: Shop) -> Marketer:
    return Marketer(shop)
