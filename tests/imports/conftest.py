"""Imports as a shop asks for them, worked off here and now instead of by a worker."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from guerdon.imports.checking import check_rows
from guerdon.imports.files import read_rows
from guerdon.imports.jobs import run_import
from guerdon.imports.shapes import PASSES
from guerdon.imports.whole_files import take_in_file
from guerdon.passes.import_rows import BadRow, Row
from guerdon.passes.importing import Importer
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext
from guerdon.platform.tables import CSV
from tests.shops import Shop

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BALANCES = "/wallet2-api/api/balances/import"
Told = tuple[tuple[int, int, int], list[BadRow]]


@dataclass(frozen=True, slots=True)
class Mover:
    """Somebody of a shop who brings passes of another provider."""

    shop: Shop
    folder: Path

    async def send(
        self, body: bytes | str, query: str = "", media_type: str = CSV, key: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Send a file."""
        content = body.encode() if isinstance(body, str) else body
        sent = {"content-type": media_type, **headers}
        return await self.shop.ask("POST", f"/passes/import{query}", content, headers=sent, key=key)

    async def progress(self, import_id: str) -> dict[str, Any]:
        """Tell how far an import has come."""
        answer = await self.shop.ask("GET", f"/passes/import/{import_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def run(self, import_id: str) -> dict[str, Any]:
        """Take in an import's passes, and tell how far it has come."""
        await run_import(self.shop.house.master_key, self.job(import_id), self.context())
        return await self.progress(import_id)

    async def document(self, pass_id: str) -> dict[str, Any]:
        """Read a stored pass."""
        return (await self.shop.ask("GET", f"/passes/{pass_id}/document")).json()

    async def check_here(self, text: str, media_type: str = CSV) -> Told:
        """Check a file without asking anybody, as the operator's command does."""
        bad: list[BadRow] = []

        async def keep(_rows: object) -> None:
            pass

        totals = await check_rows(
            self.shop.house.database,
            self.shop.tenant_id,
            self.importer(),
            self.rows(text, media_type),
            lambda: NOW,
            bad.append,
            keep,
        )
        return (totals.good, totals.existing, totals.bad), bad

    async def take_in_here(self, text: str, media_type: str = CSV) -> Told:
        """Take in a file without asking anybody, as the operator's command does."""
        bad: list[BadRow] = []
        totals = await take_in_file(
            self.shop.house.database,
            self.shop.tenant_id,
            self.importer(),
            self.rows(text, media_type),
            lambda: NOW,
            bad.append,
        )
        return (totals.good, totals.existing, totals.bad), bad

    def importer(self) -> Importer:
        """Give what takes in rows."""
        return Importer(self.shop.house.master_key, frozenset({"card", "bounded"}), "test")

    def rows(self, text: str, media_type: str) -> Iterator[Row | BadRow]:
        """Read the rows of a file."""
        return read_rows(written(self.folder, text), media_type, PASSES)

    def job(self, import_id: str) -> Job:
        """Give the job that works an import off."""
        return Job("imports.run", self.shop.tenant_id, {"importId": import_id})

    def context(self) -> JobContext:
        """Give what a handler gets beside its job."""
        return JobContext(self.shop.house.database, 1, 1, lambda: datetime.now(UTC), lambda _topic: None)


def written(folder: Path, text: str) -> Path:
    """Keep a text as a file; what was no UTF-8 stays none."""
    path = folder / f"{len(list(folder.iterdir()))}"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


@dataclass(frozen=True, slots=True)
class Accountant:
    """Somebody of a shop who brings the balances of another system."""

    shop: Shop
    folder: Path

    async def ask(
        self, method: str, path: str = "", content: bytes | None = None, key: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Send a request about imports of balances."""
        sent = {"x-api-key": self.shop.key if key is None else key, **headers}
        return await self.shop.http.request(method, f"{BALANCES}{path}", content=content, headers=sent)

    async def send(
        self, body: bytes | str, query: str = "", media_type: str = CSV, key: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Send a file."""
        content = body.encode() if isinstance(body, str) else body
        return await self.ask("POST", query, content, key, **{"content-type": media_type, **headers})

    async def progress(self, import_id: str) -> dict[str, Any]:
        """Tell how far an import has come, its numbers exact."""
        answer = await self.ask("GET", f"/{import_id}")
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    async def run(self, import_id: str, now: datetime | None = None) -> dict[str, Any]:
        """Post an import's lots, now or at another instant, and tell how far it has come."""
        job = Job("imports.run", self.shop.tenant_id, {"importId": import_id})
        context = JobContext(self.shop.house.database, 1, 1, lambda: now or datetime.now(UTC), lambda _topic: None)
        await run_import(self.shop.house.master_key, job, context)
        return await self.progress(import_id)

    async def bring(self, body: bytes | str, query: str = "", media_type: str = CSV) -> dict[str, Any]:
        """Send a file and have its lots posted."""
        accepted = await self.send(body, query, media_type)
        assert accepted.status_code == 202, accepted.text
        return await self.run(accepted.json()["importId"])

    async def wallet(self, wallet_id: str, path: str = "") -> Any:
        """Read a wallet, or what is in it."""
        headers = {"x-api-key": self.shop.key}
        answer = await self.shop.http.request("GET", f"/wallet2-api/api/wallet/{wallet_id}{path}", headers=headers)
        return json.loads(answer.text, parse_float=Decimal)


@pytest.fixture
def accountant(shop: Shop, tmp_path: Path) -> Accountant:
    return Accountant(shop, tmp_path)


@pytest.fixture
def mover(shop: Shop, tmp_path: Path) -> Mover:
    return Mover(shop, tmp_path)
