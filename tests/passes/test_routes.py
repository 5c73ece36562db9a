import asyncio
from datetime import UTC, datetime

import pytest

from guerdon.passes.model import Changes
from guerdon.passes.proofs import hmac_of
from guerdon.passes.updating import update_pass
from tests.shops import HMAC_KEY, Shop, problem


async def test_the_same_type_and_identifiers_give_the_same_pass_however_many_ask(shop: Shop) -> None:
    passes = await asyncio.gather(*(shop.issue(customerId="1", y2="a") for _ in range(20)))

    assert len(set(passes)) == 1
    assert await shop.issue(customerId="1") != passes[0]
    assert await shop.issue("bounded", customerId="1", y2="a") != passes[0]


async def test_without_identifiers_every_create_makes_a_pass(shop: Shop) -> None:
    assert await shop.issue() != await shop.issue()


async def test_the_id_comes_as_text_unless_json_is_asked_for(shop: Shop) -> None:
    body, path = {"identifiers": {"customerId": "1"}}, "/passes?passType=card"

    text = await shop.ask("POST", path, body, headers={"accept": "*/*"})
    document = await shop.ask("POST", path, body, headers={"accept": "application/json"})

    assert text.headers["content-type"].startswith("text/plain")
    assert document.json() == {"passId": text.text}


async def test_an_unknown_pass_type_is_refused(shop: Shop) -> None:
    answer = await shop.ask("POST", "/passes?passType=nothing", {})

    assert (answer.status_code, problem(answer)["code"]) == (400, "unknown_pass_type")


async def test_a_stranger_creates_and_finds_only_with_proofs(shop: Shop) -> None:
    proof = hmac_of(HMAC_KEY, "1")
    proven = {"identifiers": {"customerId": "1", "customerId.hmac": proof}}

    created = await shop.ask("POST", "/passes?passType=card", proven, key="")
    found = await shop.ask("GET", f"/passes/findPass?passType=card&customerId=1&customerId.hmac={proof}", key="")
    listed = await shop.ask("POST", "/passes?passType=card", {"identifiers": {"table": "7"}}, key="")

    assert created.status_code == listed.status_code == 200
    assert found.text == created.text


async def test_a_proof_finds_the_pass_whatever_its_type(shop: Shop) -> None:
    pass_id, proof = await shop.issue(customerId="1"), hmac_of(HMAC_KEY, "1")

    found = await shop.ask("GET", f"/passes/findPass?customerId=1&customerId.hmac={proof}", key="")
    spelled = await shop.ask("GET", f"/passes/findPass?id.customerId=1&identifiers[customerId.hmac]={proof}", key="")
    unproven = await shop.ask("GET", f"/passes/findPass?customerId=2&customerId.hmac={proof}", key="")
    # Who may use a value without a proof stands in a pass type.
    listed = await shop.ask("GET", "/passes/findPass?table=7", key="")

    assert found.text == spelled.text == pass_id
    assert unproven.status_code == listed.status_code == 401


@pytest.mark.parametrize(
    "identifiers", [{}, {"customerId": "1"}, {"customerId": "1", "customerId.hmac": "00"}, {"table": "8"}]
)
async def test_a_stranger_without_proof_is_refused(shop: Shop, identifiers: dict[str, str]) -> None:
    body, reader = {"identifiers": identifiers}, await shop.make_key("Pass.Read")

    anonymous = await shop.ask("POST", "/passes?passType=card", body, key="")
    reading = await shop.ask("POST", "/passes?passType=card", body, key=reader)

    assert (anonymous.status_code, problem(anonymous)["code"]) == (401, "identifiers_not_proven")
    assert "www-authenticate" in anonymous.headers
    assert (reading.status_code, problem(reading)["code"]) == (403, "forbidden")


