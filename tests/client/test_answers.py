import asyncio
import pickle
import time
from decimal import Decimal

import pytest

from guerdon_client import (
    NO_RETRIES,
    AnswerTooLarge,
    BrokenAnswer,
    Call,
    ConnectionLost,
    Forbidden,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    Problem,
    ServerFailed,
    TooLarge,
    Unauthenticated,
    ValueMismatch,
    WrongMediaType,
)
from guerdon_client.health import is_healthy, is_ready
from guerdon_client.passes import (
    find_newer_apple_pass,
    find_pass,
    get_apple_pass,
    get_pass_document,
    get_view_url,
)
from guerdon_client.privileges import apply_movement, get_privilege, list_privileges
from tests.client.conftest import Speak
from tests.client.stand_in import problem, reply, stand_in

READ = get_privilege("v")


def a_privilege(value: str) -> bytes:
    body = f'{{"privilegeId": "v", "type": "MultiUse", "data": {{"value": {value}, "movements": []}}}}'
    return reply(body, content_type="application/json", etag='"3"')


@pytest.mark.parametrize("number", ["0.1", "0.30000000000000004", "999999999999.999999", "-0.000001", "1e2", "7"])
def test_a_value_is_read_digit_by_digit(speak: Speak, number: str) -> None:
    with stand_in(a_privilege(number)) as server:
        read = speak(server.url, READ)

    assert (read.value, read.version) == (Decimal(number), 3)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        b"\xff\xfe",
        '{"privilegeId": "v", "type": "MultiUse", "data": {"value": NaN}}',
        '{"privilegeId": "v", "type": "MultiUse", "data": {"value": "3"}}',
        '{"privilegeId": "v", "type": "MultiUse", "data": {"value": true}}',
        '{"privilegeId": "v", "type": "MultiUse", "data": []}',
        '{"privilegeId": 7, "type": "MultiUse"}',
        '{"privilegeId": "v", "type": "MultiUse", "priority": 1.5}',
        '{"privilegeId": "v", "type": "MultiUse", "deletionDate": "yesterday"}',
        '{"privilegeId": "v", "type": "MultiUse", "deletionDate": "2026-01-01T00:00:00"}',
        "[" * 100_000,
    ],
)
def test_an_answer_that_is_not_as_promised_is_broken(speak: Speak, body: str | bytes) -> None:
    with stand_in(reply(body)) as server, pytest.raises(BrokenAnswer):
        speak(server.url, READ)

    assert len(server.asked) == 1


def test_members_that_the_client_does_not_know_are_passed_over(speak: Speak) -> None:
    body = {"privilegeId": "v", "type": "Renewable", "new": [1], "data": {"value": 1, "unit": "cups"}}

    with stand_in(reply(body)) as server:
        read = speak(server.url, READ)

    assert (read.type, read.value) == ("Renewable", 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(speak: Speak, status: int) -> None:
    with (
        stand_in(reply([])) as elsewhere,
        stand_in(reply("", status, location=elsewhere.url)) as server,
        pytest.raises(BrokenAnswer, match="not followed"),
    ):
        speak(server.url, list_privileges("p-12345"), api_key="secret-key")

    assert elsewhere.asked == []


def test_the_address_of_a_page_is_the_only_redirect_that_is_read(speak: Speak) -> None:
    with stand_in(reply("", 302, location="/demo/card?id=p-12345")) as server:
        assert speak(server.url, get_view_url("p-12345")) == f"{server.url}/demo/card?id=p-12345"


@pytest.mark.parametrize("call", [get_view_url("p-12345"), get_apple_pass("p-12345")])
def test_an_answer_of_another_kind_is_broken(speak: Speak, call: Call[object]) -> None:
    with stand_in(reply("hello", content_type="text/html")) as server, pytest.raises(BrokenAnswer):
        speak(server.url, call)


def test_an_answer_that_is_too_large_is_not_taken_in(speak: Speak) -> None:
    with stand_in(reply("x" * 100_000)) as server, pytest.raises(AnswerTooLarge):
        speak(server.url, READ, answer_bytes_max=50_000)

    assert len(server.asked) == 1


def test_an_answer_without_an_end_stops_at_the_limit(speak: Speak) -> None:
    async def pour(outgoing: asyncio.StreamWriter) -> None:
        outgoing.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            outgoing.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await outgoing.drain()

    with stand_in(pour) as server, pytest.raises(AnswerTooLarge):
        speak(server.url, READ, answer_bytes_max=1_000_000)


def test_a_silent_server_is_left_after_the_timeout(speak: Speak) -> None:
    async def be_silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    with stand_in(be_silent) as server:
        started_at = time.monotonic()
        with pytest.raises(ConnectionLost):
            speak(server.url, READ, timeout_s=0.2, retries=NO_RETRIES)

    assert time.monotonic() - started_at < 5


def test_a_trickle_does_not_outlive_the_timeout(speak: Speak) -> None:
    async def trickle(outgoing: asyncio.StreamWriter) -> None:
        outgoing.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1000):
            outgoing.write(b" ")
            await outgoing.drain()
            await asyncio.sleep(0.05)

    with stand_in(trickle) as server:
        started_at = time.monotonic()
        with pytest.raises(ConnectionLost, match="slowly"):
            speak(server.url, READ, timeout_s=0.4, retries=NO_RETRIES)

    assert time.monotonic() - started_at < 5


