"""`guerdon worker`: one worker, until it is told to stop."""

import asyncio
import signal

import typer

from guerdon.entrypoints.cli_running import Home, run
from guerdon.entrypoints.home import settings_at
from guerdon.entrypoints.wiring import SCHEDULES, companions, job_kinds
from guerdon.entrypoints.worker import run_worker
from guerdon.platform.keys import configured_master_key
from guerdon.platform.log import configure_log
from guerdon.platform.settings import Settings


def register(app: typer.Typer, sentence: str) -> None:
    """Add the command to the program."""
    app.command("worker", help=sentence)(work)


def work(home: Home = None) -> None:
    """Do jobs until SIGTERM or SIGINT; DATABASE_URL says where."""

    async def do() -> None:
        await work_until_told(settings_at(home))

    run(do())


async def work_until_told(settings: Settings) -> None:
    """Do jobs until SIGTERM or SIGINT. Raises SettingsInvalid."""
    configure_log(settings)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    master_key = configured_master_key(settings)
    await run_worker(
        settings, stop, handlers=job_kinds(master_key), schedules=SCHEDULES, companions=companions(master_key)
    )
