"""Movements in a small ledger and in a large one: what history costs the present."""

from functools import partial

from benchmarks.load import Wrk, run_wrk
from benchmarks.measuring import Bar, Measure, Run
from benchmarks.seeding import Sizes
from benchmarks.stage import Place, Stage

MOVEMENTS_EACH = 10


def growth_measures(stage: Stage, entries: int) -> list[Measure]:
    """Make a database of 10^4 entries and one of `entries`, and compare movements in them.

    The bar is turned round: the large one must give at least 1 / 1.3 of what the small one gives.
    """
    sides: dict[str, Run] = {}
    for name, count in ((_name(10_000), 10_000), (_name(entries), entries)):
        place = stage.place(f"growth_{count}", Sizes(count // MOVEMENTS_EACH, MOVEMENTS_EACH))
        wrk = _wrk(place, count // MOVEMENTS_EACH)
        sides[name] = partial(run_wrk, stage, stage.serve(place, {}), wrk)
    small, large = sides
    return [Measure("growth: movements, 64 connections", sides, [Bar(large, small, least=round(1 / 1.3, 2))])]


def _name(entries: int) -> str:
    return f"{entries:,} entries"


def _wrk(place: Place, privileges: int) -> Wrk:
    return Wrk("movement", [place.api_key, "p", str(privileges), str(MOVEMENTS_EACH), "drawn"])
