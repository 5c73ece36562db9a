"""Which processor core runs what: two who speak in turn share one, and neither waits for a core to wake.

A process that posts, and the session of PostgreSQL that posts for it, wait for each other: one of them always sleeps.
The scheduler wakes each on a core that sleeps as well, which takes longer than what is said, on a virtual machine above
all (decision 0016). While they are busy they follow each other on one core, and each process has its own.
"""

import os
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

# What this process was given, asked before any thread of it keeps to less; empty where cores cannot be chosen.
ALLOWED: Final = frozenset(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ())
PEER: Final = struct.Struct("3i")  # SO_PEERCRED's process, user and group: unix(7)
MEMORY: Final = 16  # batches, or so, after which something new has become the rule
BUSY_FROM, IDLE_FROM = 0.5, 0.1  # of the latest batches had company


def assign_cores(processes: int, allowed: frozenset[int] = ALLOWED) -> list[int | None]:
    """Give each of some processes its core, or none any.

    They have cores of their own only where there are as many of them as cores, or more. On a larger machine others may
    be at work that we know nothing of, such as containers beside us, and the first cores would be everybody's.
    """
    cores = sorted(allowed)
    if not 1 < len(cores) <= processes:
        return [None] * processes
    return [cores[number % len(cores)] for number in range(processes)]


def run_anywhere() -> None:
    """Let this thread have every core that the process was given, as one begins that a thread kept to a core starts."""
    if ALLOWED:
        os.sched_setaffinity(0, ALLOWED)


class SharedCore:
    """A core that this thread and its sessions of PostgreSQL keep to while they are busy; alone, each has its own.

    Alone, a session begins with what it was sent while the thread still tidies up; there sharing makes it wait.
    """

    def __init__(self, core: int) -> None:
        """Begin with no sessions, and everybody anywhere."""
        self._core = core
        self._sessions: dict[int, set[int]] = {}
        self._company = 0.0
        self._is_shared = False

    def add(self, session: int, line: socket.socket) -> bool:
        """Take in a session, by the number of its process that the server tells and the socket that leads to it.

        False, and it stays as it is: it does not run here, or belongs to a user whose processes are not ours to place.
        """
        try:
            if not _is_here(session, line):
                return False
            own = os.sched_getaffinity(session)
            os.sched_setaffinity(session, {self._core} if self._is_shared else own)
        except OSError:
            return False
        self._sessions[session] = own
        return True

    @property
    def sessions(self) -> frozenset[int]:
        """The numbers of the sessions that were taken in and have not ended."""
        return frozenset(self._sessions)

    def remove(self, session: int) -> None:
        """Forget a session that has ended: its number will be another's."""
        self._sessions.pop(session, None)

    def note(self, *, has_company: bool) -> None:
        """Take note of a batch: whether it served several, or others waited for it already."""
        self._company += (has_company - self._company) / MEMORY
        is_over = self._company < IDLE_FROM if self._is_shared else self._company > BUSY_FROM
        if is_over:
            self._turn()

    def _turn(self) -> None:
        self._is_shared = not self._is_shared
        for session, own in self._sessions.items():
            _place(session, {self._core} if self._is_shared else own)
        # A thread alone on its core is better off with the choice.
        if self._sessions or not self._is_shared:
            _place(0, {self._core} if self._is_shared else ALLOWED)


def _place(process: int, cores: set[int] | frozenset[int]) -> None:
    # Who has ended, or lost the core to a narrower container, stays where it is.
    with suppress(OSError):
        os.sched_setaffinity(process, cores)


def _is_here(session: int, line: socket.socket) -> bool:
    # The number may be that of another machine, or container, or made up by a pooler in between. A session is a child
    # of whoever listens at the socket, and that is told by the kernel, in numbers of ours.
    if line.family != socket.AF_UNIX:
        return False
    listener, _, _ = PEER.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    status = Path(f"/proc/{session}/stat").read_bytes()
    # Behind the program's name, which may hold anything: its state, its parent (proc(5)).
    return int(status.rpartition(b")")[2].split()[1]) == listener
