"""Plain spendings and reads of wallets, over real sockets: the same answers as the usual way."""

import asyncio
import contextlib
import json
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
import uvicorn
from tests.entrypoints.doors import Counting, Line
from tests.points.tills import BASE, Till, soon
from tests.shops import Shop

from guerdon.entrypoints.api import quick_routes, server_config
from guerdon.entrypoints.house import House
from guerdon.platform.boundary import App
from guerdon.platform.quick import QuickRequest

VARYING = {"date", "ratelimit"}
OF_THE_WALLET = {"id", "wallet", "createdAt", "updatedAt", "allocations"}
TAKEN, USUAL = "", "?"  # a query makes a request odd, and an empty one says nothing
Answer = tuple[int, dict[str, str], Any]


@dataclass(frozen=True, slots=True)
class Counter:
    """A connection of a till to the application as it is served, and the quick routes behind it."""

    till: Till
    line: Line
    routes: list[Counting]

    @property
    def taken(self) -> int:
        return sum(route.taken for route in self.routes)

    async def ask(self, method: str, address: str, body: bytes | None, said: Mapping[str, str]) -> Answer:
        headers: Mapping[str, str] = {
            "Host": "shop",
            "X-API-KEY": self.till.shop.key,
            "X-Request-Id": "one-request",
        } | ({} if body is None else {"Content-Type": "application/json", "Content-Length": str(len(body))})
        headers = {**headers, **{name.replace("_", "-"): value for name, value in said.items()}}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.line.writer.write(f"{method} {address} HTTP/1.1\r\n{lines}\r\n".encode() + (body or b""))
        return await self.line.answer()

    async def spend(self, body: bytes, way: str = TAKEN, *, wallet: str = "", **said: str) -> Answer:
        return await self.ask("POST", f"{BASE}/wallet/{wallet or self.till.wallet}/operation{way}", body, said)

    async def read(self, way: str = TAKEN, *, wallet: str = "", **said: str) -> Answer:
        return await self.ask("GET", f"{BASE}/wallet/{wallet or self.till.wallet}{way}", None, said)


@pytest.fixture
async def counter(house: House, application: App, shop: Shop) -> AsyncIterator[Counter]:
    """A till whose wallet has batches of 10 (soon over), 20 (later) and 5 (never)."""
    till = await filled(shop)
    listening = socket.create_server(("127.0.0.1", 0))
    routes = [Counting(route) for route in quick_routes(house)]
    server = uvicorn.Server(server_config(application, house.settings, routes))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    line = Line(*await asyncio.open_connection("127.0.0.1", listening.getsockname()[1]))
    yield Counter(till, line, routes)
    line.writer.close()
    with contextlib.suppress(ConnectionError):
        await line.writer.wait_closed()
    server.should_exit = True
    await serving


async def filled(shop: Shop) -> Till:
    till = Till(shop)
    assert (await till.ask("PUT", "", {"name": "Ada"})).status_code == 201
    await till.add(5)
    await till.add(20, soon(days=40))
    await till.add(10, soon(days=10))
    return till


async def test_a_plain_spending_is_taken_and_spends_over_the_lots(counter: Counter) -> None:
    said = b'{"amount":32.5,"order":"o-1","venue":"Bar","extra":{"till":"3"}}'

    status, headers, operation = await counter.spend(said, X_Request_Id="till-7-request")

    assert (status, headers["x-request-id"], counter.taken) == (201, "till-7-request", 1)
    assert [taken["amount"] for taken in operation["allocations"]] == [10, 20, 2.5]
    assert (await counter.till.ask("GET", f"/operation/{operation['id']}")).json() == operation
    assert await counter.till.balance() == (2.5, 2.5, 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"amount":15}', 201),
        (b'{"amount":0.000001,"order":null,"venue":null,"extra":null}', 201),
        (b'{"amount":1.5e1,"order":"o-1","venue":"","extra":{"a":""}}', 201),
        (b'{"amount":1,"unknown":[1]}', 201),
        (b'{"amount":0.0000006}', 201),
        (b'{"amount":0.0000005}', 400),
        (b'{"amount":36}', 409),
        (b'{"amount":1e12}', 409),
        (b'{"amount":1e13}', 400),
        (b'{"amount":0}', 400),
        (b'{"amount":-1}', 400),
        (b'{"amount":"1"}', 400),
        (b'{"amount":null}', 400),
        (b'{"amount":true,"order":1}', 400),
        (b'{"amount":1,"order":"' + b"o" * 65 + b'"}', 400),
        (b'{"amount":1,"venue":"' + b"v" * 256 + b'","extra":{"":"x"}}', 400),
        (b'{"amount":1,"extra":{"name":"\\u0000"}}', 400),
        (b'{"amount":1,"unknown":"\\u0000"}', 400),
        (b'{"amount":1,"extra":{' + b",".join(b'"%d":""' % n for n in range(201)) + b"}}", 400),
        (b"{}", 400),
        (b"[]", 400),
        (b'{"amount":01}', 400),
        (b"\xff", 400),
        (b"", 400),
    ],
)
async def test_both_ways_of_spending_say_the_same(counter: Counter, body: bytes, status: int) -> None:
    other = (await filled(counter.till.shop)).wallet

    quick = await counter.spend(body)
    # What is wrong, or says more than the quick way knows, is left to the usual way.
    assert counter.taken == (status != HTTPStatus.BAD_REQUEST and b"unknown" not in body)
    taken = counter.taken
    usual = await counter.spend(body, USUAL, wallet=other)

    assert quick[0] == usual[0] == status
    assert counter.taken == taken
    assert_same(quick, usual)


