"""What the routes of all imports share: receiving a file, and what they are asked with."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Annotated, Final, Literal

from fastapi import Path, Query, Request

from guerdon.imports.reading import LIST_MAX
from guerdon.platform.boundary import BODY
from guerdon.platform.parameters import write_options
from guerdon.platform.tables import CSV, JSON_LINES, XLSX, read_media_type, receive
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import WriteOptions

MEDIA_TYPES: Final = (CSV, XLSX, JSON_LINES)
FILES_AT_ONCE: Final = 2  # each may remember a million names for as long as it is checked
LIST_DEFAULT: Final = 100
ImportId = Annotated[str, Path(alias="importId", pattern=r"^[0-9a-f]{32}$")]
Limit = Annotated[int, Query(ge=1, le=LIST_MAX), DIGITS]
ImportCursor = Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="Take it from the Link header.")]
LineCursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,15}$", description="Take it from the Link header.")]
OnErrorWord = Literal["refuse", "skip"]
OnError = Annotated[
    OnErrorWord,
    Query(alias="onError", description="What bad rows mean: refuse the whole file, or leave them out."),
]


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it came, one more to work with, and how the write was asked for."""

    path: FilePath
    media_type: str
    working_file: IO[bytes]
    write: WriteOptions


@asynccontextmanager
async def receive_file(request: Request, places: asyncio.Semaphore) -> AsyncGenerator[Received]:
    """Keep the file of a request for as long as it is worked on, when one of the places is free.

    Raises WrongMediaType, InvalidRequest.
    """
    media_type = read_media_type(request.headers.get("content-type", ""), MEDIA_TYPES)
    async with places:
        with TemporaryDirectory(prefix="guerdon-") as folder, TemporaryFile(dir=folder) as working_file:
            path = FilePath(folder) / "rows"
            request.scope[BODY] = await receive(request.stream(), path)
            yield Received(path, media_type, working_file, await write_options(request))
