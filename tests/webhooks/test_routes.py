import asyncio
from typing import Any

import pytest

from tests.shops import Shop, problem

WEBHOOKS = "/webhooks"
DEFINITION: dict[str, Any] = {"endpoint": "http://127.0.0.1:9/hook", "events": ["Pass:Created", "pass.*"]}


async def create(shop: Shop, **changes: object) -> dict[str, Any]:
    answer = await shop.ask("POST", WEBHOOKS, {**DEFINITION, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_webhook_is_made_with_a_secret_of_64_characters_that_is_shown_once(shop: Shop) -> None:
    created = await create(shop, description="the CRM")

    read = (await shop.ask("GET", f"{WEBHOOKS}/{created['id']}")).json()

    secret = created.pop("signatureSecret")
    assert len(secret) == 64
    assert read == created
    assert {name: read[name] for name in DEFINITION} == DEFINITION
    assert (read["enabled"], read["state"], read["description"]) == (True, "enabled", "the CRM")


async def test_the_secret_lies_nowhere_readable(shop: Shop) -> None:
    headers = {"idempotency-key": "one"}
    first = await shop.ask("POST", WEBHOOKS, DEFINITION, headers=headers)
    again = await shop.ask("POST", WEBHOOKS, DEFINITION, headers=headers)

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        kept = await tx.value(
            "SELECT string_agg(body::text, '') FROM idempotency WHERE tenant_id = $1", shop.tenant_id
        ) + await tx.value("SELECT string_agg(w::text, '') FROM webhook AS w WHERE tenant_id = $1", shop.tenant_id)

    assert again.json() == first.json()
    assert first.json()["signatureSecret"].encode().hex() not in kept


async def test_webhooks_are_listed_in_pages_without_secrets(shop: Shop) -> None:
    made = {(await create(shop))["id"] for _ in range(3)}

    first = await shop.ask("GET", f"{WEBHOOKS}?limit=2")
    rest = await shop.http.get(first.links["next"]["url"], headers={"x-api-key": shop.key})

    assert {one["id"] for one in [*first.json(), *rest.json()]} == made
    assert "signatureSecret" not in first.text


async def test_a_patch_changes_what_it_names(shop: Shop) -> None:
    webhook_id = (await create(shop, description="old"))["id"]

    changed = await shop.ask(
        "PATCH", f"{WEBHOOKS}/{webhook_id}", {"events": ["*"], "enabled": False, "description": None}
    )

    read = (await shop.ask("GET", f"{WEBHOOKS}/{webhook_id}")).json()
    assert changed.json() == read
    assert (read["events"], read["state"], read["endpoint"]) == (["*"], "disabled", DEFINITION["endpoint"])
    assert "description" not in read


async def test_a_deleted_webhook_is_gone(shop: Shop) -> None:
    webhook_id = (await create(shop))["id"]

    assert (await shop.ask("DELETE", f"{WEBHOOKS}/{webhook_id}")).status_code == 204

    asked: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", {}),
        ("POST", "/test", None),
        ("GET", "/attempts", None),
        ("POST", "/attempts/00000000-0000-7000-8000-000000000000/resend", None),
    ]
    for method, path, body in asked:
        answer = await shop.ask(method, f"{WEBHOOKS}/{webhook_id}{path}", body)
        assert (answer.status_code, problem(answer)["code"]) == (404, "webhook_not_found")


async def test_a_dry_run_makes_nothing(shop: Shop) -> None:
    answer = await shop.ask("POST", WEBHOOKS, DEFINITION, headers={"guerdon-dry-run": "true"})

    assert answer.status_code == 201
    assert (await shop.ask("GET", WEBHOOKS)).json() == []


async def test_every_mistake_is_named_at_once(shop: Shop) -> None:
    answer = await shop.ask("POST", WEBHOOKS, {"events": ["Pass:Created", "no good!"], "enabled": "yes", "more": 1})

    assert set(problem(answer)["errors"]) == {"endpoint", "events.1", "enabled", "more"}


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/",
        "https://no-such-host.invalid/",
        "http://8.8.8.8/plain",
        "ftp://8.8.8.8/",
        "https://user:password@8.8.8.8/",
        "https://8.8.8.8/#fragment",
        "https://8.8.8.8:0/",
        "https:///path",
        "nothing",
    ],
)
async def test_an_endpoint_that_may_not_be_called_is_refused_when_made_and_when_changed(
    shop: Shop, endpoint: str
) -> None:
    webhook_id = (await create(shop))["id"]

    made = await shop.ask("POST", WEBHOOKS, {**DEFINITION, "endpoint": endpoint})
    changed = await shop.ask("PATCH", f"{WEBHOOKS}/{webhook_id}", {"endpoint": endpoint})

    for answer in (made, changed):
        assert (answer.status_code, problem(answer)["code"]) == (400, "endpoint_refused")
        assert list(problem(answer)["errors"]) == ["endpoint"]


async def test_reading_and_writing_need_their_scopes(shop: Shop) -> None:
    webhook_id = (await create(shop))["id"]
    reader, writer = await shop.make_key("Webhook.Read"), await shop.make_key("Webhook.Write")

    assert (await shop.ask("GET", f"{WEBHOOKS}/{webhook_id}/attempts", key=reader)).status_code == 200
    assert (await shop.ask("POST", f"{WEBHOOKS}/{webhook_id}/test", key=reader)).status_code == 403
    assert (await shop.ask("POST", f"{WEBHOOKS}/{webhook_id}/test", key=writer)).status_code == 202
    assert (await shop.ask("GET", WEBHOOKS, key=writer)).status_code == 403
    assert (await shop.ask("GET", "/events", key=reader)).status_code == 403


async def test_a_rotation_gives_a_new_secret_and_says_how_long_the_old_one_signs(shop: Shop) -> None:
    created = await create(shop)

    rotated = (await shop.ask("POST", f"{WEBHOOKS}/{created['id']}/rotate-secret", {"overlapSeconds": 60})).json()
    at_once = (await shop.ask("POST", f"{WEBHOOKS}/{created['id']}/rotate-secret", {"overlapSeconds": 0})).json()

    assert len({created["signatureSecret"], rotated["signatureSecret"], at_once["signatureSecret"]}) == 3
    assert "previousSecretExpiresAt" in rotated
    assert "previousSecretExpiresAt" not in at_once


async def test_no_more_webhooks_than_allowed_are_made_even_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guerdon.webhooks.registering.WEBHOOKS_MAX", 2)

    answers = await asyncio.gather(*(shop.ask("POST", WEBHOOKS, DEFINITION) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
