import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from guerdon.webhooks.addresses import AddressRules, read_endpoint
from guerdon.webhooks.connecting import check_endpoint
from guerdon.webhooks.sending import Sender
from tests.webhooks.receiving import LOOPBACK, Receiver, answering, receiver

HOST = "hooks.example"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate of its own for a name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, secret


@asynccontextmanager
async def secure_receiver(folder: Path, name: str) -> AsyncGenerator[tuple[Receiver, ssl.SSLContext]]:
    """Open a receiver behind TLS, and give what trusts it."""
    pem, secret = certificate(folder, name)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(pem, secret)
    made = Receiver(answering(204))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=own)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made, ssl.create_default_context(cafile=str(pem))
    finally:
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


async def to_loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_a_checked_address_is_spoken_to_by_its_name(tmp_path: Path) -> None:
    async with secure_receiver(tmp_path, HOST) as (at, tls), Sender(LOOPBACK, lookup=to_loopback, tls=tls) as sender:
        answered = await sender.send(read_endpoint(f"https://{HOST}:{at.port}/x?y=1"), {"a": "b"}, b"{}")

    assert (answered.status, at.received[0].path, at.received[0].headers["host"]) == (
        204,
        "/x?y=1",
        f"{HOST}:{at.port}",
    )


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    async with (
        secure_receiver(tmp_path, "other.example") as (at, tls),
        Sender(LOOPBACK, lookup=to_loopback, tls=tls) as sender,
    ):
        answered = await sender.send(read_endpoint(f"https://{HOST}:{at.port}/"), {}, b"{}")

    assert answered.status is None
    assert "mismatch" in (answered.error or "")
    assert at.received == []


async def test_a_name_that_leads_inside_later_is_refused_at_the_connection(tmp_path: Path) -> None:
    answers = [["8.8.8.8"], ["127.0.0.1"]]

    async def rebinding(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    async with (
        secure_receiver(tmp_path, HOST) as (at, tls),
        Sender(AddressRules(), lookup=rebinding, tls=tls) as sender,
    ):
        endpoint = read_endpoint(f"https://{HOST}:{at.port}/")
        await check_endpoint(endpoint, AddressRules(), rebinding)
        answered = await sender.send(endpoint, {}, b"{}")

    assert (at.connections, answers) == (0, [])
    assert "private and special ones are refused" in (answered.error or "")


async def test_a_name_is_looked_up_once_for_a_connection(tmp_path: Path) -> None:
    asked: list[str] = []

    async def counting(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with secure_receiver(tmp_path, HOST) as (at, tls), Sender(LOOPBACK, lookup=counting, tls=tls) as sender:
        for _ in range(3):
            await sender.send(read_endpoint(f"https://{HOST}:{at.port}/"), {}, b"{}")

    assert (len(at.received), at.connections, asked) == (3, 1, [HOST])


@pytest.mark.parametrize("trouble", [OSError("no such name"), TimeoutError()])
async def test_a_name_that_cannot_be_looked_up_is_a_failure_that_is_told(trouble: Exception) -> None:
    async def failing(_host: str, _port: int) -> list[str]:
        raise trouble

    async with Sender(LOOPBACK, lookup=failing) as sender:
        answered = await sender.send(read_endpoint("https://gone.example/"), {}, b"{}")

    assert (answered.status, answered.error) == (
        None,
        "No connection: The host 'gone.example' cannot be looked up.",
    )


async def test_nobody_listening_is_a_failure_that_is_told() -> None:
    async with Sender(LOOPBACK) as sender:
        answered = await sender.send(read_endpoint("http://127.0.0.1:9/"), {}, b"{}")

    assert (answered.error or "").startswith("No connection")


async def test_an_answer_that_never_ends_counts_by_its_status() -> None:
    async def dripping(_received: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with receiver(dripping) as at, Sender(LOOPBACK, time_s_max=0.5) as sender:
        answered = await sender.send(read_endpoint(at.url), {}, b"{}")

    assert answered.status == 200
    assert answered.duration_ms < 2_000


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: " + b"x" * 200_000,
        b"\x00" * 100,
    ],
)
async def test_an_answer_that_is_no_http_is_a_failure_that_is_told(text: bytes) -> None:
    async def strange(_received: object, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        writer.close()

    async with receiver(strange) as at, Sender(LOOPBACK, time_s_max=2) as sender:
        answered = await sender.send(read_endpoint(at.url), {}, b"{}")

    assert answered.status is None
    assert answered.error


async def test_a_continue_before_the_answer_is_passed_over() -> None:
    async def patient(_received: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with receiver(patient) as at, Sender(LOOPBACK, time_s_max=1) as sender:
        assert (await sender.send(read_endpoint(at.url), {}, b"{}")).status == 204
