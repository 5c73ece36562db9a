"""Plain requests of quick routes, over real sockets: the same answers as the usual way, whatever the client does."""

import asyncio
from typing import Any

import asyncpg
import pytest
from tests.entrypoints.doors import PATIENCE_S, Door, Line, known, movement
from tests.shops import Shop

from guerdon.entrypoints.house import House
from guerdon.entrypoints.http_protocol import HttpProtocol
from guerdon.platform.problems import Overloaded

VARYING = {"date", "ratelimit"}


async def test_a_plain_movement_is_taken_and_moves(shop: Shop, door: Door, line: Line) -> None:
    privilege_id = await known(shop)

    line.writer.write(movement(shop, privilege_id, x_request_id="till-7-request"))
    status, headers, body = await line.answer()

    assert (status, headers["etag"], headers["x-request-id"], door.quick.taken) == (200, '"2"', "till-7-request", 1)
    assert len(body["movementId"]) == 32
    assert await shop.value(privilege_id) == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"oldValue":3,"movementValue":0.000001,"remarks":"one"}', 200),
        (b'{"oldValue":3,"movementValue":-4.5,"movementId":"till-7-1"}', 200),
        (b'{"oldValue":9,"movementValue":1}', 409),
        (b'{"oldValue":3,"movementValue":1e12}', 409),
        (b'{"oldValue":3,"movementValue":0}', 400),
        (b'{"oldValue":"3","movementValue":null,"more":1}', 400),
        (b'{"oldValue":3,"movementValue":NaN}', 400),
        (b'{"oldValue":3,"movementValue":1,"remarks":"\\u0000"}', 400),
        (b"\xff\xfe", 400),
        (b"", 400),
    ],
)
async def test_both_ways_say_the_same(shop: Shop, line: Line, body: bytes, status: int) -> None:
    first, second = await known(shop), await shop.grant(await shop.issue(customerId="2"), 3)
    body_there = body.replace(b"till-7-1", b"till-7-2")

    line.writer.write(movement(shop, first, body, x_request_id="one-request"))
    quick = await line.answer()
    # A query makes a request odd, and says nothing to a movement.
    line.writer.write(movement(shop, second, body_there, query="?", x_request_id="one-request"))
    usual = await line.answer()

    assert quick[0] == usual[0] == status
    assert {name: value for name, value in quick[1].items() if name not in VARYING} == {
        name: value for name, value in usual[1].items() if name not in VARYING
    }
    assert set(quick[1]) == set(usual[1])
    told, usually_told = quick[2], usual[2]
    if status == 200:
        assert set(told) == set(usually_told) == {"movementId"}
    else:
        assert told == usually_told


@pytest.mark.parametrize(
    "odd",
    [
        {"Idempotency_Key": "k-1"},
        {"Guerdon_Dry_Run": "true"},
        {"If_Match": '"1"'},
        {"Accept": "text/plain"},
        {"Content_Type": "text/json"},
        {"Connection": "close"},
        {"query": "?a=1"},
    ],
)
async def test_an_odd_request_goes_the_usual_way(shop: Shop, door: Door, line: Line, odd: dict[str, str]) -> None:
    privilege_id = await known(shop)

    line.writer.write(movement(shop, privilege_id, **odd))  # pyright: ignore[reportArgumentType]  # headers, by name
    status, _, _ = await line.answer()

    assert (status, door.quick.taken) == (200, 0)
    assert await shop.value(privilege_id) == (3 if "Guerdon_Dry_Run" in odd else 4)


async def test_what_a_key_may_not_do_is_refused_as_ever(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)
    reader = await shop.make_key("Pass.Read")

    answers: list[int] = []
    for request in (
        movement(shop, privilege_id, X_API_KEY=""),
        movement(shop, privilege_id, X_API_KEY="gk.nobody.0000000000000000.x"),
        movement(shop, privilege_id, X_API_KEY=reader),
        movement(shop, privilege_id).replace(shop.tenant_id.encode(), b"t-another-tenant", 1),
        movement(shop, "not-there"),
    ):
        line.writer.write(request)
        answers.append((await line.answer())[0])

    assert answers == [401, 401, 403, 404, 404]
    assert await shop.value(privilege_id) == 3


async def test_a_body_may_come_in_pieces_and_requests_may_follow_each_other_closely(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)
    whole = movement(shop, privilege_id)

    for place in range(0, len(whole), 40):
        line.writer.write(whole[place : place + 40])
        await asyncio.sleep(0.002)
    in_pieces = await line.answer()
    # Three at once on one line: a quick one, one behind it that has to wait, and something else.
    listing = f"GET /api/{shop.tenant_id}/passes/privileges/{privilege_id} HTTP/1.1\r\nX-API-KEY: {shop.key}\r\n\r\n"
    line.writer.write(
        movement(shop, privilege_id, b'{"oldValue":4,"movementValue":1}')
        + movement(shop, privilege_id, b'{"oldValue":5,"movementValue":1}')
        + listing.encode()
    )
    followed = [await line.answer() for _ in range(3)]

    assert in_pieces[0] == 200
    assert [status for status, _, _ in followed] == [200, 200, 200]
    assert followed[2][2]["data"]["value"] == 6


