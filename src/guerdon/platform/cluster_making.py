"""A new cluster: made whole or not at all, with its password, its settings and the database in it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from guerdon.platform.cluster_folder import ClusterFolder, Reach
from guerdon.platform.embedded_errors import ServerNotStarted
from guerdon.platform.postgres_binaries import Binaries
from guerdon.platform.process import ended, spawn

PORT = 5432
OWNER = "guerdon_owner"
DATABASE = "guerdon"
# The built-in locale sorts alike on every machine and for ever; a libc's order changes with the libc.
_MAJOR_WITH_BUILTIN_LOCALE = 17
# What counts as a letter still comes from the libc, for text search and trigrams.
_LETTERS = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
_SAID_MAX = 2000
# On the command line, which the server copies to postmaster.opts: so a later start knows its own.
_MARK = "cluster_name=guerdon"


def server_environment() -> dict[str, str]:
    """Give the variables for the server's programs: none that would change what they do, English messages."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", **kept}


async def make_cluster(binaries: Binaries, reach: Reach, password: str, *, is_durable: bool) -> None:
    """Make the data folder, with checksums, SCRAM passwords, UTF-8, the owner and the empty database.

    All happens in a folder of another name, so that a start that is cut off here begins anew the next time.
    Raises ServerNotStarted.
    """
    folder = reach.folder
    shutil.rmtree(folder.unfinished, ignore_errors=True)
    password_file = folder.root / "first-password"
    write_private(password_file, password)
    if reach.account is not None:
        os.chown(password_file, reach.account.uid, -1, follow_symlinks=False)
    try:
        argv = [binaries.program("initdb"), *_initdb_options(binaries, reach, password_file)]
        await _run("initdb", [*argv, *([] if is_durable else ["--no-sync"])], reach)
    finally:
        password_file.unlink()
    await _run_alone(binaries, reach, folder.unfinished, f"CREATE DATABASE {DATABASE}")
    folder.unfinished.rename(folder.data)
    _sync_folder(folder.server)


async def set_password(binaries: Binaries, reach: Reach, password: str) -> None:
    """Give the owner a new password, on a cluster that no server runs on.

    Raises ServerNotStarted.
    """
    await _run_alone(binaries, reach, reach.folder.data, f"ALTER ROLE {OWNER} PASSWORD '{password}'")


def server_command(binaries: Binaries, reach: Reach, sockets: Path, *, is_durable: bool) -> list[str]:
    """Say the command that runs the server in the foreground, with a socket in `sockets`."""
    sync = "on" if is_durable else "off"
    # These stand here because nobody may override them by ALTER SYSTEM and still be promised what we promise.
    fixed = [
        _MARK,
        f"config_file={reach.path(reach.folder.configuration)}",
        "listen_addresses=",
        f"port={PORT}",
        f"unix_socket_directories={reach.path(sockets)}",
        "unix_socket_permissions=0700",
        f"fsync={sync}",
        f"full_page_writes={sync}",
        f"synchronous_commit={sync}",
    ]
    options = [word for setting in fixed for word in ("-c", setting)]
    return [binaries.program("postgres"), "-D", reach.path(reach.folder.data), *options]


def is_ours(folder: ClusterFolder) -> bool:
    """Tell whether the last server on this folder was started by the command above."""
    try:
        return _MARK in (folder.data / "postmaster.opts").read_text()
    except FileNotFoundError:
        return False


def write_configuration(path: Path, *, shared_buffers_mb: int, connections_max: int) -> None:
    """Write postgresql.conf, readable for the server's account; ALTER SYSTEM overrides it and is kept."""
    values: Mapping[str, str | int] = {
        "shared_buffers": f"{shared_buffers_mb}MB",
        "max_connections": connections_max,
        "max_wal_size": "4GB",
        # Whoever needs a new file of the log fills it with zeros first, and all who commit wait for that (40 ms). So as
        # many are kept over quiet hours as a rush of a minute takes.
        "min_wal_size": "1GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "off",
        "jit": "off",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "logging_collector": "on",
        "log_directory": "../log",
        # One file for each day of the week, begun anew a week later.
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }
    lines = [f"{name} = '{value}'" for name, value in values.items()]
    path.write_text("\n".join(["# Written at every start. Use ALTER SYSTEM for values of your own.", *lines, ""]))
    path.chmod(0o644)


def _initdb_options(binaries: Binaries, reach: Reach, password: Path) -> list[str]:
    if binaries.major >= _MAJOR_WITH_BUILTIN_LOCALE:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={_LETTERS}"]
    else:
        locale = ["--locale=C", f"--lc-collate={_LETTERS}", f"--lc-ctype={_LETTERS}"]
    return [
        f"--pgdata={reach.path(reach.folder.unfinished)}",
        f"--username={OWNER}",
        f"--pwfile={reach.path(password)}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--data-checksums",
        "--no-instructions",
        *locale,
    ]


async def _run_alone(binaries: Binaries, reach: Reach, data: Path, statement: str) -> None:
    argv = [binaries.program("postgres"), "--single", "-D", reach.path(data), "postgres"]
    said = await _run("postgres --single", argv, reach, f"{statement}\n".encode())
    if "ERROR" in said or "FATAL" in said:
        raise ServerNotStarted("postgres --single", 0, said)


async def _run(step: str, argv: Sequence[str], reach: Reach, words: bytes = b"") -> str:
    log = reach.folder.start_log
    with log.open("wb") as said:
        process = spawn(
            argv,
            env=server_environment(),
            last_signal=signal.SIGTERM,
            account=reach.account,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=reach.descriptors,
            cwd="/",
        )
    assert process.stdin is not None
    with process.stdin as stdin:
        stdin.write(words)
    code = await ended(process)
    if code != 0:
        raise ServerNotStarted(step, code, tail(log))
    return tail(log)


def tail(log: Path) -> str:
    """Read the last words of a log, two thousand characters at most."""
    try:
        return log.read_text(errors="replace")[-_SAID_MAX:].strip()
    except FileNotFoundError:
        return ""


def write_private(path: Path, text: str) -> None:
    """Put a file of mode 0600 in place, whole and on disk, whatever was there."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
