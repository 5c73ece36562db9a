"""A line to a database that is reached through TLS."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from tests.platform.test_line import kept, sent_by_the_second

from guerdon.platform.db import open_database


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@asynccontextmanager
async def encrypted(url: str, certificate: Path) -> AsyncGenerator[str]:
    """Put TLS before a server, in the way of PostgreSQL: it is asked for, answered with S, and then begun."""
    asked = urlsplit(url)
    folder = parse_qs(asked.query)["host"][0] if not asked.hostname else None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        target.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
        writer.write(b"S")
        await writer.start_tls(context)
        port = asked.port or int(parse_qs(asked.query).get("port", ["5432"])[0])
        inside = (
            await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
            if folder
            else await asyncio.open_connection(asked.hostname, port)
        )
        await asyncio.gather(pass_on(reader, inside[1]), pass_on(inside[0], writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    place = f"{asked.username}:{asked.password}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield f"postgresql://{place}{asked.path}?sslmode=require"
    finally:
        server.close()


async def test_begin_and_commit_travel_through_tls(owner_url: str, certificate: Path, tenant_id: str) -> None:
    async with encrypted(owner_url, certificate) as url:
        database = await open_database(url, 1)
        assert len(await sent_by_the_second(database, tenant_id)) == 2
        assert await kept(database, tenant_id, "second")
        await database.close()
