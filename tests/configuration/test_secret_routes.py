import hashlib
import hmac
from typing import Any

import pytest

from guerdon.tenants.secrets import find_secret
from tests.shops import Shop, problem

NAME = "identifiers/table.secret"


async def test_a_secret_is_written_listed_by_name_and_deleted(shop: Shop) -> None:
    written = await shop.ask("PUT", f"/secrets/{NAME}", {"value": "hush hush"})
    listed = await shop.ask("GET", "/secrets")
    deleted = [(await shop.ask("DELETE", f"/secrets/{NAME}")).status_code for _ in range(2)]

    assert (written.status_code, deleted) == (200, [204, 404])
    assert [one["name"] for one in listed.json()] == ["identifiers/customerId.hmac", NAME]
    assert "hush" not in written.text + listed.text


async def test_a_secret_is_sealed_with_all_that_is_kept_of_the_request(shop: Shop) -> None:
    await shop.ask("PUT", f"/secrets/{NAME}", {"value": "hush hush"}, headers={"idempotency-key": "once"})

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        assert await find_secret(tx, shop.house.master_key, NAME) == b"hush hush"
        kept = [
            await tx.value("SELECT row_to_json(s)::text FROM tenant_secret s WHERE name = $1", NAME),
            await tx.value("SELECT row_to_json(i)::text FROM idempotency i"),
            await tx.value("SELECT string_agg(payload::text, '') FROM event"),
        ]
    assert not any("hush" in text or b"hush hush".hex() in text for text in kept)


async def test_a_key_of_an_identifier_proves_it_from_then_on(shop: Shop) -> None:
    await shop.ask("PUT", "/secrets/identifiers/customerId.hmac", {"hex": "00ff" * 16})
    proof = hmac.new(bytes.fromhex("00ff" * 16), b"7", hashlib.sha256).hexdigest()

    body = {"identifiers": {"customerId": "7", "customerId.hmac": proof}}

    assert (await shop.ask("POST", "/passes?passType=card", body, key="")).status_code == 200


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        (NAME, {}, 400),
        (NAME, {"value": ""}, 400),
        (NAME, {"value": 7}, 400),
        (NAME, {"value": "a", "hex": "00"}, 400),
        (NAME, {"hex": "0"}, 400),
        (NAME, {"hex": "zz"}, 400),
        (NAME, {"hex": ""}, 400),
        (NAME, {"value": "x" * 65_537}, 400),
        (NAME, {"value": "é" * 40_000}, 413),
        (NAME, {"value": "a\u0000"}, 400),
        (NAME, {"value": "a", "more": 1}, 400),
        (NAME, [], 400),
        ("a%20b", {"value": "a"}, 400),
        ("", {"value": "a"}, 400),
        ("x" * 201, {"value": "a"}, 400),
        ("apple/certificate", {"value": "a"}, 409),
    ],
)
async def test_a_secret_that_is_none_is_refused(shop: Shop, name: str, body: Any, status: int) -> None:
    answer = await shop.ask("PUT", f"/secrets/{name}", body)

    assert answer.status_code == status, answer.text
    assert problem(answer)["code"]
    assert len((await shop.ask("GET", "/secrets")).json()) == 1


async def test_secrets_have_scopes_of_their_own(shop: Shop) -> None:
    reader, writer, other = [await shop.make_key(scope) for scope in ("Secret.Read", "Secret.Write", "Config.Write")]

    assert (await shop.ask("GET", "/secrets", key=reader)).status_code == 200
    assert (await shop.ask("PUT", f"/secrets/{NAME}", {"value": "a"}, key=writer)).status_code == 200
    assert (await shop.ask("PUT", f"/secrets/{NAME}", {"value": "a"}, key=reader)).status_code == 403
    assert (await shop.ask("GET", "/secrets", key=other)).status_code == 403
