"""`python -m benchmarks`: the bars of the design as ratios in one run on one machine."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.growth import growth_measures
from benchmarks.lists import Lists
from benchmarks.machine import describe, syncs_per_s
from benchmarks.measuring import Measure, print_results, run_rounds
from benchmarks.movements import Movements
from benchmarks.packages import prepare_packages
from benchmarks.points import prepare_points
from benchmarks.seeding import Sizes
from benchmarks.stage import Stage, open_stage
from benchmarks.statements import statement_measures

PRIVILEGES = 200_000
LISTED_PASSES = 4_000
GROUPS = ("movements", "bulk", "lists", "packages", "growth", "points", "statements")
ENTRIES, ENTRIES_LONG = 1_000_000, 10_000_000


def main() -> None:
    """Run what was asked for and print the tables."""
    asked = _arguments()
    with open_stage(asked.bin_dir) as stage:
        print(f"{datetime.now(UTC):%Y-%m-%d}; {describe()}; PostgreSQL {stage.binaries.version}", flush=True)
        print(
            f"{syncs_per_s(stage.home):,.0f} syncs/s; {asked.rounds} rounds, windows of {asked.seconds} s", flush=True
        )
        measures = _measures(stage, asked)
        print_results(run_rounds(measures, asked.rounds, asked.seconds, asked.patience))


def _measures(stage: Stage, asked: argparse.Namespace) -> list[Measure]:
    place = stage.place("bench", Sizes(PRIVILEGES, listed_passes=LISTED_PASSES))
    service = stage.serve(place, {})
    measures: list[Measure] = []
    if "movements" in asked.only:
        measures += Movements(stage, place, PRIVILEGES).measures(service)
    if "bulk" in asked.only:
        measures += Movements(stage, place, PRIVILEGES).bulk_measures(service)
    if "lists" in asked.only:
        measures += Lists(stage, place, LISTED_PASSES).measures(service)
    if "packages" in asked.only:
        measures += prepare_packages(stage, place, asked.rounds).measures()
    if "growth" in asked.only:
        measures += growth_measures(stage, ENTRIES_LONG if asked.long else ENTRIES)
    if "points" in asked.only:
        measures += prepare_points(stage, place, asked.seconds, asked.rounds).measures(service)
    if "statements" in asked.only:
        measures += statement_measures(stage, place, service)
    return measures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="length of one window")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, help="which groups to run")
    parser.add_argument("--patience", type=int, default=10, help="seconds to wait for a quiet machine before a window")
    parser.add_argument("--long", action="store_true", help="growth to 10^7 entries instead of 10^6")
    parser.add_argument("--bin-dir", type=Path, help="folder of PostgreSQL's programs; else the embedded ones")
    return parser.parse_args()


if __name__ == "__main__":
    main()
