"""The supervisor with real children: Python one-liners that sleep, die, or will not listen."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from guerdon.entrypoints.listening import listening_socket
from guerdon.entrypoints.supervisor import Child, Patience, Supervisor

ENV = {"PATH": os.defpath}
SLEEPS = "sleep 60"
# A shell that says when it hears TERM, to a file of its own name.
TELLS = "trap 'echo {0} >> {1}; exit 0' TERM; echo up-{0} >> {1}; while :; do sleep 0.02; done"
DEAF = "trap '' TERM; echo up >> {0}; while :; do sleep 0.05; done"
SICK = "while [ ! -s {0} ]; do sleep 0.02; done; exit 7"
QUICK = Patience(quick_s=5, quick_deaths_max=3, delay_s=0.02, delay_max_s=0.05)
SUPERVISE = """
import asyncio, sys
from guerdon.entrypoints.listening import listening_socket
from guerdon.entrypoints.supervisor import Child, Supervisor

async def main():
    child = Child("sleeper", ("/bin/sleep", "60"), {})
    supervisor = Supervisor([child], lambda said: print(said, flush=True))
    run = asyncio.create_task(supervisor.run())
    await asyncio.sleep(0)
    print(supervisor.pid("sleeper"), flush=True)
    return await run

sys.exit(asyncio.run(main()))
"""


def a_child(script: str, name: str = "child", grace_s: float = 5) -> Child:
    return Child(name, ("/bin/sh", "-c", script), ENV, grace_s)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - the children are other processes
        await asyncio.sleep(0.01)


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def is_gone(pid: int) -> bool:
    """Tell whether a process that is not our child ended; it may stay a zombie where nobody reaps."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def a_supervising_python() -> tuple["subprocess.Popen[str]", int]:
    python = subprocess.Popen([sys.executable, "-c", SUPERVISE], stdout=subprocess.PIPE, text=True)
    assert python.stdout is not None
    return python, int(python.stdout.readline())


async def test_children_stop_in_reverse_order_and_the_code_is_zero(tmp_path: Path) -> None:
    log = tmp_path / "log"
    children = [a_child(TELLS.format(name, log), name) for name in ("first", "second", "third")]
    supervisor = Supervisor(children, print)
    run = asyncio.create_task(supervisor.run())
    await until(lambda: len(lines(log)) == 3)

    supervisor.stop()

    assert await run == 0
    assert lines(log)[3:] == ["third", "second", "first"]


async def test_a_child_that_dies_is_started_again() -> None:
    said: list[str] = []
    supervisor = Supervisor([a_child(SLEEPS)], said.append, QUICK)
    run = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.pid("child") is not None)
    first = supervisor.pid("child")
    assert first is not None
    os.kill(first, signal.SIGKILL)

    await until(lambda: supervisor.pid("child") not in (None, first))

    supervisor.stop()
    assert await run == 0
    assert said == ["child ended unexpectedly, killed by SIGKILL; it is started again in 0.02 s."]


async def test_a_child_that_dies_quickly_again_and_again_ends_all_with_its_code(tmp_path: Path) -> None:
    said: list[str] = []
    log = tmp_path / "log"
    healthy = a_child(TELLS.format("healthy", log), "healthy")

    code = await Supervisor([healthy, a_child(SICK.format(log), "sick")], said.append, QUICK).run()

    assert code == 7
    assert said[-1].startswith("sick ended 3 times in a row within 5 s of its start, with exit code 7;")
    assert lines(log) == ["up-healthy", "healthy"]


async def test_a_program_that_does_not_exist_ends_all() -> None:
    said: list[str] = []

    code = await Supervisor([a_child(SLEEPS), Child("typo", ("/no/such/program",), ENV)], said.append).run()

    assert code == 1
    assert "typo cannot be started" in said[0]


async def test_a_child_that_does_not_listen_is_killed_after_its_grace(tmp_path: Path) -> None:
    log, said = tmp_path / "log", list[str]()
    supervisor = Supervisor([a_child(DEAF.format(log), grace_s=0.1)], said.append)
    run = asyncio.create_task(supervisor.run())
    await until(lambda: bool(lines(log)))

    supervisor.stop()

    assert await run == 128 + signal.SIGKILL
    assert "child had not ended 0.1 s after" in said[0]


async def test_a_second_signal_hastens_the_stop(tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor = Supervisor([a_child(DEAF.format(log), grace_s=60)], print)
    run = asyncio.create_task(supervisor.run())
    await until(lambda: bool(lines(log)))

    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

    assert await asyncio.wait_for(run, 5) == 128 + signal.SIGKILL


async def test_a_stop_during_the_wait_before_a_restart_starts_nothing() -> None:
    said: list[str] = []
    supervisor = Supervisor([a_child("exit 3")], said.append, Patience(delay_s=30, delay_max_s=30))
    run = asyncio.create_task(supervisor.run())
    await until(lambda: bool(said))

    supervisor.stop()

    assert await asyncio.wait_for(run, 2) == 0
    assert supervisor.pid("child") is None


def test_the_wait_before_a_restart_doubles_up_to_its_limit() -> None:
    patience = Patience(delay_s=0.5, delay_max_s=3)

    assert [patience.delay_after(deaths) for deaths in range(6)] == [0.5, 0.5, 1, 2, 3, 3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_the_whole_stops_it_cleanly(number: signal.Signals) -> None:
    python, child = a_supervising_python()

    python.send_signal(number)

    assert python.wait() == 0
    assert is_gone(child)
    assert python.stdout is not None
    python.stdout.close()


async def test_when_the_supervisor_is_killed_its_children_end() -> None:
    python, child = a_supervising_python()
    assert not is_gone(child)

    python.kill()

    python.wait()
    await asyncio.wait_for(until(lambda: is_gone(child)), 5)
    assert python.stdout is not None
    python.stdout.close()


async def test_children_inherit_the_listening_socket() -> None:
    with listening_socket("127.0.0.1", 0) as listening:
        script = (
            f"import socket; s = socket.socket(fileno={listening.fileno()}); s.setblocking(True);"
            "c, _ = s.accept(); c.sendall(b'hello'); c.close(); import time; time.sleep(60)"
        )
        child = Child("api", (sys.executable, "-c", script), ENV, 5, (listening.fileno(),))
        supervisor = Supervisor([child], print)
        run = asyncio.create_task(supervisor.run())
        reader, writer = await asyncio.open_connection(*listening.getsockname())

        assert await reader.read() == b"hello"

        writer.close()
        await writer.wait_closed()
        supervisor.stop()
        assert await run == 0
