"""Movements over HTTP against the limits: distinct and hot privileges, many connections and one, many in a request."""

import asyncio
from dataclasses import dataclass, replace
from functools import partial

import asyncpg

from benchmarks.limits import create_function
from benchmarks.load import Pgbench, Wrk, run_pgbench, run_wrk
from benchmarks.measuring import Bar, Measure, Run
from benchmarks.recorded import movement_script
from benchmarks.seeding import HOT_COUNT
from benchmarks.stage import REFERENCE, Place, Service, Stage

STATEMENTS, FUNCTION = "pgbench, our statements", "pgbench, one function"
HTTP, OFF = "HTTP", "HTTP, group commit off"
BULK, BULK_CONNECTIONS = 500, 4
HOT_CALLERS = 60  # as many for each of the ten, on both sides
DRAWN = "\\set key random(0, {last})\n\\set change 2 * random(0, 1) - 1\n\\set expected {value}"
CALL = (
    "\\set drawn random(0, 999999999999)\nSELECT bench_move({owner}, :expected, :change, {movement}) AS known \\gset\n"
)
HOT = "\\set key mod(:client_id, 10)\n\\set change 1000000\n\\set expected :known"

PAIRED = (
    "\\set turn 1 - :turn\n\\if :turn > 0\n\\set key random(0, 9)\n\\endif\n"
    "\\set change 2 * :turn - 1\n\\set expected 0"
)
BEGINNING = {"known": "0", "turn": "0", "key": "0"}


@dataclass(frozen=True, slots=True)
class Movements:
    """The services and scripts that the measures of movements use."""

    stage: Stage
    place: Place
    privileges: int

    def measures(self, on: Service) -> list[Measure]:
        """Start what else is needed beside the service with group commit and list the measures."""
        off = self.stage.serve(self.place, {"GUERDON_GROUP_COMMIT": "false"})
        usual = self.stage.serve(self.place, {}, what=REFERENCE)
        create_function(self.place, "movement")
        return [self._distinct(on, off, usual), self._wide(on), self._lone(on, off), self._hot(on), self._warm(on)]

    def bulk_measures(self, on: Service) -> list[Measure]:
        """List the measures of many movements in one request."""
        create_function(self.place, "movement")
        return [self._bulk(on)]

    def _distinct(self, on: Service, off: Service, usual: Service) -> Measure:
        sides = {
            HTTP: self._http(on, 64),
            OFF: self._http(off, 64),
            "usual FastAPI": self._http(usual, 64),
            **self._limits(32),
        }
        bars = [
            Bar(HTTP, STATEMENTS, least=1.0),
            Bar(HTTP, FUNCTION, least=1.0),
            Bar(HTTP, OFF, least=2.0),
            Bar(HTTP, "usual FastAPI", least=8.0),
        ]
        return Measure("movement, 64 connections", sides, bars, p99_ms_most=15.0)

    def _wide(self, on: Service) -> Measure:
        bars = [Bar(HTTP, STATEMENTS, least=1.2), Bar(HTTP, FUNCTION, least=1.2)]
        return Measure("movement, 256 connections", {HTTP: self._http(on, 256), **self._limits(64)}, bars)

    def _bulk(self, on: Service) -> Measure:
        """Many movements in each request, against the limit at its best number of clients; movements are counted."""
        wrk = Wrk("bulk", [self.place.api_key, "p", str(self.privileges), str(BULK)], BULK_CONNECTIONS)
        sides: dict[str, Run] = {HTTP: partial(run_wrk, self.stage, on, wrk), **self._limits(32)}
        bars = [Bar(HTTP, STATEMENTS, least=2.5), Bar(HTTP, FUNCTION, least=2.5)]
        return Measure(f"bulk movements, batches of {BULK}", sides, bars)

    def _lone(self, on: Service, off: Service) -> Measure:
        sides = {HTTP: self._http(on, 1), OFF: self._http(off, 1), **self._limits(1)}
        return Measure("movement, 1 connection", sides, [Bar(HTTP, OFF, most=1.1, is_latency=True)])

    def _hot(self, on: Service) -> Measure:
        """Ten privileges where every caller must know the value: a refusal tells it, and does not count.

        Shown only: who of six callers with one value is first is luck, and all else they do is not durable work.
        """
        wrk = Wrk("hot", [self.place.api_key], HOT_CALLERS, HOT_COUNT)
        sides: dict[str, Run] = {HTTP: partial(run_wrk, self.stage, on, wrk)}
        for name, limit in self._scripts("hot", "'hot' || :key", HOT).items():
            hot = replace(limit, clients=HOT_CALLERS)
            sides[name] = partial(run_pgbench, self.stage, self.place, hot, moved=partial(_posted, self.place, "hot"))
        bars = [Bar(HTTP, STATEMENTS), Bar(HTTP, FUNCTION)]
        return Measure("movement, 10 hot privileges, each call a guess", sides, bars)

    def _warm(self, on: Service) -> Measure:
        """Ten privileges and movements so small that no compare fails: the cost of waiting for rows alone."""
        wrk = Wrk("movement", [self.place.api_key, "warm", str(HOT_COUNT), "0", "paired"])
        sides: dict[str, Run] = {HTTP: partial(run_wrk, self.stage, on, wrk)}
        for name, limit in self._scripts("warm", "'warm' || :key", PAIRED).items():
            moved = partial(_posted, self.place, "warm")
            sides[name] = partial(run_pgbench, self.stage, self.place, limit, moved=moved)
        bars = [Bar(HTTP, STATEMENTS, least=1.0), Bar(HTTP, FUNCTION, least=1.0)]
        return Measure("movement, 10 hot privileges", sides, bars)

    def _http(self, service: Service, connections: int) -> Run:
        wrk = Wrk("movement", [self.place.api_key, "p", str(self.privileges), "0", "drawn"], connections)
        return partial(run_wrk, self.stage, service, wrk)

    def _limits(self, clients: int) -> dict[str, Run]:
        head = DRAWN.format(last=self.privileges - 1, value=0)
        scripts = self._scripts("distinct", "'p' || :key", head)
        return {
            name: partial(run_pgbench, self.stage, self.place, replace(limit, clients=clients))
            for name, limit in scripts.items()
        }

    def _scripts(self, name: str, owner: str, head: str) -> dict[str, Pgbench]:
        movement = "to_char(clock_timestamp(), 'YYYYMMDDHH24MISSUS') || lpad((:drawn)::text, 12, '0')"
        recorded = asyncio.run(movement_script(self.place, head, owner))
        call = f"{head}\n{CALL.format(owner=owner, movement=movement)}"
        ours = recorded.save(self.stage.home / f"{name}-statements.sql")
        function = self.stage.home / f"{name}-function.sql"
        function.write_text(call)
        return {
            STATEMENTS: Pgbench(ours, variables={**recorded.variables, **BEGINNING}),
            FUNCTION: Pgbench(function, variables=BEGINNING),
        }


def _posted(place: Place, name: str) -> int:
    """Count what was posted on the privileges of a name, by the accounts' own numbers."""
    return asyncio.run(_sum_entries(place, name))


async def _sum_entries(place: Place, name: str) -> int:
    owner = await asyncpg.connect(place.url)
    entries = await owner.fetchval("SELECT sum(seq) FROM ledger_account WHERE owner_id ^@ $1", name)
    await owner.close()
    return int(entries)
