from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from guerdon.access.guard import Guard
from guerdon.access.limits import RateLimits
from guerdon.entrypoints.house import House
from guerdon.live.endpoint import LiveSockets
from guerdon.live.tokens import LiveTokens
from guerdon.platform.boundary import Boundary, Message
from guerdon.platform.keys import MasterKey
from tests.live.conftest import Served
from tests.shops import Shop, problem


@pytest.fixture
async def pass_id(shop: Shop) -> str:
    return await shop.issue()


async def refusal(url: str) -> tuple[int, str]:
    """Tell the status and the code with which a socket is refused."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(url)
    answer = refused.value.response
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    return answer.status_code, (answer.body or b"").decode().partition('"code":"')[2].partition('"')[0]


async def test_connect_gives_the_address_of_a_socket_with_a_token(shop: Shop, pass_id: str) -> None:
    answer = await shop.ask("GET", f"/passes/{pass_id}/connect", key="")

    url = urlsplit(str(answer.json()["url"]))
    assert (url.scheme, url.netloc, url.path) == (
        "ws",
        "shop.example",
        f"/api/{shop.tenant_id}/passes/{pass_id}/live",
    )
    assert list(parse_qs(url.query)) == ["token"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("unknown", ["nobody-has-this-id", "ü", "a,b", "%00"])
async def test_a_pass_that_is_not_there_has_no_socket(shop: Shop, unknown: str) -> None:
    answer = await shop.ask("GET", f"/passes/{unknown}/connect", key="")

    assert problem(answer)["status"] == (400 if unknown == "%00" else 404)


async def test_a_pass_of_another_tenant_has_no_socket_here(shop: Shop, pass_id: str) -> None:
    answer = await shop.http.get(f"/api/another-tenant/passes/{pass_id}/connect")

    assert answer.status_code == 404


async def test_a_token_opens_any_number_of_sockets_for_a_minute(served: Served, shop: Shop, pass_id: str) -> None:
    url = await served.url_of(shop, pass_id)

    async with connect(url) as one, connect(url, origin=Origin("https://elsewhere.example")) as two:
        assert one.response is not None
        assert two.response is not None


async def test_a_token_that_is_a_minute_old_opens_nothing(served: Served, shop: Shop, pass_id: str) -> None:
    tokens = LiveTokens(shop.house.master_key)
    url = served.at(f"ws://x/api/{shop.tenant_id}/passes/{pass_id}/live")
    now = datetime.now(UTC)

    assert await refusal(f"{url}?token={tokens.sign(shop.tenant_id, pass_id, now - timedelta(seconds=62))}") == (
        401,
        "live_token_refused",
    )
    fresh = tokens.sign(shop.tenant_id, pass_id, now - timedelta(seconds=50))
    await (await connect(f"{url}?token={fresh}")).close()


@pytest.mark.parametrize("other", ["tenant", "pass", "key", "none", "two", "cut", "junk", "long"])
async def test_a_token_for_something_else_opens_nothing(served: Served, shop: Shop, pass_id: str, other: str) -> None:
    now, tokens = datetime.now(UTC), LiveTokens(shop.house.master_key)
    strange = LiveTokens(MasterKey("quite another master key, long enough"))
    good = tokens.sign(shop.tenant_id, pass_id, now)
    queries = {
        "tenant": f"token={tokens.sign('other', pass_id, now)}",
        "pass": f"token={tokens.sign(shop.tenant_id, 'another-pass', now)}",
        "key": f"token={strange.sign(shop.tenant_id, pass_id, now)}",
        "none": "",
        "two": f"token={good}&token={good}",
        "cut": f"token={good[:-2]}",
        "junk": "token=%C3%BC.e30.e30",
        "long": f"token={'a' * 3000}",
    }

    url = served.at(f"ws://x/api/{shop.tenant_id}/passes/{pass_id}/live?{queries[other]}")
    assert await refusal(url) == (401, "live_token_refused")


async def test_an_unsigned_token_opens_nothing(served: Served, shop: Shop, pass_id: str) -> None:
    header, claims, _ = LiveTokens(shop.house.master_key).sign(shop.tenant_id, pass_id, datetime.now(UTC)).split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{claims}."

    for token in (unsigned, f"{header}.{claims}."):
        url = served.at(f"ws://x/api/{shop.tenant_id}/passes/{pass_id}/live?token={token}")
        assert await refusal(url) == (401, "live_token_refused")


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api/demo/passes", "/api/-/passes/p/live", "/api/a/passes/b/c/live"]
)
async def test_nothing_else_is_a_socket(served: Served, path: str) -> None:
    assert await refusal(served.at(f"ws://x{path}")) == (404, "not_found")


async def test_the_sockets_address_is_none_for_a_request(shop: Shop, pass_id: str) -> None:
    assert (await shop.ask("GET", f"/passes/{pass_id}/live", key="")).status_code == 404


async def test_strangers_open_only_so_many_sockets_a_minute(house: House) -> None:
    limits = RateLimits(requests_per_minute=9, anonymous_requests_per_minute=2)
    guard = Guard(house.authenticator, limits, house.clock)
    sockets = LiveSockets(_no_app, house.watcher, guard, LiveTokens(house.master_key), house.real_clock)
    app, statuses, headers = Boundary(sockets, body_bytes_max=1024), list[int](), list[tuple[bytes, bytes]]()

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    for _ in range(3):
        scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": headers, "client": ("192.0.2.1", 1)}
        await app(scope, _no_message, send)

    assert statuses == [404, 404, 429]


async def _no_app(*_arguments: object) -> None:
    raise AssertionError


async def _no_message() -> Message:
    raise AssertionError