async def test_a_key_gives_the_first_answer_again_whichever_way_it_comes(counter: Counter) -> None:
    answers = [
        await counter.spend(b'{"amount":7}', way, Idempotency_Key=key)
        for key, ways in (("first", (TAKEN, USUAL, TAKEN)), ("second", (USUAL, TAKEN)))
        for way in ways
    ]
    other_body = [await counter.spend(b'{"amount":8}', way, Idempotency_Key="first") for way in (TAKEN, USUAL)]

    assert [status for status, _, _ in answers] == [201] * 5
    assert [headers.get("idempotency-replayed") for _, headers, _ in answers] == [None, "true", "true", None, "true"]
    assert answers[0][2] == answers[1][2] == answers[2][2] != answers[3][2] == answers[4][2]
    assert [(status, told["code"]) for status, _, told in other_body] == [(422, "idempotency_mismatch")] * 2
    assert_same(*other_body)
    assert (await counter.till.balance(), counter.taken) == ((21, 21, 0), 4)


@pytest.mark.parametrize("key", ["", "k" * 256, "k\xe9y"])
async def test_a_bad_key_is_refused_the_same_both_ways(counter: Counter, key: str) -> None:
    quick = await counter.spend(b'{"amount":7}', Idempotency_Key=key)
    usual = await counter.spend(b'{"amount":7}', USUAL, Idempotency_Key=key)

    assert quick[0] == usual[0] == 400
    assert_same(quick, usual)
    assert await counter.till.balance() == (35, 35, 0)


async def test_a_dry_run_goes_the_usual_way_and_keeps_nothing(counter: Counter) -> None:
    status, _, operation = await counter.spend(b'{"amount":7}', Guerdon_Dry_Run="true")

    assert (status, operation["amount"], counter.taken) == (201, 7, 0)
    assert await counter.till.balance() == (35, 35, 0)


async def test_who_may_not_is_refused_as_ever(counter: Counter) -> None:
    shop, nowhere = counter.till.shop, str(uuid.uuid4())
    readers, writers = await shop.make_key("Pass.Read"), await shop.make_key("Pass.Write")
    spending = b'{"amount":1}'
    assert (await counter.spend(spending, X_TENANT=shop.tenant_id.upper()))[0] == 201
    assert counter.taken == 1

    for ask in (
        {"X_API_KEY": ""},
        {"X_API_KEY": readers},
        {"X_TENANT": "another"},
        {"X_TENANT": ""},
        {"wallet": nowhere},
        {"wallet": "no-uuid"},
    ):
        spent = [await counter.spend(spending, way, **ask) for way in (TAKEN, USUAL)]
        read = [await counter.read(way, **ask) for way in (TAKEN, USUAL)]
        assert_same(*spent)
        assert_same(*read)
        assert spent[0][0] == read[0][0] in {400, 401, 403, 404}
    assert (await counter.read(X_API_KEY=writers))[0] == 403
    assert await counter.till.balance() == (34, 34, 0)


async def test_a_wallet_reads_the_same_both_ways(counter: Counter) -> None:
    await counter.till.ask("POST", "/hold", {"amount": 12, "expires": soon(days=1).isoformat()})
    await counter.till.add(7, soon(days=-1))

    quick = await counter.read()
    usual = await counter.read(USUAL)
    past = await counter.read("?asOf=2020-01-01T00:00:00Z")
    upper = await counter.read(wallet=counter.till.wallet.upper())

    assert (quick[0], quick[1]["etag"], quick[2]["available"], quick[2]["held"]) == (200, '"5"', 23, 12)
    assert quick[2] == usual[2] == upper[2]
    assert past[2]["balance"] == 0
    assert_same(quick, usual)
    assert counter.taken == 1


async def test_wallets_that_are_read_at_once_are_each_told_their_own(counter: Counter) -> None:
    tills = [await filled(counter.till.shop) for _ in range(5)]
    for amount, till in enumerate(tills, 1):
        await till.spend(amount)
    asked = [till.wallet for till in tills] + [str(uuid.uuid4())] + [tills[0].wallet]
    route = counter.routes[-1].route

    begun = [
        route.begin(QuickRequest(b"", (wallet,), {b"x-api-key": counter.till.shop.key.encode()}, b""))
        for wallet in asked
    ]
    outcomes = await asyncio.gather(*(one for one in begun if one is not None), return_exceptions=True)

    told = [None if isinstance(one, BaseException) else json.loads(route.answer(one).body) for one in outcomes]
    assert [None if one is None else (one["id"], one["balance"]) for one in told] == [
        *((till.wallet, 35 - amount) for amount, till in enumerate(tills, 1)),
        None,
        (tills[0].wallet, 34),
    ]


def assert_same(quick: Answer, usual: Answer) -> None:
    """Hold two answers against each other: status, headers, and all of the body that is not the wallet's own."""
    # What was made differs in ids and instants, and so in length.
    left_out = {*VARYING, "content-length"} if quick[0] == HTTPStatus.CREATED else VARYING
    headers = [{name: value for name, value in one[1].items() if name not in left_out} for one in (quick, usual)]
    bodies = [{name: value for name, value in one[2].items() if name not in OF_THE_WALLET} for one in (quick, usual)]
    assert quick[0] == usual[0]
    assert set(quick[1]) == set(usual[1])
    assert headers[0] == headers[1]
    assert set(quick[2]) == set(usual[2])
    assert bodies[0] == bodies[1]