def test_a_compressed_answer_is_refused_unopened(speak: Speak) -> None:
    with stand_in(reply(b"\x1f\x8b", content_encoding="gzip")) as server, pytest.raises(BrokenAnswer):
        speak(server.url, READ)

    assert server.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request", InvalidRequest),
        (400, "a_code_of_tomorrow", InvalidRequest),
        (401, "unauthenticated", Unauthenticated),
        (403, "forbidden", Forbidden),
        (404, "pass_not_found", NotFound),
        (405, "method_not_allowed", MethodNotAllowed),
        (409, "value_mismatch", ValueMismatch),
        (412, "version_mismatch", PreconditionFailed),
        (413, "too_large", TooLarge),
        (415, "wrong_media_type", WrongMediaType),
        (418, "teapot", Problem),
        (500, "internal_error", ServerFailed),
    ],
)
def test_a_refusal_is_an_exception_of_its_kind(speak: Speak, status: int, code: str, kind: type[Problem]) -> None:
    with stand_in(problem(status, code)) as server, pytest.raises(kind) as refused:
        speak(server.url, apply_movement("v", 1, 0))

    told = refused.value
    assert (type(told), told.status, told.code, told.detail) == (kind, status, code, "Detail.")
    assert told.request_id == "request-1"


def test_a_refusal_names_every_mistake(speak: Speak) -> None:
    errors = {"data.value": ["Give a number."], "type": ["Is missing.", "Is needed."]}

    with stand_in(problem(400, "invalid_request", errors=errors)) as server, pytest.raises(InvalidRequest) as refused:
        speak(server.url, READ)

    assert refused.value.errors == {path: tuple(messages) for path, messages in errors.items()}
    assert "type: Is needed." in str(refused.value)


def test_a_mismatch_tells_the_value_exactly(speak: Speak) -> None:
    body = '{"code": "value_mismatch", "currentValue": 0.3, "version": 4}'

    refusal = reply(body, 409, content_type="application/problem+json")
    with stand_in(refusal) as server, pytest.raises(ValueMismatch) as refused:
        speak(server.url, apply_movement("v", 1, 0))

    assert (refused.value.current_value, refused.value.version) == (Decimal("0.3"), 4)


@pytest.mark.parametrize("body", ["<html>", "{", b"\xff", "[]", ""])
def test_a_refusal_that_is_no_document_has_the_status_as_its_code(speak: Speak, body: str | bytes) -> None:
    refusal = reply(body, 500, content_type="application/problem+json")
    with stand_in(refusal) as server, pytest.raises(ServerFailed) as refused:
        speak(server.url, READ)

    assert (refused.value.status, refused.value.code) == (500, "http_500")


def test_a_refusal_can_be_sent_to_another_process() -> None:
    told = ValueMismatch(409, {"code": "value_mismatch", "detail": "No.", "currentValue": 3}, "request-1", 5)

    copied = pickle.loads(pickle.dumps(told))  # noqa: S301  # our own bytes

    assert (type(copied), str(copied), copied.current_value) == (ValueMismatch, str(told), 3)
    assert (copied.request_id, copied.retry_after_s) == ("request-1", 5)


def test_a_write_tells_whether_it_had_happened_before(speak: Speak) -> None:
    answer = reply({"movementId": "m"}, idempotency_replayed="true", x_request_id="r-9")

    with stand_in(answer) as server:
        receipt = speak(server.url, apply_movement("v", 1, 0)).receipt

    assert (receipt.is_replayed, receipt.request_id) == (True, "r-9")


def test_a_pass_that_is_not_found_by_identifiers_is_none(speak: Speak) -> None:
    with stand_in(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        assert speak(server.url, find_pass({"customerId": "7"})) is None


def test_a_pass_that_is_still_the_same_is_none(speak: Speak) -> None:
    with stand_in(b'HTTP/1.1 304 Not Modified\r\netag: "abc"\r\n\r\n') as server:
        assert speak(server.url, find_newer_apple_pass("p-12345", '"abc"')) is None

    assert server.asked[0].headers["if-none-match"] == '"abc"'


def test_a_pass_file_comes_byte_for_byte_with_its_date(speak: Speak) -> None:
    content = bytes(range(256))
    answer = reply(
        content,
        content_type="application/vnd.apple.pkpass",
        last_modified="Mon, 23 Nov 2026 01:16:02 GMT",
        etag='"abc"',
    )

    with stand_in(answer) as server:
        taken = speak(server.url, get_apple_pass("p-12345"))

    assert (taken.content, taken.etag) == (content, '"abc"')
    assert str(taken.last_modified) == "2026-11-23 01:16:02+00:00"


def test_a_document_keeps_numbers_and_names_as_they_are(speak: Speak) -> None:
    body = (
        '{"passId": "p", "passType": "t", "identifiers": {"y2.a": "1"}, "metadata": {"snake_case": 0.10}, '
        '"additionalData": {}, "revision": 4, "creationDate": "2026-01-01T01:00:00+01:00", '
        '"lastUpdateDate": "2026-01-01T00:00:00.123Z"}'
    )

    with stand_in(reply(body)) as server:
        document = speak(server.url, get_pass_document("p-12345"))

    assert document.metadata == {"snake_case": Decimal("0.10")}
    assert str(document.created_at) == "2026-01-01 00:00:00+00:00"


@pytest.mark.parametrize(("status", "is_good"), [(200, True), (503, False)])
def test_the_server_tells_whether_it_serves(speak: Speak, status: int, is_good: bool) -> None:
    with stand_in(reply("", status)) as server:
        assert speak(server.url, is_ready()) is is_good
        assert speak(server.url, is_healthy()) is is_good

    assert [asked.target for asked in server.asked] == ["/readyz", "/healthz"]
