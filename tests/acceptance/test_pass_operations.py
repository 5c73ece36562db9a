"""The operations on passes, sentence by sentence of WIRE.md section 1, where no other story tells them."""

import hashlib
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from guerdon_client import (
    CampaignOptions,
    Forbidden,
    Guerdon,
    InvalidRequest,
    NewPrivilege,
    NotFound,
    Notification,
    NotificationOptions,
    PassChange,
    PassFilter,
    PassSort,
    PrivilegeOptions,
    Source,
    Unauthenticated,
)
from tests.acceptance.builders import read_events
from tests.acceptance.houses import House, new_house
from tests.acceptance.running import Running
from tests.acceptance.test_bad_input import check
from tests.acceptance.test_campaigns import await_end, find, of_season, season
from tests.acceptance.test_installations import Phone, read_pass

TABLES = b"""\
kind: customerCard
organization: Ember
description: A card
images: {icon: loyalty-icon.png}
identifiers:
  badge: {proof: secret}
  table: {proof: allowList, allowList: ["7", "8"]}
"""
PASS_ID = re.compile(r"[\w-]{16,50}", re.ASCII)
LITERALS = {
    "findPass",
    "lookup",
    "notify",
    "privileges",
    "bulk-update",
    "push-updates",
    "statistics",
    "usage",
    "import",
}


@pytest.fixture(scope="module")
def house(running: Running) -> House:
    """A tenant with a pass type whose identifiers prove themselves by a secret and by a list."""
    made = new_house(running)
    with made.client() as owner:
        owner.put_file("server/passes/tables.yaml", TABLES)
        owner.put_secret("identifiers/badge.secret", b"open sesame")
    return made


@pytest.fixture
def stranger(house: House) -> Guerdon:
    return Guerdon(house.running.sandbox.base_url, house.tenant_id)


def test_ids_of_passes_cannot_be_guessed_and_are_no_addresses(shop: Guerdon) -> None:
    ids = {shop.create_pass("generic").pass_id for _ in range(20)}

    assert len(ids) == 20
    assert all(PASS_ID.fullmatch(pass_id) for pass_id in ids)
    assert not ids & LITERALS


def test_a_secret_proves_an_identifier(house: House, stranger: Guerdon, customer: str) -> None:
    with house.raw() as raw, stranger:
        del raw.headers["x-api-key"]
        body = {"identifiers": {"badge": customer, "badge.secret": "open sesame"}}
        made = raw.post("/passes?passType=tables", json=body)
        wrong = raw.post("/passes?passType=tables", json={"identifiers": {**body["identifiers"], "badge.secret": "x"}})
        found = raw.get(f"/passes/findPass?badge={customer}&badge.secret=open%20sesame&passType=tables")

    assert (made.status_code, found.text) == (200, made.text)
    check(wrong, 401)


def test_a_value_on_the_list_needs_no_proof_and_another_does(stranger: Guerdon) -> None:
    with stranger:
        seventh = stranger.create_pass("tables", {"table": "7"})
        with pytest.raises(Unauthenticated):
            stranger.create_pass("tables", {"table": "9"})
        with pytest.raises(Unauthenticated):
            stranger.create_pass("tables")

    assert PASS_ID.fullmatch(seventh.pass_id)


def test_a_key_with_too_little_scope_creates_what_proves_itself(house: House, customer: str) -> None:
    with house.client() as owner:
        key = owner.create_api_key(customer, ["Pass.Read"]).text
    with house.client(key) as clerk:
        assert clerk.create_pass("tables", {"table": "8"}).pass_id
        with pytest.raises(Forbidden):
            clerk.create_pass("tables", {"table": "9"})


def test_an_update_by_identifiers_switches_the_type_and_answers_nothing(
    raw: httpx2.Client, shop: Guerdon, pass_id: str, customer: str
) -> None:
    answer = raw.patch(f"/passes?id.customerId={customer}&passType=generic", json={"metadata": {"a": 1}})

    assert (answer.status_code, answer.content) == (200, b"")
    assert shop.get_pass_document(pass_id).pass_type == "generic"


def test_an_update_by_identifiers_of_nobody_is_not_found(shop: Guerdon, customer: str) -> None:
    with pytest.raises(NotFound):
        shop.update_pass({"customerId": f"nobody-{customer}"}, metadata={"a": 1})


