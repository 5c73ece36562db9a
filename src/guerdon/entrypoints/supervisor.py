"""The process tree of `guerdon up`: children are started in order, started again when they die, stopped in reverse."""

import asyncio
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from guerdon.platform.process import ended, spawn

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep running; `env` is its whole environment, `grace_s` what it gets between TERM and KILL."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    grace_s: float = 20.0
    pass_fds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a child may die before the whole is given up.

    A life shorter than `quick_s` is a quick death; `quick_deaths_max` of them in a row are too many. The wait before a
    restart begins at `delay_s` and doubles with each quick death up to `delay_max_s`.
    """

    quick_s: float = 5.0
    quick_deaths_max: int = 5
    delay_s: float = 0.2
    delay_max_s: float = 10.0

    def delay_after(self, quick_deaths: int) -> float:
        """Tell how long to wait before the next start, in seconds."""
        return min(self.delay_s * 2.0 ** max(quick_deaths - 1, 0), self.delay_max_s)


class Supervisor:
    """Keeps children running until it is told to stop. Run it on the main thread: children die with that thread."""

    def __init__(self, children: Sequence[Child], say: Say, patience: Patience | None = None) -> None:
        """Take the children in the order of their start; `say` is told in sentences what happens."""
        self._children = tuple(children)
        self._say = say
        self._patience = patience or Patience()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._is_stopping = asyncio.Event()
        self._is_hurried = asyncio.Event()
        self._exit_code = 0

    async def run(self) -> int:
        """Start the children, keep them running, and after a stop tell the exit code for our own process.

        SIGTERM and SIGINT stop the children in reverse order; a second one ends the graces at once. The code is 0 when
        every child ended well or by our TERM, else the code of the first child that did not, 128 + n for signal n.
        """
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop)
        keepers: list[asyncio.Task[None]] = []
        try:
            started = [child for child in self._children if self._start(child)]
            keepers = [asyncio.create_task(self._keep(child), name=child.name) for child in started]
            await self._is_stopping.wait()
        finally:
            self._is_stopping.set()
            for child in reversed(self._children):
                await self._end(child)
            await asyncio.gather(*keepers)
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
        return self._exit_code

    def stop(self) -> None:
        """Begin the stop; called again, end the graces."""
        if self._is_stopping.is_set():
            self._say("Told to stop once more: what still runs is killed.")
            self._is_hurried.set()
        self._is_stopping.set()

    def pid(self, name: str) -> int | None:
        """Tell the process id of a child that runs."""
        process = self._processes.get(name)
        return None if process is None or process.poll() is not None else process.pid

    def _start(self, child: Child) -> bool:
        if self._is_stopping.is_set():
            return False
        try:
            self._processes[child.name] = spawn(
                child.argv, env=child.env, last_signal=signal.SIGTERM, pass_fds=child.pass_fds
            )
        except OSError as error:
            self._give_up(f"{child.name} cannot be started: {error}.", 1)
            return False
        return True

    async def _keep(self, child: Child) -> None:
        loop, quick_deaths, began = asyncio.get_running_loop(), 0, asyncio.get_running_loop().time()
        while True:
            code = await ended(self._processes[child.name])
            if self._is_stopping.is_set():
                return
            quick_deaths = quick_deaths + 1 if loop.time() - began < self._patience.quick_s else 0
            if quick_deaths >= self._patience.quick_deaths_max:
                self._give_up(
                    f"{child.name} ended {quick_deaths} times in a row within {self._patience.quick_s:g} s of its "
                    f"start, {_in_words(code)}; everything is stopped. Its own messages say why.",
                    _exit_code(code) or 1,
                )
                return
            delay_s = self._patience.delay_after(quick_deaths)
            self._say(f"{child.name} ended unexpectedly, {_in_words(code)}; it is started again in {delay_s:g} s.")
            if await _happens_within(self._is_stopping, delay_s):
                return
            began = loop.time()
            if not self._start(child):
                return

    def _give_up(self, why: str, exit_code: int) -> None:
        self._say(why)
        self._exit_code = self._exit_code or exit_code
        self._is_stopping.set()

    async def _end(self, child: Child) -> None:
        process = self._processes.get(child.name)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        if not await self._ends_in_time(process, child.grace_s):
            self._say(f"{child.name} had not ended {child.grace_s:g} s after it was told to, or was hurried; killed.")
            process.kill()
        code = await ended(process)
        if code not in (0, -signal.SIGTERM):
            self._exit_code = self._exit_code or _exit_code(code)

    async def _ends_in_time(self, process: subprocess.Popen[bytes], grace_s: float) -> bool:
        end = asyncio.create_task(ended(process))
        hurry = asyncio.create_task(self._is_hurried.wait())
        await asyncio.wait((end, hurry), timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        for task in (end, hurry):
            task.cancel()
        await asyncio.gather(end, hurry, return_exceptions=True)
        return process.poll() is not None


async def _happens_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code


def _in_words(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
