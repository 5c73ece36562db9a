"""Lists of a pass's privileges over HTTP against the same query by pgbench."""

import asyncio
from dataclasses import dataclass
from functools import partial

from benchmarks.load import Pgbench, Wrk, run_pgbench, run_wrk
from benchmarks.measuring import Bar, Measure
from benchmarks.recorded import list_script
from benchmarks.stage import Place, Service, Stage

HTTP, QUERY = "HTTP", "pgbench, our query"


@dataclass(frozen=True, slots=True)
class Lists:
    """The service and the script that the measure of lists uses."""

    stage: Stage
    place: Place
    passes: int

    def measures(self, service: Service) -> list[Measure]:
        """List the measures."""
        recorded = asyncio.run(list_script(self.place, f"\\set pass random(0, {self.passes - 1})"))
        script = recorded.save(self.stage.home / "list.sql")
        wrk = Wrk("list", [self.place.api_key, str(self.passes)])
        limit = Pgbench(script, variables=recorded.variables)
        sides = {
            HTTP: partial(run_wrk, self.stage, service, wrk),
            QUERY: partial(run_pgbench, self.stage, self.place, limit),
        }
        return [Measure("list of 5 privileges with 10 movements each", sides, [Bar(HTTP, QUERY, least=0.6)])]
