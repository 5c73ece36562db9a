import asyncio
import time

import pytest

from guerdon_client import (
    NO_RETRIES,
    Conflict,
    ConnectionLost,
    InvalidRequest,
    NewPrivilege,
    PrivilegeChange,
    ServerFailed,
    StillRunning,
    TooManyRequests,
    ValueMismatch,
)
from guerdon_client.api_keys import create_api_key, revoke_api_key
from guerdon_client.calls import Call
from guerdon_client.passes import create_pass, get_pass_document, update_pass
from guerdon_client.privileges import apply_movement, create_privilege, delete_privilege, move, put_privilege
from tests.client.conftest import Speak
from tests.client.stand_in import LOSE, Reply, problem, reply, stand_in

MOVED = reply({"movementId": "m-1"}, etag='"7"')
CREATED = reply({"passId": "p-1"})
CUT = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"
WRITES: tuple[Call[object], ...] = (
    create_pass("loyalty"),
    update_pass("p-12345", metadata={}),
    create_privilege("p-12345", NewPrivilege("OneTime")),
    put_privilege("p-12345", "v", PrivilegeChange()),
    delete_privilege("v"),
    create_api_key("till", ["Pass.Read"]),
    revoke_api_key("till"),
)


@pytest.mark.parametrize("loss", [LOSE, CUT])
def test_a_movement_whose_answer_is_lost_is_sent_again_under_the_same_id(speak: Speak, loss: bytes) -> None:
    async def lose(outgoing: asyncio.StreamWriter) -> None:
        outgoing.write(loss)
        await outgoing.drain()

    with stand_in(lose, lose, MOVED) as server:
        applied = speak(server.url, apply_movement("stamps", 1, 3))

    assert (applied.movement_id, applied.version) == ("m-1", 7)
    assert len({asked.body for asked in server.asked}) == 1
    assert len(server.asked) == 3


@pytest.mark.parametrize("write", WRITES)
def test_every_write_is_repeated_under_one_key(speak: Speak, write: Call[object]) -> None:
    with stand_in(LOSE, problem(418, "done")) as server, pytest.raises(Exception, match="done"):
        speak(server.url, write)

    first, second = server.asked
    assert first == second
    assert len(first.headers["idempotency-key"]) == 32


def test_two_writes_have_two_keys(speak: Speak) -> None:
    with stand_in(CREATED) as server:
        speak(server.url, create_pass("loyalty"))
        speak(server.url, create_pass("loyalty"))

    assert server.asked[0].headers["idempotency-key"] != server.asked[1].headers["idempotency-key"]


def test_a_key_of_the_caller_is_the_one_that_is_sent(speak: Speak) -> None:
    with stand_in(LOSE, CREATED) as server:
        speak(server.url, create_pass("loyalty", idempotency_key="order 7"))

    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["order 7", "order 7"]


def test_a_dry_run_needs_no_key(speak: Speak) -> None:
    with stand_in(LOSE, CREATED) as server:
        speak(server.url, create_pass("loyalty", dry_run=True))

    assert [asked.headers.get("guerdon-dry-run") for asked in server.asked] == ["true", "true"]
    assert "idempotency-key" not in server.asked[0].headers


def test_a_connection_that_stays_lost_is_told_after_the_last_attempt(speak: Speak) -> None:
    with stand_in(LOSE) as server, pytest.raises(ConnectionLost):
        speak(server.url, get_pass_document("p-12345"))

    assert len(server.asked) == 3


def test_without_retries_everything_is_sent_once_and_without_a_key(speak: Speak) -> None:
    with stand_in(LOSE) as server:
        for call in (create_pass("loyalty"), get_pass_document("p-12345")):
            with pytest.raises(ConnectionLost):
                speak(server.url, call, retries=NO_RETRIES)

    assert len(server.asked) == 2
    assert "idempotency-key" not in server.asked[0].headers


def test_a_server_that_nobody_runs_is_a_lost_connection(speak: Speak) -> None:
    with stand_in() as server:
        url = server.url

    with pytest.raises(ConnectionLost):
        speak(url, get_pass_document("p-12345"))


@pytest.mark.parametrize(
    "busy",
    [
        problem(503, "overloaded", {"retry_after": "0"}),
        problem(429, "too_many_requests", {"retry_after": "0"}),
        problem(409, "still_running"),
        reply("<html>Bad gateway</html>", 502, content_type="text/html"),
        reply("", 504),
    ],
)
def test_a_busy_server_is_asked_again(speak: Speak, busy: bytes) -> None:
    with stand_in(busy, busy, CREATED) as server:
        assert speak(server.url, create_pass("loyalty")).pass_id == "p-1"

    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("busy", "kind"),
    [
        (problem(503, "overloaded"), ServerFailed),
        (problem(429, "too_many_requests"), TooManyRequests),
        (problem(409, "still_running"), StillRunning),
    ],
)
def test_a_server_that_stays_busy_is_told_as_it_says(speak: Speak, busy: Reply, kind: type[Exception]) -> None:
    with stand_in(busy) as server, pytest.raises(kind):
        speak(server.url, create_pass("loyalty"))

    assert len(server.asked) == 3


def test_the_pause_that_the_server_asks_for_is_kept(speak: Speak) -> None:
    with stand_in(problem(429, "too_many_requests", {"retry_after": "1"}), CREATED) as server:
        started_at = time.monotonic()
        speak(server.url, create_pass("loyalty"))

    assert 1 <= time.monotonic() - started_at < 5


def test_a_pause_that_is_too_long_is_left_to_the_caller(speak: Speak) -> None:
    busy = problem(429, "too_many_requests", {"retry_after": "60"})
    with stand_in(busy) as server, pytest.raises(TooManyRequests) as refused:
        speak(server.url, create_pass("loyalty"))

    assert refused.value.retry_after_s == 60
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (problem(400, "invalid_request"), InvalidRequest),
        (problem(409, "several_passes"), Conflict),
        (problem(500, "internal_error"), ServerFailed),
        (problem(501, "not_built"), ServerFailed),
    ],
)
def test_a_refusal_that_stands_is_not_argued_with(speak: Speak, refusal: Reply, kind: type[Exception]) -> None:
    with stand_in(refusal) as server, pytest.raises(kind):
        speak(server.url, create_pass("loyalty"))

    assert len(server.asked) == 1


def test_a_move_follows_the_value_that_others_change(speak: Speak) -> None:
    mismatch = problem(409, "value_mismatch", currentValue=5, version=9)
    read = reply({"privilegeId": "v", "type": "MultiUse", "data": {"value": 3}})

    with stand_in(read, mismatch, MOVED) as server:
        speak(server.url, move("v", -1))

    _, first, second = server.asked
    assert b'"oldValue":3,' in first.body
    assert b'"oldValue":5,' in second.body
    assert first.body.replace(b'"oldValue":3', b'"oldValue":5') == second.body


def test_a_move_that_others_always_beat_gives_up(speak: Speak) -> None:
    mismatch = problem(409, "value_mismatch", currentValue=5, version=9)
    read = reply({"privilegeId": "v", "type": "MultiUse", "data": {"value": 3}})

    with stand_in(read, mismatch) as server, pytest.raises(ValueMismatch):
        speak(server.url, move("v", -1, attempts_max=4))

    assert len(server.asked) == 5
