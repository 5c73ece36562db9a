"""`python -m benchmarks`: every bar of the design as a ratio in one run on one machine."""

import argparse
import re
from pathlib import Path

from benchmarks.measuring import Measure, print_results, run_rounds
from benchmarks.movements import Movements
from benchmarks.seeding import Sizes
from benchmarks.stage import Stage, open_stage

PRIVILEGES = 200_000
LISTED_PASSES = 4_000


def main() -> None:
    """Run what was asked for and print the tables."""
    asked = _arguments()
    with open_stage(asked.bin_dir) as stage:
        measures = [measure for measure in _measures(stage) if re.search(asked.only, measure.name)]
        print_results(run_rounds(measures, asked.rounds, asked.seconds))


def _measures(stage: Stage) -> list[Measure]:
    place = stage.place("bench", Sizes(PRIVILEGES, listed_passes=LISTED_PASSES))
    return Movements(stage, place, PRIVILEGES).measures()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="length of one window")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured")
    parser.add_argument("--only", default="", help="a regular expression of the measures' names")
    parser.add_argument("--bin-dir", type=Path, help="PostgreSQL's programs; else the embedded ones")
    return parser.parse_args()


if __name__ == "__main__":
    main()
