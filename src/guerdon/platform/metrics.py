"""What this process counts and measures, in the form that Prometheus reads.

Measures belong to the process as its memory does, so they stand here once and for all.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SERIES_MAX = 5_000  # a route that were no template would otherwise fill the memory
OTHER = "other"

REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
WAIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
BATCH_COMMANDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
JOB_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
GCCollector(registry=_registry)
_requests = Counter("guerdon_requests", "Requests answered.", ["route", "status"], registry=_registry)
_request_s = Histogram(
    "guerdon_request_seconds",
    "From the arrival of a request to the end of its answer.",
    ["route"],
    buckets=REQUEST_S,
    registry=_registry,
)
_batch_commands = Histogram(
    "guerdon_group_commit_commands",
    "Postings in one gathered transaction.",
    buckets=BATCH_COMMANDS,
    registry=_registry,
)
_batch_wait_s = Histogram(
    "guerdon_group_commit_wait_seconds",
    "From the arrival of the first posting of a gathered transaction to its start.",
    buckets=WAIT_S,
    registry=_registry,
)
_jobs = Counter("guerdon_jobs", "Attempts at jobs, by how they ended.", ["kind", "outcome"], registry=_registry)
_job_s = Histogram("guerdon_job_seconds", "Time of an attempt.", ["kind"], buckets=JOB_S, registry=_registry)
_queue = Gauge("guerdon_queue_jobs", "Jobs in the queue, of all tenants.", ["kind", "state"], registry=_registry)
_sockets = Gauge("guerdon_live_sockets", "WebSockets that are open now.", registry=_registry)
_endings = Counter(
    "guerdon_live_endings", "WebSockets that ended, by the code we closed them with.", ["code"], registry=_registry
)

# A look-up in a dictionary is several times faster than the library's, which locks and checks.
_request_series: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
_job_series: dict[tuple[str, str], tuple[Counter, Histogram]] = {}


def observe_request(route: str, status: int, duration_s: float) -> None:
    """Count one answer; `route` is the template, as `/privileges/{privilegeId}`, and never a path."""
    series = _request_series.get((route, status))
    if series is None:
        series = _make_request_series(route, status)
    series[0].inc()
    series[1].observe(duration_s)


def observe_batch(commands: int, wait_s: float) -> None:
    """Note how many postings one transaction takes, and how long the first of them has waited for it."""
    _batch_commands.observe(commands)
    _batch_wait_s.observe(wait_s)


def observe_job(kind: str, outcome: str, duration_s: float) -> None:
    """Count one attempt at a job: done, retried, held, cancelled or returned."""
    series = _job_series.get((kind, outcome))
    if series is None:
        series = _job_series[kind, outcome] = (_jobs.labels(kind, outcome), _job_s.labels(kind))
    series[0].inc()
    series[1].observe(duration_s)


def set_queue(kind: str, *, waiting: int, running: int, held: int) -> None:
    """Say how many jobs of a kind there are now, of all tenants."""
    for state, count in (("waiting", waiting), ("running", running), ("held", held)):
        _queue.labels(kind, state).set(count)


def set_sockets(count: int) -> None:
    """Say how many WebSockets are open now."""
    _sockets.set(count)


def count_ending(code: int | None) -> None:
    """Count a WebSocket that has ended; None when its client went by itself."""
    _endings.labels("gone" if code is None else str(code)).inc()


def render() -> bytes:
    """Print everything in the text format, version 0.0.4."""
    return generate_latest(_registry)


def _make_request_series(route: str, status: int) -> tuple[Counter, Histogram]:
    if len(_request_series) >= SERIES_MAX:
        return _requests.labels(OTHER, str(status)), _request_s.labels(OTHER)
    series = _request_series[route, status] = (_requests.labels(route, str(status)), _request_s.labels(route))
    return series