@pytest.mark.parametrize(
    ("query", "source"),
    [
        (
            "neo.src=spring,vip|email|https%3A%2F%2Fshop.example%2F",
            (["spring", "vip"], "email", "https://shop.example/"),
        ),
        ("neo.src.tags=spring&neo.src.medium=sms&neo.src.origin=till", (["spring"], "sms", "till")),
        ("neo.src=spring|email|page&neo.src.medium=app", (["spring"], "app", "page")),
    ],
)
def test_where_somebody_came_from_is_told_when_the_phone_registers(
    raw: httpx2.Client, shop: Guerdon, pass_id: str, query: str, source: tuple[list[str], str, str]
) -> None:
    downloaded = raw.get(f"/passes/{pass_id}?device=apple&userAgent=Nokia&{query}")
    Phone(read_pass(downloaded.content)).register()

    (installed,) = read_events(shop, pass_id, "Pass:Installed")

    told = installed.data["source"]
    assert told == dict(zip(("tags", "medium", "origin"), source, strict=True)) | {"userAgent": "Nokia"}


def test_a_raw_document_shows_no_secret_and_no_push_token(
    shop: Guerdon, browser: Guerdon, raw: httpx2.Client, pass_id: str
) -> None:
    written = read_pass(browser.get_apple_pass(pass_id, Source(["a"])).content)
    Phone(written).register()

    text = raw.get(f"/passes/{pass_id}/document").text

    assert written["authenticationToken"] not in text
    assert "ab12" not in text
    assert not {"secret", "pushToken"} & json.loads(text).keys()
    (listed,) = shop.list_passes([PassFilter("id", "equals", pass_id)]).items
    assert listed.secret == written["authenticationToken"]
    assert list(listed.providers) == ["apple"]


def test_an_installation_is_counted_in_its_wallet(shop: Guerdon, browser: Guerdon, pass_id: str) -> None:
    before = shop.get_usage_by_type("loyalty")["loyalty"].apple
    phone = Phone(read_pass(browser.get_apple_pass(pass_id).content))

    phone.register()
    during = shop.get_usage_by_type("loyalty")["loyalty"].apple
    phone.unregister()
    after = shop.get_usage_by_type("loyalty")["loyalty"].apple

    assert (during.installed, during.active) == (before.installed + 1, before.active + 1)
    assert (after.installed, after.uninstalled, after.active) == (
        during.installed,
        before.uninstalled + 1,
        before.active,
    )


@pytest.mark.parametrize("body", [{}, {"content": None}, {"localizedContent": {}}, {"content": ""}])
def test_a_notification_without_a_text_is_refused(
    raw: httpx2.Client, pass_id: str, customer: str, body: dict[str, object]
) -> None:
    check(raw.post(f"/passes/{pass_id}/notify", json=body), 400)
    check(raw.post(f"/passes/notify?customerId={customer}", json=body), 400)


def test_a_notification_of_nobody_is_not_found(shop: Guerdon, customer: str) -> None:
    for nobody in ("nobody-here", {"customerId": f"nobody-{customer}"}):
        with pytest.raises(NotFound):
            shop.notify(nobody, Notification("Hello"))


def test_a_new_privilege_can_be_told_of(shop: Guerdon, pass_id: str) -> None:
    told = Notification("You have a gift", {"de": "Ein Geschenk"}, NotificationOptions(correlation_id="gift of spring"))
    before = shop.get_pass_document(pass_id).revision

    shop.create_privilege(pass_id, NewPrivilege("OneTime", options=PrivilegeOptions(notification=told)))

    (kept,) = shop.list_notifications(pass_id).items
    assert (kept.content, kept.localized_content) == ("You have a gift", {"de": "Ein Geschenk"})
    assert (kept.correlation_id, kept.state) == ("gift of spring", "pending")
    assert shop.get_pass_document(pass_id).revision == before + 1


def test_at_most_ten_passes_come_in_one_file(shop: Guerdon, browser: Guerdon) -> None:
    ids = [shop.create_pass("generic").pass_id for _ in range(11)]

    assert browser.install_passes(ids[:10])
    with pytest.raises(InvalidRequest):
        browser.install_passes(ids)


def test_a_provider_that_nobody_knows_is_a_mistake(shop: Guerdon) -> None:
    with pytest.raises(InvalidRequest):
        shop.look_up_passes("7", "no-such-provider")


def test_a_campaign_for_everybody_says_so(shop: Guerdon) -> None:
    change = PassChange(metadata={"a": 1})

    with pytest.raises(InvalidRequest) as refused:
        shop.start_campaign(change=change)
    tried = shop.start_campaign(every=True, change=change, dry_run=True)

    assert list(refused.value.errors or {}) == ["filter"]
    assert tried.count >= 1


