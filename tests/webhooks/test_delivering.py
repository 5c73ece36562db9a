import asyncio
import base64
import hashlib
import hmac

import pytest

from guerdon.platform.ids import new_id
from guerdon.webhooks.addresses import AddressRules
from guerdon.webhooks.queueing import take_errands
from tests.shops import Shop
from tests.webhooks.feeds import commit, settle
from tests.webhooks.receiving import (
    Behaviour,
    Clock,
    Received,
    answering,
    attempts_of,
    dispatching,
    dropping,
    hanging,
    logged,
    read,
    receiver,
    subscribe,
    until_paused,
)


async def test_a_matching_event_arrives_signed_in_both_forms_and_no_other_does(shop: Shop) -> None:
    async with receiver() as at, dispatching(shop):
        webhook = await subscribe(shop, at.url, "pass.created")
        pass_id = await shop.issue(customerId="42")
        await commit(shop.house.database, shop.tenant_id, 1)
        await at.until(lambda: len(at.received) == 1)

    (one,) = at.received
    key, signed = base64.b64decode(webhook["signatureSecret"]), one.headers
    message = f"{signed['webhook-id']}.{signed['webhook-timestamp']}.".encode() + one.body
    right = base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
    assert signed["webhook-signature"] == f"v1,{right}"
    plain = hmac.digest(webhook["signatureSecret"].encode(), one.body, hashlib.sha256).hex()
    assert signed["x-neostore-signature"] == plain
    assert (one.event["type"], one.event["subject"], one.event["id"]) == ("Pass:Created", pass_id, signed["webhook-id"])
    assert set(one.event) == {"id", "type", "timestamp", "tenantId", "subject", "data"}


async def test_events_from_before_the_webhook_are_not_sent(shop: Shop) -> None:
    await commit(shop.house.database, shop.tenant_id, 1)
    async with receiver() as at, dispatching(shop):
        await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 2)
        await at.until(lambda: at.numbers == [2])


async def test_what_happened_while_no_worker_ran_arrives_later(shop: Shop) -> None:
    async with receiver() as at:
        await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, *range(40), subject="one pass")
        async with dispatching(shop):
            await at.until(lambda: len(at.received) == 40)

    assert at.numbers == list(range(40))


async def test_a_later_event_of_a_pass_waits_for_the_earlier_one_and_other_passes_go_on(shop: Shop) -> None:
    async def fail_first(received: Received, writer: asyncio.StreamWriter) -> None:
        await answering(500 if received.number == 1 and len(at.received) < 6 else 200)(received, writer)

    clock = Clock()
    async with receiver(fail_first) as at, dispatching(shop, clock):
        await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1, 2, 3, subject="first")
        await commit(shop.house.database, shop.tenant_id, 11, 12, 13, subject="other")
        await at.until(lambda: len(at.received) == 4)
        before = list(at.numbers)
        for _ in range(4):
            clock.forward(hours=1)
            await asyncio.sleep(0.15)
        await at.until(lambda: at.numbers[-1] == 3)

    assert sorted(before) == [1, 11, 12, 13]
    assert [number for number in at.numbers if number < 10 and number != 1] == [2, 3]
    assert at.numbers.count(1) == 3


@pytest.mark.parametrize(
    ("behave", "status", "error"),
    [
        (answering(500), 500, None),
        (answering(404), 404, None),
        (answering(301, "location: http://127.0.0.1:1/"), 301, None),
        (hanging, None, "No answer within the time limit"),
        (dropping, None, "cut off"),
        (answering(200, body=b"x" * 1_000_000), 200, None),
    ],
)
async def test_each_attempt_is_logged_as_it_went(
    shop: Shop, behave: Behaviour, status: int | None, error: str | None
) -> None:
    async with receiver(behave) as at, dispatching(shop, time_s_max=0.3):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        await at.until(lambda: len(at.received) == 1)
        log = await logged(shop, webhook)

    (attempt,) = log
    assert (attempt.get("status"), attempt["number"], attempt["type"]) == (status, 1, "Pass:Updated")
    assert (error or "") in attempt.get("error", "")
    assert attempt["outcome"] == ("delivered" if status == 200 else "failed")
    assert attempt["eventId"] == at.received[0].event["id"]
    assert 0 <= attempt["durationMs"] < 5_000


async def test_a_redirect_is_not_followed(shop: Shop) -> None:
    async with receiver() as inner, receiver(answering(307, f"location: {inner.url}")) as at, dispatching(shop):
        await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        await at.until(lambda: len(at.received) == 1)
        await asyncio.sleep(0.3)

        assert inner.connections == 0


