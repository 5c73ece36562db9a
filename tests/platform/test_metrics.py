import timeit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from guerdon.platform import metrics


def sample(name: str, **labels: str) -> float:
    page = metrics.render().decode()
    return sum(
        found.value
        for family in text_string_to_metric_families(page)
        for found in family.samples
        if found.name == name and labels.items() <= found.labels.items()
    )


def test_requests_are_counted_by_route_and_status() -> None:
    for status in (200, 200, 409):
        metrics.observe_request("/a/{id}", status, 0.004)

    assert sample("guerdon_requests_total", route="/a/{id}", status="200") == 2
    assert sample("guerdon_requests_total", route="/a/{id}", status="409") == 1


def test_durations_of_requests_fall_into_buckets() -> None:
    for duration_s in (0.0009, 0.0149, 20):
        metrics.observe_request("/b", 200, duration_s)

    assert sample("guerdon_request_seconds_bucket", route="/b", le="0.001") == 1
    assert sample("guerdon_request_seconds_bucket", route="/b", le="0.015") == 2
    assert sample("guerdon_request_seconds_count", route="/b") == 3


def test_batches_are_measured_by_size_and_by_wait() -> None:
    before = sample("guerdon_group_commit_commands_sum"), sample("guerdon_group_commit_wait_seconds_count")

    metrics.observe_batch(64, 0.002)

    after = sample("guerdon_group_commit_commands_sum"), sample("guerdon_group_commit_wait_seconds_count")
    assert after == (before[0] + 64, before[1] + 1)


def test_jobs_are_counted_by_kind_and_outcome() -> None:
    metrics.observe_job("sweep", "done", 0.2)
    metrics.observe_job("sweep", "held", 2)

    assert sample("guerdon_jobs_total", kind="sweep", outcome="held") == 1
    assert sample("guerdon_job_seconds_count", kind="sweep") == 2


def test_the_queues_size_is_what_was_said_last() -> None:
    metrics.set_queue("mail", waiting=5, running=1, held=0)
    metrics.set_queue("mail", waiting=3, running=0, held=2)

    assert sample("guerdon_queue_jobs", kind="mail", state="waiting") == 3
    assert sample("guerdon_queue_jobs", kind="mail", state="held") == 2


def test_the_process_tells_of_its_memory() -> None:
    assert sample("process_resident_memory_bytes") > 1_000_000


def test_routes_without_number_are_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics.observe_request("/known", 200, 0.001)
    monkeypatch.setattr(metrics, "SERIES_MAX", 1)

    for n in range(50):
        metrics.observe_request(f"/flood/{n}", 200, 0.001)
    metrics.observe_request("/known", 200, 0.001)

    assert sample("guerdon_requests_total", route="other", status="200") == 50
    assert sample("guerdon_requests_total", route="/known", status="200") == 2
    assert "/flood" not in metrics.render().decode()


def test_an_observation_costs_microseconds() -> None:
    metrics.observe_request("/quick", 200, 0.001)

    best_s = min(timeit.repeat(lambda: metrics.observe_request("/quick", 200, 0.001), number=2_000, repeat=5))

    assert best_s / 2_000 < 20e-6  # 2.3 µs when nothing else runs
