"""A phone's life with a pass: it downloads, registers, hears of a change, fetches it, and sees the pass voided."""

import io
import json
import zipfile
from typing import Any

import httpx2
import pytest

from guerdon_client import Guerdon, NewPrivilege, NotFound, Source
from tests.acceptance.running import Running


def read_pass(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        document: dict[str, Any] = json.loads(package.read("pass.json"))
    return document


class Phone:
    """Speaks to the address that the pass names, as Apple's devices do."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.base = document["webServiceURL"] + "/v1"
        self.headers = {"Authorization": f"ApplePass {document['authenticationToken']}"}
        self.type, self.serial = document["passTypeIdentifier"], document["serialNumber"]
        self.registrations = f"{self.base}/devices/phone-{self.serial}/registrations/{self.type}"

    def register(self) -> int:
        url = f"{self.registrations}/{self.serial}"
        return httpx2.post(url, json={"pushToken": "ab12"}, headers=self.headers).status_code

    def unregister(self) -> int:
        return httpx2.delete(f"{self.registrations}/{self.serial}", headers=self.headers).status_code

    def changed(self, since: str = "") -> httpx2.Response:
        return httpx2.get(self.registrations, params={"passesUpdatedSince": since} if since else {})

    def latest(self, since: str = "") -> httpx2.Response:
        sent = {"If-Modified-Since": since} if since else {}
        return httpx2.get(f"{self.base}/passes/{self.type}/{self.serial}", headers=self.headers | sent)


def test_a_phone_hears_of_a_change_and_fetches_it_once(shop: Guerdon, browser: Guerdon, pass_id: str) -> None:
    stamps = shop.create_privilege(pass_id, NewPrivilege("MultiUse", external_id="stamps")).privilege_id
    phone = Phone(read_pass(browser.get_apple_pass(pass_id, Source(["spring"], "email")).content))
    assert (phone.register(), phone.register()) == (201, 200)
    tag, date = phone.changed().json()["lastUpdated"], phone.latest().headers["last-modified"]

    shop.apply_movement(stamps, 1, 0)
    news, latest = phone.changed(tag), phone.latest(date)

    assert news.json()["serialNumbers"] == [pass_id]
    assert "1 of 10" in json.dumps(read_pass(latest.content))
    assert phone.changed(news.json()["lastUpdated"]).status_code == 204
    assert phone.latest(latest.headers["last-modified"]).status_code == 304


def test_a_deleted_pass_is_voided_on_the_phone_and_gone_elsewhere(
    shop: Guerdon, browser: Guerdon, pass_id: str, customer: str
) -> None:
    phone = Phone(read_pass(browser.get_apple_pass(pass_id).content))
    phone.register()

    shop.delete_pass(pass_id)

    assert read_pass(phone.latest().content)["voided"] is True
    assert phone.unregister() == 200
    with pytest.raises(NotFound):
        browser.get_apple_pass(pass_id)
    assert shop.create_pass("loyalty", {"customerId": customer}).pass_id != pass_id


def test_several_passes_come_in_one_file(shop: Guerdon, browser: Guerdon, running: Running, customer: str) -> None:
    names = running.sandbox.pass_types[:3]
    pass_ids = [shop.create_pass(name, {"customerId": customer}).pass_id for name in names]

    with zipfile.ZipFile(io.BytesIO(browser.install_passes(pass_ids))) as bundle:
        serials = [read_pass(bundle.read(name))["serialNumber"] for name in bundle.namelist()]

    assert serials == pass_ids
    with pytest.raises(NotFound, match="nobody-here"):
        browser.install_passes([*pass_ids, "nobody-here"])
