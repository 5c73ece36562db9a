import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
from tests.shops import Shop, certify, problem

from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.delivery.apple.routes import push_token_context
from guerdon.delivery.apple.web_address import web_service_url
from guerdon.entrypoints.api import build_app
from guerdon.passes.creating import secret_context
from guerdon.passes.finding import get_pass
from guerdon.platform.clock import utc_now

TYPE = "pass.org.example.shop"
PUBLIC = "https://wallet.example"


def document(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        read: dict[str, Any] = json.loads(archive.read("pass.json"))
    return read


@dataclass
class Phone:
    """A device and one pass on it."""

    shop: Shop
    pass_id: str
    token: str
    device: str = "phone-1"
    push: str = "push-1"
    type: str = TYPE

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        return await self.shop.ask(method, f"/passes/apple/v1{path}", body, headers=headers, key="")

    async def register(self, **members: object) -> httpx2.Response:
        path = f"/devices/{self.device}/registrations/{self.type}/{self.pass_id}"
        body = {"pushToken": self.push, **members}
        return await self.ask("POST", path, body, authorization=f"ApplePass {self.token}")

    async def unregister(self) -> httpx2.Response:
        path = f"/devices/{self.device}/registrations/{self.type}/{self.pass_id}"
        return await self.ask("DELETE", path, authorization=f"ApplePass {self.token}")

    async def changed(self, since: str | None = None) -> httpx2.Response:
        query = "" if since is None else f"?passesUpdatedSince={since}"
        return await self.ask("GET", f"/devices/{self.device}/registrations/{self.type}{query}")

    async def latest(self, **headers: str) -> httpx2.Response:
        path = f"/passes/{self.type}/{self.pass_id}"
        return await self.ask("GET", path, authorization=f"ApplePass {self.token}", **headers)


@pytest.fixture
async def phone(shop: Shop) -> Phone:
    await certify(shop)
    return await on_phone(shop, await shop.issue(customerId="1"))


async def on_phone(shop: Shop, pass_id: str) -> Phone:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        sealed = (await get_pass(tx, pass_id)).sealed_secret
    token = shop.house.master_key.decrypt(sealed, secret_context(shop.tenant_id, pass_id)).decode()
    return Phone(shop, pass_id, token)


@pytest.fixture
async def public_shop(shop: Shop) -> AsyncIterator[Shop]:
    """A shop in a house that phones can reach."""
    house = shop.house
    issuer = PassIssuer(house.database, house.master_key, house.pass_types, house.clock, utc_now, PUBLIC)
    transport = httpx2.ASGITransport(build_app(replace(house, issuer=issuer)), raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        yield replace(shop, http=client)
    issuer.close()


async def test_a_registration_is_new_once(phone: Phone) -> None:
    answers = [await phone.register(), await phone.register(), await phone.unregister(), await phone.unregister()]
    again = await phone.register()

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
    assert again.status_code == 201


async def test_the_push_token_of_the_last_registration_is_kept_sealed(phone: Phone) -> None:
    await phone.register()
    await phone.register(pushToken="push-2")
    shop = phone.shop

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        sealed = await tx.value("SELECT sealed_push_token FROM pass_installation WHERE tenant_id = $1", tx.tenant_id)

    context = push_token_context(shop.tenant_id, phone.device, phone.pass_id)
    assert shop.house.master_key.decrypt(sealed, context) == b"push-2"


@pytest.mark.parametrize(
    "stranger",
    [{"token": "wrong"}, {"token": ""}, {"pass_id": "aaaaaaaaaaaaaaaaaaaa"}, {"pass_id": "?!"}, {"type": "pass.other"}],
)
async def test_whoever_has_no_token_of_the_pass_is_told_the_same(phone: Phone, stranger: dict[str, str]) -> None:
    other = replace(phone, **stranger)

    answers = [await other.register(), await other.unregister(), await other.latest()]

    assert {answer.status_code for answer in answers} == {401} or "?" in other.pass_id
    if "?" not in other.pass_id:
        assert {problem(answer)["code"] for answer in answers} == {"pass_token_refused"}
        assert {answer.headers["www-authenticate"] for answer in answers} == {'ApplePass realm="guerdon"'}


async def test_a_token_of_another_pass_or_tenant_opens_nothing(phone: Phone, shop: Shop) -> None:
    other = await on_phone(shop, await shop.issue(customerId="2"))

    answer = await replace(phone, token=other.token).latest()

    assert answer.status_code == 401


async def test_a_device_hears_of_changes_once(phone: Phone) -> None:
    nothing = await phone.changed()
    await phone.register()
    first = await phone.changed()
    still = await phone.changed(first.json()["lastUpdated"])
    await phone.shop.ask("PATCH", f"/passes/{phone.pass_id}", {"metadata": {"level": "gold"}})
    news = await phone.changed(first.json()["lastUpdated"])

    assert (nothing.status_code, still.status_code) == (204, 204)
    assert first.json()["serialNumbers"] == news.json()["serialNumbers"] == [phone.pass_id]
    assert isinstance(news.json()["lastUpdated"], str)
    assert (await phone.changed(news.json()["lastUpdated"])).status_code == 204


async def test_tags_in_epoch_milliseconds_and_seconds_are_understood(phone: Phone) -> None:
    await phone.register()
    seconds = int(utc_now().timestamp())

    early = [await phone.changed(since) for since in (str(seconds - 100), str((seconds - 100) * 1000), "")]
    late = [await phone.changed(since) for since in (str(seconds + 100), str((seconds + 100) * 1000))]

    assert {answer.status_code for answer in early} == {200}
    assert {answer.status_code for answer in late} == {204}


async def test_only_the_devices_that_hold_a_pass_are_told(phone: Phone) -> None:
    await phone.register()

    others = [await replace(phone, device="phone-2").changed(), await replace(phone, type="pass.other").changed()]
    await phone.unregister()

    assert {answer.status_code for answer in others} == {204}
    assert (await phone.changed()).status_code == 204


async def test_the_latest_pass_has_a_date_and_is_given_once(phone: Phone) -> None:
    first = await phone.latest()
    same = await phone.latest(**{"if-modified-since": first.headers["last-modified"]})
    known = await phone.latest(**{"if-none-match": first.headers["etag"]})

    assert first.headers["content-type"] == "application/vnd.apple.pkpass"
    assert document(first.content)["serialNumber"] == phone.pass_id
    assert (same.status_code, known.status_code) == (304, 304)
    assert same.content == b""


async def test_two_changes_within_a_second_have_two_dates(phone: Phone) -> None:
    stamps = await phone.shop.grant(phone.pass_id, 1, externalId="stamps")
    dates: list[str] = []
    for value in (1, 2, 3):
        answer = await phone.latest(**({"if-modified-since": dates[-1]} if dates else {}))
        assert answer.status_code == 200
        dates.append(answer.headers["last-modified"])
        body = {"oldValue": value, "movementValue": 1}
        await phone.shop.ask("POST", f"/passes/privileges/{stamps}/movements", body)

    assert len(set(dates)) == 3


async def test_devices_that_ask_at_once_for_what_is_new_get_one_date(phone: Phone) -> None:
    answers = await asyncio.gather(*(phone.latest() for _ in range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["last-modified"] for answer in answers}) == 1


@pytest.mark.parametrize("sent", ["yesterday", "Mon, 99 Foo 2026 10:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
async def test_a_date_that_says_nothing_gives_the_whole_pass(phone: Phone, sent: str) -> None:
    await phone.latest()

    assert (await phone.latest(**{"if-modified-since": sent})).status_code == 200


async def test_a_phone_that_holds_a_deleted_pass_gets_it_voided(phone: Phone) -> None:
    await phone.register()
    tag = (await phone.changed()).json()["lastUpdated"]
    assert (await phone.shop.ask("DELETE", f"/passes/{phone.pass_id}")).status_code == 204

    news, latest = await phone.changed(tag), await phone.latest()

    assert news.json()["serialNumbers"] == [phone.pass_id]
    assert document(latest.content)["voided"] is True
    assert (await replace(phone, device="phone-2").register()).status_code == 401
    assert (await phone.unregister()).status_code == 200


@pytest.mark.parametrize("body", [{}, {"pushToken": ""}, {"pushToken": 1}, {"pushToken": "\x00"}, [], "text", None])
async def test_a_bad_registration_is_refused(phone: Phone, body: object) -> None:
    path = f"/devices/d/registrations/{TYPE}/{phone.pass_id}"

    answer = await phone.ask("POST", path, body, authorization=f"ApplePass {phone.token}")

    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("since", ["yesterday", "-1", "1e9", "9" * 40])
async def test_a_tag_that_nobody_gave_is_refused(phone: Phone, since: str) -> None:
    answer = await phone.changed(since)

    assert (answer.status_code, list(problem(answer)["errors"])) == (400, ["passesUpdatedSince"])


async def test_what_devices_complain_of_is_heard(phone: Phone) -> None:
    heard = await phone.ask("POST", "/log", {"logs": ["[2026] Get pass task: HTTP error", "x" * 10_000] * 30})
    refused = [await phone.ask("POST", "/log", body) for body in ({}, {"logs": "text"}, {"logs": [1]})]

    assert heard.status_code == 200
    assert {answer.status_code for answer in refused} == {400}


async def test_a_pass_says_where_to_ask_for_changes(public_shop: Shop) -> None:
    await certify(public_shop)
    pass_id = await public_shop.issue()

    read = document((await public_shop.ask("GET", f"/passes/{pass_id}?device=apple", key="")).content)

    assert read["webServiceURL"] == f"{PUBLIC}/api/{public_shop.tenant_id}/passes/apple"
    assert replace(await on_phone(public_shop, pass_id)).token == read["authenticationToken"]


@pytest.mark.parametrize(
    ("public_url", "url"),
    [
        (None, None),
        ("http://wallet.example", None),
        ("https://wallet.example/", "https://wallet.example/api/demo/passes/apple"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/demo/passes/apple"),
    ],
)
def test_phones_are_only_sent_to_addresses_that_they_can_use(public_url: str | None, url: str | None) -> None:
    assert web_service_url(public_url, "demo") == url


async def test_a_dry_run_registers_nothing(phone: Phone) -> None:
    path = f"/devices/{phone.device}/registrations/{TYPE}/{phone.pass_id}"
    headers = {"authorization": f"ApplePass {phone.token}", "guerdon-dry-run": "true"}

    answer = await phone.ask("POST", path, {"pushToken": "x"}, **headers)

    assert answer.status_code == 201
    assert (await phone.changed()).status_code == 204
