"""How large a pass may become, however many changes it takes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from guerdon.passes.bulk_changes import BulkChange, Outcomes, change_passes
from guerdon.passes.model import Changes
from guerdon.platform.clock import utc_now
from tests.shops import Shop, problem

NAMES = [f"m{number}" for number in range(200)]
FULL = dict.fromkeys(NAMES, 1)
HUGE = "x" * 600_000
MEMBERS = ["metadata", "additionalData"]


async def change(shop: Shop, bulk: BulkChange) -> Outcomes:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        return await change_passes(tx, bulk, None, "key:test", utc_now())


async def document_of(shop: Shop, pass_id: str) -> dict[str, Any]:
    return (await shop.ask("GET", f"/passes/{pass_id}/document")).json()


@pytest.mark.parametrize("member", MEMBERS)
async def test_a_patch_that_would_give_a_pass_too_many_members_is_refused_and_names_where(
    shop: Shop, member: str
) -> None:
    pass_id = await shop.issue(customerId="1")
    assert (await shop.ask("PATCH", f"/passes/{pass_id}", {member: FULL})).status_code == 200

    refused = await shop.ask("PATCH", f"/passes/{pass_id}", {member: {"m200": 1, "m0": 2}})
    in_exchange = await shop.ask("PATCH", f"/passes/{pass_id}", {member: {"m200": 1, "m0": None}})

    assert (refused.status_code, problem(refused)["code"]) == (400, "pass_too_large")
    assert list(problem(refused)["errors"]) == [member]
    assert in_exchange.status_code == 200
    assert (await document_of(shop, pass_id))["revision"] == 3


async def test_a_pass_has_no_more_identifiers_after_changes_than_it_may_be_created_with(shop: Shop) -> None:
    pass_id = await shop.issue(**{f"n{number}": "1" for number in range(60)})

    refused = await shop.ask("PATCH", f"/passes/{pass_id}", {"identifiers": {"n60": "1"}})

    assert list(problem(refused)["errors"]) == ["identifiers"]
    assert len((await document_of(shop, pass_id))["identifiers"]) == 60


async def test_a_patch_that_would_make_a_pass_too_large_is_refused_and_names_what_it_adds_to(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    assert (await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"a": HUGE}})).status_code == 200

    refused = await shop.ask("PATCH", f"/passes/{pass_id}", {"additionalData": {"a": HUGE}})
    removed = await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"a": None}, "additionalData": {"a": HUGE}})

    assert (refused.status_code, list(problem(refused)["errors"])) == (400, ["additionalData"])
    assert removed.status_code == 200


async def test_a_number_counts_with_all_of_its_digits(shop: Shop) -> None:
    body = b'{"metadata": {"a": [' + b",".join([b"1e300"] * 4_000) + b"]}}"
    pass_id = await shop.issue(customerId="1")

    created = await shop.ask("POST", "/passes?passType=card", body)
    changed = await shop.ask("PATCH", f"/passes/{pass_id}", body)

    assert [problem(answer)["code"] for answer in (created, changed)] == ["pass_too_large"] * 2


async def test_what_only_removes_is_never_refused(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        grown = json.dumps({**FULL, "more": 1, "and more": HUGE, "much more": HUGE})
        update = "UPDATE pass SET metadata = $3 WHERE tenant_id = $1 AND pass_id = $2"
        await tx.execute(update, shop.tenant_id, pass_id, grown)

    answer = await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"more": None}})
    outcomes = await change(shop, BulkChange([pass_id], Changes(metadata={"m0": None})))

    assert (answer.status_code, outcomes.errors) == (200, {})


@pytest.mark.parametrize("way", ["shared", "own", "identified"])
@pytest.mark.parametrize("filling", [FULL, {"a": HUGE, "b": "x" * 400_000}], ids=["members", "bytes"])
async def test_of_many_passes_those_that_would_become_too_large_are_refused_and_no_other(
    shop: Shop, way: str, filling: Mapping[str, object]
) -> None:
    full, empty = await shop.issue(customerId="1"), await shop.issue(customerId="2")
    await shop.ask("PATCH", f"/passes/{full}", {"metadata": filling})
    wished = Changes(metadata={"new": "x" * 60_000})
    if way == "identified":
        each = [Changes(metadata=wished.metadata, identifiers={"y": str(place)}) for place in range(3)]
    else:
        each = [wished] * 3
    pass_ids = [full, empty, "gone-by-now"]
    bulk = BulkChange(pass_ids, wished) if way == "shared" else BulkChange(pass_ids, Changes(), each)

    outcomes = await change(shop, bulk)

    assert outcomes.changed.pass_ids == [empty]
    assert outcomes.errors == {full: "pass_too_large", "gone-by-now": "pass_not_found"}
    assert await document_of(shop, full) | {"lastUpdateDate": 0, "creationDate": 0} == {
        "passId": full,
        "passType": "card",
        "identifiers": {"customerId": "1"},
        "metadata": filling,
        "additionalData": {},
        "revision": 2,
        "lastUpdateDate": 0,
        "creationDate": 0,
    }
