"""A tenant of one file's tests alone, in the product that runs, and what its operator can do and see."""

import asyncio
import json
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from guerdon.entrypoints.home import open_place
from guerdon.entrypoints.sandbox import FILES
from guerdon.platform.settings import read_settings
from guerdon_client import Guerdon
from tests.acceptance.running import COMMAND, Running, product_environment


@dataclass(frozen=True)
class House:
    """A tenant with the sandbox's pass types, and a key that may do everything in it."""

    running: Running
    tenant_id: str
    api_key: str

    def client(self, api_key: str | None = None, **how: Any) -> Guerdon:
        """Speak as its owner, or with another key."""
        return Guerdon(self.running.sandbox.base_url, self.tenant_id, api_key=api_key or self.api_key, **how)

    def raw(self, api_key: str | None = None) -> httpx2.Client:
        """Speak HTTP by hand, below the tenant's address."""
        base = f"{self.running.sandbox.base_url}/api/{self.tenant_id}"
        return httpx2.Client(base_url=base, headers={"X-API-KEY": api_key or self.api_key}, timeout=20)

    def count_events(self, key_id: str, *, but: Sequence[str] = ()) -> int:
        """Count what happened in the name of a key, but not events whose kind is like one of `but`."""
        return asyncio.run(self._count(f"key:{key_id}", but))

    async def _count(self, actor: str, but: Sequence[str]) -> int:
        settings = read_settings({**product_environment(), "GUERDON_HOME": str(self.running.home)})
        async with open_place(settings, print) as place, place.owner() as owner:
            statement = "SELECT count(*) FROM event WHERE tenant_id = $1 AND actor = $2 AND kind NOT LIKE ALL ($3)"
            counted: int = await owner.fetchval(statement, self.tenant_id, actor, list(but))
            return counted


def new_house(running: Running, requests_per_minute: int | None = None, *, is_sandbox: bool = False) -> House:
    """Make a tenant by the operator's commands; one with a limit has no pass types."""
    tenant_id = f"h-{uuid.uuid4().hex[:12]}"
    operate(running, "tenant", "create", tenant_id, *(["--sandbox"] if is_sandbox else []))
    made = operate(running, "key", "create", "--tenant", tenant_id, "--name", "owner", "--scope", "*", "--json")
    house = House(running, tenant_id, json.loads(made)["token"])
    if requests_per_minute is not None:
        operate(running, "tenant", "limit", tenant_id, "--requests-per-minute", requests_per_minute)
        return house
    files = {str(path.relative_to(FILES)): path.read_bytes() for path in FILES.rglob("*") if path.is_file()}
    with house.client() as owner:
        owner.push_files(files)
    return house


def operate(running: Running, *words: Any) -> str:
    """Run a command of the operator's beside the running product, and give what it prints."""
    ended = subprocess.run(
        [*COMMAND, *map(str, words), "--home", str(running.home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=product_environment(),
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