async def test_an_endpoint_that_answers_410_is_paused_and_resumes_where_it_stopped(shop: Shop) -> None:
    async with receiver(answering(410)) as at, dispatching(shop):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        await at.until(lambda: len(at.received) == 1)
        await commit(shop.house.database, shop.tenant_id, 2)
        paused = await until_paused(shop, webhook)
        at.behave = answering(200)
        await asyncio.sleep(0.3)
        seen = len(at.received)
        await shop.ask("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True})
        await at.until(lambda: {1, 2} <= set(at.numbers[seen:]))

    assert (paused["enabled"], "410" in paused["reason"]) == (False, True)


async def test_what_was_missed_can_be_skipped(shop: Shop) -> None:
    async with receiver(answering(410)) as at, dispatching(shop):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        await until_paused(shop, webhook)
        await commit(shop.house.database, shop.tenant_id, 2)
        at.behave, seen = answering(200), len(at.received)
        await shop.ask("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True, "skipMissed": True})
        await commit(shop.house.database, shop.tenant_id, 3)
        await at.until(lambda: at.numbers[seen:] == [3])


async def test_an_endpoint_that_only_fails_for_three_days_is_paused_and_keeps_what_it_missed(shop: Shop) -> None:
    clock = Clock()
    async with receiver(answering(503)) as at, dispatching(shop, clock):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1, 2)
        for _ in range(60):
            clock.forward(hours=9)
            await asyncio.sleep(0.15)
            if (await read(shop, webhook))["state"] == "paused":
                break
        paused = await read(shop, webhook)
        at.behave, seen = answering(200), len(at.received)
        await shop.ask("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True})
        await at.until(lambda: sorted(at.numbers[seen:]) == [1, 2])

    assert (paused["state"], paused["reason"]) == ("paused", "Every attempt has failed for three days.")
    assert "failingSince" in paused


async def test_an_event_that_never_arrives_is_given_up_after_three_days_when_others_do(shop: Shop) -> None:
    async def fail_one(received: Received, writer: asyncio.StreamWriter) -> None:
        await answering(500 if received.number == 1 else 200)(received, writer)

    clock = Clock()
    async with receiver(fail_one) as at, dispatching(shop, clock):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1, 2, subject="stuck")
        for number in range(10, 30):
            await at.until(lambda: 1 in at.numbers)
            await commit(shop.house.database, shop.tenant_id, number)
            await at.until(lambda number=number: number in at.numbers)
            clock.forward(hours=9)
            await asyncio.sleep(0.12)
            if 2 in at.numbers:
                break

        assert 2 in at.numbers
        outcomes = {one["outcome"] for one in await attempts_of(shop, webhook) if one.get("status") == 500}
        assert outcomes == {"failed", "givenUp"}
        assert (await read(shop, webhook))["state"] == "enabled"


async def test_a_hanging_endpoint_delays_no_other(shop: Shop) -> None:
    async with receiver(hanging) as bad, receiver() as good, dispatching(shop, time_s_max=20, sending_max=16):
        await subscribe(shop, bad.url)
        await subscribe(shop, good.url)
        await commit(shop.house.database, shop.tenant_id, *range(100))
        await good.until(lambda: len(good.received) == 100)

        assert len(bad.received) == 8


async def test_several_workers_send_each_event_once_and_in_order(shop: Shop) -> None:
    async with receiver() as at:
        await subscribe(shop, at.url)
        async with dispatching(shop), dispatching(shop), dispatching(shop):
            for number in range(60):
                await commit(shop.house.database, shop.tenant_id, number, subject=f"pass {number % 3}")
            await at.until(lambda: len(at.received) >= 60)
            await asyncio.sleep(0.2)

    assert sorted(at.numbers) == list(range(60))
    for rest in range(3):
        own = [number for number in at.numbers if number % 3 == rest]
        assert own == sorted(own)


async def test_what_a_dead_worker_had_claimed_is_sent_by_another(shop: Shop) -> None:
    clock = Clock()
    async with receiver() as at:
        await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        async with asyncio.timeout(5):
            errands = []
            while not errands:
                async with shop.house.database.tenant(shop.tenant_id) as tx:
                    errands = (await take_errands(tx, new_id(), 10, clock())).errands
        async with dispatching(shop, clock):
            await asyncio.sleep(0.4)
            assert at.received == []
            clock.forward(seconds=46)
            await at.until(lambda: at.numbers == [1])


async def test_both_secrets_sign_while_a_rotation_overlaps(shop: Shop) -> None:
    clock = Clock()
    async with receiver() as at, dispatching(shop, clock):
        webhook = await subscribe(shop, at.url)
        path = f"/webhooks/{webhook['id']}/rotate-secret"
        rotated = (await shop.ask("POST", path, {"overlapSeconds": 3600})).json()
        await commit(shop.house.database, shop.tenant_id, 1)
        await at.until(lambda: len(at.received) == 1)
        clock.forward(hours=2)
        await commit(shop.house.database, shop.tenant_id, 2)
        await at.until(lambda: len(at.received) == 2)

    during, after = at.received
    assert len(during.headers["webhook-signature"].split()) == 2
    secrets = (rotated["signatureSecret"], webhook["signatureSecret"])
    plain = [hmac.digest(secret.encode(), during.body, hashlib.sha256).hex() for secret in secrets]
    assert during.headers["x-neostore-signature"] == plain[0]
    assert during.headers["x-neostore-signature-previous"] == plain[1]
    assert len(after.headers["webhook-signature"].split()) == 1
    assert "x-neostore-signature-previous" not in after.headers


async def test_an_attempt_can_be_sent_again_and_its_number_goes_on(shop: Shop) -> None:
    async with receiver() as at, dispatching(shop):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        await at.until(lambda: len(at.received) == 1)
        log = await logged(shop, webhook)
        path = f"/webhooks/{webhook['id']}/attempts/{log[0]['id']}/resend"
        assert (await shop.ask("POST", path)).status_code == 202
        await at.until(lambda: at.numbers == [1, 1])
        log = await logged(shop, webhook, 2)

    assert [one["number"] for one in log] == [2, 1]
    assert at.received[0].headers["webhook-id"] == at.received[1].headers["webhook-id"]


async def test_that_something_was_sent_again_is_told_to_every_other_webhook(shop: Shop) -> None:
    async with receiver() as at, receiver() as other, dispatching(shop):
        webhook = await subscribe(shop, at.url, "*")
        await subscribe(shop, other.url, "Webhook:Resent")
        await commit(shop.house.database, shop.tenant_id, 1)
        (sent,) = await logged(shop, webhook, kind="Pass:Updated")
        path = f"/webhooks/{webhook['id']}/attempts/{sent['id']}/resend"
        answers = [await shop.ask("POST", path, headers={"Idempotency-Key": "once"}) for _ in range(2)]
        await other.until(lambda: len(other.received) == 1)
        await commit(shop.house.database, shop.tenant_id, 2)
        await at.until(lambda: at.received[-1].event["data"].get("number") == 2)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert other.received[0].event["subject"] == webhook["id"]
    assert other.received[0].event["data"] == {
        "webhookId": webhook["id"], "attemptId": sent["id"], "eventId": sent["eventId"], "eventType": "Pass:Updated"
    }  # fmt: skip
    assert "Webhook:Resent" not in {one.event["type"] for one in at.received}
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        actors = await tx.records(
            "SELECT actor FROM event WHERE tenant_id = $1 AND kind = 'Webhook:Resent'", tx.tenant_id
        )
    assert [actor.partition(":")[0] for (actor,) in actors] == ["key"]


async def test_a_dry_run_of_sending_again_tells_nobody(shop: Shop) -> None:
    async with receiver() as at, dispatching(shop):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        (sent,) = await logged(shop, webhook)
        path = f"/webhooks/{webhook['id']}/attempts/{sent['id']}/resend"
        answer = await shop.ask("POST", path, headers={"Guerdon-Dry-Run": "true"})
        await commit(shop.house.database, shop.tenant_id, 2)
        await at.until(lambda: at.numbers == [1, 2])

    assert answer.status_code == 202
    await settle(shop.house.database, shop.tenant_id)
    feed = await shop.ask("GET", "/events?types=Webhook:Resent")
    assert feed.json()["events"] == []


async def test_a_test_event_arrives_at_its_own_webhook_only(shop: Shop) -> None:
    async with receiver() as at, receiver() as other, dispatching(shop):
        webhook = await subscribe(shop, at.url)
        await subscribe(shop, other.url, "*")
        assert (await shop.ask("POST", f"/webhooks/{webhook['id']}/test")).status_code == 202
        await at.until(lambda: len(at.received) == 1)
        await commit(shop.house.database, shop.tenant_id, 1)
        await other.until(lambda: any(one.event["type"] == "Pass:Updated" for one in other.received))

    assert at.received[0].event["type"] == "Webhook:Test"
    assert all(one.event["type"] != "Webhook:Test" for one in other.received)


async def test_an_address_that_is_no_longer_allowed_is_not_connected_to(shop: Shop) -> None:
    closed = AddressRules()
    async with receiver() as at, dispatching(shop, rules=closed):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        log = await logged(shop, webhook)

    assert at.connections == 0
    assert "private and special ones are refused" in log[0]["error"]


async def test_a_webhook_that_is_deleted_while_it_is_sent_to_leaves_nothing(shop: Shop) -> None:
    async with receiver(hanging) as at, dispatching(shop, time_s_max=0.4):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, 1)
        await at.until(lambda: len(at.received) == 1)
        assert (await shop.ask("DELETE", f"/webhooks/{webhook['id']}")).status_code == 204
        await asyncio.sleep(0.6)
        async with shop.house.database.tenant(shop.tenant_id) as tx:
            left = await tx.value(
                "SELECT (SELECT count(*) FROM webhook_attempt WHERE tenant_id = $1)"
                " + (SELECT count(*) FROM webhook_delivery WHERE tenant_id = $1)",
                shop.tenant_id,
            )

    assert left == 0


async def test_attempts_are_listed_in_pages(shop: Shop) -> None:
    async with receiver() as at, dispatching(shop):
        webhook = await subscribe(shop, at.url)
        await commit(shop.house.database, shop.tenant_id, *range(5))
        everything = await logged(shop, webhook, 5)
    listed = []
    address: str | None = f"/api/{shop.tenant_id}/webhooks/{webhook['id']}/attempts?limit=2"
    while address is not None:
        answer = await shop.http.get(address, headers={"x-api-key": shop.key})
        listed += answer.json()
        address = answer.links["next"]["url"] if "next" in answer.links else None

    assert listed == everything
