import asyncio
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guerdon.access.model import SCOPES
from tests.shops import Shop, open_shop

KEYS = "/admin/apiKeys"
TO_ADMINISTER = {"*", "Access.Write", "tenant.access:read", "tenant.apiKey:read", "tenant.access.role:write"}
DEFINITION: dict[str, Any] = {"name": "till", "enabled": True, "permissions": ["Pass.Read"]}


async def create(shop: Shop, **changes: object) -> dict[str, Any]:
    answer = await shop.ask("POST", KEYS, {**DEFINITION, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def remember(shop: Shop, token: str) -> None:
    """Use a key until the process keeps it, which it does once the wake-up of the key's making has come around."""
    async with asyncio.timeout(10):
        while shop.house.authenticator.find_cached(token) is None:
            await asyncio.sleep(0.1)
            assert (await shop.ask("GET", "/passes/none/document", key=token)).status_code == 404


async def test_a_created_key_is_shown_once_and_works_at_once(shop: Shop) -> None:
    created = await create(shop)

    assert created["token"].startswith(created["prefix"] + ".")
    assert {name: created[name] for name in DEFINITION} == DEFINITION
    assert (await shop.ask("GET", "/passes/none/document", key=created["token"])).status_code == 404
    assert (await shop.ask("PATCH", "/passes/none", {}, key=created["token"])).status_code == 403


async def test_the_answer_says_where_the_key_is(shop: Shop) -> None:
    answer = await shop.ask("POST", KEYS, {**DEFINITION, "name": "Kasse Süd"})

    assert answer.headers["location"] == f"/api/{shop.tenant_id}/admin/apiKeys/Kasse%20S%C3%BCd"
    assert (await shop.http.delete(answer.headers["location"], headers={"x-api-key": shop.key})).status_code == 204


async def test_a_list_shows_everything_but_the_key(shop: Shop) -> None:
    created = await create(shop, expiresAt="2099-01-01T00:00:00+01:00")

    keys = (await shop.ask("GET", KEYS)).json()

    token = created.pop("token")
    assert keys[1] == created
    assert keys[1]["expiresAt"] == "2098-12-31T23:00:00Z"
    assert token not in str(keys)


async def test_a_list_is_read_in_pages(shop: Shop) -> None:
    for number in range(2):
        await create(shop, name=f"till {number}")

    names: list[str] = []
    address: str | None = f"/api/{shop.tenant_id}{KEYS}?limit=2"
    while address is not None:
        answer = await shop.http.get(address, headers={"x-api-key": shop.key})
        names += [key["name"] for key in answer.json()]
        address = answer.links["next"]["url"] if "next" in answer.links else None

    assert names == ["all", "till 0", "till 1"]


async def test_a_revoked_key_is_refused_at_once_and_listed_as_disabled(shop: Shop) -> None:
    token = (await create(shop))["token"]
    await remember(shop, token)

    revoked = await shop.ask("DELETE", f"{KEYS}/till")

    assert (revoked.status_code, revoked.content) == (204, b"")
    refused = await shop.ask("GET", "/passes/none/document", key=token)
    assert (refused.status_code, refused.json()["detail"]) == (401, "The API key was revoked.")
    key = (await shop.ask("GET", KEYS)).json()[1]
    assert key["enabled"] is False
    assert "revokedAt" in key


async def test_a_key_that_is_not_there_is_not_found(shop: Shop) -> None:
    answer = await shop.ask("DELETE", f"{KEYS}/nobody")

    assert (answer.status_code, answer.json()["code"]) == (404, "api_key_not_found")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": 7}, "name"),
        ({"enabled": 1}, "enabled"),
        ({"permissions": []}, "permissions"),
        ({"permissions": [], "roles": []}, "permissions"),
        ({"roles": "clerk"}, "roles"),
        ({"roles": [""]}, "roles"),
        ({"roles": ["clerk"] * 21}, "roles"),
        ({"permissions": ["Pass.*"]}, "permissions"),
        ({"permissions": "Pass.Read"}, "permissions"),
        ({"permissions": ["Pass.Read"] * 51}, "permissions"),
        ({"expiresAt": "2099-01-01"}, "expiresAt"),
        ({"tenantId": "other"}, "tenantId"),
    ],
)
async def test_a_mistake_is_told_with_its_place(shop: Shop, changes: dict[str, Any], place: str) -> None:
    answer = await shop.ask("POST", KEYS, {**DEFINITION, **changes})

    assert answer.status_code == 400
    assert [path.partition(".")[0] for path in answer.json()["errors"]] == [place]


@given(st.text(max_size=110), st.lists(st.sampled_from(sorted(SCOPES)) | st.text(max_size=20), max_size=4))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_definition_is_ever_a_failure_of_ours(shop: Shop, name: str, permissions: list[str]) -> None:
    answer = await shop.ask("POST", KEYS, {**DEFINITION, "name": name, "permissions": permissions})

    assert answer.status_code in {201, 400, 409}