def test_a_campaign_of_named_passes_goes_under_the_name_that_it_is_given(
    raw: httpx2.Client, shop: Guerdon, customer: str
) -> None:
    first, second, _ = season(shop, customer, 3)
    named = [{"customerId": f"{customer}-0"}, {"id": second}]
    body = {
        "identifiersIn": named,
        "update": {"metadata": {"tier": "x"}},
        "options": {"correlationId": f"of {customer}"},
    }

    answer = raw.post("/passes/bulk-update", json=body)
    ended = await_end(shop, f"of {customer}")

    assert answer.headers["Guerdon-Correlation-Id"] == f"of {customer}"
    assert answer.json()["count"] == ended.updated == 2
    changed = {one.pass_id for one in shop.list_campaign_passes(f"of {customer}").items}
    assert changed == {first, second}


def test_the_newest_campaign_comes_first_and_each_adds_up(shop: Guerdon, customer: str) -> None:
    season(shop, customer, 3)
    ids = [
        shop.start_campaign(of_season(customer), change=PassChange(metadata={"a": n})).correlation_id for n in range(2)
    ]

    listed = [one.correlation_id for one in shop.list_campaigns().items]

    assert listed.index(ids[1]) < listed.index(ids[0])
    for correlation_id in ids:
        ended = await_end(shop, correlation_id)
        assert (ended.total, ended.updated, ended.errors, ended.is_cancelled) == (3, 3, 0, False)
        assert ended.last_activity_at >= ended.started_at


def test_a_cancelled_campaign_may_be_cancelled_again(shop: Guerdon, customer: str) -> None:
    season(shop, customer, 3)
    options = CampaignOptions(correlation_id=f"twice {customer}", passes_per_second=1)
    shop.start_campaign(of_season(customer), change=PassChange(metadata={"a": 1}), options=options)

    shop.cancel_campaign(f"twice {customer}")
    shop.cancel_campaign(f"twice {customer}")

    assert find(shop, f"twice {customer}").is_cancelled


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("equals", "b", {"b"}),
        ("notEquals", "b", {"a", "bc", "d"}),
        ("contains", "b", {"b", "bc"}),
        ("startsWith", "b", {"b", "bc"}),
        ("in", ["a", "d"], {"a", "d"}),
        ("exists", True, {"a", "b", "bc", "d"}),
        ("greaterThan", "b", {"bc", "d"}),
        ("lessThan", "b", {"a"}),
    ],
)
def test_every_operator_filters(shop: Guerdon, alphabet: str, operator: str, value: object, found: set[str]) -> None:
    filters = [PassFilter("metadata.alphabet", "equals", alphabet), PassFilter("metadata.letter", operator, value)]  # pyright: ignore[reportArgumentType]

    listed = shop.list_passes(filters, [PassSort("metadata.letter")])

    assert {str(one.metadata["letter"]) for one in listed.items} == found
    assert listed.total == len(found)


@pytest.fixture(scope="module")
def alphabet(shop: Guerdon) -> str:
    """Passes of four letters, and the name that they share."""
    name = hashlib.sha256(str(time.time_ns()).encode()).hexdigest()
    for letter in ("a", "b", "bc", "d"):
        shop.create_pass("generic", metadata={"alphabet": name, "letter": letter})
    return name


@pytest.mark.parametrize(
    ("data", "scanned_as"), [("ab", "qrcode"), ("x" * 2_049, "qrcode"), ("abc", "smell"), ("a\x00bc", "qrcode")]
)
def test_a_scan_that_cannot_be_meant_is_refused(raw: httpx2.Client, data: str, scanned_as: str) -> None:
    check(raw.post("/scans", json={"data": data, "type": scanned_as}), 400)


RESERVED = (
    "passType=loyalty", "pageIndex=0", "pageSize=5", "filter[0].field=x", "sortBy[0].field=x", "device=apple",
    "neo.src=a", "neo.src.tags=a", "cursor=x", "limit=3", "asOf=2026-01-01T00:00:00Z", "customerId.hmac=00",
    "badge.secret=x",
)  # fmt: skip


@pytest.mark.parametrize("reserved", RESERVED)
def test_what_has_a_meaning_of_its_own_names_no_pass(
    raw: httpx2.Client, pass_id: str, customer: str, reserved: str
) -> None:
    alone = raw.get(f"/passes/findPass?{reserved}")
    beside = raw.get(f"/passes/findPass?customerId={customer}&{reserved}")

    assert check(alone, 400)["code"] == "no_identifier"
    assert beside.text == pass_id


def test_twins_under_one_key_are_one(running: Running, shop: Guerdon, customer: str) -> None:
    def create(_: int) -> httpx2.Response:
        with running.raw() as raw:
            return raw.post("/passes?passType=generic", json={}, headers={"Idempotency-Key": customer})

    with ThreadPoolExecutor(8) as twins:
        answers = list(twins.map(create, range(8)))

    done = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.text for answer in done}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in done].count(None) == 1
    assert shop.get_pass_document(done[0].text).revision == 1
