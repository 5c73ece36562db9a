import httpx2
import pytest

from guerdon_client import Guerdon
from tests.acceptance.builders import a_card
from tests.acceptance.running import Running
from tests.acceptance.test_bad_input import check


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/passes", {"POST", "PATCH"}),
        ("POST", "/passes/findPass", {"GET"}),
        ("PUT", "/passes/aaaaaaaaaa", {"GET", "PATCH"}),
        ("PATCH", "/passes/aaaaaaaaaa/privileges", {"GET", "POST"}),
        ("PUT", "/passes/privileges/x/movements", {"GET", "POST"}),
        ("PUT", "/admin/apiKeys", {"GET", "POST"}),
    ],
)
def test_a_verb_that_is_not_spoken_is_told_which_are(
    raw: httpx2.Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = raw.request(method, path)

    check(answer, 405)
    assert allowed <= {verb.strip() for verb in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("path", ["/api/demo/nothing", "/api", "/api/demo/passes/a/b/c/d", "/nothing"])
def test_an_address_where_nothing_is_says_so(running: Running, path: str) -> None:
    check(httpx2.get(running.sandbox.base_url + path), 404)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/json", "text/json"),
        ("text/plain", "text/plain"),
        ("text/html", "application/json"),
    ],
)
def test_json_comes_under_the_name_that_is_asked_for(
    raw: httpx2.Client, shop: Guerdon, pass_id: str, accept: str | None, media_type: str
) -> None:
    card = a_card(shop, pass_id, 5)
    headers = {} if accept is None else {"Accept": accept}
    if accept is None:
        del raw.headers["accept"]
    for path in (f"/passes/{pass_id}/privileges", f"/passes/privileges/{card}", f"/passes/{pass_id}/document"):
        answer = raw.get(path, headers=headers)

        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert answer.json()
    raw.headers["accept"] = "*/*"


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "text/json", "application/merge-patch+json"])
def test_a_body_may_come_under_each_of_its_names(raw: httpx2.Client, pass_id: str, media_type: str) -> None:
    answer = raw.post(
        f"/passes/{pass_id}/privileges", content='{"type": "OneTime"}', headers={"Content-Type": media_type}
    )

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("accept", "is_json"), [("application/json", True), ("text/plain", False), ("*/*", False)])
def test_a_created_pass_is_told_as_text_or_as_json(
    raw: httpx2.Client, pass_id: str, customer: str, accept: str, *, is_json: bool
) -> None:
    body = {"identifiers": {"customerId": customer}}

    answer = raw.post("/passes?passType=loyalty", json=body, headers={"Accept": accept})

    assert (answer.json() == {"passId": pass_id}) if is_json else (answer.text == pass_id)


def test_the_id_of_a_request_comes_back(raw: httpx2.Client, pass_id: str) -> None:
    good = raw.get(f"/passes/{pass_id}/document", headers={"X-Request-Id": "till-7.order-0042"})
    odd = raw.get(f"/passes/{pass_id}/document", headers={"X-Request-Id": "<script>"})

    assert good.headers["x-request-id"] == "till-7.order-0042"
    assert odd.headers["x-request-id"] != "<script>"


def test_a_created_privilege_is_found_where_the_answer_says(raw: httpx2.Client, running: Running, pass_id: str) -> None:
    made = raw.post(f"/passes/{pass_id}/privileges", json={"type": "OneTime"})

    answer = httpx2.get(
        running.sandbox.base_url + made.headers["location"], headers={"X-API-KEY": running.sandbox.api_key}
    )

    assert answer.json()["privilegeId"] == made.json()["privilegeId"]


def test_values_are_printed_as_the_shortest_exact_decimal(raw: httpx2.Client, shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 10)
    raw.post(
        f"/passes/privileges/{card}/movements",
        content=b'{"oldValue":10,"movementValue":-9.50}',
        headers={"Content-Type": "application/json"},
    )

    text = raw.get(f"/passes/privileges/{card}").text.replace(" ", "")

    assert '"value":0.5,' in text or '"value":0.5}' in text
    assert '"value":-9.5' in text


def test_the_description_of_the_api_is_served(running: Running) -> None:
    document = httpx2.get(f"{running.sandbox.base_url}/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    assert "/api/{tenantId}/passes/privileges/{privilegeId}/movements" in document["paths"]
