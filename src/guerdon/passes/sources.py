"""How people come to a pass: what a link says of itself, kept from the download until the wallet registers."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Depends, Query, Request

from guerdon.passes import installation_queries as queries
from guerdon.passes.installation import Source
from guerdon.passes.model import write_json
from guerdon.platform.db import Database, Tx
from guerdon.platform.gather import Gatherer
from guerdon.platform.ids import new_id

TAGS_MAX: Final = 20
NAME_MAX, TEXT_MAX = 100, 500  # characters; what is longer is cut, since no download should fail for it
PARTS = 3
SOURCES_MAX: Final = 20  # kept of one pass
KEPT_FOR: Final = timedelta(days=7)
NOTES_MAX: Final = 256
WAITING_MAX: Final = 10_000


async def read_source(
    request: Request,
    compact: Annotated[
        str | None, Query(alias="neo.src", description="tags|medium|origin, each part URL-encoded; tags with commas.")
    ] = None,
    tags: Annotated[
        str | None, Query(alias="neo.src.tags", description="Tags, with commas; goes before neo.src.")
    ] = None,
    medium: Annotated[str | None, Query(alias="neo.src.medium", description="Such as email, sms or app.")] = None,
    origin: Annotated[str | None, Query(alias="neo.src.origin", description="The page that led here.")] = None,
    user_agent: Annotated[
        str | None, Query(alias="userAgent", description="Goes before the header User-Agent.")
    ] = None,
) -> Source:
    """Read how the caller came here: the dotted parameters go before the compact one, and these before the headers."""
    parts = [unquote(part) for part in (compact or "").split("|", PARTS - 1)]
    short_tags, short_medium, short_origin = [*parts, "", ""][:PARTS]
    listed = (tag.strip() for tag in _clean(short_tags if tags is None else tags).split(","))
    return Source(
        tuple(dict.fromkeys(tag[:NAME_MAX] for tag in listed if tag))[:TAGS_MAX],
        _cut(short_medium if medium is None else medium, NAME_MAX),
        _cut(short_origin if origin is None else origin, TEXT_MAX),
        _cut(user_agent or request.headers.get("user-agent", ""), TEXT_MAX),
    )


SourceDep = Annotated[Source, Depends(read_source)]


class SourceNotes:
    """Keeps the sources of downloads; those who download at the same time share one statement."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Begin with nobody waiting."""
        self._database = database
        self._clock = clock
        self._notes = Gatherer[tuple[str, Source], None](
            self._keep, items_max=NOTES_MAX, in_flight=2, queue_max=WAITING_MAX
        )

    async def keep(self, tenant_id: str, pass_id: str, source: Source) -> None:
        """Remember how somebody came to a pass, for the registration that follows. Raises Overloaded."""
        await self._notes.call(tenant_id, (pass_id, source))

    async def _keep(self, tenant_id: str, notes: Sequence[tuple[str, Source]]) -> list[None]:
        async with self._database.tenant(tenant_id) as tx:
            await keep_sources(tx, notes, self._clock())
        return [None] * len(notes)


async def keep_sources(tx: Tx, notes: Sequence[tuple[str, Source]], now: datetime) -> None:
    """Keep sources by pass id; of each pass the newest twenty stay."""
    texts = [write_json(source.document()) for _, source in notes]
    await queries.insert_sources(tx, [pass_id for pass_id, _ in notes], [new_id() for _ in notes], texts, now)
    await queries.delete_surplus_sources(tx, sorted({pass_id for pass_id, _ in notes}), SOURCES_MAX)


async def forget_old_sources(tx: Tx, now: datetime, sources_max: int) -> int:
    """Drop at most `sources_max` sources that no registration has followed for a week, and tell how many."""
    return await queries.delete_old_sources(tx, now - KEPT_FOR, sources_max)


def _cut(text: str, characters_max: int) -> str | None:
    return _clean(text).strip()[:characters_max] or None


def _clean(text: str) -> str:
    # A link may be encoded twice, so that the check of the whole address sees no NUL yet.
    return text.replace("\x00", "")
