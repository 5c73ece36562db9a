import asyncio
import json
from typing import Any

import asyncpg
import pytest

from guerdon.campaigns.selecting import Selection, select_passes
from guerdon.passes.model import identity_of
from tests.campaigns.conftest import EVERY, Marketer
from tests.shops import problem

GOLD = {"metadata": {"tier": "gold"}}


async def test_every_pass_is_changed_and_counted(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(3)

    statistics = await marketer.run(await marketer.start(**EVERY, update=GOLD))

    assert (statistics["total"], statistics["updated"], statistics["errors"]) == (3, 3, 0)
    documents = [await marketer.document(pass_id) for pass_id in pass_ids]
    assert [(one["metadata"], one["revision"]) for one in documents] == [({"tier": "gold"}, 2)] * 3


async def test_changes_are_merged_per_key_and_null_removes_one(marketer: Marketer) -> None:
    pass_id = await marketer.shop.issue(customerId="7")
    old = {"metadata": {"a": 1, "b": [0.5], "c": None}, "additionalData": {"x": {"y": 1}}}
    await marketer.shop.ask("PATCH", f"/passes/{pass_id}", old)

    update = {"metadata": {"a": None, "d": 0.125}, "additionalData": {"x": {"z": None}}}
    await marketer.run(await marketer.start(**EVERY, update=update))

    document = await marketer.document(pass_id)
    assert document["metadata"] == {"b": [0.5], "d": 0.125}
    assert document["additionalData"] == {"x": {"z": None}}


async def test_the_answer_counts_and_names_the_correlation_id(marketer: Marketer) -> None:
    await marketer.issue_many(2)

    answer = await marketer.ask({**EVERY, "update": GOLD, "options": {"correlationId": "spring 2027"}})

    assert answer.json()["count"] == 2
    assert answer.headers["Guerdon-Correlation-Id"] == answer.json()["correlationId"] == "spring 2027"


async def test_an_empty_filter_needs_to_say_all(marketer: Marketer) -> None:
    answer = await marketer.ask({"update": GOLD, "passType": "card"})

    assert "filter" in problem(answer)["errors"]
    assert await marketer.statistics() == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"all": True}, "update"),
    ({"all": True, "notification": {}}, "notification"),
    ({"all": True, "update": {}, "other": 1}, "other"),
    ({"all": True, "update": GOLD, "options": {"correlationId": "too/short"}}, "options.correlationId"),
    ({"all": True, "update": GOLD, "options": {"passesPerSecond": 0}}, "options.passesPerSecond"),
    ({"filter": [{"field": "colour", "operator": "is"}], "update": GOLD}, "filter[0].field"),
    ({"identifiersIn": [{}], "update": GOLD}, "identifiersIn.0"),
    ({"all": True, "update": {"identifiers": {"limit": "3"}}}, "update.identifiers"),
    ({"all": True, "update": {"identifiers": {"customerId.secret": "leak"}}}, "update.identifiers"),
]


@pytest.mark.parametrize(("body", "place"), REFUSED)
async def test_what_cannot_be_done_is_refused(marketer: Marketer, body: dict[str, Any], place: str) -> None:
    assert place in problem(await marketer.ask(body))["errors"]


@pytest.mark.parametrize("body", [{"passType": "nosuch", "update": GOLD}, {"update": {"passType": "nosuch"}}])
async def test_an_unknown_pass_type_is_refused(marketer: Marketer, body: dict[str, object]) -> None:
    answer = await marketer.ask({**EVERY, **body})

    assert problem(answer)["code"] == "unknown_pass_type"


async def test_passes_are_chosen_by_type(marketer: Marketer) -> None:
    card, bounded = await marketer.shop.issue("card"), await marketer.shop.issue("bounded")

    correlation_id = await marketer.start(**EVERY, passType="bounded", update=GOLD)

    assert await marketer.outcomes(correlation_id) == {bounded: "pending"}
    assert card != bounded


async def test_passes_are_chosen_by_identifiers_of_which_all_match(marketer: Marketer) -> None:
    first = await marketer.shop.issue(customerId="1", table="7")
    second = await marketer.shop.issue(customerId="2", table="7")
    third = await marketer.shop.issue(customerId="3", table="7")

    named = [{"customerId": "1", "table": "7"}, {"id": second}, {"customerId": "3", "table": "8"}, {"customerId": "1"}]
    correlation_id = await marketer.start(identifiersIn=named, update=GOLD)

    assert await marketer.outcomes(correlation_id) == {first: "pending", second: "pending"}
    assert third not in await marketer.outcomes(correlation_id)


