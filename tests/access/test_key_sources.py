import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from guerdon.access.errors import IssuerUnreachable
from guerdon.access.key_sources import (
    DOCUMENT_BYTES_MAX,
    FRESH_FOR,
    REFRESHED_AT_MOST_EVERY,
    RETRIED_EVERY,
    USABLE_FOR,
    FetchedKeys,
    KeysUnreadable,
    read_key_set,
)
from tests.access.builders import NOW

MINUTE = timedelta(minutes=1)


def a_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


def a_key_set(*kids: str) -> bytes:
    return json.dumps({"keys": [a_key(kid).as_dict(private=False) for kid in kids]}).encode()


@dataclass(slots=True)
class Publisher:
    """A neighbour that publishes keys at an address, and counts who asks."""

    status: str = "200 OK"
    document: bytes = field(default=b"")
    asked: int = 0
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.document)}\r\nLocation: {self.url}x\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + self.document)
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    made = Publisher(document=a_key_set("k1"))
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    yield made
    server.close()
    await server.wait_closed()


@pytest.fixture
def keys(publisher: Publisher) -> FetchedKeys:
    return FetchedKeys("login", publisher.url)


async def test_keys_are_fetched_once_and_kept_for_ten_minutes(keys: FetchedKeys, publisher: Publisher) -> None:
    for minutes in (0, 1, 9):
        assert await keys.find_key("k1", "ES256", NOW + minutes * MINUTE) is not None
    assert publisher.asked == 1

    await keys.find_key("k1", "ES256", NOW + FRESH_FOR)
    assert publisher.asked == 2


async def test_requests_at_one_moment_fetch_once(keys: FetchedKeys, publisher: Publisher) -> None:
    found = await asyncio.gather(*(keys.find_key("k1", "ES256", NOW) for _ in range(20)))

    assert all(key is not None for key in found)
    assert publisher.asked == 1


async def test_a_new_key_is_found_when_a_token_names_it(keys: FetchedKeys, publisher: Publisher) -> None:
    await keys.find_key("k1", "ES256", NOW)
    publisher.document = a_key_set("k1", "k2")

    assert await keys.find_key("k2", "ES256", NOW + MINUTE) is not None


async def test_unknown_key_ids_fetch_once_a_minute_at_most(keys: FetchedKeys, publisher: Publisher) -> None:
    await keys.find_key("k1", "ES256", NOW)
    for number in range(50):
        assert await keys.find_key(f"invented-{number}", "ES256", NOW + timedelta(seconds=number)) is None
    assert publisher.asked == 1

    await keys.find_key("invented", "ES256", NOW + REFRESHED_AT_MOST_EVERY)
    assert publisher.asked == 2


async def test_keys_are_used_for_a_day_when_the_address_stops_answering(
    keys: FetchedKeys, publisher: Publisher
) -> None:
    await keys.find_key("k1", "ES256", NOW)
    publisher.status = "500 Oops"

    assert await keys.find_key("k1", "ES256", NOW + timedelta(hours=23)) is not None
    with pytest.raises(IssuerUnreachable):
        await keys.find_key("k1", "ES256", NOW + USABLE_FOR)


async def test_a_first_fetch_that_failed_is_tried_again_soon(keys: FetchedKeys, publisher: Publisher) -> None:
    publisher.status = "503 Later"
    for _ in range(5):
        with pytest.raises(IssuerUnreachable):
            await keys.find_key("k1", "ES256", NOW)
    assert publisher.asked == 1

    publisher.status = "200 OK"
    assert await keys.find_key("k1", "ES256", NOW + RETRIED_EVERY) is not None


@pytest.mark.parametrize(
    ("status", "document"),
    [
        ("302 Found", b""),
        ("200 OK", b"<html>"),
        ("200 OK", b"[]"),
        ("200 OK", b'{"keys":[]}'),
        ("200 OK", b'{"keys":[{"kty":"new"}]}'),
        ("200 OK", a_key_set("k1").ljust(DOCUMENT_BYTES_MAX + 1)),
        ("200 OK", b"\xff"),
    ],
)
async def test_what_is_no_key_set_is_not_followed_or_believed(
    keys: FetchedKeys, publisher: Publisher, status: str, document: bytes
) -> None:
    publisher.status, publisher.document = status, document

    with pytest.raises(IssuerUnreachable):
        await keys.find_key("k1", "ES256", NOW)
    assert publisher.asked == 1


async def test_an_address_where_nobody_listens_is_a_refusal_of_ours() -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    with pytest.raises(IssuerUnreachable):
        await FetchedKeys("login", f"http://127.0.0.1:{port}/").find_key("k1", "ES256", NOW)


def test_keys_of_unknown_kinds_are_left_out() -> None:
    known = a_key("k1").as_dict(private=False)
    document = {"keys": [{"kty": "new"}, {}, {**known, "crv": "P-999"}, {**known, "x": 1}, {"kty": "EC"}, known]}

    assert [key.kid for key in read_key_set(json.dumps(document).encode())] == ["k1"]


def test_a_set_without_keys_is_unreadable() -> None:
    with pytest.raises(KeysUnreadable):
        read_key_set(b'{"keys":[{"kty":"new"}]}')