@pytest.mark.parametrize("accept", ["application/json", "text/json", "text/plain", "*/*"])
async def test_the_id_of_a_found_pass_is_text_whatever_is_asked_for(shop: Shop, accept: str) -> None:
    pass_id = await shop.issue(customerId="1")

    found = await shop.ask("GET", "/passes/findPass?customerId=1", headers={"accept": accept})

    assert (found.text, found.headers["content-type"]) == (pass_id, "text/plain; charset=utf-8")


async def test_find_pass_answers_one_none_and_many(shop: Shop) -> None:
    one = await shop.issue(customerId="1", shopId="s")
    await shop.issue(customerId="2", shopId="s")

    found = await shop.ask("GET", "/passes/findPass?customerId=1&shopId=s")
    none = await shop.ask("GET", "/passes/findPass?customerId=3")
    many = await shop.ask("GET", "/passes/findPass?shopId=s")

    assert found.text == one
    assert (none.status_code, none.content) == (204, b"")
    assert (many.status_code, problem(many)["code"]) == (409, "several_passes")


async def test_all_given_identifiers_must_match_one_pass(shop: Shop) -> None:
    one, two = await shop.issue(customerId="1", y2="a"), await shop.issue(customerId="2", y2="b")

    async def status(query: str) -> int:
        return (await shop.ask("GET", f"/passes/privileges?{query}")).status_code

    assert await status(f"id={one}&id.customerId=1&identifiers[y2]=a") == 200
    assert await status(f"id={two}&customerId=1") == 404
    assert await status("customerId=1&y2=b") == 404
    assert await status("") == 400


async def test_a_patch_merges_per_key_and_null_removes(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1", y2="a")
    first = {"metadata": {"store": "5", "vip": True}, "additionalData": {"name": "Ada", "exact": 0.1}}
    await shop.ask("PATCH", f"/passes/{pass_id}", first)

    change = {"metadata": {"vip": None}, "additionalData": {"name": "Eve"}, "identifiers": {"y2": None, "y3": "c"}}
    answer = await shop.ask("PATCH", "/passes?customerId=1", change)

    document = (await shop.ask("GET", f"/passes/{pass_id}/document")).json()
    assert (answer.status_code, answer.content) == (200, b"")
    assert document["metadata"] == {"store": "5"}
    assert document["additionalData"] == {"name": "Eve", "exact": 0.1}
    assert document["identifiers"] == {"customerId": "1", "y3": "c"}
    assert (await shop.ask("GET", "/passes/findPass?y3=c")).text == pass_id


MISNAMED = (
    "limit",
    "id",
    "neo.x",
    "filter[0]",
    "id.x",
    "identifiers",
    "passType.hmac",
    ".hmac",
    "a.secret.hmac",
    "a[b]",
)


async def test_a_pass_is_not_created_under_names_that_no_identifier_has(shop: Shop) -> None:
    identifiers = {"y2.customerId": "1", "y2.customerId.secret": "leak", **dict.fromkeys(MISNAMED, "leak")}

    refusal = problem(await shop.ask("POST", "/passes?passType=card", {"identifiers": identifiers}))

    (told,) = refusal["errors"].pop("identifiers")
    assert (refusal["status"], refusal["code"], refusal["errors"]) == (400, "invalid_request", {})
    assert all(f"`{name}`" in told for name in MISNAMED)
    assert not any(text in told for text in ("`y2.customerId`", "y2.customerId.secret", "leak"))


@pytest.mark.parametrize("path", ["/passes/{}", "/passes?customerId=1"])
async def test_a_patch_keeps_no_proof_and_no_name_that_no_identifier_has(shop: Shop, path: str) -> None:
    pass_id = await shop.issue(customerId="1")
    misnamed = ("customerId.secret", "customerId.hmac", "passType", *MISNAMED)

    body = {"identifiers": dict.fromkeys(misnamed, "leak") | {"y2.name": "x"}, "metadata": 1}
    refusal = problem(await shop.ask("PATCH", path.format(pass_id), body))

    (told,) = refusal["errors"]["identifiers"]
    assert (refusal["status"], refusal["code"]) == (400, "invalid_request")
    assert set(refusal["errors"]) == {"identifiers", "metadata"}
    assert all(f"`{name}`" in told for name in misnamed)
    assert not any(text in told for text in ("y2.name", "leak"))
    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).json()["identifiers"] == {"customerId": "1"}


