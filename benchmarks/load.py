"""What a window of load gave: requests by wrk, transactions by pgbench, and the processor time that they cost."""

import os
import re
import resource
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.stage import Place, Service, Stage

SCRIPTS = Path(__file__).parent / "scripts"
SECONDS_MAX = 30
TICKS_S = os.sysconf("SC_CLK_TCK")
TRANSACTIONS = re.compile(r"actually processed: (\d+)")
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


def run_pgbench(
    stage: Stage, place: Place, pgbench: Pgbench, seconds: int, moved: Callable[[], int] | None = None
) -> Window:
    """Run a script in the application's role for some seconds.

    `moved` counts what was posted until now, where a transaction may also refuse; refused ones are no successes.
    Connecting, which the API did long before, is measured on its own and taken off the processor time.
    """
    connecting, first_s = _timed(stage, place, pgbench, "-t", 1)
    moved_before = moved() if moved is not None else 0
    running, all_s = _timed(stage, place, pgbench, "-T", seconds)
    successes = moved() - moved_before if moved is not None else running.transactions
    if successes == 0:
        assert seconds <= SECONDS_MAX, "nothing gets through"
        return run_pgbench(stage, place, pgbench, 2 * seconds, moved)
    share = successes / running.transactions
    more = (running.transactions - connecting.transactions) * share
    database, load = (1e6 * (late - early) / max(more, 1) for early, late in zip(first_s, all_s, strict=True))
    return Window(running.per_s * share, 1 - share, running.latency_ms, None, 0.0, database, load)


def server_s(postmaster: int) -> float:
    """Tell the processor seconds that a PostgreSQL server and its backends have used."""
    # Backends that ended are in their parent's account.
    backends = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return sum(process_s(int(pid)) for pid in backends) + process_s(postmaster, with_ended=True)


def process_s(pid: int, *, with_ended: bool = False) -> float:
    """Tell the processor seconds that a process has used, with those of its ended children if that is asked."""
    try:
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(ticks) for ticks in numbers[11 : 15 if with_ended else 13]) / TICKS_S


@dataclass(frozen=True, slots=True)
class _Told:
    """What pgbench said at its end."""

    transactions: int
    per_s: float
    latency_ms: float


def _timed(stage: Stage, place: Place, pgbench: Pgbench, limit: str, amount: int) -> tuple[_Told, tuple[float, float]]:
    """Run pgbench once, and tell the processor seconds of the database and of pgbench."""
    variables = [word for name, value in (pgbench.variables or {}).items() for word in ("-D", f"{name}={value}")]
    command = [
        *(stage.binaries.program("pgbench"), "-n", "-M", "prepared", "-c", str(pgbench.clients), "-j", "1"),
        *(limit, str(amount), *variables, "-f", str(pgbench.script)),
    ]
    environment = {**os.environ, **_connection(place)}
    _, *before = _used(stage, None)
    finished = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    _, *after = _used(stage, None)
    assert finished.returncode == 0, finished.stderr[-2000:]
    numbers = [pattern.search(finished.stdout) for pattern in (TRANSACTIONS, TPS, LATENCY)]
    transactions, tps, latency = (0.0 if number is None else float(number[1]) for number in numbers)
    spent = (after[0] - before[0], after[1] - before[1])
    return _Told(int(transactions), tps, latency), spent


def _connection(place: Place) -> dict[str, str]:
    address = urlsplit(place.url)
    sockets = parse_qs(address.query)
    return {
        "PGHOST": sockets["host"][0],
        "PGPORT": sockets["port"][0],
        "PGUSER": address.username or "",
        "PGPASSWORD": address.password or "",
        "PGDATABASE": address.path.lstrip("/"),
        "PGOPTIONS": ROLE,
    }


def _used(stage: Stage, service: Service | None) -> tuple[float, float, float]:
    """Tell the processor seconds used until now: by the API, by the database, by finished load generators."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    api = sum(process_s(pid) for pid in service.pids) if service is not None else 0.0
    return api, server_s(stage.postmaster), children.ru_utime + children.ru_stime