async def test_passes_are_chosen_by_filters_and_identifiers_together(marketer: Marketer) -> None:
    first, second, _ = await marketer.issue_many(3)
    await marketer.shop.ask("PATCH", f"/passes/{first}", {"metadata": {"tier": "gold"}})
    filters = [{"field": "metadata.tier", "operator": "equals", "value": "gold"}]

    correlation_id = await marketer.start(filter=filters, identifiersIn=[{"id": first}, {"id": second}], update=GOLD)

    assert await marketer.outcomes(correlation_id) == {first: "pending"}


async def test_a_pass_that_comes_later_is_no_part_of_a_campaign(marketer: Marketer) -> None:
    await marketer.issue_many(1)
    correlation_id = await marketer.start(**EVERY, update=GOLD)
    later = await marketer.shop.issue(customerId="later")

    statistics = await marketer.run(correlation_id)

    assert (statistics["total"], statistics["updated"]) == (1, 1)
    assert (await marketer.document(later))["metadata"] == {}


async def test_choosing_writes_nothing_so_that_no_reader_of_events_waits_for_it(marketer: Marketer) -> None:
    await marketer.issue_many(3)
    async with marketer.shop.house.database.tenant(marketer.shop.tenant_id) as tx:
        pages = [page async for page in select_passes(tx, Selection((), "card", [{"customerId": "c1"}]))]
        pages += [page async for page in select_passes(tx, Selection((), None, ()))]
        writer = await tx.value("SELECT pg_current_xact_id_if_assigned()")

    assert [len(page) for page in pages] == [1, 3]
    assert writer is None


