import pytest
from tests.shops import Shop, problem

from guerdon.platform.http import read_json
from guerdon.platform.problems import BadlyFormed


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b'{"priority": 1, "type": "OneTime"}', "application/json", 200),
        (b'{"priority": 1, "type": "OneTime"}', "text/json; charset=utf-8", 200),
        (b'{"priority": 1, "type": "OneTime"}', "application/vnd.shop+json", 200),
        (b'{"priority": 1, "type": "OneTime"}', "text/plain", 415),
        (b'{"priority": 1, "type": "OneTime"}', "application/xml", 415),
        (b'{"priority": 1, "type": "OneTime"}', "", 415),
        (b'{"priority": 1', "application/json", 400),
        (b'{"priority": NaN, "type": "OneTime"}', "application/json", 400),
        (b'{"priority": Infinity, "type": "OneTime"}', "application/json", 400),
        (b'{"type": "OneTime", "externalId": "\xff"}', "application/json", 400),
        (b'{"type": "OneTime", "externalId": "\\u0000"}', "application/json", 400),
        (b'{"type": "OneTime", "externalId": "\\ud800"}', "application/json", 400),
        (b'{"type": "OneTime", "priority": 1e400}', "application/json", 400),
        (b'{"type": "OneTime", "priority": 1.5}', "application/json", 400),
        (b'{"type": "OneTime", "priority": "1"}', "application/json", 400),
        (b'{"type": "OneTime", "priority": true}', "application/json", 400),
        (b'{"type": "OneTime", "priority": 2147483648}', "application/json", 400),
        (b'{"type": "onetime"}', "application/json", 400),
        (b"[" * 5000 + b"]" * 5000, "application/json", 400),
        (b"null", "application/json", 400),
        (b"", "application/json", 400),
        (b" " * 1_048_577, "application/json", 413),
    ],
)
async def test_a_body_is_read_or_clearly_refused(shop: Shop, body: bytes, media_type: str, status: int) -> None:
    pass_id = await shop.issue(customerId="1")

    answer = await shop.ask("PUT", f"/passes/{pass_id}/privileges/p", body, headers={"content-type": media_type})

    assert answer.status_code == status, answer.text
    if status != 200:
        assert problem(answer)["code"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/json", "text/json; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/plain, application/json;q=0.5", "application/json"),
        ("image/png", "application/json"),
    ],
)
async def test_json_goes_by_the_name_that_the_caller_accepts(shop: Shop, accept: str, media_type: str) -> None:
    pass_id = await shop.issue(customerId="1")

    for path in (f"/passes/{pass_id}/privileges", f"/passes/{pass_id}/document"):
        answer = await shop.ask("GET", path, headers={"accept": accept})
        assert answer.headers["content-type"] == media_type


async def test_a_verb_that_is_not_spoken_is_told_those_that_are(shop: Shop) -> None:
    allowed = {
        "/passes/privileges": "GET, POST",
        "/passes/abcde/privileges": "GET, POST",
        "/passes/privileges/p/movements": "GET, POST",
        "/passes/abcde/privileges/p": "DELETE, GET, PUT",
        "/passes/findPass": "GET",
    }

    for path, verbs in allowed.items():
        answer = await shop.ask("OPTIONS", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, verbs)
        assert problem(answer)["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/nothing", "/passes/abcde/nothing", "/passes//privileges"])
async def test_an_unknown_address_is_a_problem_too(shop: Shop, path: str) -> None:
    assert problem(await shop.ask("GET", path))["status"] == 404


async def test_a_nul_in_an_address_is_refused(shop: Shop) -> None:
    for path in ("/passes/privileges/a%00b", "/passes/findPass?customerId=%00"):
        assert problem(await shop.ask("GET", path))["status"] == 400


async def test_a_request_id_is_kept_when_it_is_sane_and_made_when_it_is_not(shop: Shop) -> None:
    kept = await shop.ask("GET", "/passes/findPass?a=1", headers={"x-request-id": "till-7.2026"})
    made = await shop.ask("GET", "/passes/findPass?a=1", headers={"x-request-id": "<script>"})

    assert kept.headers["x-request-id"] == "till-7.2026"
    assert len(made.headers["x-request-id"]) == 32


async def test_every_answer_tells_what_is_left_of_the_limit(shop: Shop) -> None:
    answer = await shop.ask("GET", "/passes/findPass?a=1")

    assert answer.headers["ratelimit-policy"].startswith('"tenant";q=')
    assert answer.headers["ratelimit"].startswith('"tenant";r=')


async def test_a_refusal_comes_before_anything_of_the_body_is_judged(shop: Shop) -> None:
    reader = await shop.make_key("Pass.Read")

    anonymous = await shop.ask("POST", "/passes/abcde/privileges", b"{broken", key="")
    reading = await shop.ask("POST", "/passes/abcde/privileges", b"{broken", key=reader)

    assert (anonymous.status_code, reading.status_code) == (401, 403)


@pytest.mark.parametrize(
    "headers", [{"idempotency-key": ""}, {"idempotency-key": "x" * 256}, {"guerdon-dry-run": "maybe"}]
)
async def test_bad_write_headers_are_refused(shop: Shop, headers: dict[str, str]) -> None:
    for path, body in (
        ("/passes?passType=card", {}),
        ("/passes/privileges/p/movements", {"oldValue": 0, "movementValue": 1}),
    ):
        assert problem(await shop.ask("POST", path, body, headers=headers))["code"] == "invalid_request"


def test_numbers_are_read_exactly_and_absurd_ones_refused() -> None:
    assert str(read_json(b"0.1000000000000000055511151231257827")) == "0.1000000000000000055511151231257827"
    for absurd in (b"1e309", b"1e-1001", b"1" * 400, b"1e99999999999999999999"):
        with pytest.raises(BadlyFormed):
            read_json(absurd)
