"""Limits of requests, of lists and of bodies (WIRE.md section 0)."""

import json
import time
from http.client import HTTPConnection
from typing import Any

import httpx2
import pytest

from guerdon_client import (
    NO_RETRIES,
    CampaignOptions,
    Guerdon,
    NewPrivilege,
    Notification,
    PassChange,
    PrivilegeChange,
    StoreDetails,
    TooManyRequests,
)
from tests.acceptance.houses import House, new_house
from tests.acceptance.running import Running
from tests.acceptance.test_bad_input import check

NOBODY_LISTENS = "http://127.0.0.1:9/hook"
A_MINUTE = 60


def test_a_tenant_beyond_its_limit_is_told_when_to_come_again(running: Running) -> None:
    house = new_house(running, requests_per_minute=3)
    with house.raw() as shop:
        answers = [shop.get("/passes") for _ in range(20)]
    with house.client(retries=NO_RETRIES) as client, pytest.raises(TooManyRequests) as refused:
        list_again_and_again(client)

    late = [answer for answer in answers if answer.status_code != 200]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"tenant";q=3;w=60'}
    assert all(1 <= int(answer.headers["retry-after"]) <= A_MINUTE for answer in late)
    assert {check(answer, 429)["code"] for answer in late} == {"too_many_requests"}
    assert refused.value.retry_after_s is not None


def list_again_and_again(client: Guerdon) -> None:
    for _ in range(20):  # the limit is each process's
        client.list_passes()


def test_each_answer_tells_what_is_left(raw: httpx2.Client, pass_id: str) -> None:
    for path in (f"/passes/{pass_id}/document", f"/passes/{pass_id}/privileges", "/passes/privileges/nobody-here"):
        told = raw.get(path).headers

        assert told["ratelimit"].startswith('"tenant";r=')
        assert told["ratelimit-policy"].startswith('"tenant";q=')


def test_files_may_be_larger_than_other_bodies(shop: Guerdon, customer: str) -> None:
    rows = "".join(f"{customer}-{number},ticket,{'x' * 1_000}\n" for number in range(2_000))
    file = f"serial,passType,metadata.note\n{rows}".encode()

    tried = shop.import_passes(file, dry_run=True)

    assert len(file) > 1024 * 1024
    assert tried.count == 2_000


@pytest.mark.parametrize("path", ["/passes/import", "/passes/bulk-update/file"])
def test_a_file_that_is_said_to_be_too_large_is_refused_before_it_comes(running: Running, path: str) -> None:
    connection = HTTPConnection(running.sandbox.base_url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", f"/api/{running.sandbox.tenant_id}{path}")
    for name, value in (("X-API-KEY", running.sandbox.api_key), ("Content-Type", "text/csv")):
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(100 * 1024 * 1024 + 1))
    connection.endheaders()

    with connection.getresponse() as refused:
        assert (refused.status, json.loads(refused.read())["code"]) == (413, "too_large")
    connection.close()


@pytest.fixture(scope="module")
def house(running: Running) -> House:
    """A tenant that has two or more of everything that is listed."""
    made = new_house(running)
    with made.client() as shop:
        furnish(shop)
    return made


def furnish(shop: Guerdon) -> None:
    for number in range(3):
        pass_id = shop.create_pass("loyalty", {"customerId": f"c-{number}", "family": "f"}).pass_id
        shop.scan(pass_id)
        shop.create_api_key(f"key-{number}", ["Pass.Read"])
        shop.create_role(f"role-{number}", ["Pass.Read"])
        shop.put_secret(f"identifiers/n{number}.secret", b"hush")
        shop.put_store(f"store-{number}", StoreDetails("Here"))
        shop.put_file("server/texts/note.txt", str(number).encode())
        shop.import_passes(f"serial,passType\ns-{number},nothing\nt-{number},nothing\n".encode(), on_error="skip")
    options = CampaignOptions(correlation_id="two campaigns")
    for _ in range(2):
        shop.start_campaign(every=True, change=PassChange(metadata={"a": 1}), options=options)
        shop.notify({"customerId": "c-0"}, Notification("Hello"))
        shop.create_privilege({"customerId": "c-0"}, NewPrivilege("OneTime"))
        shop.put_privilege({"customerId": "c-0"}, "card", PrivilegeChange("MultiUse"))
        shop.move("card", 1)
        shop.create_webhook(NOBODY_LISTENS, ["Nothing:Ever"])
    webhook_id = shop.list_webhooks()[0].webhook_id
    ends_at = time.monotonic() + 60
    while len(shop.list_webhook_attempts(webhook_id)) < 2 and time.monotonic() < ends_at:
        shop.test_webhook(webhook_id)
        time.sleep(0.5)


