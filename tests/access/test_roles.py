import asyncio
from typing import Any

import pytest

from tests.access.test_routes import remember
from tests.shops import Shop, problem

KEYS, ROLES = "/admin/apiKeys", "/admin/roles"
CLERK: dict[str, Any] = {"name": "clerk", "permissions": ["Pass.Read"]}


async def make_role(shop: Shop, **changes: object) -> None:
    answer = await shop.ask("POST", ROLES, {**CLERK, **changes})
    assert answer.status_code == 201, answer.text


async def make_key(shop: Shop, **changes: object) -> str:
    body = {"name": "till", "enabled": True, "permissions": [], "roles": ["clerk"], **changes}
    answer = await shop.ask("POST", KEYS, body)
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


async def may_read(shop: Shop, key: str) -> int:
    """Ask for something that is not there: 404 for whoever may read, 403 or 401 for whoever may not."""
    return (await shop.ask("GET", "/passes/none/document", key=key)).status_code


async def test_a_key_may_do_what_its_roles_permit_and_no_more(shop: Shop) -> None:
    await make_role(shop)

    key = await make_key(shop)

    assert await may_read(shop, key) == 404
    assert (await shop.ask("PATCH", "/passes/none", {}, key=key)).status_code == 403


async def test_a_change_of_a_role_reaches_its_keys_at_once(shop: Shop) -> None:
    await make_role(shop)
    key = await make_key(shop)
    await remember(shop, key)

    changed = await shop.ask("PATCH", f"{ROLES}/clerk", {"permissions": ["Webhook.Read"]})

    assert (changed.status_code, changed.json()["permissions"]) == (200, ["Webhook.Read"])
    assert await may_read(shop, key) == 403


async def test_roles_are_listed_in_pages_and_read_by_name(shop: Shop) -> None:
    for name in ("b", "ä c", "a"):
        await make_role(shop, name=name)

    names: list[str] = []
    address: str | None = f"/api/{shop.tenant_id}{ROLES}?limit=1"
    while address is not None:
        answer = await shop.http.get(address, headers={"x-api-key": shop.key})
        names += [role["name"] for role in answer.json()]
        address = answer.links["next"]["url"] if "next" in answer.links else None

    assert sorted(names) == ["a", "b", "ä c"]
    assert (await shop.ask("GET", f"{ROLES}/b")).json()["permissions"] == ["Pass.Read"]
    assert problem(await shop.ask("GET", f"{ROLES}/nobody"))["code"] == "role_not_found"


async def test_a_role_that_good_keys_name_stays(shop: Shop) -> None:
    await make_role(shop)
    await make_key(shop)

    refused = await shop.ask("DELETE", f"{ROLES}/clerk")
    await shop.ask("DELETE", f"{KEYS}/till")
    deleted = await shop.ask("DELETE", f"{ROLES}/clerk")

    assert (problem(refused)["code"], deleted.status_code) == ("role_in_use", 204)
    assert (await shop.ask("GET", f"{ROLES}/clerk")).status_code == 404


async def test_nobody_gives_a_role_or_a_key_more_than_they_have(shop: Shop) -> None:
    await make_role(shop, permissions=["*"])
    await make_key(shop, name="off", enabled=False)
    maker = await shop.make_key("Access.Write", "Pass.Read")

    answers = [
        await shop.ask("POST", ROLES, {"name": "boss", "permissions": ["Pass.Write"]}, key=maker),
        await shop.ask("PATCH", f"{ROLES}/clerk", {"permissions": ["Pass.Write"]}, key=maker),
        await shop.ask("POST", KEYS, {"name": "k", "enabled": True, "permissions": [], "roles": ["clerk"]}, key=maker),
        await shop.ask("PATCH", f"{KEYS}/off", {"enabled": True}, key=maker),
        await shop.ask("POST", f"{KEYS}/off/rotate", {}, key=maker),
    ]

    assert [problem(answer)["code"] for answer in answers] == ["scope_not_held"] * 5


async def test_a_key_names_roles_that_exist(shop: Shop) -> None:
    answer = await shop.ask("POST", KEYS, {"name": "k", "enabled": True, "permissions": [], "roles": ["nobody"]})

    assert (answer.status_code, problem(answer)["code"]) == (409, "role_missing")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"permissions": ["Pass.Read"]},
        {**CLERK, "name": ""},
        {**CLERK, "name": "a/b"},
        {**CLERK, "name": "x" * 101},
        {**CLERK, "name": "a\u0000"},
        {**CLERK, "name": 7},
        {**CLERK, "permissions": []},
        {**CLERK, "permissions": ["Pass.Fly"]},
        {**CLERK, "permissions": "Pass.Read"},
        {**CLERK, "permissions": [None]},
        {**CLERK, "more": 1},
        {},
    ],
)
async def test_a_role_that_is_none_is_refused(shop: Shop, body: dict[str, Any]) -> None:
    assert (await shop.ask("POST", ROLES, body)).status_code == 400
    assert (await shop.ask("PATCH", f"{ROLES}/clerk", {**body, "name": 1})).status_code == 400


