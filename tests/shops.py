"""A shop for route tests: a tenant with pass types, an Apple identity, a key, and a way to ask the application."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import httpx2

from guerdon.access.keys import KeyPepper, create_key
from guerdon.access.model import Caller
from guerdon.delivery.apple.credentials import save_identity
from guerdon.delivery.apple.development_authority import create_authority, issue_identity
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.entrypoints.house import House
from guerdon.platform.db import Database
from guerdon.tenants.files import save_file
from guerdon.tenants.secrets import save_secret

HMAC_KEY = bytes(range(32))
PASS_TYPE = """
kind: customerCard
organization: Corner Shop
description: Loyalty card
fields:
  primary:
    - {key: stamps, label: Stamps, value: "{{ privilege.stamps.value }}", changeMessage: "You have %@ stamps"}
identifiers:
  customerId: {proof: hmac}
  table: {proof: allowList, allowList: ["7"]}
"""
BOUNDED_TYPE = PASS_TYPE + "privilegeFloor: 0\nprivilegeCeiling: 10\n"


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant as its own till sees it: every request goes to its base path with its key."""

    tenant_id: str
    key: str
    http: httpx2.AsyncClient
    house: House = field(repr=False)

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> httpx2.Response:
        """Send one request to `/api/{tenant}` + path; an empty key sends none."""
        sent = {"content-type": "application/json"} if body is not None else {}
        used = self.key if key is None else key
        if used:
            sent["x-api-key"] = used
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        return await self.http.request(
            method, f"/api/{self.tenant_id}{path}", content=content, headers={**sent, **(headers or {})}
        )

    async def issue(self, of_type: str = "card", **identifiers: str) -> str:
        """Create a pass and give its id."""
        answer = await self.ask("POST", f"/passes?passType={of_type}", {"identifiers": identifiers})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def grant(self, pass_id: str, value: float = 0, **members: object) -> str:
        """Add a privilege to a pass and give its id."""
        body = {"type": "MultiUse", "data": {"value": value}, **members}
        answer = await self.ask("POST", f"/passes/{pass_id}/privileges", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["privilegeId"]

    async def value(self, privilege_id: str) -> Decimal:
        """Read the value of a privilege, exactly."""
        answer = await self.ask("GET", f"/passes/privileges/{privilege_id}")
        return json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["data"]["value"]

    async def make_key(self, *scopes: str) -> str:
        """Make another key of this tenant."""
        caller = Caller(self.tenant_id, "test", frozenset({"*"}))
        async with self.house.database.tenant(self.tenant_id) as tx:
            created = await create_key(
                tx,
                KeyPepper(self.house.master_key),
                name="-".join(scopes).replace("*", "all") or "none",
                scopes=frozenset(scopes),
                caller=caller,
                now=datetime.now(UTC),
            )
        return created.text


async def open_shop(house: House, http: httpx2.AsyncClient, tenant_id: str) -> Shop:
    """Furnish a tenant that exists."""
    now = datetime.now(UTC)
    async with house.database.tenant(tenant_id) as tx:
        for name, text in (("card", PASS_TYPE), ("bounded", BOUNDED_TYPE)):
            path = f"server/passes/{name}.yaml"
            await save_file(tx, path=path, content=text.encode(), now=now, actor="test")
        await save_secret(
            tx, house.master_key, name="identifiers/customerId.hmac", plain=HMAC_KEY, now=now, actor="test"
        )
    shop = Shop(tenant_id, "", http, house)
    return Shop(tenant_id, await shop.make_key("*"), http, house)


async def save_type(shop: Shop, name: str, text: str) -> None:
    """Give a shop one more pass type."""
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        path = f"server/passes/{name}.yaml"
        await save_file(tx, path=path, content=text.encode(), now=datetime.now(UTC), actor="test")


async def certify(shop: Shop, serial_number: int = 7) -> None:
    """Give a shop the development certificate of a number for Apple."""
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await save_identity(tx, shop.house.master_key, _identity(serial_number), datetime.now(UTC), "test")


@cache
def _identity(serial_number: int) -> SigningIdentity:
    """Make what all shops share: making keys takes longer than what is proven with them."""
    now = datetime.now(UTC)
    return issue_identity(
        create_authority(now),
        pass_type_identifier="pass.org.example.shop",
        team_identifier="TEAM123456",
        now=now,
        serial_number=serial_number,
    )


def problem(answer: httpx2.Response) -> dict[str, Any]:
    """Give the problem document of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["instance"] == answer.headers["x-request-id"]
    return document


async def until_waiting(database: Database, count: int = 1) -> None:
    """Return when so many transactions of this server wait for another one's row."""
    async with asyncio.timeout(20), database.shared() as connection:
        while True:
            waiting: int = await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
            )
            if waiting >= count:
                return
            await asyncio.sleep(0.01)
