"""The embedded PostgreSQL: a server of our own under the Guerdon home, for whoever gives no DATABASE_URL.

It is started by us and by nobody else, listens on a socket in its folder only, asks for a password, and syncs every
commit. It is stopped by a fast shutdown; nothing that we did not start is ever signalled, and nothing is ever killed.
After a crash it gets the time that recovery takes. Works on Linux and macOS. What root does: see `cluster_folder`; and
where the unprivileged account may not read the wheel, its programs are copied beside the data, or, when that account
comes to the data through a descriptor only, to /var/lib/guerdon. Only programs ever go there; it may be deleted.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from guerdon.platform.cluster_folder import (
    ClusterFolder,
    Reach,
    choose_account,
    find_postmaster,
    lock,
    postmaster_lines,
    prepare,
    reach,
    remove_leftovers,
)
from guerdon.platform.cluster_making import (
    DATABASE,
    OWNER,
    PORT,
    is_ours,
    make_cluster,
    server_command,
    server_environment,
    set_password,
    tail,
    write_configuration,
    write_private,
)
from guerdon.platform.embedded_errors import BinariesUnreadable, ForeignServer, ServerNotStarted
from guerdon.platform.postgres_binaries import Binaries, can_run, copy_wheel, find_binaries
from guerdon.platform.process import ended, spawn

# What all users of the machine can read, when the home cannot be reached by the server's account.
SHARED_PROGRAMS = Path("/var/lib/guerdon")
_SOCKET_PATH_MAX = 107  # sun_path of unix(7) has 108 bytes, the last one zero.
_POLL_S = 0.02
_PROGRESS_S = 5.0
_RESTART_S = 1.0
_LEFTOVER_PATIENCE_S = 60.0
_READY = "ready"
_SERVER_STATE_LINE = 7

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """How the embedded server is run; `is_durable` may be false for throwaway data only."""

    home: Path
    bin_dir: Path | None = None
    shared_buffers_mb: int = 256
    connections_max: int = 100
    run_as: str | None = None
    is_durable: bool = True


class EmbeddedPostgres:
    """One server on one folder. Start it from the main thread: the kernel ends it when that thread ends."""

    def __init__(self, settings: EmbeddedSettings, say: Say = lambda _: None) -> None:
        """Keep the settings; `say` is told in sentences what takes long."""
        self._settings = settings
        self._say = say
        self._folder = ClusterFolder.of(settings.home)
        self._lock: int | None = None
        self._reach: Reach | None = None
        self._sockets: Path = self._folder.run
        self._argv: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopping = False

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    async def start(self) -> str:
        """Start the server, making the cluster the first time, and give the owner's address once it answers.

        A crash recovery may take its time. If this fails or is cancelled, nothing is left running.
        Raises the refusals of `embedded_errors`.
        """
        self._is_stopping = False
        account = choose_account(self._folder, self._settings.run_as)
        prepare(self._folder, account)
        self._lock = lock(self._folder)
        try:
            self._reach = reach(self._folder, account)
            binaries = self._runnable(find_binaries(self._settings.bin_dir, data=self._folder.data), self._reach)
            await self._end_orphan(self._reach)
            password = await self._ensure_cluster(binaries, self._reach)
            self._choose_sockets(self._reach)
            write_configuration(
                self._folder.configuration,
                shared_buffers_mb=self._settings.shared_buffers_mb,
                connections_max=self._settings.connections_max,
            )
            self._argv = server_command(binaries, self._reach, self._sockets, is_durable=self._settings.is_durable)
            await self._launch(self._reach)
            dsn = self._dsn(password)
            write_private(self._folder.dsn, dsn)
        except BaseException:
            await self.stop()
            raise
        return dsn

    async def stop(self) -> None:
        """Stop the server by a fast shutdown and wait until it is gone; does nothing when it is."""
        self._is_stopping = True
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
            await ended(self._process)
        self._process = None
        self._let_go()

    async def exited(self) -> int:
        """Wait until the server ends, for whatever reason, and tell its exit code."""
        assert self._process is not None
        return await ended(self._process)

    async def keep_running(self) -> None:
        """Start the server again, at the same address, whenever it dies unasked; returns after `stop`.

        Raises ServerNotStarted when it does not come up again.
        """
        while not self._is_stopping:
            code = await self.exited()
            if self._is_stopping:
                return
            self._say(f"PostgreSQL ended unexpectedly with code {code}; it is started again.")
            await asyncio.sleep(_RESTART_S)
            if self._reach is not None:
                remove_leftovers(self._folder)
                await self._launch(self._reach)

    def _runnable(self, binaries: Binaries, reach: Reach) -> Binaries:
        account = reach.account
        if account is None or can_run(binaries, account):
            return binaries
        if not binaries.is_wheel:
            raise BinariesUnreadable(binaries.bin_dir, account.name)
        # A program must be found by its own path (it asks realpath), so here the descriptor does not help.
        into = self._folder.root if reach.descriptor is None else SHARED_PROGRAMS
        into.mkdir(mode=0o755, parents=True, exist_ok=True)
        copied = copy_wheel(binaries, into)
        if not can_run(copied, account):
            raise BinariesUnreadable(copied.bin_dir, account.name)
        return copied

    async def _end_orphan(self, reach: Reach) -> None:
        pid = find_postmaster(reach)
        if pid is not None:
            # We hold the lock, so the launcher of this server is dead, and nobody else would ever stop it.
            if not is_ours(self._folder):
                raise ForeignServer(self._folder.data, pid)
            self._say(f"The PostgreSQL server (pid {pid}) of an earlier run is still here; it is stopped first.")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            while find_postmaster(reach) is not None:  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(_POLL_S)
        remove_leftovers(self._folder)

    async def _ensure_cluster(self, binaries: Binaries, reach: Reach) -> str:
        kept = self._folder.root / "password"
        password = kept.read_text().strip() if kept.exists() else ""
        if password and self._folder.data.exists():
            return password
        password = password or secrets.token_hex(24)
        if self._folder.data.exists():
            self._say("The owner's password file was gone; a new password is set.")
            await set_password(binaries, reach, password)
        else:
            self._say(f"PostgreSQL {binaries.version} makes a new cluster in {self._folder.root}.")
            await make_cluster(binaries, reach, password, is_durable=self._settings.is_durable)
        write_private(kept, password)
        return password

    def _choose_sockets(self, reach: Reach) -> None:
        inside = self._folder.run / f".s.PGSQL.{PORT}"
        if len(os.fsencode(inside)) <= _SOCKET_PATH_MAX:
            return
        self._sockets = Path(tempfile.mkdtemp(prefix="guerdon-"))
        if reach.account is not None:
            os.chown(self._sockets, reach.account.uid, reach.account.gid)

    async def _launch(self, reach: Reach) -> None:
        give_up_at = asyncio.get_running_loop().time() + _LEFTOVER_PATIENCE_S
        while True:
            self._process = process = self._spawn(reach)
            if await self._is_ready(process) or self._is_stopping:
                return
            said = tail(self._folder.start_log)
            # A killed server's children end by themselves once they notice; until then they hold the memory.
            is_leftover = "shared memory" in said and "still in use" in said
            if not is_leftover or asyncio.get_running_loop().time() > give_up_at:
                raise ServerNotStarted("PostgreSQL", process.returncode, said + _last_log(self._folder))
            self._say("Processes of a PostgreSQL server that was killed are still ending; waiting for them.")
            await asyncio.sleep(_RESTART_S)

    def _spawn(self, reach: Reach) -> subprocess.Popen[bytes]:
        with self._folder.start_log.open("wb") as log:
            return spawn(
                self._argv,
                env=server_environment(),
                last_signal=signal.SIGINT,
                account=reach.account,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=reach.descriptors,
                cwd="/",
            )

    async def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        loop = asyncio.get_running_loop()
        began = told = loop.time()
        while process.poll() is None:
            lines = postmaster_lines(self._folder)
            if lines[:1] == [str(process.pid)] and lines[_SERVER_STATE_LINE:] == [_READY]:
                return True
            if loop.time() - told >= _PROGRESS_S:
                told = loop.time()
                self._say(
                    f"PostgreSQL has been starting for {told - began:.0f} s, most likely recovering after a crash; "
                    f"it gets the time it needs. Its log: {self._folder.server / 'log'}"
                )
            await asyncio.sleep(_POLL_S)
        return False

    def _dsn(self, password: str) -> str:
        sockets = quote(str(self._sockets), safe="/")
        return f"postgresql://{OWNER}:{password}@/{DATABASE}?host={sockets}&port={PORT}"

    def _let_go(self) -> None:
        if self._lock is None:
            return
        self._folder.dsn.unlink(missing_ok=True)
        if self._sockets != self._folder.run:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = self._folder.run
        if self._reach is not None:
            self._reach.close()
            self._reach = None
        os.close(self._lock)
        self._lock = None


def find_running_dsn(home: Path) -> str | None:
    """Read the owner's address of the server that another process runs on this home now, if it answers."""
    try:
        dsn = ClusterFolder.of(home).dsn.read_text()
    except FileNotFoundError:
        return None
    sockets = parse_qs(urlsplit(dsn).query)["host"][0]
    with socket.socket(socket.AF_UNIX) as probe:
        # The file of a launcher that was killed is still there; its socket does not answer.
        return None if probe.connect_ex(f"{sockets}/.s.PGSQL.{PORT}") else dsn


@contextmanager
def temporary_postgres(home: Path, *, bin_dir: Path | None = None) -> Generator[str]:
    """Run a server whose data may be lost, for one run of tests, and give the owner's address.

    Call it from the main thread while no event loop runs there.
    """
    server = EmbeddedPostgres(EmbeddedSettings(home, bin_dir, shared_buffers_mb=64, is_durable=False))
    loop = asyncio.new_event_loop()
    try:
        yield loop.run_until_complete(server.start())
    finally:
        loop.run_until_complete(server.stop())
        loop.close()


def _last_log(folder: ClusterFolder) -> str:
    logs = sorted((folder.server / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)
    return f"\n{tail(logs[-1])}" if logs else ""