async def test_a_name_in_use_and_a_name_that_is_not_there_are_told(shop: Shop) -> None:
    await make_role(shop)

    assert problem(await shop.ask("POST", ROLES, CLERK))["code"] == "role_exists"
    missing = await shop.ask("PATCH", f"{ROLES}/nobody", {"permissions": ["Pass.Read"]})
    assert problem(missing)["code"] == "role_not_found"
    assert problem(await shop.ask("DELETE", f"{ROLES}/nobody"))["code"] == "role_not_found"


async def test_a_key_is_switched_off_and_on(shop: Shop) -> None:
    await make_role(shop)
    key = await make_key(shop)
    await remember(shop, key)

    off = await shop.ask("PATCH", f"{KEYS}/till", {"enabled": False})
    refused = await shop.ask("GET", "/passes/none/document", key=key)
    on = await shop.ask("PATCH", f"{KEYS}/till", {"enabled": True})

    assert [off.json()["enabled"], on.json()["enabled"], "disabledAt" in on.json()] == [False, True, False]
    assert (refused.status_code, refused.json()["detail"]) == (401, "The API key is disabled.")
    assert await may_read(shop, key) == 404


async def test_a_key_may_be_made_switched_off(shop: Shop) -> None:
    await make_role(shop)

    assert await may_read(shop, await make_key(shop, enabled=False)) == 401


async def test_a_replaced_key_is_good_for_the_overlap(shop: Shop) -> None:
    await make_role(shop)
    old = await make_key(shop)

    answer = await shop.ask("POST", f"{KEYS}/till/rotate", {"overlapSeconds": 1})

    new = answer.json()["token"]
    assert (answer.status_code, answer.json()["roles"], answer.json()["name"]) == (201, ["clerk"], "till")
    assert (await may_read(shop, old), await may_read(shop, new)) == (404, 404)
    await asyncio.sleep(1.1)
    assert (await may_read(shop, old), await may_read(shop, new)) == (401, 404)
    assert (await shop.ask("GET", f"{KEYS}/till")).json()["keyId"] == answer.json()["keyId"]


async def test_revoking_a_replaced_key_revokes_both(shop: Shop) -> None:
    await make_role(shop)
    old = await make_key(shop)
    new = (await shop.ask("POST", f"{KEYS}/till/rotate", {})).json()["token"]

    await shop.ask("DELETE", f"{KEYS}/till")

    assert (await may_read(shop, old), await may_read(shop, new)) == (401, 401)
    assert (await shop.ask("POST", f"{KEYS}/till/rotate", {})).status_code == 404


async def test_a_repeated_rotation_gives_the_same_key_again(shop: Shop) -> None:
    await make_role(shop)
    await make_key(shop)

    first, second = [
        await shop.ask("POST", f"{KEYS}/till/rotate", {}, headers={"idempotency-key": "once"}) for _ in range(2)
    ]

    assert first.json() == second.json()
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        assert b"gk." not in await tx.value("SELECT body FROM idempotency")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {}),
        ("", {"enabled": 1}),
        ("", {"enabled": True, "permissions": ["*"]}),
        ("/rotate", {"overlapSeconds": -1}),
        ("/rotate", {"overlapSeconds": 2_592_001}),
        ("/rotate", {"overlapSeconds": "1"}),
        ("/rotate", {"expiresAt": "soon"}),
        ("/rotate", {"more": 1}),
    ],
)
async def test_a_change_of_a_key_says_what_it_means(shop: Shop, path: str, body: dict[str, Any]) -> None:
    method = "POST" if path else "PATCH"

    assert (await shop.ask(method, f"{KEYS}/all{path}", body)).status_code == 400


async def test_a_reader_of_access_sees_keys_and_roles_and_changes_none(shop: Shop) -> None:
    reader = await shop.make_key("tenant.access:read", "tenant.apiKey:read")

    assert (await shop.ask("GET", KEYS, key=reader)).status_code == 200
    assert (await shop.ask("GET", ROLES, key=reader)).status_code == 200
    assert (await shop.ask("POST", ROLES, CLERK, key=reader)).status_code == 403
