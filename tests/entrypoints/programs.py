"""`guerdon` as a program of its own: run to its end, or started and stopped, with a clean environment."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "guerdon.entrypoints.cli")
READY = "Guerdon answers at "
SECONDS_MAX = 60
# Compiled once for all the processes of all runs, also where Python may not write it beside the sources.
BYTECODE = Path(sys.prefix) / "bytecode-of-tests"
# One API process starts sooner than two; the sandbox's own tests run two.
LEAN = {"PYTHONPYCACHEPREFIX": str(BYTECODE), "PYTHONDONTWRITEBYTECODE": "", "GUERDON_API_PROCESSES": "1"}


def environment(said: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours without any setting of Guerdon, and what is said on top."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("GUERDON_", "DATABASE_"))}
    return {**clean, **LEAN, **(said or {})}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command that ended has said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def guerdon(*words: object, env: Mapping[str, str] | None = None, stdin: str | bytes = "") -> Ran:
    """Run a command to its end."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    ended = subprocess.run(
        [*COMMAND, *map(str, words)],
        input=given,
        capture_output=True,
        env=environment(env),
        timeout=SECONDS_MAX,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@dataclass(slots=True)
class Up:
    """A `guerdon up` that runs."""

    process: "subprocess.Popen[str]"
    home: Path
    lines: list[str] = field(default_factory=list[str])
    _said: "queue.Queue[str | None]" = field(default_factory=queue.Queue[str | None])

    def listen(self) -> None:
        """Read what it says, so that it never waits for us."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line.rstrip("\n"))
        self._said.put(None)

    def wait_for(self, beginning: str) -> str:
        """Give the line that begins so, once it is said."""
        while True:
            try:
                line = self._said.get(timeout=SECONDS_MAX)
            except queue.Empty:
                line = None
            assert line is not None, f"it said only: {self.lines}"
            self.lines.append(line)
            if line.startswith(beginning):
                return line

    def ends(self) -> int:
        """Wait for the end, and tell the exit code."""
        code = self.process.wait(SECONDS_MAX)
        while (line := self._said.get(timeout=SECONDS_MAX)) is not None:
            self.lines.append(line)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.ends()

    @property
    def base_url(self) -> str:
        """Where it said that it answers."""
        line = next(line for line in self.lines if line.startswith(READY))
        return line.removeprefix(READY).split(";")[0]

    def sandbox(self) -> Any:
        return json.loads((self.home / "sandbox.json").read_text())


@contextmanager
def starting(home: Path, *words: object, env: Mapping[str, str] | None = None) -> Generator[Up]:
    """Start `guerdon up` on a free port; whatever happens, it is gone at the end."""
    process = subprocess.Popen(
        [*COMMAND, "up", "--port", "0", "--home", str(home), *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(env),
        text=True,
    )
    up = Up(process, home)
    listener = threading.Thread(target=up.listen, daemon=True)
    listener.start()
    try:
        yield up
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(SECONDS_MAX)
        listener.join(SECONDS_MAX)
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def running(home: Path, *words: object, env: Mapping[str, str] | None = None) -> Generator[Up]:
    """Start `guerdon up` and wait until it answers."""
    with starting(home, *words, env=env) as up:
        up.wait_for(READY)
        yield up


def family(pid: int) -> list[int]:
    """Name a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def is_gone(pid: int) -> bool:
    """Tell whether a process that is not our child ended; it may stay a zombie where nobody reaps."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
