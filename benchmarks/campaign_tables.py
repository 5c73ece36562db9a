"""A table as long as one may be, uploaded: memory, rate, and every bad row named."""

import csv
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from openpyxl import Workbook  # pyright: ignore[reportMissingModuleSource]

from benchmarks.campaign_crew import Crew, Meter, memory_most
from benchmarks.campaign_shows import Proof, Watch, Worked, prove
from guerdon.platform.tables import CSV

BAD_EACH = 500  # one row of so many names a customer that there is not
PART_BYTES = 2**16
HEADER = ("id.customerId", "metadata.tier", "metadata.seat", "points")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A table that was uploaded, and the campaign that it became."""

    megabytes: float
    rows: int
    rejected: int
    answered_in_s: float
    api_before_bytes: int
    worked: Worked


async def show_table(crew: Crew, media_type: str, rows: int) -> Uploaded:
    """Upload a table of so many rows, and prove that each good one changed its pass and each bad one was named."""
    with TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder) / "table"
        (_write_csv if media_type == CSV else _write_workbook)(path, rows)
        before = max(memory_most(pid) for pid in crew.api.pids)
        began_at = time.perf_counter()
        answer = await crew.client.post(
            "/bulk-update/file?onError=skip", content=_parts(path), headers={"content-type": media_type}
        )
        answered_in_s = time.perf_counter() - began_at
        megabytes = path.stat().st_size / 2**20
    assert answer.status_code == 200, answer.text[:2000]
    said, bad = answer.json(), [line for line in range(2, rows + 2) if _is_bad(line)]
    assert [one["line"] for one in said["mistakes"]] == bad[: len(said["mistakes"])]
    assert (said["count"], said["rejected"]) == (rows - len(bad), len(bad)), answer.text[:200]
    meter, watch = Meter(crew), Watch(crew, said["correlationId"], said["count"])
    await watch.to_the_end()
    measured = meter.read()
    assert await prove(crew) == Proof(said["count"], 0, 1, said["count"], 0, 0)
    seated = "SELECT count(*) FROM pass WHERE metadata ->> 'seat' = 'seat ' || (identifiers ->> 'customerId')"
    assert await crew.owner.fetchval(seated) == said["count"]
    worked = Worked(said["count"], answered_in_s, watch.samples, watch.stood_still_s, measured)
    return Uploaded(megabytes, rows, len(bad), answered_in_s, before, worked)


def _rows(count: int) -> Iterator[Sequence[str | int]]:
    yield HEADER
    for line in range(2, count + 2):
        customer = "nobody" if _is_bad(line) else str(line - 1)
        yield customer, "gold", f"seat {line - 1}", line % 1_000


def _is_bad(line: int) -> bool:
    return line % BAD_EACH == 0


def _write_csv(path: Path, count: int) -> None:
    with path.open("w", newline="") as text:
        csv.writer(text).writerows(_rows(count))


def _write_workbook(path: Path, count: int) -> None:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for row in _rows(count):
        sheet.append(row)
    workbook.save(path)


async def _parts(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as table:
        while part := table.read(PART_BYTES):
            yield part
