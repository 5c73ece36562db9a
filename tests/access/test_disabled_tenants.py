"""What a disabled tenant answers to those who bring no credential of it: what a tenant that never was answers."""

import asyncpg
import pytest

from guerdon.passes.proofs import hmac_of
from guerdon.tenants.administration import set_tenant_status
from tests.shops import HMAC_KEY, Shop

PROOF = hmac_of(HMAC_KEY, "1")
PROVEN = {"identifiers": {"customerId": "1", "customerId.hmac": PROOF}}
DEVICE = "/api/{tenant}/passes/apple/v1/devices/d1/registrations/pass.dev.guerdon"
PUBLIC_ADDRESSES: list[tuple[str, str, object]] = [
    ("POST", "/api/{tenant}/passes?passType=card", PROVEN),
    ("GET", f"/api/{{tenant}}/passes/findPass?passType=card&customerId=1&customerId.hmac={PROOF}", None),
    ("GET", "/api/{tenant}/passes/{pass}", None),
    ("GET", "/api/{tenant}/passes/{pass}/view", None),
    ("GET", "/api/{tenant}/passes/{pass}/connect", None),
    ("GET", "/{tenant}/card?id={pass}", None),
    ("GET", "/{tenant}/card?id={pass}&device=apple", None),
    ("GET", "/{tenant}/card/live?id={pass}", None),
    ("GET", "/{tenant}/images/logo.png", None),
    ("POST", "/api/{tenant}/points/orders", {"id": "1"}),
    ("GET", DEVICE, None),
    ("POST", DEVICE + "/{pass}", {"pushToken": "t"}),
    ("POST", "/api/{tenant}/passes/apple/v1/log", {"logs": []}),
]


async def disable(shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    await set_tenant_status(owner, shop.tenant_id, "disabled")
    shop.house.authenticator.forget_all()


@pytest.mark.parametrize(("method", "address", "body"), PUBLIC_ADDRESSES)
async def test_a_stranger_cannot_tell_a_disabled_tenant_from_one_that_never_was(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]", method: str, address: str, body: object
) -> None:
    pass_id = await shop.issue(customerId="1")
    await disable(shop, owner)

    async def ask(tenant_id: str) -> tuple[int, dict[str, object]]:
        path = address.format_map({"tenant": tenant_id, "pass": pass_id})
        answer = await shop.http.request(method, path, json=body)
        return answer.status_code, {**answer.json(), "instance": ""}

    status, document = await ask(shop.tenant_id)

    assert (status, document["code"], document["detail"]) == (404, "not_found", "Nothing is at this address.")
    assert await ask("a-tenant-that-never-was") == (status, document)
    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).status_code == 401


async def test_a_stranger_creates_nothing_for_a_disabled_tenant(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await disable(shop, owner)

    await shop.ask("POST", "/passes?passType=card", PROVEN, key="")

    assert await owner.fetchval("SELECT count(*) FROM pass WHERE tenant_id = $1", shop.tenant_id) == 0


async def test_a_tenant_that_is_active_again_serves_strangers_again(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await disable(shop, owner)
    refused = await shop.ask("POST", "/passes?passType=card", PROVEN, key="")
    await set_tenant_status(owner, shop.tenant_id, "active")
    shop.house.authenticator.forget_all()

    taken = await shop.ask("POST", "/passes?passType=card", PROVEN, key="")

    assert (refused.status_code, taken.status_code) == (404, 200)
