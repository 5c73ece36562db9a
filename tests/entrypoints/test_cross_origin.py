"""Pages of other origins call the API: the shop's own page makes a pass, and reads why one was refused."""

import pytest
from tests.shops import HMAC_KEY, Shop, problem

from guerdon.passes.proofs import hmac_of

SHOP = {"origin": "https://shop.example"}
PREFLIGHT = SHOP | {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,idempotency-key",
}


@pytest.mark.parametrize("path", ["/passes?passType=card", "/passes/privileges/p/movements", "/nothing/here"])
async def test_a_browser_may_ask_whether_it_may_call(shop: Shop, path: str) -> None:
    answer = await shop.ask("OPTIONS", path, key="", headers=PREFLIGHT)

    assert answer.status_code in {200, 204}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "idempotency-key"))


async def test_a_page_of_the_shop_makes_a_pass_by_a_proof(shop: Shop) -> None:
    identifiers = {"customerId": "7", "customerId.hmac": hmac_of(HMAC_KEY, "7")}

    answer = await shop.ask("POST", "/passes?passType=card", {"identifiers": identifiers}, key="", headers=SHOP)

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert answer.headers["access-control-expose-headers"] == "*"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/passes?passType=card", {"identifiers": {"customerId": "7"}}, 401),
        ("POST", "/passes?passType=card", b"<xml/>", 415),
        ("GET", "/nothing/here", None, 404),
        ("GET", "/passes/findPass?customerId=%00", None, 400),
    ],
)
async def test_a_page_can_read_why_it_was_refused(
    shop: Shop, method: str, path: str, body: object, status: int
) -> None:
    media_type = "application/xml" if isinstance(body, bytes) else "application/json"
    answer = await shop.ask(method, path, body, key="", headers=SHOP | {"content-type": media_type})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")
    assert problem(answer)["code"]


async def test_no_answer_invites_a_browser_to_send_what_it_keeps(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")

    for method, headers in (("GET", SHOP), ("OPTIONS", PREFLIGHT)):
        answer = await shop.ask(method, f"/passes/{pass_id}/document", headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
