"""Wake-ups: telling the other processes, after a commit, that there is something to look at.

A NOTIFY takes one lock of the whole server until its transaction is durable. So none is ever part of a business
transaction: each process sends its wake-ups from a connection of its own, few, and with nothing to make durable.
They may be lost; whoever listens polls as well.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

import asyncpg
import structlog

from guerdon.platform.db import TROUBLE
from guerdon.platform.sessions import APPLICATION_ROLE, KEEPALIVE

CHANNEL = "guerdon"
GAP_S = 0.05
CONNECT_TIMEOUT_S = 5
RECONNECT_S_FIRST = 0.1
RECONNECT_S_MAX = 5.0
TOPIC_CHARACTERS_MAX = 100

_log = structlog.stdlib.get_logger("guerdon.wakeups")


class Wakeups:
    """One connection that sends what this process announces and hears what all announce; used with `async with`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._callbacks: dict[str, list[Callable[[], None]]] = {}
        self._family_callbacks: dict[str, list[Callable[[str | None], None]]] = {}
        self._announced: set[str] = set()
        self._something = asyncio.Event()
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def announce(self, topic: str) -> None:
        """Wake the listeners of `topic` in every process, soon; costs nothing and never fails.

        Call it after the commit. At most one wake-up per topic leaves in 50 ms, the first one at once.
        """
        assert 0 < len(topic) <= TOPIC_CHARACTERS_MAX, topic
        self._announced.add(topic)
        self._something.set()

    def listen(self, topic: str, callback: Callable[[], None]) -> None:
        """Have `callback` called at every wake-up of `topic`, and after any time in which one may have been missed."""
        self._callbacks.setdefault(topic, []).append(callback)

    def listen_to_family(self, family: str, callback: Callable[[str | None], None]) -> None:
        """Have `callback` called with the name at every wake-up of a topic `family:name`.

        After any time in which wake-ups may have been missed it is called with None: any of them may be meant.
        """
        self._family_callbacks.setdefault(family, []).append(callback)

    async def connected(self) -> None:
        """Wait until wake-ups are heard."""
        await self._connected.wait()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _failure: BaseException | None, _where: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _stay_connected(self) -> None:
        wait_s = RECONNECT_S_FIRST
        while True:
            try:
                await self._connect_and_work()
            except TROUBLE as trouble:
                _log.warning("wake-ups are not heard; polling goes on", reason=repr(trouble))
            if self._connected.is_set():
                wait_s = RECONNECT_S_FIRST
            self._connected.clear()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RECONNECT_S_MAX)

    async def _connect_and_work(self) -> None:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_TIMEOUT_S,
            server_settings={"application_name": "guerdon wake-ups", "role": APPLICATION_ROLE, **KEEPALIVE},
        )
        try:
            connection.add_termination_listener(lambda _connection: self._something.set())
            await connection.add_listener(CHANNEL, self._hear)
            self._connected.set()
            self._call_all()
            while True:
                await self._something.wait()
                await self._send(connection)  # raises on a connection that is lost
                await asyncio.sleep(GAP_S)
        finally:
            with contextlib.suppress(*TROUBLE):
                await connection.close(timeout=CONNECT_TIMEOUT_S)

    async def _send(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        topics, self._announced = self._announced, set()
        self._something.clear()
        try:
            await connection.execute(
                "SELECT pg_notify($1, topic) FROM unnest($2::text[]) AS topic", CHANNEL, sorted(topics)
            )
        except BaseException:
            for topic in topics:
                self.announce(topic)
            raise

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        topic = str(payload)
        family, _colon, name = topic.partition(":")
        for callback in self._callbacks.get(topic, ()):
            _call(topic, callback)
        for callback in self._family_callbacks.get(family, ()):
            _call(topic, partial(callback, name))

    def _call_all(self) -> None:
        for topic, callbacks in self._callbacks.items():
            for callback in callbacks:
                _call(topic, callback)
        for family, family_callbacks in self._family_callbacks.items():
            for callback in family_callbacks:
                _call(family, partial(callback, None))


def _call(topic: str, callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:  # noqa: BLE001  # one listener's fault must not silence the others
        _log.exception("a listener failed", topic=topic)