@pytest.fixture(scope="module")
def addresses(house: House) -> dict[str, str]:
    """Every list of the API that goes on by a cursor, and where this tenant has one."""
    with house.client() as shop:
        pass_id = shop.find_pass({"customerId": "c-0"})
        webhook_id = max(one.webhook_id for one in shop.list_webhooks() if shop.list_webhook_attempts(one.webhook_id))
        import_id = shop.list_imports().items[0].import_id
    return {
        "/admin/apiKeys": "/admin/apiKeys",
        "/admin/roles": "/admin/roles",
        "/config/files": "/config/files",
        "/config/history/{path}": "/config/history/server/texts/note.txt",
        "/config/pass-types": "/config/pass-types",
        "/secrets": "/secrets",
        "/passes": "/passes",
        "/passes/import": "/passes/import",
        "/passes/import/{importId}/errors": f"/passes/import/{import_id}/errors",
        "/passes/lookup": "/passes/lookup?value=f&provider=family",
        "/passes/privileges": "/passes/privileges?customerId=c-0",
        "/passes/privileges/{privilegeId}/movements": "/passes/privileges/card/movements",
        "/passes/push-updates": "/passes/push-updates",
        "/passes/push-updates/{correlationId}/passes": "/passes/push-updates/two%20campaigns/passes",
        "/passes/{passId}/notifications": f"/passes/{pass_id}/notifications",
        "/passes/{passId}/privileges": f"/passes/{pass_id}/privileges",
        "/scans": "/scans",
        "/stores": "/stores",
        "/webhooks": "/webhooks",
        "/webhooks/{id}/attempts": f"/webhooks/{webhook_id}/attempts",
    }


def test_every_list_goes_on_by_its_link(house: House, addresses: dict[str, str]) -> None:
    with house.raw() as shop:
        for address in addresses.values():
            first = shop.get(with_query(address, "limit=1"))
            link = first.headers.get("link", "")
            second = httpx2.get(target_of(link, house), headers={"X-API-KEY": house.api_key})

            assert (first.status_code, second.status_code) == (200, 200), (address, first.text, second.text)
            assert 'rel="next"' in link
            assert (len(first.json()), len(second.json())) == (1, 1), address
            assert first.json() != second.json(), address


def test_every_list_is_bounded_and_says_so(house: House, addresses: dict[str, str]) -> None:
    with house.raw() as shop:
        for address in addresses.values():
            for limit in ("0", "1000001", "x"):
                told = check(shop.get(with_query(address, f"limit={limit}")), 400)
                assert list(told["errors"]) == ["limit"], address  # pyright: ignore[reportArgumentType]  # an object


def test_a_page_of_passes_has_a_hundred_at_most(house: House) -> None:
    with house.raw() as shop:
        assert shop.get("/passes?pageSize=100").status_code == 200
        assert list(check(shop.get("/passes?pageSize=101"), 400)["errors"]) == ["pageSize"]  # pyright: ignore[reportArgumentType]
        assert shop.get("/passes").headers["x-pagination-total"] == "3"


def test_no_list_of_face_a_was_forgotten(running: Running, addresses: dict[str, str]) -> None:
    document: dict[str, Any] = httpx2.get(f"{running.sandbox.base_url}/openapi.json").json()
    listed = {
        path.removeprefix("/api/{tenantId}")
        for path, item in document["paths"].items()
        if path.startswith("/api/")
        and "get" in item
        and "cursor" in {parameter["name"] for parameter in item["get"].get("parameters", ())}
    }

    assert set(addresses) == listed


def with_query(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"


def target_of(link: str, house: House) -> str:
    path = link.partition("<")[2].partition(">")[0]
    assert path.startswith(f"/api/{house.tenant_id}/"), link
    return house.running.sandbox.base_url + path