async def test_a_campaign_that_changes_what_it_filters_by_reaches_every_pass(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(5)
    await marketer.run(await marketer.start(**EVERY, update=GOLD))
    filters = [{"field": "metadata.tier", "operator": "equals", "value": "gold"}]

    options = {"passesPerSecond": 400}
    statistics = await marketer.run(
        await marketer.start(filter=filters, update={"metadata": {"tier": "silver"}}, options=options)
    )

    assert statistics["updated"] == 5
    assert {(await marketer.document(pass_id))["metadata"]["tier"] for pass_id in pass_ids} == {"silver"}


async def test_a_dry_run_names_what_would_change_and_keeps_nothing(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(12)

    answer = await marketer.ask({**EVERY, "update": GOLD}, **{"Guerdon-Dry-Run": "true"})

    assert answer.json()["count"] == 12
    assert answer.json()["passIds"] == sorted(pass_ids)[:10]
    assert await marketer.statistics() == []


async def test_the_same_key_starts_a_campaign_once_and_tells_its_correlation_id_again(marketer: Marketer) -> None:
    await marketer.issue_many(1)

    first, again = [await marketer.ask({**EVERY, "update": GOLD}, **{"Idempotency-Key": "k1"}) for _ in range(2)]

    assert first.headers["Guerdon-Correlation-Id"] == again.headers["Guerdon-Correlation-Id"]
    assert len(await marketer.statistics()) == 1


async def test_a_campaign_that_was_started_is_told_of_again_without_a_look_at_passes(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    first = await marketer.ask({**EVERY, "update": GOLD}, **{"Idempotency-Key": "k1"})

    async with asyncio.timeout(20), owner.transaction():
        await owner.execute("LOCK TABLE pass")
        again = await marketer.ask({**EVERY, "update": GOLD}, **{"Idempotency-Key": "k1"})

    assert again.content == first.content


async def test_every_changed_pass_has_its_event(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    pass_ids = await marketer.issue_many(3)
    correlation_id = await marketer.start(**EVERY, update=GOLD)
    await marketer.run(correlation_id)

    records = await owner.fetch(
        "SELECT subject_id FROM event WHERE tenant_id = $1 AND kind = 'Pass:Updated'"
        " AND payload ->> 'correlationId' = $2 AND payload ->> 'revision' = '2'",
        marketer.shop.tenant_id,
        correlation_id,
    )

    assert sorted(record["subject_id"] for record in records) == sorted(pass_ids)


async def test_a_pass_that_would_be_the_same_as_another_is_an_error_and_fails_no_other(marketer: Marketer) -> None:
    first, second, third = sorted(await marketer.issue_many(3))

    correlation_id = await marketer.start(**EVERY, update={"identifiers": {"customerId": "same"}})
    statistics = await marketer.run(correlation_id)

    assert (statistics["updated"], statistics["errors"]) == (1, 2)
    assert await marketer.outcomes(correlation_id) == {first: "updated", second: "pass_exists", third: "pass_exists"}
    found = await marketer.shop.ask("GET", "/passes/findPass?customerId=same")
    assert found.text == first


async def test_a_pass_that_another_one_becomes_meanwhile_is_an_error(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    first, second = await marketer.issue_many(2)
    await marketer.shop.ask("PATCH", f"/passes/{second}?passType=bounded", {})
    correlation_id = await marketer.start(**EVERY, update={"identifiers": {"customerId": "same"}})

    transaction = owner.transaction()
    await transaction.start()
    identity = identity_of("card", {"customerId": "same"})
    assert identity is not None
    await owner.execute(
        "INSERT INTO pass SELECT (jsonb_populate_record(p, $2)).* FROM pass p WHERE pass_id = $1",
        first,
        json.dumps({"pass_id": "somebody-else", "identity": "\\x" + identity.hex()}),
    )
    running = asyncio.create_task(marketer.run(correlation_id))
    await asyncio.sleep(0.3)
    await transaction.commit()
    await running

    assert await marketer.outcomes(correlation_id) == {first: "pass_exists", second: "updated"}


async def test_a_pass_that_switches_type_meets_the_one_that_is_there(marketer: Marketer) -> None:
    card = await marketer.shop.issue("card", customerId="7")
    there = await marketer.shop.issue("bounded", customerId="7")
    other = await marketer.shop.issue("card", customerId="8")

    correlation_id = await marketer.start(**EVERY, passType="card", update={"passType": "bounded"})
    await marketer.run(correlation_id)

    assert await marketer.outcomes(correlation_id) == {card: "pass_exists", other: "updated"}
    assert (await marketer.document(other))["passType"] == "bounded"
    assert (await marketer.document(there))["revision"] == 1


async def test_an_identifier_is_added_to_all_and_found_by(marketer: Marketer) -> None:
    first, second = await marketer.issue_many(2)

    await marketer.run(await marketer.start(**EVERY, update={"identifiers": {"season": "2027"}}))

    assert (await marketer.shop.ask("GET", "/passes/findPass?season=2027&customerId=c0")).text == first
    assert (await marketer.shop.ask("GET", "/passes/findPass?season=2027&customerId=c1")).text == second


async def test_a_pass_that_is_gone_meanwhile_is_an_error(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    first, second = await marketer.issue_many(2)
    correlation_id = await marketer.start(**EVERY, update=GOLD)
    await owner.execute("DELETE FROM pass WHERE pass_id = $1", first)

    await marketer.run(correlation_id)

    assert await marketer.outcomes(correlation_id) == {first: "pass_not_found", second: "updated"}


async def test_a_campaign_tells_the_holder_of_every_pass_once(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    first, second = await marketer.issue_many(2)

    statistics = await marketer.run(await marketer.start(**EVERY, notification={"content": "Open on Sunday"}))

    assert statistics["updated"] == 2
    told = await owner.fetch(
        "SELECT pass_id, content FROM pass_notification WHERE tenant_id = $1", marketer.shop.tenant_id
    )
    assert sorted(map(tuple, told)) == sorted([(first, "Open on Sunday"), (second, "Open on Sunday")])
    assert (await marketer.document(first))["revision"] == 1


@pytest.mark.parametrize(
    "tier", ["gold", 9, 0.5, True, None, ["a"], {"a": "b"}, "x" * 600], ids=["text", "9", "0.5", "true", *"-[{", "long"]
)
async def test_what_a_campaign_writes_is_found_as_if_each_pass_had_been_changed_alone(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]", tier: object
) -> None:
    before = [{"tier": "old", "kept": 1, "9": 9}, {"tier": ["old"], "9": 9}, {"tier": 9}, {"9": "nine"}, {}]
    pass_ids = await marketer.issue_many(2 * len(before))
    alone, of_many = pass_ids[: len(before)], pass_ids[len(before) :]
    for pass_id, metadata in zip(pass_ids, before * 2, strict=True):
        await marketer.shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": metadata})
    change = {"metadata": {"tier": tier, "9": "nine"}}
    for pass_id in alone:
        await marketer.shop.ask("PATCH", f"/passes/{pass_id}", change)

    await marketer.run(await marketer.start(identifiersIn=[{"id": pass_id} for pass_id in of_many], update=change))

    rows = "SELECT name, value, number FROM pass_metadata WHERE pass_id = $1 ORDER BY name"
    for one, other in zip(alone, of_many, strict=True):
        assert await owner.fetch(rows, other) == await owner.fetch(rows, one)
        assert (await marketer.document(other))["metadata"] == (await marketer.document(one))["metadata"]