async def test_a_name_in_use_is_a_conflict(shop: Shop) -> None:
    await create(shop)

    answer = await shop.ask("POST", KEYS, DEFINITION)

    assert (answer.status_code, answer.json()["code"]) == (409, "api_key_exists")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", KEYS),
        ("GET", f"{KEYS}/till"),
        ("POST", KEYS),
        ("PATCH", f"{KEYS}/till"),
        ("DELETE", f"{KEYS}/till"),
        ("POST", f"{KEYS}/till/rotate"),
        ("GET", "/admin/roles"),
        ("POST", "/admin/roles"),
        ("GET", "/admin/roles/clerk"),
        ("PATCH", "/admin/roles/clerk"),
        ("DELETE", "/admin/roles/clerk"),
    ],
)
async def test_keys_are_for_those_who_may_write_access(shop: Shop, method: str, path: str) -> None:
    weak = (await create(shop, name="weak", permissions=sorted(SCOPES - TO_ADMINISTER)))["token"]
    body = DEFINITION if method in {"POST", "PATCH"} else None

    assert (await shop.ask(method, path, body, key=weak)).status_code == 403
    assert (await shop.ask(method, path, body, key="")).status_code == 401


async def test_a_key_that_may_write_access_grants_no_more_than_it_has(shop: Shop) -> None:
    maker = await shop.make_key("Access.Write", "Pass.Read")

    assert (await shop.ask("POST", KEYS, DEFINITION, key=maker)).status_code == 201
    refused = await shop.ask("POST", KEYS, {**DEFINITION, "name": "boss", "permissions": ["*"]}, key=maker)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_held")


async def test_keys_of_another_tenant_are_not_there(shop: Shop, http: httpx2.AsyncClient, other_tenant_id: str) -> None:
    other = await open_shop(shop.house, http, other_tenant_id)
    await create(shop)

    for method, path in (("GET", KEYS), ("DELETE", f"{KEYS}/till")):
        assert (await shop.ask(method, path, key=other.key)).status_code == 404
    assert (await other.ask("DELETE", f"{KEYS}/till")).status_code == 404
    assert [key["name"] for key in (await other.ask("GET", KEYS)).json()] == ["all"]


async def test_a_repeated_request_is_answered_with_the_same_key(shop: Shop) -> None:
    headers = {"Idempotency-Key": "one"}
    first, second = [await shop.ask("POST", KEYS, DEFINITION, headers=headers) for _ in range(2)]

    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert len((await shop.ask("GET", KEYS)).json()) == 2


async def test_ten_requests_of_one_kind_make_one_key(shop: Shop) -> None:
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(shop.ask("POST", KEYS, DEFINITION, headers=headers) for _ in range(10)))

    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert len((await shop.ask("GET", KEYS)).json()) == 2


async def test_the_answer_that_is_kept_for_repeats_is_sealed(shop: Shop) -> None:
    answer = await shop.ask("POST", KEYS, DEFINITION, headers={"Idempotency-Key": "one"})

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        kept: bytes = await tx.value("SELECT body FROM idempotency")
    assert answer.json()["token"].rpartition(".")[2].encode() not in kept
    assert b"till" not in kept


async def test_a_dry_run_makes_and_revokes_nothing(shop: Shop) -> None:
    dry = {"Guerdon-Dry-Run": "true"}
    made = await shop.ask("POST", KEYS, DEFINITION, headers=dry)
    assert made.status_code == 201
    assert (await shop.ask("GET", KEYS, key=made.json()["token"])).status_code == 401

    token = (await create(shop))["token"]
    assert (await shop.ask("DELETE", f"{KEYS}/till", headers=dry)).status_code == 204
    assert (await shop.ask("GET", "/passes/none/document", key=token)).status_code == 404
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        kinds = [row["kind"] for row in await tx.records("SELECT kind FROM event WHERE kind LIKE 'access.%'")]
    assert kinds == ["access.key-created"] * 2  # The shop's own key and the one made in earnest.


async def test_events_tell_who_made_and_revoked_a_key_and_never_the_key(shop: Shop) -> None:
    created = await create(shop)
    await shop.ask("DELETE", f"{KEYS}/till")

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        events = await tx.records(
            "SELECT kind, payload, actor FROM event WHERE subject_id = $1 ORDER BY event_id", created["keyId"]
        )
    assert [event["kind"] for event in events] == ["access.key-created", "access.key-revoked"]
    assert all(event["actor"] == f"key:{shop.key.split('.')[2]}" for event in events)
    assert all(created["token"] not in event["payload"] for event in events)
    assert msgspec.json.decode(events[0]["payload"])["keyId"] == created["keyId"]
