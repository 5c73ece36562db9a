"""What a window of load gave: requests by wrk, transactions by pgbench, and the processor time that they cost."""

import os
import re
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.stage import Place, Service, Stage

SCRIPTS = Path(__file__).parent / "scripts"
TICKS_S = os.sysconf("SC_CLK_TCK")
TPS = re.compile(r"tps = ([\d.]+)")
LATENCY = re.compile(r"latency average = ([\d.]+) ms")
ROLE = "-c role=guerdon_app -c app.tenant_id=bench -c timezone=UTC -c jit=off"


@dataclass(frozen=True, slots=True)
class Window:
    """One window of load; processor times are microseconds for each success."""

    per_s: float
    refused_share: float
    p50_ms: float
    p99_ms: float | None
    api_us: float = 0.0
    database_us: float = 0.0
    load_us: float = 0.0

    @property
    def cost_us(self) -> float:
        """The processor time of all that took part in one success."""
        return self.api_us + self.database_us + self.load_us


@dataclass(frozen=True, slots=True)
class Wrk:
    """How wrk loads a service."""

    script: str
    arguments: Sequence[str]
    connections: int = 64
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Pgbench:
    """How pgbench loads a database; `moves_each` is how many movements a script does when nothing refuses them."""

    script: Path
    clients: int = 32
    variables: Mapping[str, str] | None = None


def run_wrk(stage: Stage, service: Service, wrk: Wrk, seconds: int) -> Window:
    """Send requests for some seconds; only answers of success count."""
    command = [
        *("wrk", f"-t{wrk.threads}", f"-c{wrk.connections}", f"-d{seconds}s", "--timeout", "20s"),
        *("-s", str(SCRIPTS / f"{wrk.script}.lua"), f"http://127.0.0.1:{service.port}", "--", *wrk.arguments),
    ]
    before = _used(stage, service)
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = _used(stage, service)
    result = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    assert result is not None, said
    moved, refused, duration, p50, p99 = (int(number) for number in result.groups())
    each = [1e6 * (late - early) / max(moved, 1) for early, late in zip(before, after, strict=True)]
    return Window(1e6 * moved / duration, refused / max(moved + refused, 1), p50 / 1000, p99 / 1000, *each)


def run_pgbench(stage: Stage, place: Place, pgbench: Pgbench, seconds: int) -> Window:
    """Run a script in the application's role for some seconds; its `refused` transactions do not count."""
    address = urlsplit(place.url)
    sockets = parse_qs(address.query)
    environment = {
        "PGHOST": sockets["host"][0],
        "PGPORT": sockets["port"][0],
        "PGUSER": address.username or "",
        "PGPASSWORD": address.password or "",
        "PGDATABASE": address.path.lstrip("/"),
        "PGOPTIONS": ROLE,
    }
    variables = [word for name, value in (pgbench.variables or {}).items() for word in ("-D", f"{name}={value}")]
    command = [
        *(stage.binaries.program("pgbench"), "-n", "-M", "prepared", "-c", str(pgbench.clients), "-j", "1"),
        *("-T", str(seconds), *variables, "-f", str(pgbench.script)),
    ]
    before = _used(stage, None)
    finished = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **environment})
    after = _used(stage, None)
    tps, latency = TPS.search(finished.stdout), LATENCY.search(finished.stdout)
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert tps is not None, finished.stderr[-2000:]
    assert latency is not None, finished.stdout
    per_s = float(tps[1])
    _, database, load = (1e6 * (late - early) / (per_s * seconds) for early, late in zip(before, after, strict=True))
    return Window(per_s, 0.0, float(latency[1]), None, 0.0, database, load)


def server_s(postmaster: int) -> float:
    """Tell the processor seconds that a PostgreSQL server and its backends have used."""
    # Backends that ended are in their parent's account.
    backends = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return sum(_process_s(int(pid)) for pid in backends) + _process_s(postmaster, with_ended=True)


def _used(stage: Stage, service: Service | None) -> tuple[float, float, float]:
    """Tell the processor seconds used until now: by the API, by the database, by finished load generators."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    api = sum(_process_s(pid) for pid in service.pids) if service is not None else 0.0
    return api, server_s(stage.postmaster), children.ru_utime + children.ru_stime


def _process_s(pid: int, *, with_ended: bool = False) -> float:
    try:
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(ticks) for ticks in numbers[11 : 15 if with_ended else 13]) / TICKS_S
