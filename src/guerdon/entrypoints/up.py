"""`guerdon up`: database, migrations, API and worker in one process tree, from the first line to a clean stop."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from guerdon.entrypoints.home import Place, Say, database_url, embedded_server, home_lock
from guerdon.entrypoints.sandbox import Addresses, Sandbox, prepare_sandbox
from guerdon.entrypoints.supervisor import Child, Supervisor
from guerdon.entrypoints.up_bytecode import bytecode_environment
from guerdon.entrypoints.up_sockets import Sockets, api_words, open_sockets, tell_when_ready
from guerdon.platform.clock import utc_now
from guerdon.platform.cores import assign_cores
from guerdon.platform.db import open_database
from guerdon.platform.embedded import EmbeddedPostgres
from guerdon.platform.embedded_errors import EmbeddedRefusal
from guerdon.platform.keys import configured_master_key
from guerdon.platform.migrate import migrate
from guerdon.platform.settings import Settings, SettingsInvalid

GRACE_MARGIN_S: Final = 5.0
SANDBOX_CONNECTIONS: Final = 2
LOOPBACK_NETWORKS = "127.0.0.0/8,::1/128"
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
COMMAND: Final = (sys.executable, "-m", "guerdon.entrypoints.cli")
STAND_INS: Final = (sys.executable, "-m", "guerdon.entrypoints.stand_ins")


async def run_up(settings: Settings, say: Say, *, is_sandbox: bool) -> int:
    """Run everything until SIGTERM or SIGINT and tell the exit code: 0 after a clean stop.

    Raises FolderInUse, PortTaken, MigrationRefused, SettingsInvalid, the refusals of `embedded_errors`.
    """
    if is_sandbox and settings.jwt_issuers_file is not None:
        raise SettingsInvalid("GUERDON_JWT_ISSUERS_FILE: --sandbox brings an issuer of its own; leave this unset.")
    loop = asyncio.get_running_loop()
    life = asyncio.create_task(_live(settings, say, is_sandbox=is_sandbox))
    for number in SIGNALS:
        loop.add_signal_handler(number, _end_once, life)
    try:
        return await life
    except asyncio.CancelledError:
        return 0


async def _live(settings: Settings, say: Say, *, is_sandbox: bool) -> int:
    async with AsyncExitStack() as stack:
        stack.enter_context(home_lock(settings.home))
        # First, so that a taken port is told before anything is started; callers wait in the socket's queue.
        sockets = stack.enter_context(
            open_sockets(settings.host, settings.port, settings.api_processes, with_stand_ins=is_sandbox)
        )
        server = None if settings.database_url is not None else embedded_server(settings, say)
        url = await _start(stack, settings, server, say)
        for applied in await migrate(url):
            say(f"Applied the migration {applied}.")
        configured_master_key(settings)
        sandbox = await _prepare(settings, sockets, url) if is_sandbox else None
        supervisor = Supervisor(_children(settings, sockets, url, sandbox), say)
        async with _watched(server, supervisor, say) as deaths, _told(settings, sockets, sandbox, say):
            code = await supervisor.run()
            # The supervisor gave the signals back; what still stops here must not be cut off by one.
            _ignore_signals()
        return code or (1 if deaths else 0)


async def _start(stack: AsyncExitStack, settings: Settings, server: EmbeddedPostgres | None, say: Say) -> str:
    if server is None:
        # Asked first, so that a wrong address is one sentence.
        return await stack.enter_async_context(database_url(settings, say))
    url = await server.start()
    stack.push_async_callback(server.stop)
    return url


async def _prepare(settings: Settings, sockets: Sockets, url: str) -> Sandbox:
    addresses = Addresses(sockets.api_url(settings.host), sockets.push_url, sockets.google_url)
    database = await open_database(url, SANDBOX_CONNECTIONS)
    try:
        return await prepare_sandbox(Place(settings, url, database), addresses, utc_now())
    finally:
        await database.close()


def _children(settings: Settings, sockets: Sockets, url: str, sandbox: Sandbox | None) -> list[Child]:
    env = _environment(settings, sockets, url, sandbox)
    grace_s = settings.stop_grace_s + GRACE_MARGIN_S
    children: list[Child] = []
    if sandbox is not None:
        descriptors = tuple(socket.fileno() for socket in sockets.stand_ins)
        words = (str(sandbox.folder.root.parent), *map(str, descriptors))
        children.append(Child("stand-ins", (*STAND_INS, *words), env, grace_s, descriptors))
    children += [
        Child(f"api {number}", (*COMMAND, "api", *api_words(api, core)), env, grace_s, (api.fileno(),))
        for number, (api, core) in enumerate(zip(sockets.api, _cores(settings), strict=True), start=1)
    ]
    return [*children, Child("worker", (*COMMAND, "worker"), env, grace_s)]


def _cores(settings: Settings) -> list[int | None]:
    return assign_cores(settings.api_processes) if settings.share_cores else [None] * settings.api_processes


def _environment(settings: Settings, sockets: Sockets, url: str, sandbox: Sandbox | None) -> Mapping[str, str]:
    # The address of the database holds its password, so that it stands in no argument, which all users can read.
    said = {
        "DATABASE_URL": url,
        "GUERDON_HOME": str(settings.home.resolve()),
        "GUERDON_HOST": settings.host,
        "GUERDON_PORT": str(sockets.port),
    }
    if sandbox is not None:
        said["GUERDON_JWT_ISSUERS_FILE"] = str(sandbox.folder.issuers)
        said["GUERDON_PUBLIC_URL"] = settings.public_url or sockets.api_url(settings.host)
        if not settings.webhook_allowed_networks:
            # What is tried out on one machine receives on it as well.
            said["GUERDON_WEBHOOK_ALLOWED_NETWORKS"] = LOOPBACK_NETWORKS
    return {**os.environ, **bytecode_environment(settings.home), **said}


@asynccontextmanager
async def _watched(server: EmbeddedPostgres | None, supervisor: Supervisor, say: Say) -> AsyncGenerator[list[str]]:
    """Keep the embedded server running; when it does not come up again, everything stops."""
    deaths: list[str] = []

    async def keep(running: EmbeddedPostgres) -> None:
        try:
            await running.keep_running()
        except EmbeddedRefusal as refused:
            deaths.append(refused.detail)
            say(refused.detail)
            supervisor.stop()

    keeping = None if server is None else asyncio.create_task(keep(server))
    try:
        yield deaths
    finally:
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait([keeping])


@asynccontextmanager
async def _told(settings: Settings, sockets: Sockets, sandbox: Sandbox | None, say: Say) -> AsyncGenerator[None]:
    base = sockets.api_url(settings.host)
    lines = [f"Guerdon answers at {settings.public_url or base}; its data is in {settings.home.resolve()}."]
    if sandbox is not None:
        address = f"{base}/api/demo/passes/{sandbox.pass_id}/privileges"
        lines += [f"The sandbox is described in {sandbox.path}.", "A first question:"]
        lines.append(f"  curl -H @{sandbox.folder.curl_headers} {address}")
    telling = asyncio.create_task(tell_when_ready(base, lines, say))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait([telling])


def _end_once(life: "asyncio.Task[int]") -> None:
    # A second signal must not cut off the clean-up that the first one began.
    _ignore_signals()
    life.cancel()


def _ignore_signals() -> None:
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, _nothing)


def _nothing() -> None:
    return None
