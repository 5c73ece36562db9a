"""`python -m benchmarks.campaigns`: campaigns at size, each figure with a proof (`campaign_shows`, `campaign_tables`).

It is held against a rate (DESIGN.md section 8), not another side; the processor time of a pass is what compares runs on
machines that others use too.
"""

import argparse
import asyncio
from datetime import UTC, datetime

from benchmarks.campaign_crew import open_crew, seed_passes
from benchmarks.campaign_shows import Stopped, Worked, show_cancel, show_two, show_whole
from benchmarks.campaign_tables import Uploaded, show_table
from benchmarks.machine import describe, syncs_per_s, wait_until_quiet
from benchmarks.stage import Place, Stage, open_stage, script_arguments
from guerdon.platform.tables import CSV, XLSX

BAR_PER_S = 20_000
CANCEL_BAR_S = 1.0
SHOWS = ("whole", "kills", "crash", "cancel", "two", "csv", "xlsx")


def main() -> None:
    """Run what was asked for and print what came of it."""
    asked = _arguments()
    with open_stage(asked.bin_dir) as stage:
        print(f"{datetime.now(UTC):%Y-%m-%d}; {describe()}; PostgreSQL {stage.binaries.version}", flush=True)
        print(f"{syncs_per_s(stage.home):,.0f} syncs/s", flush=True)
        seeded = asyncio.run(seed_passes(stage, asked.passes))
        for show in asked.show:
            wait_until_quiet(asked.patience)
            print(f"{show}: {asyncio.run(_show(stage, seeded, show, asked))}", flush=True)


async def _show(stage: Stage, seeded: Place, show: str, asked: argparse.Namespace) -> str:
    async with open_crew(stage, seeded, f"campaign_{show}") as crew:
        match show:
            case "whole":
                worked = await show_whole(crew)
                holds = "yes" if worked.per_s >= BAR_PER_S else "NO"
                return f"{_say_worked(worked)}; bar {BAR_PER_S:,}/s: {holds}"
            case "kills":
                return f"{asked.kills} kills; {_say_worked(await show_whole(crew, [crew.kill_worker] * asked.kills))}"
            case "crash":
                return _say_worked(await show_whole(crew, [crew.crash_database]))
            case "cancel":
                return _say_stopped(await show_cancel(crew))
            case "two":
                return _say_worked(await show_two(crew))
            case _:
                return _say_uploaded(await show_table(crew, CSV if show == "csv" else XLSX, asked.passes))


def _say_worked(worked: Worked) -> str:
    measured = worked.measured
    each_us = [1e6 * seconds / worked.passes for seconds in (measured.worker_s, measured.database_s)]
    return (
        f"{worked.passes:,} changes; chosen in {worked.choosing_s:.2f} s; changed in {worked.working_s:.1f} s, "
        f"{worked.per_s:,.0f}/s; stood still for {worked.stood_still_s:.1f} s at most; "
        f"{each_us[0]:.1f} µs of the worker and {each_us[1]:.1f} of PostgreSQL each, others had "
        f"{measured.others_share:.0%} of the processors; worker {measured.worker_bytes / 2**20:.0f} MB at most, "
        f"API {measured.api_bytes / 2**20:.0f} MB; {worked.samples} samples, all of which added up"
    )


def _say_stopped(stopped: Stopped) -> str:
    holds = "yes" if stopped.last_change_s <= CANCEL_BAR_S else "NO"
    return (
        f"cancelled at {stopped.updated:,} of {stopped.passes:,}: answered in {1000 * stopped.answered_in_s:.0f} ms, "
        f"last change seen {1000 * stopped.last_change_s:.0f} ms after it (bar 1 s: {holds}); what was changed, told "
        "and listed agree, pass by pass"
    )


def _say_uploaded(uploaded: Uploaded) -> str:
    return (
        f"{uploaded.megabytes:.0f} MB with {uploaded.rows:,} rows, {uploaded.rejected:,} of them bad and named: "
        f"answered in {uploaded.answered_in_s:.1f} s ({uploaded.rows / uploaded.answered_in_s:,.0f} rows/s), API "
        f"{uploaded.api_before_bytes / 2**20:.0f} MB before and {uploaded.worked.measured.api_bytes / 2**20:.0f} MB at "
        f"most; {_say_worked(uploaded.worked)}"
    )


def _arguments() -> argparse.Namespace:
    parser = script_arguments("campaigns")
    parser.description = __doc__
    parser.add_argument("--passes", type=int, default=200_000, help="passes of a campaign, or rows of a table")
    parser.add_argument("--show", nargs="+", choices=SHOWS, default=("whole",), help="what to run")
    parser.add_argument("--kills", type=int, default=3, help="how often the worker is killed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
