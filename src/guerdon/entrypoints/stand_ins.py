"""The sandbox's stand-ins for Apple's pushes and for Google, in one process: `stand_ins HOME PUSH_FD GOOGLE_FD`."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

from guerdon.entrypoints.sandbox_folder import SandboxFolder
from guerdon.entrypoints.stand_ins_google import GoogleStandIn
from guerdon.entrypoints.stand_ins_push import PushStandIn, tls_context
from guerdon.platform.clock import utc_now


async def run_stand_ins(home: Path, push: socket.socket, google: socket.socket) -> None:
    """Answer on both sockets until SIGTERM or SIGINT."""
    folder, loop, stop = SandboxFolder.of(home), asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    apple, wallet = PushStandIn(utc_now), GoogleStandIn(utc_now)
    context = tls_context(folder.push_certificate, folder.push_key, folder.apple_root)
    servers = [
        await loop.create_server(apple.connection, sock=push, ssl=context),
        await loop.create_server(wallet.connection, sock=google),
    ]
    await stop.wait()
    for server in servers:
        server.close()


def main() -> None:
    """Run the stand-ins that the arguments describe."""
    home, push, google = sys.argv[1:]
    asyncio.run(
        run_stand_ins(Path(home), socket.socket(fileno=int(push)), socket.socket(fileno=int(google))),
    )


if __name__ == "__main__":
    main()
