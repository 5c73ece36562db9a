from datetime import UTC, datetime

from tests.shops import Shop

from guerdon.entrypoints.wiring import FORGET_KEYS, PURGE_PRIVILEGES, SCHEDULES, SEAL_LEDGER, job_kinds
from guerdon.ledger.checkpoints import find_latest, is_signed, signing_key
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext

LATER = datetime(2099, 1, 1, tzinfo=UTC)


async def do(shop: Shop, kind: str, now: datetime, real_now: datetime | None = None) -> None:
    context = JobContext(shop.house.database, 1, 1, lambda: now, lambda _topic: None, lambda: real_now or now)
    await job_kinds(shop.house.master_key)[kind].handler(Job(kind, shop.tenant_id, {}), context)


async def test_every_schedule_names_a_job_that_is_known(shop: Shop) -> None:
    assert {schedule.kind for schedule in SCHEDULES} <= job_kinds(shop.house.master_key).keys()


async def test_the_daily_seal_signs_what_the_accounts_have_come_to(shop: Shop) -> None:
    await shop.grant(await shop.issue(customerId="1"), 5)

    await do(shop, SEAL_LEDGER, LATER)

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        checkpoint = await find_latest(tx)
    assert checkpoint is not None
    assert checkpoint.statement.entries == 1
    assert is_signed(checkpoint, signing_key(shop.house.master_key).public_key())


async def test_what_is_past_its_deletion_date_is_purged_and_its_pass_refreshed(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    await shop.grant(pass_id, 5, deletionDate="2098-01-01T00:00:00Z")
    await shop.grant(pass_id, 5)

    await do(shop, PURGE_PRIVILEGES, LATER)

    document = (await shop.ask("GET", f"/passes/{pass_id}/document")).json()
    assert len((await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()) == 1
    assert document["revision"] == 4


async def test_idempotency_keys_of_other_writes_are_forgotten_and_those_of_value_are_not(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"), 5)
    path, movement = f"/passes/privileges/{privilege_id}/movements", {"oldValue": 5, "movementValue": 1}
    await shop.ask("POST", "/passes?passType=card", {}, headers={"idempotency-key": "create"})
    await shop.ask("POST", path, movement, headers={"idempotency-key": "move"})

    await do(shop, FORGET_KEYS, LATER)

    again = await shop.ask("POST", path, movement, headers={"idempotency-key": "move"})
    other = await shop.ask("POST", "/passes?passType=bounded", {}, headers={"idempotency-key": "create"})
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 200


async def test_keys_are_kept_for_days_of_the_world_however_far_the_tenant_is_ahead(shop: Shop) -> None:
    await shop.ask("POST", "/passes?passType=card", {}, headers={"idempotency-key": "create"})

    await do(shop, FORGET_KEYS, LATER, real_now=datetime.now(UTC))

    again = await shop.ask("POST", "/passes?passType=card", {}, headers={"idempotency-key": "create"})
    assert again.headers["idempotency-replayed"] == "true"
