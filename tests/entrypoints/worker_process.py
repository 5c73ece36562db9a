"""A worker in a process of its own, for tests that kill it: `python worker_process.py URL`."""

import asyncio
import signal
import sys

from guerdon.entrypoints.worker import run_worker
from guerdon.platform.events import Event, emit
from guerdon.platform.jobs import Job, Progress, find_progress, keep_progress
from guerdon.platform.jobs_worker import JobContext, JobKind
from guerdon.platform.settings import read_settings

CHUNKS = 60
HEARTBEAT_S = 1.0


async def count_chunks(job: Job, context: JobContext) -> None:
    """A long job in chunks; each chunk leaves one event and moves the cursor in the same transaction."""
    done = 0
    while done < CHUNKS:
        async with context.database.tenant(job.tenant_id) as tx:
            progress = await find_progress(tx, context.job_id)
            done = 0 if progress is None else progress.done
            if done < CHUNKS:
                await emit(tx, [Event("chunk", str(done), "{}", "worker")], context.now())
                done += 1
                await keep_progress(tx, context.job_id, Progress(done, CHUNKS, str(done)), context.now())
        await asyncio.sleep(0.02)


async def note(job: Job, context: JobContext) -> None:
    """A short job that leaves one event."""
    await asyncio.sleep(0.05)
    async with context.database.tenant(job.tenant_id) as tx:
        await emit(tx, [Event("noted", job.payload.get("n", ""), "{}", "worker")], context.now())


async def main(url: str) -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = read_settings({"DATABASE_URL": url, "GUERDON_JOBS_POLL_S": "0.1", "GUERDON_STOP_GRACE_S": "5"})
    handlers = {"count": JobKind(count_chunks), "note": JobKind(note)}
    await run_worker(settings, stop, handlers=handlers, heartbeat_s=HEARTBEAT_S)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