async def test_a_wrong_name_that_is_there_already_is_read_found_and_taken_away(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await update_pass(tx, pass_id, Changes({"limit": "7", "a.hmac": "aa"}), "an older release", datetime.now(UTC))

    found = await shop.ask("GET", "/passes/findPass?id.limit=7")
    changed = await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"a": 1}})
    between = (await shop.ask("GET", f"/passes/{pass_id}/document")).json()["identifiers"]
    await shop.ask("PATCH", f"/passes/{pass_id}", {"identifiers": {"limit": None, "a.hmac": None}})

    assert (found.text, changed.status_code) == (pass_id, 200)
    assert between == {"customerId": "1", "limit": "7", "a.hmac": "aa"}
    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).json()["identifiers"] == {"customerId": "1"}


async def test_a_patch_may_switch_the_type_and_refuses_one_that_is_unknown(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")

    switched = await shop.ask("PATCH", f"/passes/{pass_id}?passType=bounded", {})
    unknown = await shop.ask("PATCH", f"/passes/{pass_id}?passType=nothing", {})

    assert (switched.status_code, unknown.status_code) == (200, 400)
    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).json()["passType"] == "bounded"


async def test_a_patch_cannot_make_two_passes_the_same(shop: Shop) -> None:
    await shop.issue(customerId="1")
    other = await shop.issue(customerId="2")

    answer = await shop.ask("PATCH", f"/passes/{other}", {"identifiers": {"customerId": "1"}})

    assert (answer.status_code, problem(answer)["code"]) == (409, "pass_exists")


async def test_unknown_members_and_every_other_mistake_are_named_at_once(shop: Shop) -> None:
    body: dict[str, object] = {"identifiers": {"customerId": 5}, "metadata": [], "surprise": 1}

    answer = await shop.ask("POST", "/passes?passType=card", body)

    assert set(problem(answer)["errors"]) == {"identifiers.customerId", "metadata", "surprise"}


async def test_the_document_never_shows_the_secret(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")

    document = (await shop.ask("GET", f"/passes/{pass_id}/document")).json()

    assert "secret" not in str(document).lower()


@pytest.mark.parametrize("path", ["/passes/notify/document", "/passes/x/document", "/passes/%F0%9F%8D%B0/document"])
async def test_what_is_no_pass_id_is_not_found(shop: Shop, path: str) -> None:
    answer = await shop.ask("GET", path)

    assert (answer.status_code, problem(answer)["code"]) == (404, "pass_not_found")


async def test_a_create_is_repeated_by_its_idempotency_key(shop: Shop) -> None:
    key = {"idempotency-key": "k1"}

    first = await shop.ask("POST", "/passes?passType=card", {}, headers=key)
    again = await shop.ask("POST", "/passes?passType=card", {}, headers=key)
    other = await shop.ask("POST", "/passes?passType=bounded", {}, headers=key)

    assert first.text == again.text
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422


async def test_twins_with_one_key_at_once_do_the_work_once(shop: Shop) -> None:
    key = {"idempotency-key": "k1"}

    answers = await asyncio.gather(*(shop.ask("POST", "/passes?passType=card", {}, headers=key) for _ in range(8)))

    assert len({answer.text for answer in answers}) == 1


async def test_another_tenants_pass_is_not_there(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    stranger = Shop(shop.tenant_id + "x", shop.key, shop.http, shop.house)

    answer = await stranger.ask("GET", f"/passes/{pass_id}/document")

    assert answer.status_code == 404
