"""`guerdon doctor`: looking for what is wrong, or soon will be, and saying what to do."""

import asyncio
import os
import shutil
import stat
import sys
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from guerdon.access.errors import IssuersInvalid
from guerdon.access.issuers import read_issuers
from guerdon.entrypoints.doctor_database import examine_database
from guerdon.entrypoints.doctor_findings import Check, failed, fine, warning
from guerdon.entrypoints.home import MasterKeyAbsent, Say, database_url, get_master_key
from guerdon.entrypoints.sandbox_folder import SandboxFolder
from guerdon.entrypoints.up_sockets import NEAR
from guerdon.platform.cluster_folder import ClusterFolder
from guerdon.platform.keys import MasterKeyInvalid
from guerdon.platform.migrate import MigrationRefused
from guerdon.platform.problems import Problem
from guerdon.platform.settings import Settings

GIB: Final = 2**30
FREE_GIB_MIN: Final = 1
ANSWER_S: Final = 3.0
LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


async def examine(settings: Settings, now: datetime, say: Say) -> list[Check]:
    """Look at everything that can be looked at from here; an embedded database that rests is started meanwhile."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return [
        fine("python", f"Python {version} on {sys.platform}."),
        _home(settings.home.resolve()),
        _master_key(settings),
        _issuers(settings),
        _public_url(settings),
        await _port(settings),
        *await _database(settings, now, say),
    ]


def _home(home: Path) -> Check:
    if not home.exists():
        return fine("home", f"{home} does not exist yet; `guerdon up` makes it.")
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return failed("home", f"{home} cannot be read and written by this user.")
    free = shutil.disk_usage(home).free / GIB
    if free < FREE_GIB_MIN:
        return warning("home", f"Only {free:.1f} GiB are free for {home}; PostgreSQL stops when nothing is left.")
    return fine("home", f"{home}, {free:.0f} GiB free.")


def _master_key(settings: Settings) -> Check:
    kept = settings.home / "secret.key"
    try:
        if settings.secret_key is None and settings.database_url is None and not kept.exists():
            return fine("master key", f"There is none yet; `guerdon up` makes {kept.resolve()}.")
        get_master_key(settings)
    except (MasterKeyAbsent, MasterKeyInvalid) as refused:
        return failed("master key", str(refused))
    if settings.secret_key is not None:
        return fine("master key", "GUERDON_SECRET_KEY.")
    if kept.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warning("master key", f"Others may read {kept.resolve()}; run chmod 600 on it.")
    return fine("master key", f"{kept.resolve()}; keep a copy of it elsewhere.")


def _issuers(settings: Settings) -> Check:
    # `guerdon up --sandbox` tells its own processes of an issuer, and no setting here does.
    sandbox = SandboxFolder.find(settings.home) if settings.jwt_issuers_file is None else None
    from_sandbox = sandbox.issuers if sandbox is not None and sandbox.issuers.exists() else None
    try:
        issuers = read_issuers(from_sandbox or settings.jwt_issuers_file)
    except IssuersInvalid as refused:
        return failed("token issuers", str(refused))
    names = ", ".join(issuer.name for issuer in issuers)
    if from_sandbox is not None:
        otherwise = "without it none are trusted and only API keys are accepted"
        return fine("token issuers", f"{names}, by `guerdon up --sandbox` in this home; {otherwise}.")
    if not issuers:
        return fine("token issuers", "None are trusted: only API keys are accepted.")
    return fine("token issuers", f"{names}.")


def _public_url(settings: Settings) -> Check:
    url = settings.public_url
    if url is None:
        return warning("public address", "GUERDON_PUBLIC_URL is not set: phones elsewhere will not find this place.")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOCAL:
        return warning("public address", f"{url} is not https, which wallets on phones ask for.")
    return fine("public address", f"{url}.")


async def _port(settings: Settings) -> Check:
    host = NEAR.get(settings.host, settings.host)
    place = f"{host} port {settings.port}"
    if settings.port == 0:
        return fine("port", "A free one is taken at each start.")
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, settings.port)
            writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            said = await reader.read()
            writer.close()
    except TimeoutError:
        return warning("port", f"Something on {place} takes connections and does not answer.")
    except OSError:
        return fine("port", f"Nothing listens on {place}.")
    if b"alive" in said:
        return fine("port", f"Guerdon answers on {place}.")
    return failed("port", f"Another program answers on {place}; choose another with GUERDON_PORT.")


async def _database(settings: Settings, now: datetime, say: Say) -> list[Check]:
    is_embedded = settings.database_url is None
    if is_embedded and not ClusterFolder.of(settings.home).data.exists():
        return [fine("database", "There is none yet; `guerdon up` makes one in the home.")]
    try:
        async with database_url(settings, say) as url:
            return await examine_database(settings, url, now)
    except (MigrationRefused, Problem) as refused:
        return [failed("database", str(refused))]
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as trouble:
        return [failed("database", f"It cannot be reached: {trouble or type(trouble).__name__}")]
