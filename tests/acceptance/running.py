"""The product as a process: started by its own command, found by its own `sandbox.json`, stopped by SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from guerdon_client import NO_RETRIES, ConnectionLost, Guerdon, Problem, Sandbox

COMMAND = (sys.executable, "-m", "guerdon.entrypoints.cli")
FOR_TESTS = ("GUERDON_TEST_", "GUERDON_PROVE_", "GUERDON_CONTRACT_")
START_S = 150
ASK_S = 2
STOP_S = 60
POLL_S = 0.1
HEARD_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that serves."""

    home: Path
    sandbox: Sandbox
    process: subprocess.Popen[bytes]

    def client(self, api_key: str | None = None, tenant_id: str | None = None) -> Guerdon:
        """Speak as the demo tenant's owner, or as somebody else."""
        key = self.sandbox.api_key if api_key is None else api_key
        return Guerdon(self.sandbox.base_url, tenant_id or self.sandbox.tenant_id, api_key=key)

    def anonymous(self) -> Guerdon:
        """Speak without a credential."""
        return Guerdon(self.sandbox.base_url, self.sandbox.tenant_id)

    def raw(self, api_key: str | None = None) -> httpx2.Client:
        """Speak HTTP by hand, below the demo tenant's address."""
        key = self.sandbox.api_key if api_key is None else api_key
        base = f"{self.sandbox.base_url}/api/{self.sandbox.tenant_id}"
        return httpx2.Client(base_url=base, headers={"X-API-KEY": key} if key else {}, timeout=20)

    def api_pids(self) -> list[int]:
        """Tell the processes that answer requests."""
        children = psutil.Process(self.process.pid).children()
        return sorted(child.pid for child in children if _is_api(child))


def refused_soon(kind: type[Exception], call: Callable[[], object]) -> bool:
    """Tell whether a call is refused within a moment: other processes hear of a change just after its answer."""
    ends_at = time.monotonic() + HEARD_WITHIN_S
    while time.monotonic() < ends_at:
        try:
            call()
        except kind:
            return True
        except Problem:
            pass  # refused as it was before the change
        time.sleep(POLL_S)
    return False


@contextmanager
def running_product(home: Path, **settings: str) -> Generator[Running]:
    """Run `guerdon up --sandbox` until the block ends; it must end with code 0."""
    log = (home.parent / f"{home.name}.log").open("wb")
    process = subprocess.Popen(
        [*COMMAND, "up", "--sandbox", "--host", "127.0.0.1", "--port", "0", "--home", str(home)],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**product_environment(), **settings},
    )
    try:
        yield Running(home, _await_ready(home, process, Path(log.name)), process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_S)
        finally:
            process.kill()
            log.close()
    assert code == 0, Path(log.name).read_text()[-4000:]


def verify_ledger(home: Path) -> subprocess.CompletedProcess[str]:
    """Run `guerdon ledger verify` beside the running product."""
    return subprocess.run(
        [*COMMAND, "ledger", "verify", "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=product_environment(),
    )


def product_environment() -> dict[str, str]:
    """Give our environment without what is said to tests, which the product refuses as settings it does not know."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOR_TESTS)}


def _await_ready(home: Path, process: subprocess.Popen[bytes], log: Path) -> Sandbox:
    ends_at = time.monotonic() + START_S
    while time.monotonic() < ends_at and process.poll() is None:
        if (home / "sandbox.json").exists():
            sandbox = Sandbox.read(home)
            if _is_ready(sandbox):
                return sandbox
        time.sleep(POLL_S)
    raise AssertionError(f"The product does not serve:\n{log.read_text()[-4000:]}")


def _is_ready(sandbox: Sandbox) -> bool:
    with Guerdon(sandbox.base_url, sandbox.tenant_id, retries=NO_RETRIES, timeout_s=ASK_S) as client:
        try:
            return client.is_ready()
        except ConnectionLost:
            return False


def _is_api(child: psutil.Process) -> bool:
    try:
        return "api" in child.cmdline()
    except psutil.Error:
        return False