async def test_a_movement_of_a_client_that_went_away_is_posted_all_the_same(
    shop: Shop, door: Door, line: Line, house: House, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    privilege_id = await known(shop)
    async with owner.transaction():
        await owner.execute(
            "SELECT FROM ledger_account WHERE tenant_id = $1 AND owner_id = $2 FOR UPDATE", shop.tenant_id, privilege_id
        )
        line.writer.write(movement(shop, privilege_id))
        await door.quick.took.wait()
        line.writer.transport.abort()
        await asyncio.sleep(0.05)

    await house.poster.drain()
    assert await shop.value(privilege_id) == 4


async def test_a_stopping_server_answers_what_is_under_way(
    shop: Shop, door: Door, line: Line, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    privilege_id = await known(shop)
    async with owner.transaction():
        await owner.execute(
            "SELECT FROM ledger_account WHERE tenant_id = $1 AND owner_id = $2 FOR UPDATE", shop.tenant_id, privilege_id
        )
        line.writer.write(movement(shop, privilege_id))
        await door.quick.took.wait()
        door.server.should_exit = True
        await asyncio.sleep(0.3)

    status, headers, _ = await line.answer()

    assert (status, headers["connection"]) == (200, "close")
    async with asyncio.timeout(PATIENCE_S):
        assert await line.reader.read() == b""


async def test_a_limit_that_is_used_up_is_told_with_what_is_left(shop: Shop, line: Line, house: House) -> None:
    privilege_id = await known(shop)
    async with house.database.tenant(shop.tenant_id) as tx:
        await tx.execute("UPDATE tenant SET requests_per_minute = 1 WHERE tenant_id = $1", tx.tenant_id)
    house.authenticator.forget_all()

    answers: list[tuple[int, dict[str, str], Any]] = []
    for _ in range(4):
        line.writer.write(movement(shop, privilege_id))
        answers.append(await line.answer())

    assert answers[-1][0] == 429
    assert answers[-1][2]["code"] == "too_many_requests"
    assert {"retry-after", "ratelimit", "ratelimit-policy"} <= set(answers[-1][1])


async def test_a_refusal_at_once_does_not_have_the_line_closed_on_the_next_request(
    shop: Shop,
    door: Door,
    line: Line,
    owner: "asyncpg.Connection[asyncpg.Record]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    privilege_id = await known(shop)
    begin = door.quick.begin

    def refuse_once(_: object) -> None:
        monkeypatch.setattr(door.quick, "begin", begin)
        raise Overloaded

    monkeypatch.setattr(door.quick, "begin", refuse_once)
    async with owner.transaction():
        await owner.execute(
            "SELECT FROM ledger_account WHERE tenant_id = $1 AND owner_id = $2 FOR UPDATE", shop.tenant_id, privilege_id
        )
        line.writer.write(movement(shop, privilege_id) * 2)
        refused, _, _ = await line.answer()
        (connection,) = door.server.server_state.connections
        assert isinstance(connection, HttpProtocol)
        assert connection.timeout_keep_alive_task is None
    moved, _, _ = await line.answer()

    assert (refused, moved) == (503, 200)


@pytest.mark.parametrize("part", ["begin", "answer"])
async def test_what_breaks_in_a_route_is_answered_and_closes_nothing(
    shop: Shop, door: Door, line: Line, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    privilege_id = await known(shop)

    def break_down(_: object) -> None:
        raise ValueError("broken")

    with monkeypatch.context() as broken:
        broken.setattr(door.quick, part, break_down)
        line.writer.write(movement(shop, privilege_id))
        status, headers, problem = await line.answer()
    line.writer.write(movement(shop, privilege_id, b'{"oldValue":9,"movementValue":1}'))
    next_status, _, _ = await line.answer()

    assert (status, problem["code"], problem["instance"]) == (500, "internal_error", headers["x-request-id"])
    assert next_status == 409


async def test_a_stopping_server_waits_for_a_body_that_is_on_its_way(shop: Shop, door: Door, line: Line) -> None:
    privilege_id = await known(shop)
    whole = movement(shop, privilege_id)

    line.writer.write(whole[:-5])
    await asyncio.sleep(0.1)
    door.server.should_exit = True
    await asyncio.sleep(0.3)
    line.writer.write(whole[-5:])
    status, headers, _ = await line.answer()

    assert (status, headers["connection"]) == (200, "close")
    assert await shop.value(privilege_id) == 4


async def test_a_client_that_does_not_read_its_answers_is_made_to_wait(shop: Shop, door: Door, line: Line) -> None:
    privilege_id = await known(shop)
    line.writer.write(movement(shop, privilege_id))
    await line.answer()
    (connection,) = door.server.server_state.connections
    assert isinstance(connection, HttpProtocol)

    connection.pause_writing()
    line.writer.write(movement(shop, privilege_id, b'{"oldValue":4,"movementValue":1}'))
    while await shop.value(privilege_id) != 5:
        continue
    connection.resume_writing()
    status, _, _ = await line.answer()

    assert (status, door.quick.taken) == (200, 1)
