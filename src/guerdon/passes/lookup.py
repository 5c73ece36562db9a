"""Looking passes up by the key of a supplier: an order number, a customer number, ids (WIRE.md section 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from guerdon.passes import lookup_queries
from guerdon.passes.errors import TooManyIds, UnknownProvider
from guerdon.passes.model import is_pass_id
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Tx

LOOKUP_MAX: Final = 50


class PassProvider(Protocol):
    """Knows which passes a key of a supplier means."""

    async def list_passes(self, tx: Tx, value: str, after: str, limit: int) -> Sequence[str]:
        """List the ids of existing passes that follow `after`, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class IdentifierProvider:
    """The provider of one identifier name: its keys are that identifier's values."""

    name: str

    async def list_passes(self, tx: Tx, value: str, after: str, limit: int) -> Sequence[str]:
        """List the passes that have this value."""
        return await lookup_queries.list_by_identifier(tx, self.name, value, after, limit)


@dataclass(frozen=True, slots=True)
class Providers:
    """The providers of a process: those registered, and one for each identifier name of a tenant."""

    pass_types: PassTypes
    registered: Mapping[str, PassProvider] = field(default_factory=dict[str, PassProvider])

    async def get(self, tx: Tx, name: str) -> PassProvider:
        """Give the provider of a name. Raises UnknownProvider."""
        provider = self.registered.get(name)
        if provider is None and not await self._is_identifier(tx, name):
            raise UnknownProvider(name)
        return provider or IdentifierProvider(name)

    async def _is_identifier(self, tx: Tx, name: str) -> bool:
        if await lookup_queries.is_name_used(tx, name):
            return True
        return any(name in one.identifiers for one in await self.pass_types.list_readable(tx))


async def list_named(tx: Tx, value: str) -> Sequence[str]:
    """List which of several comma-separated ids are passes, in the order given, 50 at most. Raises TooManyIds."""
    ids = list(dict.fromkeys(text.strip() for text in value.split(",") if text.strip()))
    if len(ids) > LOOKUP_MAX:
        raise TooManyIds(LOOKUP_MAX)
    existing = set(await lookup_queries.list_existing(tx, [one for one in ids if is_pass_id(one)]))
    return [one for one in ids if one in existing]
