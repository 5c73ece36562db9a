"""Both clients, told to do the same."""

import asyncio
from typing import Protocol, TypedDict, TypeVar, Unpack, cast

import pytest

from guerdon_client import AsyncGuerdon, Call, Guerdon, Retries
from guerdon_client.operations import Story

T = TypeVar("T")
QUICK = Retries(attempts_max=3, first_pause_s=0.001, pause_max_s=1.0)


class Settings(TypedDict, total=False):
    """What a test may set on a client."""

    api_key: str
    token: str
    timeout_s: float
    retries: Retries
    answer_bytes_max: int


class Speak(Protocol):
    """Sends a call or a story to an address."""

    def __call__(self, url: str, asked: Call[T] | Story[T], **settings: Unpack[Settings]) -> T: ...


def speak_blocking(url: str, asked: Call[T] | Story[T], **settings: Unpack[Settings]) -> T:
    with Guerdon(url, "demo", **_quick(settings)) as client:
        return client.send(asked) if isinstance(asked, Call) else client.tell(asked)


def speak_asynchronously(url: str, asked: Call[T] | Story[T], **settings: Unpack[Settings]) -> T:
    async def main() -> T:
        async with AsyncGuerdon(url, "demo", **_quick(settings)) as client:
            return await (client.send(asked) if isinstance(asked, Call) else client.tell(asked))

    return asyncio.run(main())


@pytest.fixture(params=[speak_blocking, speak_asynchronously], ids=["blocking", "asynchronous"])
def speak(request: pytest.FixtureRequest) -> Speak:
    """One of the two clients."""
    return cast("Speak", request.param)


def _quick(settings: Settings) -> Settings:
    return {"retries": QUICK, **settings}
