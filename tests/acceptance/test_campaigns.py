"""Campaigns as a marketer lives them, and a worker that is killed in the middle of one."""

import os
import signal
import time

import psutil
import pytest

from guerdon_client import (
    Campaign,
    CampaignOptions,
    Guerdon,
    InvalidRequest,
    NotFound,
    Notification,
    PassChange,
    PassFilter,
)
from tests.acceptance.running import Running

PASSES = 24
END_S = 90


def season(shop: Guerdon, name: str, count: int) -> list[str]:
    """Issue passes of one season."""
    issued = [shop.create_pass("loyalty", {"customerId": f"{name}-{n}"}, {"season": name}) for n in range(count)]
    return [one.pass_id for one in issued]


def of_season(name: str) -> list[PassFilter]:
    return [PassFilter("metadata.season", "equals", name)]


def find(shop: Guerdon, correlation_id: str) -> Campaign:
    return next(one for one in shop.list_campaigns().items if one.correlation_id == correlation_id)


def await_end(shop: Guerdon, correlation_id: str) -> Campaign:
    """Watch a campaign to its end; it adds up whenever it is looked at."""
    ends_at = time.monotonic() + END_S
    while time.monotonic() < ends_at:
        seen = find(shop, correlation_id)
        assert seen.updated + seen.errors <= seen.total
        if seen.updated + seen.errors == seen.total:
            return seen
        time.sleep(0.1)
    raise AssertionError(f"The campaign does not end: {find(shop, correlation_id)}")


def workers(running: Running) -> list[int]:
    children = psutil.Process(running.process.pid).children()
    return [child.pid for child in children if "worker" in child.cmdline()]


def test_a_marketer_tries_starts_and_reads_a_campaign(shop: Guerdon, customer: str) -> None:
    pass_ids = season(shop, customer, 3)
    change = PassChange(metadata={"tier": "gold"}, additional_data={"name": "Grace"})

    tried = shop.start_campaign(of_season(customer), change=change, dry_run=True)
    started = shop.start_campaign(of_season(customer), change=change)
    ended = await_end(shop, started.correlation_id)

    assert (tried.count, sorted(tried.first_pass_ids)) == (3, sorted(pass_ids))
    assert (ended.updated, ended.errors, ended.name) == (3, 0, "bulk-update")
    outcomes = shop.list_campaign_passes(started.correlation_id).items
    assert {(one.pass_id, one.state) for one in outcomes} == {(pass_id, "updated") for pass_id in pass_ids}
    assert shop.get_pass_document(pass_ids[0]).metadata["tier"] == "gold"


def test_a_killed_worker_leaves_nothing_out_and_does_nothing_twice(
    running: Running, shop: Guerdon, customer: str
) -> None:
    pass_ids = season(shop, customer, PASSES)
    started = shop.start_campaign(
        of_season(customer), change=PassChange(metadata={"tier": "x"}), options=CampaignOptions(passes_per_second=8)
    )
    while find(shop, started.correlation_id).updated == 0:
        time.sleep(0.05)
    for pid in workers(running):
        os.kill(pid, signal.SIGKILL)
    assert find(shop, started.correlation_id).updated < PASSES

    ended = await_end(shop, started.correlation_id)

    assert (ended.updated, ended.errors) == (PASSES, 0)
    assert {shop.get_pass_document(pass_id).revision for pass_id in pass_ids} == {2}


def test_a_cancelled_campaign_stops(shop: Guerdon, customer: str) -> None:
    season(shop, customer, PASSES)
    options = CampaignOptions(correlation_id=f"stop {customer}", passes_per_second=4)
    shop.start_campaign(of_season(customer), change=PassChange(metadata={"tier": "x"}), options=options)

    shop.cancel_campaign(f"stop {customer}")
    time.sleep(1)
    seen = find(shop, f"stop {customer}")
    time.sleep(1)

    assert seen.is_cancelled
    assert find(shop, f"stop {customer}").updated == seen.updated < PASSES
    with pytest.raises(NotFound):
        shop.cancel_campaign("nobody knows it")


def test_a_table_changes_each_pass_as_its_row_says(shop: Guerdon, customer: str) -> None:
    pass_ids = season(shop, customer, 2)
    rows = "".join(f"{pass_id},{place}\n" for place, pass_id in enumerate(pass_ids)) + "nosuchpass,9\n"
    table = f"id,metadata.seat\n{rows}".encode()

    with pytest.raises(InvalidRequest) as refused:
        shop.upload_campaign(table)
    started = shop.upload_campaign(table, on_error="skip")
    await_end(shop, started.campaign.correlation_id)

    assert list(refused.value.errors or {}) == list(map("line {}".format, started.mistakes)) == ["line 4"]
    assert [shop.get_pass_document(pass_id).metadata["seat"] for pass_id in pass_ids] == ["0", "1"]


def test_a_holder_is_told_something(shop: Guerdon, pass_id: str, customer: str) -> None:
    shop.notify(pass_id, Notification("Open on Sunday"))
    shop.notify({"customerId": customer}, Notification(localized_content={"de": "Sonntag offen"}))

    second, first = shop.list_notifications(pass_id).items

    assert (first.content, second.localized_content) == ("Open on Sunday", {"de": "Sonntag offen"})
