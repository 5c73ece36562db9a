"""Points over HTTP against the limits: spending over three lots, hot wallets, and reading a balance."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.limits import create_function
from benchmarks.load import Pgbench, Window, Wrk, run_pgbench, run_wrk
from benchmarks.measuring import Bar, Measure, Run
from benchmarks.recorded_spending import balance_script, spending_script
from benchmarks.stage import Place, Service, Stage
from benchmarks.wallets import SCATTER, Wallets

HTTP, KEYED, STATEMENTS, FUNCTION = "HTTP", "HTTP, each with a key", "pgbench, our statements", "pgbench, one function"
CONNECTIONS, CLIENTS = 64, 32
# Three lots of ten points; whoever spends 25 takes two of them whole and half of the third.
LOT, SPENT = 10_000_000, 25
HOT_COUNT, HOT_LOT, HOT_SPENT = 10, 10**17, 1
SPENDINGS_PER_S_MAX = 28_000  # of all sides together
UNIT = 1_000_000
NEXT = "\\set turn :turn + 1\n\\set key mod((:first + :client_id + :turn * {clients}) * {scatter}, {count})"
DRAWN = "\\set key random(0, {last})"
CALL = "SELECT bench_spend({wallet}, {amount}, gen_random_uuid());\n"


def prepare_points(stage: Stage, place: Place, seconds: int, rounds: int) -> "Points":
    """Make the wallets, more than a run of so many seconds can use, and the limit's function."""
    distinct = Wallets(place, 1, SPENDINGS_PER_S_MAX * seconds * rounds, LOT)
    hot = Wallets(place, 2, HOT_COUNT, HOT_LOT)
    for wallets in (distinct, hot):
        wallets.fill()
    create_function(place, "spending")
    return Points(stage, place, distinct, hot)


@dataclass(frozen=True, slots=True)
class Points:
    """The wallets and scripts that the measures of points use."""

    stage: Stage
    place: Place
    distinct: Wallets
    hot: Wallets

    def measures(self, service: Service) -> list[Measure]:
        """List the measures."""
        return [self._distinct(service), self._hot(service), self._balance(service)]

    def _distinct(self, service: Service) -> Measure:
        head = NEXT.format(clients=CLIENTS, scatter=SCATTER, count=self.distinct.count)
        sides: dict[str, Run] = {
            HTTP: partial(self._once, partial(self._wrk_once, service, ())),
            KEYED: partial(self._once, partial(self._wrk_once, service, ("keys",))),
        }
        for name, limit in self._scripts(self.distinct, head, SPENT).items():
            sides[name] = partial(self._once, partial(self._pgbench_once, limit))
        return Measure("spending over 3 lots, 64 connections", sides, _bars(HTTP) + _bars(KEYED))

    def _hot(self, service: Service) -> Measure:
        """Ten wallets that all callers spend from: who waits for whom is measured, so that one lot is enough."""
        arguments = _wrk_arguments(self.hot, HOT_SPENT, "drawn")
        sides: dict[str, Run] = {
            HTTP: partial(run_wrk, self.stage, service, Wrk("spend", arguments, CONNECTIONS)),
        }
        for name, limit in self._scripts(self.hot, DRAWN.format(last=HOT_COUNT - 1), HOT_SPENT).items():
            sides[name] = partial(run_pgbench, self.stage, self.place, limit)
        return Measure("spending, 10 hot wallets", sides, _bars(HTTP))

    def _balance(self, service: Service) -> Measure:
        wallets = self.distinct
        recorded = asyncio.run(balance_script(wallets, DRAWN.format(last=wallets.count - 1)))
        limit = Pgbench(recorded.save(self.stage.home / "balance.sql"), variables=recorded.variables)
        wrk = Wrk("balance", [self.place.api_key, str(wallets.family), str(wallets.count)], CONNECTIONS)
        sides: dict[str, Run] = {
            HTTP: partial(run_wrk, self.stage, service, wrk),
            STATEMENTS: partial(run_pgbench, self.stage, self.place, limit),
        }
        return Measure("balance of a wallet, 64 connections", sides, [Bar(HTTP, STATEMENTS)])

    def _once(self, run: Callable[[int], Window], seconds: int) -> Window:
        """Run on wallets that nobody has used."""
        window = run(seconds)
        self.distinct.go_on()
        assert self.distinct.first < self.distinct.count, "there were too few wallets"
        return window

    def _wrk_once(self, service: Service, more: tuple[str, ...], seconds: int) -> Window:
        arguments = [*_wrk_arguments(self.distinct, SPENT, "once"), *more]
        return run_wrk(self.stage, service, Wrk("spend", arguments, CONNECTIONS), seconds)

    def _pgbench_once(self, limit: Pgbench, seconds: int) -> Window:
        beginning = {"first": str(self.distinct.first), "turn": "-1"}
        return run_pgbench(
            self.stage, self.place, replace(limit, variables={**(limit.variables or {}), **beginning}), seconds
        )

    def _scripts(self, wallets: Wallets, head: str, points: int) -> dict[str, Pgbench]:
        recorded = asyncio.run(spending_script(wallets, head, points * UNIT))
        ours = recorded.save(self.stage.home / f"spend-{wallets.family}-statements.sql")
        call = CALL.format(wallet=wallets.id_expression(":key"), amount=points * UNIT)
        function = self.stage.home / f"spend-{wallets.family}-function.sql"
        function.write_text(f"{head}\n{call}")
        return {STATEMENTS: Pgbench(ours, CLIENTS, recorded.variables), FUNCTION: Pgbench(function, CLIENTS, {})}


def _bars(side: str) -> list[Bar]:
    return [Bar(side, STATEMENTS, least=0.8), Bar(side, FUNCTION, least=0.8)]


def _wrk_arguments(wallets: Wallets, points: int, order: str) -> list[str]:
    numbers = (wallets.family, wallets.count, wallets.first, points)
    return [wallets.place.api_key, *(str(number) for number in numbers), order]
