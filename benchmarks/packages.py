"""Building and signing passes against the bare signing rate of one core; unchanged passes from the cache."""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import quantiles

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.load import Window, server_s
from benchmarks.measuring import Bar, Measure, Run
from benchmarks.seeding import TENANT
from benchmarks.stage import Place, Stage
from guerdon.delivery.apple.build import build_from_parts, prepare_parts
from guerdon.delivery.apple.credentials import save_identity
from guerdon.delivery.apple.development_authority import create_authority, issue_identity
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.delivery.apple.signing import Signer
from guerdon.entrypoints import sandbox_passes
from guerdon.passes.creating import NewPass, create_pass
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Database, open_database
from guerdon.platform.ids import new_pass_id, new_secret
from guerdon.platform.keys import load_master_key
from guerdon.tenants.files import save_file

FILES = Path(sandbox_passes.__file__).parent / "sandbox_files"
OPENSSL, BARE, BUILD = "openssl speed rsa2048", "cryptography, bare sign", "build and sign, one thread"
ISSUE, CACHED, LEAST = "issue, changed passes", "issue, unchanged pass", "5 000 a second"
NAME = "pass.org.example.bench"
PASSES_EACH = 400
AT_ONCE = 8
SIGN_PER_S = re.compile(r"rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)")


@dataclass(slots=True)
class Packages:
    """Passes of the sandbox's loyalty type, and an identity to sign them."""

    stage: Stage
    place: Place
    identity: SigningIdentity
    unbuilt: list[str]

    def measures(self) -> list[Measure]:
        """List the measures."""
        signer = Signer.load(self.identity)
        assert isinstance(signer.key, rsa.RSAPrivateKey)
        sides: dict[str, Run] = {
            BUILD: partial(_repeated, _builder(signer)),
            BARE: partial(_repeated, partial(signer.key.sign, bytes(200), padding.PKCS1v15(), SHA256())),
            OPENSSL: _openssl,
            ISSUE: self._issue_changed,
        }
        bars = [Bar(BUILD, OPENSSL, least=0.75), Bar(BUILD, BARE, least=0.75), Bar(ISSUE, OPENSSL)]
        cached: dict[str, Run] = {CACHED: self._issue_unchanged, LEAST: _five_thousand}
        return [
            Measure("pass, built and signed", sides, bars),
            Measure("pass, from the cache", cached, [Bar(CACHED, LEAST, least=1.0)]),
        ]

    def _issue_changed(self, _seconds: int) -> Window:
        """Issue passes that were never issued, a fixed number of them."""
        taken, self.unbuilt[:PASSES_EACH] = self.unbuilt[:PASSES_EACH], []
        return asyncio.run(self._issue(taken))

    def _issue_unchanged(self, seconds: int) -> Window:
        return asyncio.run(self._issue([self.unbuilt[-1]] * (1_000 * seconds)))

    async def _issue(self, pass_ids: Sequence[str]) -> Window:
        async with _opened(self.place) as database:
            master_key = load_master_key(None, self.stage.home)
            issuer = PassIssuer(
                database, master_key, PassTypes(), lambda _tenant_id: datetime.now(UTC), lambda: datetime.now(UTC)
            )
            await issuer.issue(TENANT, pass_ids[-1])
            before = time.process_time(), server_s(self.stage.postmaster)
            window = await _timed([partial(issuer.issue, TENANT, pass_id) for pass_id in pass_ids])
            api_s, database_s = time.process_time() - before[0], server_s(self.stage.postmaster) - before[1]
            issuer.close()
        count = len(pass_ids)
        return replace(window, api_us=1e6 * api_s / count, database_us=1e6 * database_s / count)


def prepare_packages(stage: Stage, place: Place, rounds: int) -> Packages:
    """Give the bench's tenant the sandbox's files, an identity, and passes enough for the rounds."""
    return asyncio.run(_prepare(stage, place, rounds * PASSES_EACH + 1))


async def _prepare(stage: Stage, place: Place, count: int) -> Packages:
    now = datetime.now(UTC)
    identity = issue_identity(
        create_authority(now),
        pass_type_identifier=NAME,
        team_identifier="SANDBOX001",
        now=now,
        serial_number=x509.random_serial_number(),
    )
    master_key = load_master_key(None, stage.home)
    demo = sandbox_passes.demo_passes(now)[0]
    async with _opened(place) as database, database.tenant(TENANT) as tx:
        for file in sorted(FILES.rglob("*")):
            if file.is_file():
                path = str(file.relative_to(FILES))
                await save_file(tx, path=path, content=file.read_bytes(), now=now, actor="bench")
        await save_identity(tx, master_key, identity, now, "bench")
        pass_ids = [
            await create_pass(
                tx,
                master_key,
                NewPass(
                    new_pass_id(),
                    new_secret(),
                    demo.pass_type,
                    {"customerId": str(number)},
                    demo.metadata,
                    {"firstName": f"Ada {number}"},
                ),
                "bench",
                now,
            )
            for number in range(count)
        ]
    return Packages(stage, place, identity, pass_ids)


@asynccontextmanager
async def _opened(place: Place) -> AsyncGenerator[Database]:
    database = await open_database(place.url, AT_ONCE)
    try:
        yield database
    finally:
        await database.close()


def _builder(signer: Signer) -> Callable[[], bytes]:
    """Make what builds a pass with three pictures in two sizes and a back of some text."""
    pictures = sorted((FILES / "server" / "images").glob("*.png"))[:3]
    names = ("icon", "logo", "strip")
    parts = prepare_parts(
        {
            f"{name}{size}.png": one.read_bytes()
            for name, one in zip(names, pictures, strict=True)
            for size in ("", "@2x")
        }
    )
    document: dict[str, object] = {
        "formatVersion": 1,
        "passTypeIdentifier": signer.pass_type_identifier,
        "teamIdentifier": signer.team_identifier,
        "serialNumber": "bench",
        "organizationName": "Bench",
        "description": "A loyalty pass",
        "storeCard": {"backFields": [{"key": f"k{n}", "label": "Terms", "value": "text " * 20} for n in range(8)]},
    }
    return lambda: build_from_parts(parts, document, signer, datetime.now(UTC))


def _five_thousand(_seconds: int) -> Window:
    return Window(5000.0, 0.0, 0.2, None)


def _openssl(seconds: int) -> Window:
    command = ["openssl", "speed", "-seconds", str(seconds), "rsa2048"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = SIGN_PER_S.search(said)
    assert found is not None, said
    return Window(float(found[1]), 0.0, 1000 / float(found[1]), None)


def _repeated(work: Callable[[], object], seconds: int) -> Window:
    """Do something again and again on one thread; the rate is that of its processor time, as openssl's is."""
    took: list[float] = []
    begun_cpu, end = time.thread_time(), time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        work()
        took.append(time.perf_counter() - begun)
    return _window(took, time.thread_time() - begun_cpu)


async def _timed(works: Sequence[Callable[[], Awaitable[object]]]) -> Window:
    """Do things a few at a time, each of them once."""
    took: list[float] = []
    waiting = iter(works)

    async def lane() -> None:
        for work in waiting:
            begun = time.perf_counter()
            await work()
            took.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    return _window(took, time.perf_counter() - begun)


def _window(took: Sequence[float], elapsed: float) -> Window:
    parts = quantiles(took, n=100)
    return Window(len(took) / elapsed, 0.0, parts[49] * 1000, parts[98] * 1000)
