"""A server that answers as a script tells it to, byte for byte, and remembers what it was asked."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Reply = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
LOSE = b""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; the names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """Read the body."""
        return json.loads(self.body)


@dataclass(slots=True)
class StandIn:
    """Replies in order, the last one for ever; LOSE closes the connection instead."""

    url: str
    replies: list[Reply]
    asked: list[Asked] = field(default_factory=list[Asked])

    def next_reply(self) -> Reply:
        """Give the reply to the newest request."""
        return self.replies[min(len(self.asked), len(self.replies)) - 1]


@contextmanager
def stand_in(*replies: Reply) -> Generator[StandIn]:
    """Serve on a free port of this machine, in a thread, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    script = StandIn("", list(replies))
    connections: set[asyncio.Task[None]] = set()

    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _converse(script, incoming, outgoing)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            outgoing.transport.abort()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", 0)

    async def stop() -> None:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def reply(body: object = "", status: int = 200, **headers: str) -> bytes:
    """Make an answer; what is neither text nor bytes is sent as JSON."""
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers = {"content_type": "application/json", **headers}
    fields = {"content_length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode() + body


def problem(status: int, code: str, headers: Mapping[str, str] | None = None, **members: object) -> bytes:
    """Make a refusal."""
    body = {"code": code, "status": status, "title": "Title", "detail": "Detail.", "instance": "request-1", **members}
    return reply(body, status, content_type="application/problem+json", **(headers or {}))


async def _converse(script: StandIn, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
    while head := await incoming.readuntil(b"\r\n\r\n"):
        line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in fields)}
        body = await incoming.readexactly(int(headers.get("content-length", "0")))
        script.asked.append(Asked(method, target, headers, body))
        answer = script.next_reply()
        if not isinstance(answer, bytes):
            await answer(outgoing)
            return
        if answer == LOSE:
            return
        outgoing.write(answer)
        await outgoing.drain()
