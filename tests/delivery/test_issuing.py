import asyncio
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.clocks import Clock
from tests.shops import PASS_TYPE, Shop, certify

from guerdon.delivery.apple.errors import NoAppleIdentity
from guerdon.delivery.apple.issuing import Package, PassIssuer
from guerdon.passes.errors import PassNotFound
from guerdon.passes.pass_types import PassTypes
from guerdon.tenants.files import save_file

LIST_TYPE = PASS_TYPE.replace("{{ privilege.stamps.value }}", "{{ privileges | size }}")
CLOCK_TYPE = PASS_TYPE.replace("{{ privilege.stamps.value }}", "{{ now }}")


def document(package: Package) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        read: dict[str, Any] = json.loads(archive.read("pass.json"))
    return read


def shown(package: Package) -> str:
    """What stands in the first primary field, as text."""
    return str(document(package)["storeCard"]["primaryFields"][0]["value"])


async def push(shop: Shop, text: str) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await save_file(tx, path="server/passes/card.yaml", content=text.encode(), now=datetime.now(UTC), actor="test")


async def test_an_unchanged_pass_is_given_as_it_was_built(shop: Shop, issuer: PassIssuer) -> None:
    await certify(shop)
    pass_id = await shop.issue()

    first = await issuer.issue(shop.tenant_id, pass_id)

    assert await issuer.issue(shop.tenant_id, pass_id) is first


async def test_a_pass_type_that_changes_is_seen_in_the_next_package(shop: Shop, issuer: PassIssuer) -> None:
    await certify(shop)
    pass_id = await shop.issue()
    await issuer.issue(shop.tenant_id, pass_id)

    await push(shop, PASS_TYPE.replace("Loyalty card", "Friends' card"))

    assert document(await issuer.issue(shop.tenant_id, pass_id))["description"] == "Friends' card"


async def test_a_new_certificate_signs_the_next_package(shop: Shop, issuer: PassIssuer) -> None:
    await certify(shop)
    pass_id = await shop.issue()
    before = await issuer.issue(shop.tenant_id, pass_id)

    await certify(shop, serial_number=8)

    assert (await issuer.issue(shop.tenant_id, pass_id)).content != before.content


async def test_a_privilege_leaves_the_pass_at_its_deletion_date_though_nothing_was_written(
    shop: Shop, issuer: PassIssuer, clock: Clock
) -> None:
    await certify(shop)
    await push(shop, LIST_TYPE)
    pass_id = await shop.issue()
    ends_at = clock.now + timedelta(hours=1)
    await shop.grant(pass_id, deletionDate=ends_at.isoformat())
    before = shown(await issuer.issue(shop.tenant_id, pass_id))

    clock.now = ends_at

    assert (before, shown(await issuer.issue(shop.tenant_id, pass_id))) == ("1", "0")


async def test_a_pass_is_signed_at_the_time_of_the_world_though_its_tenant_is_years_ahead(
    shop: Shop, clock: Clock
) -> None:
    await certify(shop)
    house = shop.house
    in_years = clock.now + timedelta(days=9_000)
    ahead = PassIssuer(house.database, house.master_key, PassTypes(), lambda _tenant_id: in_years, clock)

    package = await ahead.issue(shop.tenant_id, await shop.issue())

    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        assert clock.now.strftime("%y%m%d%H%M%SZ").encode() in archive.read("signature")
    ahead.close()


async def test_a_pass_that_tells_the_time_is_drawn_each_time(shop: Shop, issuer: PassIssuer, clock: Clock) -> None:
    await certify(shop)
    await push(shop, CLOCK_TYPE)
    pass_id = await shop.issue()
    before = shown(await issuer.issue(shop.tenant_id, pass_id))

    clock.now += timedelta(minutes=1)

    assert shown(await issuer.issue(shop.tenant_id, pass_id)) != before


@pytest.mark.parametrize(
    "form", ["{{ today }}", "{{ 'now' | date: '%H:%M:%S' }}", "{{ pass.metadata.until | date: '%H:%M:%S' }}"]
)
async def test_whatever_way_a_pass_tells_the_time_it_is_drawn_each_time(
    shop: Shop, issuer: PassIssuer, clock: Clock, form: str
) -> None:
    await certify(shop)
    await push(shop, PASS_TYPE.replace("{{ privilege.stamps.value }}", form))
    answer = await shop.ask("POST", "/passes?passType=card", {"metadata": {"until": "now"}})
    before = shown(await issuer.issue(shop.tenant_id, answer.text))

    clock.now += timedelta(days=1, seconds=1)

    assert shown(await issuer.issue(shop.tenant_id, answer.text)) != before


async def test_the_word_now_in_a_text_tells_no_time(shop: Shop, issuer: PassIssuer) -> None:
    await certify(shop)
    await push(shop, PASS_TYPE.replace("Loyalty card", "Now and today"))
    pass_id = await shop.issue()

    assert await issuer.issue(shop.tenant_id, pass_id) is await issuer.issue(shop.tenant_id, pass_id)


async def test_those_who_ask_at_once_get_each_their_own(shop: Shop, issuer: PassIssuer) -> None:
    await certify(shop)
    pass_ids = [await shop.issue(customerId=str(number)) for number in range(3)]

    asked = [issuer.issue(shop.tenant_id, pass_id) for pass_id in [*pass_ids, "no-such-pass", "?"] * 2]
    answers = await asyncio.gather(*asked, return_exceptions=True)

    serials = [document(one)["serialNumber"] if isinstance(one, Package) else type(one) for one in answers]
    assert serials == [*pass_ids, PassNotFound, PassNotFound] * 2


async def test_a_shop_without_a_certificate_issues_nothing(shop: Shop, issuer: PassIssuer) -> None:
    pass_id = await shop.issue()

    with pytest.raises(NoAppleIdentity):
        await issuer.issue(shop.tenant_id, pass_id)
