"""Child processes: started under any account, tied to our life, and awaited without threads."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.05
_PARENT_IS_GONE = 75
# Loaded here and not in the child: between fork and exec as little as possible may happen.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Output = int | IO[bytes] | None


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine under which a child may run."""

    name: str
    uid: int
    gid: int


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    last_signal: signal.Signals,
    account: Account | None = None,
    stdin: Output = subprocess.DEVNULL,
    stdout: Output = None,
    stderr: Output = None,
    pass_fds: Sequence[int] = (),
    cwd: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own, which gets `last_signal` when we die, however we die.

    The group keeps a terminal's Ctrl-C away from the child, so that we decide who stops when. The last signal needs
    Linux, and is sent when the *thread* that called this ends: call it from the thread of the event loop. It holds
    across `account` because it is set after the change of user (prctl(2): a change of user clears it).
    Raises OSError when the program cannot be started.
    """
    return subprocess.Popen(  # noqa: S603 - every argv is built by us
        list(argv),
        env=dict(env),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        cwd=cwd,
        process_group=0,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        preexec_fn=_death_note(last_signal),  # noqa: PLW1509 - there is no other way to prctl; it calls libc only
    )


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait until the child ends, for ever if need be, and tell its exit code; below zero it is a signal."""
    if process.poll() is None:
        try:
            watch = os.pidfd_open(process.pid)
        except (AttributeError, OSError):
            await _poll_until_ended(process)
        else:
            await _until_readable(watch)
    return process.wait()


def _death_note(last_signal: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl, parent = _LIBC.prctl, os.getpid()

    def write() -> None:
        prctl(_PR_SET_PDEATHSIG, int(last_signal))
        # The parent may have died before the note was written; nobody would ever send the signal.
        if os.getppid() != parent:
            os._exit(_PARENT_IS_GONE)

    return write


async def _poll_until_ended(process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:  # noqa: ASYNC110 - without pidfd there is nothing to be told by
        await asyncio.sleep(_POLL_S)


async def _until_readable(watch: int) -> None:
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(watch, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(watch)
        os.close(watch)
